"""What belongs to a phrase behind its head: what someone wears, has, is called and looks like.

- of: "a herd of woolly mammoths"; named: "a pirate named Barnabas"
- looks: "John in a red coat", "a girl with long hair, a hat and a cape", "a fox wearing boots"
- participles: "a locomotive painted dark green", "a brute made of rubble"
- relative clauses: "a man who wears a top hat"
- likenesses: "a mouse no bigger than a thimble", "a dragon the colour of copper"
- behind a comma (appositions.py): "the daughter, barefoot and in a muddy gown,"
"""

from __future__ import annotations

from collections.abc import Callable

from .lexicon import lexicon
from .look_ends import LookEnds
from .phrase import Phrase
from .phrases import Sentence
from .vocabulary import DEFINITE, HAVE, NAMING, QUALITIES, WEARS

# How deep looks may stand in looks: "a man with a hat with a feather …".
_DEEPEST = 4
_COMPARING = frozenset({"with", "as", "of", "than", "like"})


class Looks(LookEnds):
    """Reads on from the phrases of one sentence. Its methods return where what they find ends."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        # Each tells where what stands behind a phrase and belongs to it ends; None: nothing does.
        self.rules: list[Callable[[Phrase], int | None]] = [
            self._of,
            self._name,
            self._epithet,
            self._age,
            self._measure,
            self._likeness,
            self._look_of,
            self._participle,
            self._relative,
        ]
        self._depth = 0

    def extend(self, phrase: Phrase) -> None:
        """Take a phrase to the end of its looks."""
        if self._depth < _DEEPEST:
            self._depth += 1
            self._extend(phrase)
            self._depth -= 1

    def _extend(self, phrase: Phrase) -> None:
        while any(self._grow(phrase, rule(phrase)) for rule in self.rules):
            pass

    def _grow(self, phrase: Phrase, end: int | None) -> bool:
        if end is None or end <= phrase.end:
            return False
        self.note(phrase, phrase.end, end)
        phrase.end = end
        return True

    def note(self, phrase: Phrase, start: int, end: int) -> None:
        """The words of a phrase's looks, which tell it from others of its kind."""
        for at in range(start, end):
            if self.tags[at] in "NMJE":
                phrase.looks.add(lexicon().singular(self.word(at)) or self.word(at))

    def _of(self, phrase: Phrase) -> int | None:
        at = phrase.end
        if self.word(at) != "of" or phrase.is_picture:
            return None
        inner = self.starts.get(at + 1)
        if inner is None:
            if self.tags[at + 1] == "#":  # "a boy of nine"
                return at + 2
            return at + 3 if self.word(at + 2) == "own" else None  # "a hat of its own"
        if inner.pronoun:
            return None
        self.extend(inner)
        if phrase.is_group:
            phrase.nouns += inner.nouns
            phrase.modifiers |= inner.modifiers
            phrase.looks |= inner.looks
            phrase.plural |= inner.plural
            inner.absorbed = True
        return inner.end

    def _name(self, phrase: Phrase) -> int | None:
        end = phrase.end + 1
        if self.word(phrase.end) not in NAMING or self.tags[end] != "H":
            return None
        while self.tags[end] == "H":
            phrase.names.append(self.word(end))
            end += 1
        return end

    def _epithet(self, phrase: Phrase) -> int | None:
        """ "Bruno the bear"."""
        item = self.starts.get(phrase.end)
        if not phrase.names or item is None or item.determiner != "the":
            return None
        self.take(phrase, item)
        return item.end

    def _measure(self, phrase: Phrase) -> int | None:
        """ "a dragon the colour of copper"."""
        item = self.starts.get(phrase.end)
        if item is None or item.determiner != "the" or item.head not in QUALITIES:
            return None
        self.extend(item)
        return item.end

    def _age(self, phrase: Phrase) -> int | None:
        """ "Nora (40), …": brackets are looked through."""
        at = phrase.end
        aged = bool(phrase.names) and self.tags[at] == "#" and self.tags[at + 1] in ",."
        return at + 1 if aged else None

    def _likeness(self, phrase: Phrase) -> int | None:
        """ "a miller white with flour", "a mouse no bigger than a thimble"."""
        at = phrase.end
        while self.tags[at] in "RF" or self.word(at) in ("no", "as", "so"):
            at += 1
        is_colour = lexicon().is_colour(self.word(at))
        if self.word(at - 1) == "so" and self.tags[at] == "J" and at > phrase.end:
            return at + 1  # "a dragon so small that it fits in a cup"
        if (
            not (self.tags[at] == "J" or is_colour)
            or self.word(at + 1) not in _COMPARING
            or phrase.role == "object"
        ):
            return None
        item = self.starts.get(at + 2)
        return item.end if item and not item.pronoun and not self.says_where(at + 1) else None

    def _look_of(self, phrase: Phrase) -> int | None:
        wearer = self._wearer(phrase)
        if wearer is not None:
            at = phrase.end + (self.tags[phrase.end] == ",")
            end = self.look(at) if self.word(at) != "with" else None
            if end is not None and (at == phrase.end or self.tags[end] in ",."):
                self.note(wearer, at, end)
                wearer.parts.append((at, end))
            return None
        # Behind a verb "with" may say how it is done: "pulls the tractor with two oxen".
        sure = phrase.is_animate and self.word(phrase.end) != "with"
        if sure or phrase.role == "subject" or phrase.is_indefinite or self.sentence.is_verbless:
            return self.look(phrase.end)
        return None

    def _wearer(self, place: Phrase) -> Phrase | None:
        """Who wears what stands behind a place: "a girl on a beach in a yellow dress"."""
        if place.is_animate or not place.start or not self.says_where(place.start - 1):
            return None
        at = place.start - 1
        before = [p for p in self.sentence.phrases if p.end <= at and not p.absorbed]
        if before and before[-1].is_animate and "." not in self.tags[before[-1].end : at]:
            return before[-1]
        return None

    def _participle(self, phrase: Phrase) -> int | None:
        """ "painted dark green", "made of rubble", "shaped like a shark"."""
        if self.tags[phrase.end] != "E" or (
            phrase.role == "object" and not self._is_shaped(phrase)
        ):
            return None
        if self.sentence.is_verbless and phrase.determiner in DEFINITE:
            return None  # "the headphones folded flat": what they do in this picture
        return self.participle_end(phrase, phrase.end)

    def _is_shaped(self, phrase: Phrase) -> bool:
        """ "a key shaped like a fish", of what somebody has or does something to."""
        return phrase.is_indefinite and self.is_made(phrase.end)

    def _relative(self, phrase: Phrase) -> int | None:
        """ "who wears a top hat": to its comma, or to the verb of the clause around it."""
        comma = self.tags[phrase.end] == ","
        at = phrase.end + comma
        if self.tags[at] != "W" and self.word(at) != "whose":
            return None
        end = self.clause(at, closed=bool(comma))
        verb = lexicon().verb_form(self.word(at + 1)) or ("", self.word(at + 1))
        if end is not None and (verb[1] in WEARS or verb[1] in HAVE):
            return max(end, self.list_of(at + 2) or end)  # "who wears a suit, a hat and hoops"
        return end

    def take(self, phrase: Phrase, item: Phrase) -> None:
        """What an apposition or predicate says is said of the phrase."""
        phrase.nouns += item.nouns
        phrase.names += item.names
        phrase.modifiers |= item.modifiers
        phrase.looks |= item.looks
        phrase.plural |= item.plural
        item.absorbed = True
