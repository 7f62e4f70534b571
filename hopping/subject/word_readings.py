"""What a word can be: parts of speech, each with what it costs (`tagging.py` has the letters)."""

from __future__ import annotations

from collections.abc import Set
from functools import lru_cache

from .lexicon import lexicon
from .tokens import Token
from .vocabulary import (
    ADVERBS,
    AUXILIARIES,
    CALENDAR,
    COORDINATORS,
    DETERMINERS,
    INTRODUCING,
    MANY,
    NUMBERS,
    ORDINALS,
    PICTURES,
    POSSESSIVE,
    PREPOSITIONS,
    PRONOUNS,
    RELATIVES,
    SAYING,
    SUBORDINATORS,
    TITLES,
    UNCHANGED,
)

# In quarters of a word's use, as the lexicon has it.
_SHARE_COST = (3.0, 2.0, 1.0, 0.5, 0.0)
_SINGULAR = frozenset({"a", "an", "another", "each", "every"})
_POS_TAG = {"n": "N", "a": "J", "r": "R", "v": "B"}
_ADJECTIVE_ENDINGS = ("ous", "ful", "less", "able", "ible", "ish", "ic", "like", "al", "some")
Readings = tuple[tuple[str, float], ...]


def readings_of(
    token: Token,
    opens: bool,
    following: list[Token],
    names: frozenset[str],
    kinds: Set[str],
) -> Readings:
    """What a token can be where it stands.

    `opens`: whether it opens a sentence, so that its capital says nothing. `following`: the next
    two tokens. `names`, `kinds`: as `tagging.tag` has them.
    """
    if not token.is_word:
        return _sign(token)
    word = token.word.rstrip(".") if len(token.word) > 1 else token.word
    if word in names and token.is_capital:
        return (("H", 0.0),)
    said = (lexicon().verb_form(word) or ("", ""))[1] in SAYING and not token.is_capital
    if opens and (word in INTRODUCING or said):  # behind speech: says Pip
        return (("B", 0.0),)
    if word in CALENDAR and token.is_capital:
        return (("R", 0.0), ("N", 0.5))
    known = readings(word)
    behind = [other.word for other in following]
    if word == "next" and behind[:1] == ["to"]:
        return (("R", 0.0),)
    if behind[:1] in (["of"], ["by"]):  # "a crown made of bones", "chased by a dog"
        known = tuple((tag, cost + (tag == "T")) for tag, cost in known)
    if not token.is_capital or word in kinds:
        return known
    if token.text.isupper() and word in lexicon():  # "ROOK kicks": so scripts name somebody
        return (*known, ("H", 0.5)) if opens and len(word) > 2 else known
    if word in TITLES and following and following[0].is_capital:
        return (("H", 0.0), *known)
    if word in _CLOSED or word in PICTURES:
        return known
    unknown = behind[:1] != ["by"] and (
        word not in lexicon() and not lexicon().singular(word) and not lexicon().verb_form(word)
    )
    if not opens:
        return (("H", 0.0), *((tag, cost + 2) for tag, cost in known))
    # At the start every word has a capital: a name is what the lexicon does not know.
    # "Mother lifts the kitten", "Kea sings": somebody's name, whatever else the word means.
    living = lexicon().is_living(word) and known[0][0] == "N"
    # "Pip the penguin", "Viola plays"
    near = bool(following) and following[0].span[0] == token.span[1] + 1
    epithet = near and behind[0] == "the" and lexicon().is_living("".join(behind[1:]))
    called = known[0][0] == "N" and epithet
    called |= _acts(behind) and not lexicon().parts(word).isdisjoint(("animal", "plant"))
    if unknown or living or called or lexicon().is_given_name(word):
        return (("H", 0.0), *((tag, cost + 1.5) for tag, cost in known))
    if behind[:1] == [","]:  # "Dash, a …", "Rusty, a …": no such word goes without an article there
        noun = known[0][0] in "NJ" and behind[1:] in (["a"], ["an"])
        return (*known, ("H", -2.0 if noun else 2.0))
    return (*known, ("H", 4.0))


def _acts(behind: list[str]) -> bool:
    """Whether a verb stands behind: "Viola plays"."""
    form = lexicon().verb_form(behind[0]) if behind else None
    return form is not None and form[0] == "s" and lexicon().share(form[1], "v") > 1


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
    found["home"] = {"R": 0.5, "N": 1.0}
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
        if word.isdecimal():
            return (("#", 0.0),)
        return (("J", 0.0),) if word.endswith("yo") else (("N", 0.0),)  # "40yo"
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
        offer("M", known.share(singular, "n") if singular in known else 4)
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
    if word in UNCHANGED:
        offer("T", known.share(word, "v"), 1.0)
        offer("E", known.share(word, "v"), 2.5)
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
        if word.endswith("-year-old"):
            costs["N"] = 0.5  # "a six-year-old"
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
    elif word.endswith(_ADJECTIVE_ENDINGS) or (word[-1:] == "y" and word[-3:-2] == word[-2:-1]):
        costs["J"] = 0.0
        costs["N"] = 1.0
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        costs["M"] = 0.5
        costs["Z"] = 2.5
    else:
        costs["N"] = 0.0
        costs["J"] = 2.0
        costs["B"] = 3.0
