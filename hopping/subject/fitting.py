"""Whether a phrase can mean somebody, by all that it says and all that is known of them."""

from __future__ import annotations

from collections.abc import Iterable

from .individual import Individual
from .lexicon import lexicon
from .phrase import Phrase
from .vocabulary import GENERIC, LIKENESSES, LIVING, MINE


def fits(phrase: Phrase, one: Individual, owner: Individual | None) -> bool:
    """Whether nothing that a phrase says contradicts what is known of somebody."""
    member = one.plural and not phrase.plural and phrase.head in one.nouns  # "the ox" of two oxen
    if phrase.plural != one.plural and not member:
        return False
    if (phrase.number or 1) > 1 and one.count and phrase.number != one.count:
        return False
    if phrase.sex and one.sex and phrase.sex != one.sex:
        return False
    if owner is not None and one.owner is not None and owner is not one.owner:
        return False
    if (owner is not None and one.mine) or (one.owner is not None and phrase.determiner in MINE):
        return False
    ages = [_ages(phrase.modifiers | phrase.looks), _ages(one.modifiers | one.looks)]
    if all(ages) and ages[0] != ages[1]:
        return False
    if _has_parts(phrase.looks & one.looks) and _clash(phrase.looks, one.looks):
        return False  # "1girl, white hair" and "1girl, black hair"
    if _is_counted(phrase) and _other_kinds(phrase.nouns, one.nouns):
        return False  # "1girl, elf" and "1girl, orc"
    likeness = _is_likeness(one.nouns, one.modifiers)
    if likeness != _is_likeness(phrase.nouns, phrase.modifiers) and (
        not likeness or phrase.modifiers & LIVING
    ):
        return False
    return not any(
        lexicon().are_opposite(word, other)
        for word in phrase.modifiers - one.modifiers
        for other in one.modifiers - phrase.modifiers
    )


def is_described_again(phrase: Phrase, one: Individual, verbless: bool) -> bool:
    """Whether "a red dog" is the red dog again: prompts that repeat what they show."""
    if one.plural and not phrase.plural:
        return phrase.number == 1 and not phrase.determiner  # "One mammoth drinks."
    if phrase.head != one.head:
        return False
    if phrase.number is not None and not phrase.determiner and phrase.number == one.count:
        return True
    said, known = phrase.modifiers, one.modifiers
    dressed = bool(phrase.looks) and phrase.looks <= one.looks  # "a girl in a red hat"
    return ((bool(said) or dressed) and said <= known) or (
        verbless and (said <= known or known <= said)
    )


def at_place(place: str, found: list[Individual]) -> list[Individual]:
    """Of those found "the first", "the second" or "the other" one."""
    if place == "other":
        latest = max(found, key=lambda one: (one.mentioned, one.order), default=None)
        return [one for one in found if one is not latest]
    if place == "first":
        return sorted(found, key=lambda one: one.introduced)[:1]
    return [one for one in found if place in one.modifiers]


def aptness(phrase: Phrase, one: Individual) -> tuple[object, ...]:
    """How well somebody answers to a phrase; of those who do so equally the latest is meant."""
    return (
        one.head == phrase.head,
        phrase.head in one.nouns,
        not _is_likeness(one.nouns, one.modifiers),
        len((one.modifiers | one.looks) & (phrase.modifiers | phrase.looks)),
        len(one.places & phrase.places),
        one.plural == phrase.plural,
        one.mentioned,
        one.as_subject,
        one.order,
    )


def _is_likeness(nouns: Iterable[str], modifiers: Iterable[str]) -> bool:
    """Whether it is somebody made of something: a ceramic cat, a toy lion."""
    known = lexicon()
    return any(known.is_living(noun) for noun in nouns) and any(
        word in LIKENESSES or (known.main_part(word) == "stuff" and not known.is_colour(word))
        for word in modifiers
    )


def _has_parts(looks: Iterable[str]) -> bool:
    """Whether clothes or parts of a body are among them."""
    known = lexicon()
    return any(word == "hair" or known.main_part(word) in ("worn", "body") for word in looks)


def _is_counted(phrase: Phrase) -> bool:
    """ "1girl"."""
    return phrase.number == 1 and not phrase.determiner


def _other_kinds(some: Iterable[str], others: Iterable[str]) -> bool:
    kinds = [set(filter(lexicon().is_living, nouns)) - GENERIC for nouns in (some, others)]
    return all(kinds) and not kinds[0] & kinds[1]


def _clash(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether both have colours, and none in common."""
    colours = [set(filter(lexicon().is_colour, words)) for words in (some, others)]
    return all(colours) and not colours[0] & colours[1]


def _ages(words: Iterable[str]) -> set[str]:
    """ "40yo"."""
    return {word for word in words if word.endswith("yo")}
