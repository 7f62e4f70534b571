"""Which words of an earlier frame are its subject, as seen from a later one (`share=subject`).

The text encoder is causal: in "A red dog is swimming in the river" the hidden state of "dog" has
seen "A red" and not the river. Where a later frame that says "the dog" sees only "A red dog", the
identity travels and the scene stays behind. The rules are plain and need no language package: a
word that recurs, with the words before it in its phrase.
"""

from __future__ import annotations

import re

from .story import Span

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
# What ends a phrase to the left beside the words below: anything but blanks and word joiners.
_PUNCTUATION = re.compile(r"[^\w\s'’-]")

_DETERMINERS = frozenset(
    "a an the this that these those his her its their my your our some any each every another "
    "no one two three four five six seven eight nine ten".split()
)
_PRONOUNS = frozenset(
    "i you he she it we they me him us them himself herself itself themselves who whom which "
    "what there here".split()
)
_PREPOSITIONS = frozenset(
    "about above across after against along among around as at before behind below beneath beside "
    "besides between beyond by down during for from in inside into like near of off on onto out "
    "outside over past through to toward towards under until up upon with within without".split()
)
_CONJUNCTIONS = frozenset("and but or nor so yet while when because if then than not".split())
_ADVERBS = frozenset("very too also again now still just only more most".split())
_AUXILIARIES = frozenset(
    "am is are was were be been being has have had having do does did will would can could may "
    "might must shall should".split()
)
# Stems of verbs that prompts use; _is_verb tries their endings.
_VERBS = frozenset(
    "appear bark build buy call carry catch chase chop clap clean climb close come cook crawl "
    "cross cry cut dance dig dive draw dream drink drive eat enter explore fall feed feel fight "
    "find float fly follow gallop get give go grab grow hang harvest hear help hide hit hold "
    "hug hunt jump keep kick laugh lead lean leave lie lift listen live look love make march meet "
    "move open perch pick play point pose pull push put raise reach read rest return "
    "ride roar roll run sail see sell shine shout show sing sit skate sleep smile sniff soar speak "
    "spread stand stare start stay stop stretch swim take talk tell think throw travel try turn "
    "visit wait wake walk wander want wash watch wear win work write".split()
)
_IRREGULAR_VERBS = frozenset(
    "ate began bought brought built came caught drank drew drove fed fell felt flew fought found "
    "gave got grew held hid kept knew laid lay led left lit lying made met put ran rode sang sat "
    "saw sold spoke spread stood swam took threw told tried tries went woke won wore "
    "wrote".split()
)
_STOP = _DETERMINERS | _PRONOUNS | _PREPOSITIONS | _CONJUNCTIONS | _ADVERBS | _AUXILIARIES
# A phrase is cut behind these; a determiner begins it and is part of it.
_BOUNDARIES = _PRONOUNS | _PREPOSITIONS | _CONJUNCTIONS | _AUXILIARIES


def subject_words(text: str) -> tuple[str, ...]:
    """The words of `text` that can name a subject, folded (case, plural s), in reading order."""
    words = _words(text)
    return tuple(
        dict.fromkeys(
            _fold(word) for index, (word, _) in enumerate(words) if _can_name(words, index)
        )
    )


def subject_spans(earlier: str, later: str) -> tuple[Span, ...]:
    """What of `earlier` is the subject, as seen from `later`.

    Returns spans of `earlier`, in order and without overlap: each word that `later` names again,
    from the start of its phrase (behind the nearest punctuation, preposition or verb to its left,
    or at its determiner) to its own end. Empty if no word recurs.
    """
    named_again = set(subject_words(later))
    words = _words(earlier)
    spans: list[Span] = []
    for index, (word, (_, end)) in enumerate(words):
        if not _can_name(words, index) or _fold(word) not in named_again:
            continue
        start = words[_phrase_start(earlier, words, index)][1][0]
        if spans and start <= spans[-1][1]:
            start = spans.pop()[0]
        spans.append((start, end))
    return tuple(spans)


def _words(text: str) -> list[tuple[str, Span]]:
    return [(match.group().lower(), match.span()) for match in _WORD.finditer(text)]


def _phrase_start(text: str, words: list[tuple[str, Span]], index: int) -> int:
    """Index of the first word of the phrase that ends with word `index`."""
    while index > 0:
        if words[index][0] in _DETERMINERS:
            break
        before, (_, before_end) = words[index - 1]
        if _PUNCTUATION.search(text, before_end, words[index][1][0]):
            break
        if before in _BOUNDARIES or _is_verb(words, index - 1):
            break
        index -= 1
    return index


def _can_name(words: list[tuple[str, Span]], index: int) -> bool:
    return words[index][0] not in _STOP and not _is_verb(words, index)


def _is_verb(words: list[tuple[str, Span]], index: int) -> bool:
    """Whether a word acts as a verb here: a known verb, or any -ing form behind an auxiliary.

    Behind a determiner it is a noun whatever the list says ("the play"), and so is a bare stem
    unless "to", an auxiliary or a pronoun asks for a verb ("a long walk", but "they walk").
    """
    word = words[index][0]
    before = words[index - 1][0] if index else ""
    if before in _DETERMINERS:
        return False
    if word in _VERBS:
        return before == "to" or before in _AUXILIARIES or before in _PRONOUNS
    if word.endswith("ing") and before in _AUXILIARIES:
        return True
    return word in _IRREGULAR_VERBS or any(stem in _VERBS for stem in _stems(word))


def _stems(word: str) -> set[str]:
    """What a regular verb form may come from: runs, running, waved → run, wave."""
    stems = {word}
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            stem = word[: -len(ending)]
            stems |= {stem, f"{stem}e"}
            if len(stem) > 2 and stem[-1] == stem[-2]:
                stems.add(stem[:-1])
            if stem.endswith("i"):
                stems.add(f"{stem[:-1]}y")
    return stems


def _fold(word: str) -> str:
    """A word without its case, possessive or plural s: Dogs, dog's → dog."""
    word = word.replace("’", "'").removesuffix("'s").removesuffix("'")
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("ses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
