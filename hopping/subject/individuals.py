"""Who is who: each phrase of a story is somebody new or somebody who was named before.

"The dog" is the red dog of frame 1; "another dog", "the blue dog" and "a ceramic dog" are not. A
phrase is matched by what it is called (the same noun, a kind of it, a name), and only where nothing
that it says contradicts what is known: number, sex, colour, size, whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .called import Called
from .fitting import aptness, at_place, fits, is_described_again
from .individual import Individual, can_be, is_somebody, is_worn
from .lexicon import lexicon
from .phrase import Phrase
from .vocabulary import (
    COMPANY,
    DEFINITE,
    GENERIC,
    HE,
    IT,
    MINE,
    NEW,
    POSSESSIVE,
    SHE,
    YOUNG,
)

# How many of the latest are asked, so that the work stays linear in the length of a story.
_LATEST_OF_A_NAME = 8
_LATEST = 64
# How many frames longer somebody is meant of whom it is known that they are he, or she.
_SURE = 1.5
# … and how many frames less somebody's clothes are: rather the puppet than a girl's dress.
_WORN = 3
_WHERE = 2  # … and where somebody is: rather the tractor than the grass
# How many frames back "they" looks for several who were named one by one.
_TOGETHER = 2


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
        # "Old Number 9, an engine" is one, whatever it is called.
        parts = (lexicon().main_part(noun) for noun in phrase.nouns if noun not in phrase.names)
        made = Individual(
            number=len(self.all),
            head=phrase.head,
            parts=frozenset(part for part in parts if part is not None),
            plural=phrase.plural,
            count=phrase.number,
            owner=owner,
            introduced=frame,
            mine=phrase.determiner in MINE,
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
        self,
        phrase: Phrase,
        owner: Individual | None,
        verbless: bool,
        subjects: Iterable[Individual] = (),
    ) -> Individual | None:
        """Who of those named before a phrase means; None if it means somebody new.

        `verbless`: it stands in a list of words, which does without articles. `subjects`: of its
        clause, who does nothing to themselves: "The priest leads the boy out".
        """
        place = phrase.ordinal
        definite = phrase.determiner in DEFINITE | POSSESSIVE or owner is not None
        new = phrase.determiner in NEW or "different" in phrase.modifiers
        if new or (place and not definite):
            return None
        if phrase.names:
            return self._by_name(phrase) or self._by_role(phrase)
        candidates = self._candidates(phrase, definite) if not phrase.is_one else self._like(phrase)
        found = [one for one in candidates if fits(phrase, one, owner)]
        if phrase.role != "subject":
            found = [one for one in found if one not in subjects or phrase.head in one.nouns]
        if phrase.is_one and not definite:
            return None
        if phrase.is_indefinite:
            found = [one for one in found if is_described_again(phrase, one, verbless)]
        if place:
            found = at_place(place, found)
        if not found and phrase.head in GENERIC and phrase.determiner in DEFINITE:
            found = self._only_named(phrase)
        elif not found and phrase.determiner in DEFINITE and not phrase.plural:
            found = self._compound(phrase)
        return max(found, key=lambda one: aptness(phrase, one), default=None)

    def meant_together(self, phrase: Phrase, verbless: bool) -> list[Individual]:
        """ "The two men", "the sisters", "2girls": several who were named one by one."""
        counted = verbless and bool(phrase.number) and not phrase.determiner
        definite = phrase.determiner in DEFINITE or counted
        if not phrase.plural or not definite or phrase.modifiers or phrase.looks:
            return []
        found = [one for one in self.all[-_LATEST:] if one.is_animate and not one.is_several]
        if phrase.head not in COMPANY:
            named = (one for each in self._called.that_can_be(phrase.head) for one in each)
            can = set(map(id, named))
            if lexicon().main_part(phrase.head) == "person":
                can |= {id(one) for one in found if one.names and not one.parts}
            # "the two mascots": whatever they are
            whoever = found if self._is_whoever(phrase) and not counted else []
            found = [one for one in found if id(one) in can] or whoever
        if phrase.head in YOUNG:
            found = [one for one in found if one.nouns & YOUNG or not one.parts]
        found = [one for one in found if not (phrase.sex and one.sex and phrase.sex != one.sex)]
        found.sort(key=lambda one: (min(one.times, 2), one.mentioned, one.order))
        found = found[-(phrase.number or len(found)) :]
        last = max((one.mentioned[0] for one in found), default=0)
        near = [one for one in found if one.mentioned[0] >= last - _TOGETHER]
        return near if len(near) > 1 and len(near) == (phrase.number or len(near)) else []

    def _is_whoever(self, phrase: Phrase) -> bool:
        part = lexicon().main_part(phrase.head)
        return bool(phrase.number) and part in (None, "person", "animal")

    def _like(self, phrase: Phrase) -> list[Individual]:
        """Who looks as a phrase says: "the black one"."""
        said, latest = phrase.modifiers, self.all[-_LATEST:]
        like = [one for one in latest if said and said <= one.modifiers | one.looks]
        several = [one for one in latest if one.plural and one.is_animate]
        return like or (several if phrase.plural else [])

    def _compound(self, phrase: Phrase) -> list[Individual]:
        """ "The camper" can be a camper van, "the toy robot" a robot toy."""
        if lexicon().main_part(phrase.head) not in ("thing", "animal", "person"):
            return []
        made_of = [one for one in self.all[-_LATEST:] if phrase.head in one.modifiers]
        return [one for one in made_of if one.kind != "place" and fits(phrase, one, None)]

    def _only_named(self, phrase: Phrase) -> list[Individual]:
        """ "The girl" can be Lucy, of whom nothing but her name is known."""
        latest = self.all[-_LATEST:]
        return [one for one in latest if one.names and not one.parts and fits(phrase, one, None)]

    def _by_name(self, phrase: Phrase) -> Individual | None:
        found = [
            one
            for name in phrase.names
            for one in self._named.get(name, ())[-_LATEST_OF_A_NAME:]
            if not (phrase.sex and one.sex and phrase.sex != one.sex)
        ]
        names = set(phrase.names)
        if not found:  # "the Ridgeline", of a Ridgeline boot
            known = {name for name in names if name in lexicon()}
            found = [one for one in self.all[-_LATEST:] if (names - known) & one.modifiers]
        return max(found, key=lambda one: (len(one.names & names), one.mentioned), default=None)

    def _by_role(self, phrase: Phrase) -> Individual | None:
        """ "Mother lifts the kitten", "Ghost:", of a mother and a ghost who have no name."""
        found = [one for one in self._candidates(phrase, True) if one.is_animate and not one.names]
        found = [one for one in found if fits(phrase, one, None)]
        return max(found, key=lambda one: aptness(phrase, one), default=None)

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
                    not one.sex if pronoun in IT else is_somebody(one),
                    one.mentioned[0]
                    + _SURE * bool(one.sex and pronoun not in IT)
                    - _WORN * is_worn(one)
                    - _WHERE * (one.is_where and not one.is_animate),
                    not one.is_part,
                    bool(one.names) != (pronoun in IT),
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
        things = [one for one in recent if one.plural and not is_worn(one)]
        return [max(things, key=lambda one: one.mentioned)] if things else living
