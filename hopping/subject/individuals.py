"""Who is who: each phrase of a story is somebody new or somebody who was named before.

"The dog" is the red dog of frame 1; "another dog", "the blue dog" and "a ceramic dog" are not. A
phrase is matched by what it is called (the same noun, a kind of it, a name), and only where nothing
that it says contradicts what is known: number, sex, colour, size, whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .called import Called
from .lexicon import lexicon
from .phrase import Phrase
from .vocabulary import (
    DEFINITE,
    GENERIC,
    GROUPS,
    HE,
    IT,
    LIKENESSES,
    LIVING,
    NEW,
    POSSESSIVE,
    SHE,
)

# How many of the latest are asked, so that the work stays linear in the length of a story.
_LATEST_OF_A_NAME = 8
_LATEST = 64
# How many frames longer somebody is meant of whom it is known that they are he, or she.
_SURE = 1.5
# How many frames back "they" looks for several who were named one by one.
_TOGETHER = 2
_IT_CAN_BE = frozenset({"animal", "thing", "food", "plant", "worn"})


@dataclass(eq=False)
class Individual:
    """Somebody or something of a story, or several of them ("two dogs").

    Attributes:
        number: from 0, in the order of their introductions.
        head: the noun that introduced it; nouns, names, modifiers, looks: all that it was called.
        places: where it was said to be.
        parts: where the lexicon's outline has what it is.
        mentioned: frame and sentence that named it last; order: its place among that frame's.
    """

    number: int
    head: str
    parts: frozenset[str]
    plural: bool
    count: int | None
    owner: Individual | None
    introduced: int
    nouns: set[str]
    names: set[str]
    modifiers: set[str]
    looks: set[str]
    places: set[str]
    sex: str = ""
    mentioned: tuple[int, int] = (0, 0)
    as_subject: bool = False
    order: int = 0

    @property
    def is_person(self) -> bool:
        return "person" in self.parts or (bool(self.names) and "animal" not in self.parts)

    @property
    def is_animate(self) -> bool:
        return self.is_person or "animal" in self.parts

    @property
    def is_several(self) -> bool:
        """Whether "they" can mean it: several living beings, or a group."""
        return bool(self.nouns & GROUPS) or (self.plural and (self.is_animate or not self.parts))

    @property
    def kind(self) -> str:
        """person, animal, place or thing; thing too where nothing is known."""
        if self.is_animate:
            return "person" if self.is_person else "animal"
        return "place" if self.parts & {"place", "weather"} else "thing"


class Individuals:
    """Everybody that a story has named so far."""

    def __init__(self) -> None:
        self.all: list[Individual] = []
        self.grown: set[int] = set()  # of whom something new has been said
        self._called = Called[Individual]()
        self._named: dict[str, list[Individual]] = {}  # by name
        self._together: list[Individual] = []  # who were last named together: "Ines and Olu"

    def add(self, phrase: Phrase, frame: int, owner: Individual | None) -> Individual:
        """Somebody new."""
        parts = (lexicon().main_part(noun) for noun in phrase.nouns)
        made = Individual(
            number=len(self.all),
            head=phrase.head,
            parts=frozenset(part for part in parts if part is not None),
            plural=phrase.plural,
            count=phrase.number,
            owner=owner,
            introduced=frame,
            nouns=set(),
            names=set(),
            modifiers=set(),
            looks=set(),
            places=set(),
        )
        self.all.append(made)
        self.grown.add(made.number)
        self.learn(made, phrase)
        return made

    def learn(self, one: Individual, phrase: Phrase) -> None:
        """What a phrase says of somebody is known of them from now on."""
        for noun in phrase.nouns:
            if noun not in one.nouns:
                one.nouns.add(noun)
                self._called.add(noun, one)
        for name in phrase.names:
            self.give_name(one, name)
        if not phrase.modifiers <= one.modifiers:
            self.grown.add(one.number)
        one.modifiers |= phrase.modifiers
        one.places |= phrase.places
        self.learn_looks(one, phrase)
        one.sex = one.sex or phrase.sex

    def learn_looks(self, one: Individual, phrase: Phrase) -> None:
        if not phrase.looks <= one.looks:
            self.grown.add(one.number)
        one.looks |= phrase.looks

    def give_name(self, one: Individual, name: str) -> None:
        if name not in one.names:
            self.grown.add(one.number)
            one.names.add(name)
            self._named.setdefault(name, []).append(one)

    def named_together(self, group: list[Individual]) -> None:
        self._together = group

    def meant_by(
        self, phrase: Phrase, owner: Individual | None, verbless: bool
    ) -> Individual | None:
        """Who of those named before a phrase means; None if it means somebody new.

        `verbless`: it stands in a list of words, which does without articles.
        """
        place = phrase.ordinal
        definite = phrase.determiner in DEFINITE | POSSESSIVE or owner is not None
        if phrase.determiner in NEW or (place and not definite):
            return None
        if phrase.names:
            return self._by_name(phrase)
        candidates = self._candidates(phrase, definite)
        found = [one for one in candidates if _fits(phrase, one, owner)]
        if phrase.is_indefinite:
            found = [one for one in found if _is_described_again(phrase, one, verbless)]
        if place:
            found = _at(place, found)
        if not found and phrase.head in GENERIC and phrase.determiner in DEFINITE:
            found = self._only_named(phrase)
        return max(found, key=lambda one: _likeness(phrase, one), default=None)

    def _only_named(self, phrase: Phrase) -> list[Individual]:
        """ "The girl" can be Lucy, of whom nothing but her name is known."""
        latest = self.all[-_LATEST:]
        return [one for one in latest if one.names and not one.parts and _fits(phrase, one, None)]

    def _by_name(self, phrase: Phrase) -> Individual | None:
        found = [
            one
            for name in phrase.names
            for one in self._named.get(name, ())[-_LATEST_OF_A_NAME:]
            if not (phrase.sex and one.sex and phrase.sex != one.sex)
        ]
        names = set(phrase.names)
        return max(found, key=lambda one: (len(one.names & names), one.mentioned), default=None)

    def _candidates(self, phrase: Phrase, definite: bool) -> Iterator[Individual]:
        if definite:
            for individuals in self._called.that_can_be(phrase.head):
                yield from individuals[-_LATEST_OF_A_NAME:]
        else:
            yield from self._called.by(phrase.head)[-_LATEST_OF_A_NAME:]

    def meant_by_pronoun(
        self, pronoun: str, not_these: Iterable[Individual], among: set[int] | None
    ) -> list[Individual]:
        """Whom he, she, it or they means: those named last that it can mean.

        `not_these`: who it does not mean. `among`: the frames to look in; None: all.
        """
        recent = [
            one
            for one in self.all[-_LATEST:]
            if one not in not_these
            and (among is None or one.mentioned[0] in among or one.introduced in among)
        ]
        if pronoun not in HE | SHE | IT:
            return self._they(recent)
        found = [one for one in recent if can_be(pronoun, one)]
        if not found:
            return []
        return [
            max(
                found,
                key=lambda one: (
                    not one.sex
                    if pronoun in IT
                    else one.is_person or bool(one.names) or not one.parts,
                    one.mentioned[0] + _SURE * bool(one.sex and pronoun not in IT),
                    bool(one.names),
                    one.mentioned,
                    one.as_subject,
                    -one.order,
                ),
            )
        ]

    def _they(self, recent: list[Individual]) -> list[Individual]:
        several = [one for one in recent if one.is_several]
        latest = max(several, key=lambda one: (one.mentioned, one.as_subject), default=None)
        together = [one for one in self._together if one in recent]
        if len(together) > 1 and (
            latest is None or min(one.mentioned for one in together) >= latest.mentioned
        ):
            return together
        living = [one for one in recent if one.is_animate]
        last = max((one.mentioned[0] for one in living), default=0)
        met = [one for one in living if one.mentioned[0] == last and not one.is_several]
        if latest is not None:
            return met if len(met) > 1 and latest.mentioned[0] < last else [latest]
        if len(living) > 1:
            return [one for one in living if one.mentioned[0] >= last - _TOGETHER]
        things = [one for one in recent if one.plural]
        return [max(things, key=lambda one: one.mentioned)] if things else living


def _fits(phrase: Phrase, one: Individual, owner: Individual | None) -> bool:
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


def _is_described_again(phrase: Phrase, one: Individual, verbless: bool) -> bool:
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


def _at(place: str, found: list[Individual]) -> list[Individual]:
    """Of those found "the first", "the second" or "the other" one."""
    if place == "other":
        latest = max(found, key=lambda one: (one.mentioned, one.order), default=None)
        return [one for one in found if one is not latest]
    if place == "first":
        return sorted(found, key=lambda one: one.introduced)[:1]
    return [one for one in found if place in one.modifiers]


def _likeness(phrase: Phrase, one: Individual) -> tuple[object, ...]:
    """How well somebody answers to a phrase; of those who do so equally the latest is meant."""
    return (
        one.head == phrase.head,
        phrase.head in one.nouns,
        not _is_likeness(one.nouns, one.modifiers),
        len(one.modifiers & phrase.modifiers) + len(one.looks & phrase.looks),
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


def can_be(pronoun: str, one: Individual) -> bool:
    """Whether he, she or it can mean somebody."""
    if one.plural:
        return False
    if pronoun in IT:
        return not one.is_person and (not one.parts or bool(one.parts & _IT_CAN_BE))
    if one.sex:
        return one.sex == ("m" if pronoun in HE else "f")
    return one.is_animate or not one.parts
