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
from .phrase import Phrase
from .phrases import NEAR, NOUNS, VERBS, Sentence
from .vocabulary import (
    BACKDROPS,
    DECADES,
    DEFINITE,
    LOCATIVE,
    MAKING,
    NAMING,
    POSSESSIVE,
    QUALITIES,
    WEARING,
)

_LOOKS = frozenset({"worn", "body"})
# How deep looks may stand in looks: "a man with a hat with a feather …".
_DEEPEST = 4
_CLOTHS = ("cloth", "leather")
_COMPARING = frozenset({"with", "as", "of", "than", "like"})
_EACH = frozenset({"all", "both", "each", "one"})


class Looks:
    """Reads on from the phrases of one sentence. Its methods return where what they find ends."""

    def __init__(self, sentence: Sentence) -> None:
        self.sentence, self.tags, self.word = sentence, sentence.tags, sentence.word
        self.starts = {phrase.start: phrase for phrase in sentence.phrases}
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
        while self.tags[at] in "RF" or self.word(at) in ("no", "as"):
            at += 1
        is_colour = lexicon().is_colour(self.word(at))
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

    def look(self, at: int) -> int | None:
        """ "with a hat", "in red boots", "wearing a cape", "dressed in silk"."""
        if self.word(at) in _EACH and self.tags[at + 1] == "I":
            at += 1
        word = self.word(at)
        if word in WEARING and self.tags[at] in "GET":
            at += self.word(at + 1) in ("in", "as", "with")
            return self.list_of(at + 1)
        if word == "with":
            return self.list_of(at + 1)
        return self.list_of(at + 1, worn=True) if word == "in" else None

    def list_of(self, at: int, worn: bool = False) -> int | None:
        """A list of what someone has: red glasses, a hat and boots. `worn`: of clothes only."""
        end: int | None = None
        while item := self.starts.get(at):
            if item.pronoun or item.names or (end is not None and self._has_verb(item)):
                break
            is_look = self.is_look(item, worn)
            if not is_look and (worn or (end is not None and not self._closes_list(at, item))):
                break
            if item.is_animate:
                self.extend(item)
            end = self.detail(item.end)
            at = end + (self.tags[end] in ",C")
            at += self.tags[at] == "C"
            if at == end:
                break
        return end

    def _closes_list(self, at: int, item: Phrase) -> bool:
        """Whether an item that need be no look belongs to the list: "a shield and a lance"."""
        if item.is_animate:
            return False
        return self.tags[at - 1] == "C" or self.tags[item.end] == "C"

    def _has_verb(self, item: Phrase) -> bool:
        """Whether a phrase is the subject of what follows it."""
        return self.tags[item.end] in VERBS and self.tags[item.start - 1] != "C"

    def is_look(self, item: Phrase, worn: bool = False) -> bool:
        """Whether a phrase names clothes, parts of a body or a colour.

        `worn`: something must be meant that is worn; "in a hood" is in no criminal.
        """
        known = lexicon()
        words = {item.head, self.word(item.head_at)}
        if any(map(known.is_colour, words)):
            return True
        parts = frozenset[str]().union(*map(known.parts, words))
        if worn and not item.determiner and self.is_cloth(item):
            return True  # "in black lace"
        if (
            worn
            and item.head not in known
            and not parts
            and (item.plural or item.determiner in ("a", "an"))
        ):
            return True  # "in a onesie", "in dungarees": places are known, not all clothes
        if not parts and any(map(known.is_colour, item.modifiers)) and not words & BACKDROPS:
            return True  # "a red hoodie": a word that is not known
        return bool(_LOOKS & parts) and (worn or not item.is_animate)

    def is_cloth(self, item: Phrase) -> bool:
        return any(lexicon().is_kind_of(item.head, cloth) for cloth in _CLOTHS)

    def detail(self, end: int) -> int:
        """On over where a look is: "a bell around its neck", "hair as black as coal"."""
        for _ in range(_DEEPEST):
            further = self._one_detail(end)
            if further <= end:
                break
            end = further
        return end

    def _one_detail(self, end: int) -> int:
        if self.word(end) == "as" and self.word(end + 2) == "as":
            item = self.starts.get(end + 3)
            return item.end if item else end
        if self.tags[end] == "W":  # "ears that stick out"
            return self._clause(end, closed=False) or end
        at = end
        while self.tags[at] in "ER" and at < end + 2:  # "goggles pushed up on her forehead"
            at += 1
        if self.tags[at] != "I":
            return end
        at += self.tags[at + 1] == "I"  # "down to"
        if self.word(at) == "with":
            item = self.starts.get(at + 1)
            return item.end if item and self.is_look(item, worn=True) else end
        item = self.starts.get(at + 1)
        if item is None or not item.nouns:
            return end
        main = lexicon().main_part(item.head)
        hair = self.word(at) == "in" and self.word(end - 1) == "hair"  # "hair in a bun"
        participle = self.tags[end] == "E"
        # "a spiral on its shell", but not "a ball in its garden"
        its = item.determiner in POSSESSIVE and main in (None, "thing") and self.word(at) != "in"
        if self.word(at) in ("of", "like") or main in _LOOKS or its or participle or hair:
            return item.end
        return end

    def _participle(self, phrase: Phrase) -> int | None:
        """ "painted dark green", "made of rubble", "shaped like a shark"."""
        if self.tags[phrase.end] != "E" or phrase.role == "object":
            return None
        if self.sentence.is_verbless and phrase.determiner in DEFINITE:
            return None  # "the headphones folded flat": what they do in this picture
        return self._participle_end(phrase, phrase.end)

    def _participle_end(self, phrase: Phrase, at: int) -> int:
        end = at + 1
        while self.tags[end] in "RJ":
            end += 1
        if item := self.starts.get(end):
            return item.end
        if self.tags[end] in NOUNS:
            while self.tags[end] in NOUNS:
                end += 1
        elif self.tags[end] == "I" and (item := self.starts.get(end + 1)):
            made = (lexicon().verb_form(self.word(at)) or ("", ""))[1] in MAKING
            if self.says_where(end) and not (made and self.word(end) == "from"):
                return at  # "found in a forest"
            if self.word(end) == "of":  # "made of rubble": a rubble one
                phrase.modifiers.update(item.nouns)
            self.extend(item)
            return item.end
        return end

    def _relative(self, phrase: Phrase) -> int | None:
        """ "who wears a top hat": to its comma, or to the verb of the clause around it."""
        comma = self.tags[phrase.end] == ","
        at = phrase.end + comma
        if self.tags[at] != "W" and self.word(at) != "whose":
            return None
        return self._clause(at, closed=bool(comma))

    def _clause(self, at: int, closed: bool) -> int | None:
        """Where a relative clause ends. `closed`: a comma ends it, not the next verb.

        It ends where it says where: "who carries a lamp (through the forest)"; one that says
        nothing else is none.
        """
        start, verbs, last = at, 0, at + NEAR
        while at < last and self.tags[at] not in ".,":
            if self.tags[at] in VERBS and self.tags[at - 1] not in "XCFR":
                verbs += 1
                if verbs == 2 and not closed:
                    break
            if verbs and self.says_where(at):
                says = any(letter in "NMHJE" for letter in self.tags[start:at])
                return at if says else None
            at += 1
        return at if verbs else None

    def beyond_places(self, at: int) -> int:
        """Past what says where somebody is: "(standing) on a pier", "who lives in a forest"."""
        while True:
            start = at
            if self.tags[at] == "W":
                at += 1
                while self.tags[at] in VERBS or self.tags[at] == "R":
                    at += 1
            elif self.tags[at] in "EG":
                at += 1
            if not self.says_where(at):
                return start
            at = self.starts[at + 1].end

    def says_where(self, at: int) -> bool:
        """Whether a preposition and what follows name a place: no look, and not what of."""
        item = self.starts.get(at + 1)
        if self.word(at) not in LOCATIVE or item is None or item.head in QUALITIES:
            return False
        if not item.determiner and not (item.plural and self.word(at) == "on"):
            return False
        return not item.owner and item.determiner not in POSSESSIVE and not self.is_look(item, True)

    def take(self, phrase: Phrase, item: Phrase) -> None:
        """What an apposition or predicate says is said of the phrase."""
        phrase.nouns += item.nouns
        phrase.names += item.names
        phrase.modifiers |= item.modifiers
        phrase.looks |= item.looks
        phrase.plural |= item.plural
        item.absorbed = True

    def adjectives(self, phrase: Phrase, at: int) -> int | None:
        """ "barefoot and in a muddy gown", "wounded and pale", "matte white with orange wheels"."""
        end: int | None = None
        while True:
            start = at
            while self.tags[at] in "RI" and self.tags[at + 1] in "JER#" and at < start + 3:
                at += 1
            item = self.starts.get(start)
            if item is not None and self.is_colour(item):
                end = at = item.end
            elif self.is_made(at):
                end = at = self._participle_end(phrase, at)
            elif self.tags[at] == "J" and item is None:
                end = at = at + 1
            elif self.tags[at] == "#" and self.tags[at + 1 : at + 3] == "MJ":  # "ten years old"
                end = at = at + 3
            elif phrase.is_animate and self._is_age(at):
                end = at = at + 1
            elif phrase.plural and self.word(at) == "one" and self.tags[at + 1] == "J":
                end = at = at + 2  # "two kittens, one grey and one black"
            elif end is not None and (look := self.look(at)) is not None:
                end = at = look
            else:
                return end
            if end is not None and (look := self.look(at)) is not None:
                end = at = look
            if self.tags[at] == "C" or (self.tags[at] == "," and self.tags[at + 1] in "JE"):
                at += 1
            else:
                return end

    def _is_age(self, at: int) -> bool:
        """ "Lucy, nine, …", "Ellis, fifties, …", "Dolores, 60s, …"."""
        word = self.word(at)
        age = self.tags[at] == "#" or word.removesuffix("s").isdecimal() or word in DECADES
        return age and self.tags[at - 1] + self.tags[at + 1] in (",,", ",.")

    def is_colour(self, item: Phrase) -> bool:
        return not item.determiner and lexicon().is_colour(self.word(item.head_at))

    def is_made(self, at: int) -> bool:
        """Whether a participle says what it is like: "painted red", not "parked on a street"."""
        if self.tags[at] != "E":
            return False
        if self.tags[at + 1] != "I":
            return True
        item = self.starts.get(at + 2)
        place = item is not None and lexicon().main_part(item.head) == "place"
        place |= self.says_where(at + 1)
        return self.word(at + 1) in ("in", "of", "with", "like") and not place
