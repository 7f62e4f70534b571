"""Parts of speech: for each word of a frame the likeliest reading, given its neighbours'.

A hidden Markov model with costs in place of probabilities: the lexicon says what each word can be,
`_FOLLOWS` which reading may stand behind which; the cheapest path through a sentence is its reading
(Viterbi). Linear in the length of the text.

    A a, another   D other determiner     P his, their  # number          J adjective       R adverb
    N noun         M plural noun          H name        O pronoun         I preposition
    B verb (walk)  Z verb (walks)         T past        E participle      G -ing form
    X auxiliary    C and, or              S while, if   W who, which      F to, not
    Y possessive s  , punctuation         . the end of a sentence
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .lexicon import lexicon
from .tokens import Token
from .vocabulary import (
    ADVERBS,
    AUXILIARIES,
    CALENDAR,
    COORDINATORS,
    DETERMINERS,
    GROUPS,
    INTRODUCING,
    MANY,
    NUMBERS,
    ORDINALS,
    PICTURES,
    POSSESSIVE,
    PREPOSITIONS,
    PRONOUNS,
    RELATIVES,
    SUBORDINATORS,
    TITLES,
)

_RARE = 6.0
# Behind each reading: those that cost nothing, those that cost 1, those that cost 2; else _RARE.
_FOLLOWS = {
    ".": ("ADPHO#N", "MJRISGWCX", "BE"),
    ",": ("ADNJPHOCRI", "MGEZSW#X", "BFT"),
    "A": ("NJ", "HE", "GR#"),
    "D": ("NJ", "M#HE", "GRI"),
    "P": ("NJM", "#EGH", "R"),
    "#": ("MJ", "NEGA", "HI.,#ZB"),
    "J": ("NM", "J,CE", "HGI.#R"),
    "N": ("ZBXI.,", "NTCYSWEGR", "F"),
    "M": ("BZXI.,", "TCSWEYGR", "F"),
    "H": ("ZBXY.,", "HTICWG", "RESN"),
    "B": ("ADPIOR", "NJMH#.,GCF", "ESWH"),
    "Z": ("ADPIOR", "NJMH#.,GCF", "ESWH"),
    "T": ("ADPIOR.", "NJMH#,GCFS", "EW"),
    "E": ("I", "R.,CNMJ", "GH#SADP"),
    "G": ("ADPIR.,", "NMJOHC#", "ESF"),
    "X": ("RGEADJIF", "PNM#HTXB", ".,OC"),
    "O": ("ZTXB", "I.,RCFW", "ADJGPYES"),
    "I": ("ADPNMHJE", "#GO", "R.I,C"),
    "C": ("ADPNMHJ", "#ZTBGEORIX", "SF"),
    "S": ("ADPHO", "NMJ#G", "EIRX"),
    "W": ("ZTXB", "ADPNMHO", "RJ"),
    "R": (".,IJZT", "ADBPEGRX#CS", "NMFHO"),
    "Y": ("NJM", "#EGH", "R,."),
    "F": ("B", "ADPRNJE", "IHGX"),
}
_COST = {
    (before, tag): float(cost)
    for before, groups in _FOLLOWS.items()
    for cost, tags in enumerate(groups)
    for tag in tags
}
_COST["N", "M"] = 1.0
_ACTS = 1.0  # a plural behind who may act: rather "the king faints" than "king faints"
_COST["E", "."] = 0.5
# In quarters of a word's use, as the lexicon has it.
_SHARE_COST = (3.0, 2.0, 1.0, 0.5, 0.0)
_SINGULAR = frozenset({"a", "an", "another", "each", "every"})
_POS_TAG = {"n": "N", "a": "J", "r": "R", "v": "B"}
_ADJECTIVE_ENDINGS = ("ous", "ful", "less", "able", "ible", "ish", "ic", "like", "al", "some")
Readings = tuple[tuple[str, float], ...]


# What a path remembers of the clause that it is in: how far it has come, the number of its subject,
# and whether a preposition is open, whose nouns are no subject.
_NO_VERB, _HAS_VERB, _RELATIVE, _NEXT_CLAUSE = range(4)
_Clause = tuple[int, str, bool]
_START: _Clause = (_NO_VERB, "", False)
_TWO_VERBS = 4.0
_OWNERS = 4.0  # "like a swan's neck": behind a preposition rather no "is"
_NOTHING_TO_JOIN = 3.0  # a verb behind "and" where none is before it
# "the dogs sleeps", "the dog sleep", "a dog sleep", "sleep": what each (reading, number) costs.
_DISAGREE = {("Z", "p"): 2.5, ("B", "s"): 4.0, ("B", "a"): 8.0, ("B", ""): 2.0}
_NO_CAPITAL = 1.0  # a verb in what does not begin as a sentence does
_TOLD = 0.25  # … but ends with a full stop: "(CUT TO:) a senator steps out."
_IN_A_LIST = 3.0  # … and in a list of tags: "red kimono, nine tails, autumn leaves"
_CAPTION = 4  # within so many words a picture is named that a frame describes
_OPENING = frozenset(".!?;:…–—-")  # behind these a capital says nothing
_NO_SENTENCE = 3.0  # a sentence, with capital and full stop, that has no verb
_SINGULAR_SUBJECTS = frozenset("he she it this that one".split())


def tag(tokens: list[Token], names: frozenset[str] = frozenset()) -> str:
    """One letter for each token.

    `names`: words that are names wherever they have a capital.
    """
    # For each (reading, clause) the cheapest path to it, linked backwards.
    best: dict[tuple[str, _Clause], Any] = {(".", _START): (0.0, None)}
    opens = True  # a sentence: its capital says nothing
    sentence = False  # whether it began with a capital
    listed = _is_list(tokens)
    told = bool(tokens) and tokens[-1].text in ".!?"
    for index, token in enumerate(tokens):
        following = tokens[index + 1 : index + 3]
        # "Close view of a lake, a skater carving circles." is a caption and needs no verb.
        if token.word in PICTURES and index < _CAPTION:
            sentence, listed = False, True
        elif opens:
            sentence = token.is_capital
        acts = index > 0 and lexicon().is_living(tokens[index - 1].word)
        loose = 0.0 if sentence else _IN_A_LIST if listed else _TOLD if told else _NO_CAPITAL
        reached: dict[tuple[str, _Clause], Any] = {}
        for reading, own in _readings(token, opens, following, names):
            for (before, clause), path in best.items():
                more, after = _step(before, clause, reading, token, loose)
                cost = path[0] + own + more + _COST.get((before, reading), _RARE)
                cost += _ACTS * (acts and before + reading == "NM")
                if (reading, after) not in reached or cost < reached[reading, after][0]:
                    reached[reading, after] = (cost, path, reading)
        best = reached
        opens = token.text in _OPENING
    path = min(best.values(), key=lambda path: path[0])
    letters = []
    while path[1] is not None:
        letters.append(path[2])
        path = path[1]
    return "".join(reversed(letters))


def _is_list(tokens: list[Token]) -> bool:
    """Whether it has commas, and none of the little words that sentences have."""
    commas = sum(token.text == "," for token in tokens)
    return commas > 1 and not any(token.word in DETERMINERS | PRONOUNS for token in tokens)


def _step(
    before: str, clause: _Clause, reading: str, token: Token, loose: float
) -> tuple[float, _Clause]:
    """What a reading costs in a clause, and what the clause is behind it.

    `loose`: what a verb costs there; 0 in a sentence.
    """
    phase, number, oblique = clause
    if reading in "NMHO":
        if oblique or phase not in (_NO_VERB, _NEXT_CLAUSE):
            return 0.0, clause
        if number == "g" or token.word in GROUPS:
            return 0.0, (phase, "g", False)  # "the couple laugh", "the couple laughs"
        if number == "a":
            return 0.0, (phase, "a", False)
        plural = reading == "M" or (reading == "O" and token.word not in _SINGULAR_SUBJECTS)
        return 0.0, (phase, "p" if plural or number in ("p", "and") else "s", False)
    if reading in "ZTBX":
        cost = _TWO_VERBS if phase == _HAS_VERB and before not in "XCFZ" else 0.0
        cost += _OWNERS * (oblique and token.word == "'s")
        cost += _NOTHING_TO_JOIN * (phase == _NO_VERB and before == "C")
        if phase in (_NO_VERB, _NEXT_CLAUSE) and before != "F":
            cost += _DISAGREE.get((reading, number), 0.0) + loose
        return cost, (_NO_VERB if phase == _RELATIVE else _HAS_VERB, number, False)
    if reading == "A" and not oblique and phase in (_NO_VERB, _NEXT_CLAUSE):
        return 0.0, (phase, number if number == "and" else "a", False)
    if reading == "I":
        return 0.0, (phase, number, True)
    if reading == "W":
        return 0.0, (_RELATIVE, number, False)
    if reading in ",CS":
        if phase == _HAS_VERB:
            return 0.0, (_NEXT_CLAUSE, "", False)
        if reading == "C" and number and not oblique:
            number = "and"  # "Zoe and her dad dig"
        elif reading == ",":
            number = number and "s,"  # what follows may be the subject: "two girls, a red car"
        return 0.0, (phase, number, oblique and reading == "C")
    if reading == ".":
        lacking = not loose and token.text == "." and phase in (_NO_VERB, _RELATIVE)
        return _NO_SENTENCE * lacking, _START
    return 0.0, clause


def _readings(token: Token, opens: bool, following: list[Token], names: frozenset[str]) -> Readings:
    if not token.is_word:
        return _sign(token)
    word = token.word.rstrip(".") if len(token.word) > 1 else token.word
    if word in names and token.is_capital:
        return (("H", 0.0),)
    if opens and word in INTRODUCING:
        return (("B", 0.0),)
    if word in CALENDAR and token.is_capital:
        return (("R", 0.0), ("N", 0.5))
    known = readings(word)
    behind = [other.word for other in following]
    if behind[:1] in (["of"], ["by"]):  # "a crown made of bones", "chased by a dog"
        known = tuple((tag, cost + (tag == "T")) for tag, cost in known)
    if not token.is_capital or (token.text.isupper() and word in lexicon()):
        return known
    if word in TITLES and following and following[0].is_capital:
        return (("H", 0.0), *known)
    if word in _CLOSED or word in PICTURES:
        return known
    unknown = (
        word not in lexicon() and not lexicon().singular(word) and not lexicon().verb_form(word)
    )
    if not opens:
        return (("H", 0.0), *((tag, cost + 2) for tag, cost in known))
    # At the start every word has a capital: a name is what the lexicon does not know.
    # "Mother lifts the kitten", "Kea sings": somebody's name, whatever else the word means.
    living = lexicon().is_living(word) and known[0][0] == "N"
    if unknown or living or lexicon().is_given_name(word):
        return (("H", 0.0), *((tag, cost + 1.5) for tag, cost in known))
    if behind[:1] == [","]:  # "Dash, a …": no common noun goes without an article there
        noun = known[0][0] == "N" and behind[1:] in (["a"], ["an"])
        return (*known, ("H", -2.0 if noun else 2.0))
    return (*known, ("H", 4.0))


def _sign(token: Token) -> Readings:
    if token.word == "'s":
        return (("Y", 0.0), ("X", 0.5))
    if token.word == "'":
        return (("Y", 0.0),)
    if token.text.startswith(("'", "’")):
        return (("X", 0.0),)
    if token.text == "&":
        return (("C", 0.0),)
    return ((".", 0.0),) if token.text in ".!?;:…" else ((",", 0.0),)


def _closed_words() -> dict[str, Readings]:
    """Words whose readings grammar knows."""
    found: dict[str, dict[str, float]] = {}
    for words, letter, cost in (
        (DETERMINERS - POSSESSIVE - _SINGULAR, "D", 0.0),
        (_SINGULAR, "A", 0.0),
        (POSSESSIVE, "P", 0.0),
        (frozenset(NUMBERS) | MANY, "#", 0.0),
        (ORDINALS, "J", 0.0),
        (PRONOUNS, "O", 0.0),
        (AUXILIARIES, "X", 0.0),
        (PREPOSITIONS, "I", 0.0),
        (COORDINATORS, "C", 0.0),
        (SUBORDINATORS, "S", 0.5),
        (RELATIVES, "W", 0.5),
        (ADVERBS, "R", 0.5),
        (frozenset({"to", "not"}), "F", 0.5),
    ):
        for word in words:
            found.setdefault(word, {})[letter] = cost
    found["her"] = {"P": 0.0, "O": 1.5}
    found["that"] = {"D": 1.0, "W": 0.0, "S": 0.5}
    found["there"] = {"O": 0.0, "R": 0.5}
    found["still"]["N"] = 1.0  # "a cinematic still"
    found["half"] = {"#": 0.0, "R": 0.5, "N": 1.0}
    found["round"] = {"J": 0.0, "I": 0.5, "N": 2.0}
    found["back"]["N"] = 1.0  # "onto its back"
    found["wearing"] = {"G": 0.0}
    found["like"] |= {"B": 2.0}
    for word in ("all", "both", "some", "several", "many", "various", "those", "these", "few"):
        found[word] = {"#": 0.0, "D": 0.5}
    return {word: tuple(tags.items()) for word, tags in found.items()}


_CLOSED = _closed_words()


def is_grammatical(word: str) -> bool:
    """Whether a word is one of those that grammar is made of."""
    return word in _CLOSED


@lru_cache(maxsize=20_000)
def readings(word: str) -> Readings:
    """What a lower-case word can be, each with its cost."""
    if word in _CLOSED:
        return _CLOSED[word]
    if word[0].isdecimal():
        return (("#", 0.0),) if word.isdecimal() else (("N", 0.0),)
    known = lexicon()
    costs: dict[str, float] = {"N": 0.0} if word in PICTURES else {}

    def offer(letter: str, share: int, more: float = 0.0) -> None:
        if share >= 0:
            cost = _SHARE_COST[share] + more
            costs[letter] = min(cost, costs.get(letter, cost))

    for pos, letter in _POS_TAG.items():
        offer(letter, known.share(word, pos))
    if costs.keys() <= {"R"}:  # "strongest", "longest"
        offer("J", max((known.share(stem, "a") for stem in _positives(word)), default=-1))
    singular, form = known.singular(word), known.verb_form(word)
    if "N" in costs and "J" in costs and not known.is_colour(word):
        costs["J"] += 0.3  # "locomotive"
    if singular:
        # "glasses" are plural too; "a goods train" is not.
        costs["N"] = costs.get("N", 1.0) + 3
        offer("M", known.share(singular, "n"))
    if form:
        ending, verb = form
        share = known.share(verb, "v")
        if ending == "s":
            offer("Z", share)
        elif ending == "ing":  # "icing" is rather a thing
            offer("G", share if known.main_part(word) else 4)
        elif ending == "en":
            offer("E", 4)
        else:
            offer("T", 4, 0.4)
            offer("E", 4, 0.5)
    if "G" in costs and "N" in costs and word not in PICTURES:
        costs["N"] += 1.5  # "the man drinking coffee"
    if known.is_colour(word):
        costs["N"] = min(1.0, costs.get("N", 1.0))  # "in white"
    if not costs or "-" in word:
        _guess(word, costs)
    return tuple(costs.items())


def _positives(word: str) -> tuple[str, ...]:
    """The adjectives that a word may be the superlative of."""
    if not word.endswith("est") or len(word) < 6:
        return ()
    stem = word[:-3]
    return stem, f"{stem}e", stem[:-1] if stem[-1] == stem[-2] else f"{stem[:-1]}y"


def _guess(word: str, costs: dict[str, float]) -> None:
    """Readings for a word that the lexicon does not have, by its form."""
    if "-" in word:
        last = word.rsplit("-", 1)[1]
        if last.endswith("ed") or last in ("shaped", "like", "old", "free", "size", "haired"):
            costs["J"] = 0.0
            return
        for letter, cost in readings(last) if last else ():
            costs[letter] = min(cost, costs.get(letter, cost))
        costs["J"] = min(0.5, costs.get("J", 0.5))
        return
    if word.endswith("ly"):
        costs["R"] = 0.0
        costs["J"] = 1.0
    elif word.endswith("ing"):
        costs["G"] = 0.5
        costs["N"] = 0.0
    elif word.endswith("ed"):
        costs["N"] = 0.5  # every verb that is used is known
        costs["E"] = costs["T"] = costs["J"] = 1.0
    elif word.endswith(_ADJECTIVE_ENDINGS):
        costs["J"] = 0.0
        costs["N"] = 1.0
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        costs["M"] = 0.5
        costs["Z"] = 2.5
    else:
        costs["N"] = 0.0
        costs["J"] = 2.0
        costs["B"] = 3.0
