"""By which nouns somebody was called, and by which others they can be meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from .lexicon import lexicon
from .vocabulary import CREATURES, GENERIC, SAME

T = TypeVar("T")

_SHORTEST = 3  # of a noun that ends another: a superheroine is a heroine


class Called(Generic[T]):
    """Whoever a story has called something, by noun.

    Of its nouns those alone are asked that can have to do with one another, so that a frame takes
    no longer where many have been called many things.
    """

    def __init__(self) -> None:
        self._by_noun: dict[str, list[T]] = {}
        self._order: dict[str, int] = {}
        # The nouns at a node of the lexicon's outline, those there or below it, those with an
        # ending, and those of living beings.
        self._at: defaultdict[int, list[str]] = defaultdict(list)
        self._below: defaultdict[int, list[str]] = defaultdict(list)
        self._ending: defaultdict[str, list[str]] = defaultdict(list)
        self._living: list[str] = []

    def add(self, noun: str, one: T) -> None:
        if noun not in self._by_noun:
            self._by_noun[noun] = []
            self._index(noun)
        self._by_noun[noun].append(one)

    def by(self, noun: str) -> Sequence[T]:
        """Who was called just that, in the order in which they were."""
        return self._by_noun.get(noun, ())

    def that_can_be(self, noun: str) -> Iterator[Sequence[T]]:
        """For each noun that this one can mean, who was called so."""
        known = lexicon()
        asked = {*self._by_noun.keys() & {noun}, *self._ending.get(noun, ())}
        for node in known.nodes(noun):
            asked.update(self._below.get(node, ()))
        for node in known.above(noun):
            asked.update(self._at.get(node, ()))
        for same in SAME:
            if noun in same:
                asked.update(same & self._by_noun.keys())
        if noun in GENERIC | CREATURES:
            asked.update(self._living)
        for called in sorted(asked, key=self._order.__getitem__):
            if _can_mean(noun, called):
                yield self._by_noun[called]

    def _index(self, noun: str) -> None:
        known = lexicon()
        self._order[noun] = len(self._order)
        for node in known.nodes(noun):
            self._at[node].append(noun)
        for node in known.above(noun):
            self._below[node].append(noun)
        for at in range(2, len(noun) - _SHORTEST + 1):
            self._ending[noun[at:]].append(noun)
        if known.is_living(noun):
            self._living.append(noun)


def _can_mean(noun: str, called: str) -> bool:
    """Whether "the bird" can mean what was called an owl, or "the parrot" what was a macaw."""
    if noun == called:
        return True
    if any(noun in same and called in same for same in SAME):
        return True
    known = lexicon()
    if noun in GENERIC and known.main_part(called) == "person":
        return True
    if noun in CREATURES and known.is_living(called):
        # a dragon is no human being
        return called in CREATURES or not known.is_kind_of(called, "person")
    if len(noun) >= _SHORTEST and called.endswith(noun) and len(called) > len(noun) + 1:
        return True  # a superheroine is a heroine
    if known.main_part(noun) in ("stuff", "weather"):
        return False  # a lake is water, but "the water" is not the lake
    return known.is_kind_of(called, noun) or known.is_kind_of(noun, called)
