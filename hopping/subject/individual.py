"""Somebody or something of a story: what is known of them, and which pronouns can mean them."""

from __future__ import annotations

from dataclasses import dataclass

from .vocabulary import BEINGS, GROUPS, HE, IT

_IT_CAN_BE = frozenset({"animal", "thing", "food", "plant", "worn"})


@dataclass(eq=False)
class Individual:
    """Somebody or something of a story, or several of them ("two dogs").

    Attributes:
        number: from 0, in the order of their introductions.
        head: the noun that introduced it; nouns, names, modifiers, looks: all that it was called.
        places: where it was said to be.
        parts: where the lexicon's outline has what it is.
        was_he_or_she: whether a pronoun has said so.
        mine: whether it is the teller's own: "my cat".
        times: how many frames have named it.
        mentioned: frame and sentence that named it last; order: its place among that frame's.
        is_part: whether it was last named as part of somebody's looks; is_where: as a place.
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
    was_he_or_she: bool = False
    mine: bool = False
    times: int = 0
    mentioned: tuple[int, int] = (0, 0)
    as_subject: bool = False
    is_part: bool = False
    is_where: bool = False
    order: int = 0

    @property
    def is_person(self) -> bool:
        return "person" in self.parts or (bool(self.names) and not self.parts)

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


def can_be(pronoun: str, one: Individual) -> bool:
    """Whether he, she or it can mean somebody."""
    if one.plural:
        return False
    if pronoun in IT:
        person = one.is_person and not one.nouns & BEINGS
        return not person and (not one.parts or bool(one.parts & _IT_CAN_BE))
    if one.sex:
        return one.sex == ("m" if pronoun in HE else "f")
    return one.is_animate or bool(one.names) or not one.parts


def is_somebody(one: Individual) -> int:
    """How surely it is he or she; what is not known is rather one who does something."""
    if one.is_person or one.names or one.was_he_or_she:
        return 2
    return int(one.is_animate or (not one.parts and one.as_subject))


def is_worn(one: Individual) -> bool:
    """Whether it was last named as clothes or a part of somebody."""
    return one.is_part and bool(one.parts & {"worn", "body"})
