"""Which words of an earlier frame are its subject, as seen from a later one (`share=subject`).

The text encoder is causal: in "A red dog is swimming in the river" the hidden state of "dog" has
seen "A red" and not the river. Where a later frame that says "the dog" sees only "A red dog", the
identity travels and the scene stays behind. The rules are plain and need no language package: a
word that recurs, with the words before it in its phrase and what it wears; and for a frame that
opens with "he", "she", "it" or "they", the phrase that an earlier frame opens with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

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
# Nouns that look like a verb's -ing form, behind whatever word they stand.
_ING_NOUNS = frozenset("building ceiling clothing king painting ring spring string wing".split())
# What stands behind a noun and still belongs to it, where one of these words is what it names.
_WORN = frozenset(
    "antler apron armor armour backpack bandana beard belt blouse boot bow cap cape cloak coat "
    "collar costume crown dress ear eye eyepatch face freckle fur glass glove gown hair hat helmet "
    "hoodie horn jacket jean jumper kimono mane mask moustache mustache nose outfit pant paw "
    "ponytail raincoat ribbon robe scar scarf shirt shoe short skin skirt spot stocking stripe "
    "suit sunglass sweater tail tie trouser tusk uniform vest whisker wing wool".split()
)
_WEARING = frozenset("in with wearing".split())
# Pronouns that can open a sentence as its subject, and what "it" means nothing before.
_SUBJECT_PRONOUNS = frozenset("he she it they".split())
_WEATHER = frozenset(
    "autumn bright cloudy cold dark dawn day dusk early evening foggy freezing hot late midnight "
    "morning night noon rainy raining snowing snowy spring stormy summer sunny sunset warm windy "
    "winter".split()
)
_POINTING = frozenset("this that these those there here".split())
_STOP = _DETERMINERS | _PRONOUNS | _PREPOSITIONS | _CONJUNCTIONS | _ADVERBS | _AUXILIARIES
# A phrase is cut behind these; a determiner begins it and is part of it.
_BOUNDARIES = _PRONOUNS | _PREPOSITIONS | _CONJUNCTIONS | _AUXILIARIES


@lru_cache(maxsize=4096)  # a story asks for the same text with every frame that sees it
def subject_phrases(text: str) -> Mapping[str, tuple[Span, ...]]:
    """The words of `text` that can name a subject, each with the phrases that it stands in.

    The words are folded (case, plural s) and in reading order. A phrase runs from its start (behind
    the nearest punctuation, preposition or verb to the left of the word, or at its determiner) to
    the word's own end, and on over what it wears ("John in a red coat").
    """
    words = _words(text)
    found: dict[str, list[Span]] = {}
    for index, (word, _) in enumerate(words):
        if _can_name(words, index):
            start = words[_phrase_start(text, words, index)][1][0]
            end = words[_attributes_end(text, words, index)][1][1]
            found.setdefault(_fold(word), []).append((start, end))
    return {word: tuple(spans) for word, spans in found.items()}


def subject_words(text: str) -> tuple[str, ...]:
    """The words of `text` that can name a subject, folded (case, plural s), in reading order."""
    return tuple(subject_phrases(text))


def subject_spans(earlier: str, later: str) -> tuple[Span, ...]:
    """What of `earlier` is the subject, as seen from `later`.

    Returns spans of `earlier`, in order and without overlap: the phrases of each word that `later`
    names again, as `subject_phrases` has them. Empty if no word recurs.
    """
    phrases = subject_phrases(earlier)
    return merge_spans(span for word in subject_words(later) for span in phrases.get(word, ()))


def opens_with_pronoun(text: str) -> bool:
    """Whether `text` opens with he, she, it or they for its subject ("It is raining" does not)."""
    words = [word for word, _ in _words(text)]
    if not words or words[0] not in _SUBJECT_PRONOUNS:
        return False
    return not (words[0] == "it" and _WEATHER.intersection(words[2:4]))


def opening_subject(text: str) -> Span | None:
    """The phrase that names the subject of the sentence that `text` opens with, or its pronoun.

    "A red dog and a cat are swimming" → "A red dog and a cat"; "This is John." → "John"; None where
    the text opens with something else ("In the river").
    """
    words = _words(text)
    first = 2 if len(words) > 2 and _points_at(words) else 0
    if first < len(words) and words[first][0] in _SUBJECT_PRONOUNS:
        return words[first][1] if opens_with_pronoun(text) else None
    head = _phrase_end(text, words, first)
    while head is not None:
        head = _attributes_end(text, words, head)
        behind = None
        if head + 2 < len(words) and words[head + 1][0] == "and":
            behind = _phrase_end(text, words, head + 2)
        if behind is None:
            return words[first][1][0], words[head][1][1]
        head = behind
    return None


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same characters as spans in order, no two of which touch or overlap."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            start, end = merged[-1][0], max(end, merged.pop()[1])
        merged.append((start, end))
    return tuple(merged)


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


def _phrase_end(text: str, words: list[tuple[str, Span]], first: int) -> int | None:
    """Index of the last word of the phrase that begins with word `first`; None if it names none."""
    last = None
    for index in range(first, len(words)):
        word, (start, _) = words[index]
        if index > first and _PUNCTUATION.search(text, words[index - 1][1][1], start):
            break
        if word in _BOUNDARIES or (_is_verb(words, index) and index > first):
            break
        if _can_name(words, index):
            last = index
    return last


def _attributes_end(text: str, words: list[tuple[str, Span]], head: int) -> int:
    """Index of the last word of what the noun at `head` wears; `head` itself if nothing.

    "in", "with" or "wearing", then a phrase whose last word is a garment or a part of the body:
    "John in a red coat and a hat", but "a dog in the river" wears nothing.
    """
    joins = _WEARING
    while head + 2 < len(words) and words[head + 1][0] in joins:
        if _PUNCTUATION.search(text, words[head][1][1], words[head + 2][1][0]):
            break
        end = _phrase_end(text, words, head + 2)
        if end is None or _fold(words[end][0]) not in _WORN:
            break
        head, joins = end, _WEARING | {"and"}
    return head


def _points_at(words: list[tuple[str, Span]]) -> bool:
    """Whether a text opens with "This is", "There are", …"""
    return words[0][0] in _POINTING and words[1][0] in _AUXILIARIES


def _can_name(words: list[tuple[str, Span]], index: int) -> bool:
    return words[index][0] not in _STOP and not _is_verb(words, index)


def _is_verb(words: list[tuple[str, Span]], index: int) -> bool:
    """Whether a word acts as a verb here: a known verb, or any -ing form behind an auxiliary.

    Behind a determiner it is a noun whatever the list says ("the play"), and so is a bare stem
    unless "to", an auxiliary or a pronoun asks for a verb ("a long walk", but "they walk").
    """
    word = words[index][0]
    before = words[index - 1][0] if index else ""
    if before in _DETERMINERS or word in _ING_NOUNS:
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
