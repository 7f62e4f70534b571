"""Noun phrases: who and what a frame names, each with its head, its modifiers and its looks.

"A plump penguin in a striped scarf waddles out of an igloo" names a penguin (plump; the phrase goes
on over what it wears), a scarf and an igloo.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Set
from functools import cached_property

from hopping.story import Span

from .lexicon import lexicon
from .phrase import Phrase
from .tagging import tag
from .tokens import SAYS, Token
from .vocabulary import (
    EXISTENTIAL,
    IS,
    LIKENESSES,
    MANY,
    NEGATIVE,
    NUMBERS,
    TIMES,
    TITLE_NOUNS,
    TITLES,
    WAS,
    WEARING,
    WISHES,
    WORN,
)

VERBS = frozenset("ZTBX")
NOUNS = frozenset("NMH")
# How many words a look ahead or back may take: the work stays linear in a text's length.
NEAR = 40
# Behind these an -ing form is what is done: "by throwing stones", but "with trembling hands".
_MEANS = frozenset("by for from after before without of".split())


class Sentence:
    """The tokens of a frame with their parts of speech, and the phrases among them."""

    def __init__(
        self,
        tokens: list[Token],
        names: frozenset[str] = frozenset(),
        kinds: Set[str] = frozenset(),
    ) -> None:
        self.tokens = tokens
        # A full stop behind the last word saves asking everywhere whether there is a next one.
        self.tags = tag(tokens, names, kinds) + "."
        self.phrases: list[Phrase] = []
        self._find()

    def is_spoken(self, phrase: Phrase) -> bool:
        """Whether a phrase only says who speaks (GUARD: …) or is a cry (KRASH!)."""
        tokens = self.tokens[phrase.start : phrase.end + 1]
        behind = tokens[-1].text if len(tokens) > phrase.end - phrase.start else ""
        opens = phrase.start == 0 or self.tags[phrase.start - 1] == "."
        if behind == ":":
            return tokens[-1].word == SAYS or all(token.text.isupper() for token in tokens[:-1])
        return behind == "!" and opens and phrase.end - phrase.start == 1

    def word(self, index: int) -> str:
        return self.tokens[index].word if index < len(self.tokens) else ""

    def span(self, start: int, end: int) -> Span:
        return self.tokens[start].span[0], self.tokens[end - 1].span[1]

    def number_at(self, at: int) -> int:
        """Which sentence of the frame a token stands in."""
        return bisect_left(self._stops, at)

    def given_name(self, phrase: Phrase) -> str:
        """The name that a phrase is given: "names it Biscuit"."""
        before = self.word(phrase.start - 1) if phrase.start else ""
        form = lexicon().verb_form(before)
        if (form and form[1] in ("name", "call")) and self.tags[phrase.end] == "H":
            return self.word(phrase.end)
        return ""

    @cached_property
    def is_verbless(self) -> bool:
        """Whether it is a list of words or a caption: no clause has a verb."""
        plain = any(letter in "MOC" for letter in self.tags)
        return not any(letter in ("ZTBX" if plain else "ZTX") for letter in self.tags)

    def is_elsewhere(self, phrase: Phrase) -> bool:
        """Whether it names where somebody was before this picture, or wants to be, or what they are
        like.

        "It came from the farm and sleeps": what a frame that is told in the present says in the
        past is over. "She wants to go to the sea".
        """
        at, first = phrase.start - 1, max(0, phrase.start - NEAR)
        if phrase.role != "oblique":
            return False
        if self.word(at) == "like":
            return True  # "swears like a sailor"
        while at >= first and self.tags[at] not in ".S" and self.tags[at] not in VERBS:
            at -= 1
        if at > first and self.tags[at - 1 : at + 1] == "FB":
            wish = lexicon().verb_form(self.word(at - 2)) or ("", self.word(at - 2))
            return wish[1] in WISHES
        return at >= first and self._is_past(at) and self._is_told_in_the_present

    def _is_past(self, at: int) -> bool:
        return self.tags[at] == "T" or self.word(at) in WAS

    @cached_property
    def _is_told_in_the_present(self) -> bool:
        return any(
            letter == "Z" or (letter == "X" and self.word(at) in IS)
            for at, letter in enumerate(self.tags)
        )

    def between(self, start: int, end: int) -> list[Phrase]:
        """The phrases that begin at the tokens [start, end)."""
        first = bisect_left(self._starts, start)
        return self.phrases[first : bisect_left(self._starts, end)]

    def _find(self) -> None:
        index = 0
        while index < len(self.tokens):
            phrase = self._pronoun(index) or self.phrase_at(index)
            if phrase is None:
                index += 1
                continue
            self.phrases.append(phrase)
            index = phrase.end
        self._starts = [phrase.start for phrase in self.phrases]
        self._stops = [index for index, letter in enumerate(self.tags) if letter == "."]

    def _pronoun(self, index: int) -> Phrase | None:
        pronoun, at = self.word(index), index
        if self.tags[index] != "O":
            at += pronoun == "the"
            # "Both laugh", "The two laugh"
            if self.word(at) not in ("both", "two", "three") or self.tags[at + 1] not in "ZTBXRG.,":
                return None
            pronoun = "they"
        phrase = Phrase(index, at + 1, at, pronoun=pronoun)
        phrase.role = self._role(index)
        return phrase

    def phrase_at(self, index: int) -> Phrase | None:
        """The noun phrase that begins at a token, without its looks; possessors are its owner."""
        phrase = self._simple(index)
        while phrase and self.tags[phrase.end] == "Y":
            self.phrases.append(phrase)
            owned = self._simple(phrase.end + 1, owned=True)
            if owned is None:
                phrase.end += 1
                self.phrases.pop()
                return phrase
            owned.start, owned.owner = phrase.start, phrase
            phrase = owned
        return phrase

    def _simple(self, index: int, owned: bool = False) -> Phrase | None:
        """Determiners, numbers, modifiers and nouns."""
        tags, at = self.tags, index
        determiner, number, many = "", None, False
        if tags[at] == "J" and self.word(at - 1) == "at":  # "at last Basil slid"
            return None
        last = index + NEAR
        while tags[at] in "ADP#" and at < last:
            word = self.word(at)
            if tags[at] == "#":
                number = (
                    int(word) if word.isdecimal() and len(word) < 4 else NUMBERS.get(word, number)
                )
                many |= word in MANY or (number or 0) > 1
                determiner = determiner or word * (word == "both")
            else:
                determiner = determiner or word
            at += 1
        first = at
        if at == index and tags[at] == "E" and index and tags[index - 1] == "X":
            return None  # "has got red hair"
        captive = index > 0 and tags[index - 1] == "I" and self.word(index - 1) not in _MEANS
        while at < last:
            inside = at > index or owned or captive
            if not (
                tags[at] in "JE"
                or (tags[at] == "R" and tags[at + 1] in "JE" and at > index)
                or (tags[at] == "G" and tags[at + 1] in "NMJEG" and (inside or self._is_worn(at)))
                or (tags[at] in ",C" and at > first and self._goes_on(at))
                or (self._is_colour_of(at) and bool(determiner))
                or (
                    tags[at] == "#" and at > first and self.word(at).isdecimal()
                )  # "a red 1967 car"
                or (self.word(at) == "one" and tags[at - 1] == "C")  # "one blue and one green eye"
            ):
                break
            at += 1
        nouns = at
        placed = index > 0 and tags[index - 1] == "I"
        while tags[at] in NOUNS and not (at > nouns and self._ends_before(at, placed)):
            at += 1
            if self._is_of_stuff(at):
                at += 1
        if at > nouns and tags[at] == "#" and self.word(at).isdecimal():
            at += 1  # "number 7"
        coloured = at > nouns and lexicon().is_colour(self.word(at - 1))
        one = self.word(at) in ("one", "ones") and tags[at + 1] not in NOUNS
        if one and (coloured or at == nouns > first):
            at += 1  # "the black one"
        if at == nouns:
            # "the dark", "two of them": an adjective or a number may be the head.
            if at > first and (determiner or owned) and self._is_noun(at - 1):
                nouns = at - 1
            else:
                return None
        return self._described(index, nouns, at, determiner, number, many)

    def _goes_on(self, at: int) -> bool:
        """Whether more modifiers follow a comma or "and": small, fluffy, white dog."""
        if self.tags[at - 1] not in "JE" or self.word(at) in ("or", "but", "nor"):
            return False
        at, last = at + 1, at + NEAR
        while (self.tags[at] in "JER,C" or self.word(at) == "one") and at < last:
            at += 1
        return self.tags[at] in "NM" and self.tags[at - 1] in "JE"

    def _is_colour_of(self, at: int) -> bool:
        """ "a silver racing car"."""
        racing = self.tags[at : at + 3] in ("NGN", "NGM")
        known, word = lexicon(), self.word(at)
        return racing and known.is_colour(word) and not known.is_living(word)

    def _is_of_stuff(self, at: int) -> bool:
        """Whether clothes named by an -ing form follow: "a silk dressing gown"."""
        if self.tags[at] != "G" or self.tags[at + 1] not in "NM" or self.word(at) in WEARING:
            return False
        return not lexicon().is_living(self.word(at - 1)) and self._is_garment(at + 1)

    def _is_worn(self, at: int) -> bool:
        """ "a mohawk and welding goggles"."""
        joined = at > 0 and self.tags[at - 1] == "C" and self.word(at) not in WEARING
        return joined and self._is_garment(at + 1)

    def _is_garment(self, at: int) -> bool:
        noun = self.word(at)
        return lexicon().main_part(lexicon().singular(noun) or noun) == "worn"

    def _ends_before(self, at: int, placed: bool) -> bool:
        """ "a miller white with flour", "every morning Mia". `placed`: behind a preposition."""
        known, before = lexicon(), self.word(at - 1)
        if self.tags[at] != "H":
            return known.is_living(before) and known.is_colour(self.word(at))
        if self.tags[at - 1] == "H" or self.tokens[at - 1].is_capital:  # "Night Cat"
            return before in TIMES and self.tags[at - 1] != "H" and at - 1 > 0
        # "my cat Mochi", but "in the kitchen Mia sleeps"
        noun = known.singular(before) or before
        # … nor behind what no dictionary has: other languages have capitals of their own
        unknown = noun not in known and known.main_part(noun) is None
        unlike = (placed and not known.is_living(noun)) or unknown
        return before in TIMES or unlike

    def _is_noun(self, at: int) -> bool:
        return lexicon().share(self.word(at), "n") >= 0

    def _described(
        self, start: int, nouns: int, end: int, determiner: str, number: int | None, many: bool
    ) -> Phrase:
        words = [self.word(i) for i in range(nouns, end)]
        letters = self.tags[nouns:end]
        phrase = Phrase(start, end, end - 1, determiner=determiner, number=number)
        capitals = [w for w, letter in zip(words, letters, strict=True) if letter == "H"]
        named = letters[-1] == "H"
        if named:
            phrase.titles = [w.rstrip(".") for w in capitals if w.rstrip(".") in TITLES]
            phrase.names = [w for w in capitals if w.rstrip(".") not in TITLES]
            phrase.nouns += [TITLE_NOUNS.get(title, title) for title in phrase.titles]
            phrase.nouns += [name for name in phrase.names if name in lexicon()]
        common = [w for w, letter in zip(words, letters, strict=True) if letter != "H" or not named]
        if common:
            noun = common[-1]
            singular = lexicon().singular(noun)
            # "ladies" may stand before a noun too, and was then read as one thing.
            several = letters[-1] == "M" or (
                singular is not None
                and (noun not in lexicon() or lexicon().main_part(singular) == "person")
            )
            singular = (singular or noun.removesuffix("s")) if several else noun
            if phrase.names:
                phrase.nouns.append(singular)
            else:
                phrase.nouns.insert(0, singular)
            phrase.plural = several and not phrase.names  # "sisters Ada and Bea"
            phrase.modifiers.update(_folded(w) for w in common[:-1])
            # "a goblin tax collector" is a goblin, "a fox girl" a fox.
            if (phrase.is_animate or singular in LIKENESSES - WORN) and not phrase.names:
                phrase.nouns += filter(lexicon().is_living, common[:-1])
        phrase.modifiers.update(
            _folded(self.word(i)) for i in range(start, nouns) if self.tags[i] in "JEG"
        )
        phrase.plural |= many
        phrase.negated = determiner in NEGATIVE or self._is_denied(start)
        phrase.role = self._role(start)
        return phrase

    def _is_denied(self, start: int) -> bool:
        """ "without a hat", "not a single wolf", "none of the dogs"."""
        before = [self.word(i) for i in range(max(0, start - 2), start)]
        return before[-1:] in (["without"], ["not"], ["no"]) or before in (
            ["not", "even"],
            ["none", "of"],
            ["instead", "of"],
        )

    def _role(self, start: int) -> str:
        """What a phrase is to its clause."""
        at, first = start - 1, max(0, start - NEAR)
        while at >= first and self.tags[at] in "RF#":
            at -= 1
        if at >= 0 and self.tags[at] == "I":
            return "subject" if self._is_pictured(at) else "oblique"
        while at >= first and self.tags[at] not in ".SW":
            if self.tags[at] == "G":
                return "object"
            if self.tags[at] in VERBS:
                return "object" if self._has_subject(at) else "subject"
            if self.tags[at] in ",C" and self._opens_clause(at + 1):
                break
            at -= 1
        return "subject"

    def _is_pictured(self, at: int) -> bool:
        """Whether a preposition says what a picture is of: "a photo of Mia in a red coat"."""
        return (
            self.word(at) == "of"
            and bool(self.phrases)
            and (self.phrases[-1].end == at and self.phrases[-1].is_picture)
        )

    def _has_subject(self, verb: int) -> bool:
        """Whether somebody stands before a verb whom it can be about: not in "There is Mia"."""
        if self.tags[verb - 1] in "D#":  # "This is the farm"
            return True
        for phrase in reversed(self.phrases):
            if "." in self.tags[phrase.end : verb]:
                return False
            if phrase.role == "subject" and phrase.pronoun not in EXISTENTIAL:
                return True
        return False

    def _opens_clause(self, at: int) -> bool:
        """Whether a subject with a verb of its own follows: ", the boy blushes"."""
        seen_noun, last = False, at + NEAR
        while self.tags[at] not in ".,C" and at < last:
            if self.tags[at] in VERBS:
                return seen_noun
            seen_noun |= self.tags[at] in "NMHO"
            if self.tags[at] in "SW":
                return False
            at += 1
        return False


def _folded(word: str) -> str:
    return lexicon().singular(word) or word
