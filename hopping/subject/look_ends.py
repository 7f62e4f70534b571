"""Where a look ends: clothes, parts of a body, stuffs and colours, and lists of them.

"with a hat, a cape and boots", "wearing a suit", "painted dark green", "wounded and pale", "with a
bell around its neck"
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from .lexicon import lexicon
from .phrase import Phrase
from .phrases import NEAR, NOUNS, VERBS, Sentence
from .vocabulary import (
    BACKDROPS,
    COLOURS,
    DECADES,
    LOCATIVE,
    MAKING,
    POSSESSIVE,
    QUALITIES,
    STANDS,
    WEARING,
)

_LOOKS = frozenset({"worn", "body"})
# How deep details may stand in details: "a man with a hat with a feather …".
_DEEPEST = 4
_CLOTHS = ("cloth", "leather")
_EACH = frozenset({"all", "both", "each", "one"})


class LookEnds(ABC):
    """Where looks end in one sentence, whoever has them."""

    def __init__(self, sentence: Sentence) -> None:
        self.sentence, self.tags, self.word = sentence, sentence.tags, sentence.word
        self.starts = {phrase.start: phrase for phrase in sentence.phrases}

    @abstractmethod
    def extend(self, phrase: Phrase) -> None:
        """Take a phrase to the end of its looks."""

    def look(self, at: int) -> int | None:
        """ "with a hat", "in red boots", "wearing a cape", "dressed in silk"."""
        if self.word(at) in _EACH and (self.tags[at + 1] == "I" or self.word(at + 1) in WEARING):
            at += 1
        word = self.word(at)
        if word in WEARING and self.tags[at] in "GET":
            at += self.word(at + 1) in ("in", "as", "with")
            return self.list_of(at + 1)
        if word == "with":
            return self.list_of(at + 1)
        if word == "in" and self.word(at + 1) in POSSESSIVE:
            aged = at + 2 + (self.word(at + 2) in ("early", "mid", "late"))
            if self.word(aged) in DECADES:
                return aged + 1  # "in her late sixties"
        if word != "in" or self._is_held(self.starts.get(at + 1)):
            return None
        return self.list_of(at + 1, worn=True)

    def _is_held(self, item: Phrase | None) -> bool:
        """ "in his mouth"."""
        held = item is not None and item.determiner in POSSESSIVE
        return bool(item and held and lexicon().main_part(item.head) == "body")

    def list_of(self, at: int, worn: bool = False) -> int | None:
        """A list of what someone has: red glasses, a hat and boots. `worn`: of clothes only."""
        end: int | None = None
        while item := self.starts.get(at + (self.tags[at] == "R")):  # "very round ears"
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
        if item.is_animate or (item.determiner in ("a", "an") and self.word(item.end) == "with"):
            return False  # "a taxi with a dented door and a car with black windows wait"
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
        if any(map(known.is_colour, words)) and not self._is_compound(item):
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
            return self.clause(end, closed=False) or end
        if self.word(end) == "too" and self.tags[end + 1] == "J":  # "in a cap too big for him"
            for_whom = self.word(end + 2) == "for" and self.starts.get(end + 3)
            return end + 4 if for_whom and for_whom.pronoun else end + 2
        at = end
        lacks = self.word(end) == "missing"  # "a feather missing from its crown"
        while (
            self.tags[at] in "ER" or (lacks and at == end)
        ) and at < end + 2:  # "goggles pushed up on her forehead"
            at += 1
        if self.tags[at] != "I":
            return end
        at += self.tags[at + 1] == "I"  # "down to"
        if self.word(at) == "with":
            item = self.starts.get(at + 1)
            return item.end if item and self.is_look(item, worn=True) else end
        item = self.starts.get(at + 1)
        if item is not None and self.word(at) == "on" and item.pronoun in ("it", "them"):
            return item.end  # "a tie with ducks on it"
        if item is None or not item.nouns:
            return end
        main = lexicon().main_part(item.head)
        hem = (
            self.word(at) in ("at", "along", "around") and main != "place"
        )  # "scorched at the hem"
        if self.tags[end] == "E" and self.says_where(at) and not hem:
            return end  # "with leather seats (parked outside a diner)"
        hair = self.word(at) == "in" and self.word(end - 1) == "hair"  # "hair in a bun"
        participle = self.tags[end] == "E" or lacks
        # "a spiral on its shell", but not "a ball in its garden"
        its = item.determiner in POSSESSIVE and main in (None, "thing") and self.word(at) != "in"
        if self.word(at) in ("of", "like") or main in _LOOKS or its or participle or hair:
            return item.end
        return end

    def participle_end(self, phrase: Phrase, at: int) -> int:
        end = at + 1
        while self.tags[end] in "RJ":
            end += 1
            if self.tags[end] == "C" and lexicon().is_colour(self.word(end + 1)):
                end += 2  # "painted orange and white"
        if item := self.starts.get(end):
            return item.end + lexicon().is_colour(self.word(item.end))  # "stained dove grey"
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

    def clause(self, at: int, closed: bool) -> int | None:
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
        if self.word(at) not in LOCATIVE or item is None or item.head in QUALITIES | STANDS:
            return False
        if not item.determiner and not (item.plural and self.word(at) == "on"):
            return False
        return not item.owner and item.determiner not in POSSESSIVE and not self.is_look(item, True)

    def adjectives(self, phrase: Phrase, at: int) -> int | None:
        """ "barefoot and in a muddy gown", "wounded and pale", "matte white with orange wheels"."""
        end: int | None = None
        while True:
            start = at
            while self.tags[at] in "RI" and self.tags[at + 1] in "JER#" and at < start + 3:
                at += 1
            item = self.starts.get(start)
            if item is not None and (self.is_colour(item) or self._is_coloured(item)):
                end = at = item.end
            elif self.is_made(at):
                end = at = self.participle_end(phrase, at)
            elif self.tags[at] == "J" and item is None:
                end = at = self._compared(at + 1)
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
            if self.word(at) == "all" and self.word(at + 1) == "over":
                end = at = at + 2  # "green all over"
            if end is not None and (look := self.look(at)) is not None:
                end = at = look
            if self.tags[at] == "C" or (self.tags[at] == "," and self.tags[at + 1] in "JE"):
                at += 1
            else:
                return end

    def _compared(self, at: int) -> int:
        """ "pale as milk"."""
        item = self.starts.get(at + 1) if self.word(at) in ("as", "like") else None
        return item.end if item and not item.pronoun else at

    def _is_age(self, at: int) -> bool:
        """ "Lucy, nine, …", "Ellis, fifties, …", "Dolores, 60s, …"."""
        word = self.word(at)
        age = self.tags[at] == "#" or word.removesuffix("s").isdecimal() or word in DECADES
        return age and self.tags[at - 1] + self.tags[at + 1] in (",,", ",.")

    def is_colour(self, item: Phrase) -> bool:
        colour = lexicon().is_colour(self.word(item.head_at)) and not self._is_compound(item)
        return item.determiner in ("", "all") and colour

    def _is_compound(self, item: Phrase) -> bool:
        """ "ice cream"."""
        return item.head in COLOURS and self.tags[item.head_at - 1] in "NM"

    def _is_coloured(self, item: Phrase) -> bool:
        """ "mint and white"."""
        bare = not (item.determiner or item.names or item.modifiers or item.plural)
        return bare and self.tags[item.end] == "C" and lexicon().is_colour(self.word(item.end + 1))

    def is_made(self, at: int) -> bool:
        """Whether a participle says what it is like: "painted red", not "parked on a street"."""
        if self.tags[at] != "E":
            return False
        if self.tags[at + 1] != "I":
            return True
        item = self.starts.get(at + 2)
        place = item is not None and lexicon().main_part(item.head) == "place"
        place |= self.says_where(at + 1)
        return self.word(at + 1) in ("as", "in", "of", "with", "like") and not place
