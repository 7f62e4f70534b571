"""Which words of a story are names: those with a capital where none is due."""

from __future__ import annotations

from collections import Counter

from .lexicon import lexicon
from .tokens import Token
from .vocabulary import CALENDAR, LABELS, MANY, PICTURES
from .word_readings import is_grammatical, readings

_OPENING = frozenset(".!?;:…–—-")
_ONE = frozenset({"a", "an", "another"})


class Names:
    """What the frames read so far use for names.

    Attributes:
        kinds: words with a capital that are none: "a tall Swede", "five Vikings".
    """

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self._inside: set[str] = set()  # with a capital within a sentence
        self._opening: Counter[str] = Counter()  # with the capital that opens one
        self._small: set[str] = set()

    def read(self, tokens: list[Token]) -> frozenset[str]:
        """Read one more frame; returns the names in it, in lower case.

        A name has a capital within a sentence and nowhere goes without; or it opens sentences again
        and again where nothing else is likely ("Vex", which the lexicon has for a verb).
        """
        words = [token for token in tokens if token.is_word]
        capitals = sum(token.is_capital for token in words)
        every_word = capitals > 3 and 2 * capitals > len(words)  # A Title Like This
        opens = counted = True
        for token in tokens:
            counts = token.word in _ONE or token.word in MANY or token.word.isdecimal()
            if counted and token.is_capital and not (opens or counts):
                self._add_kind(token.word)
            counted = counts or (counted and not token.is_capital and _describes(token.word))
            if token.is_word and not token.is_capital:
                self._small.add(token.word)
            elif token.is_word and opens:
                self._opening[token.word] += 1
            elif token.is_word and not every_word and not token.text.isupper():
                self._inside.add(token.word)
            opens = token.text in _OPENING
        return frozenset(token.word for token in words if self._is_name(token.word))

    def _add_kind(self, word: str) -> None:
        self.kinds |= {word, f"{word}s", word.removesuffix("s")}

    def _is_name(self, word: str) -> bool:
        if word in self._small or word in CALENDAR | LABELS | PICTURES:
            return False
        if len(word) < 2 or is_grammatical(word) or word in self.kinds:
            return False
        return word in self._inside or (self._opening[word] > 1 and _can_be_a_name(word))


def _describes(word: str) -> bool:
    """Whether a word is rather an adjective."""
    return lexicon().is_colour(word) or (
        bool(word) and min(readings(word), key=lambda one: one[1])[0] in "JE"
    )


def _can_be_a_name(word: str) -> bool:
    """Whether a word that only opens sentences is rather a name: a flower's, or an adjective's."""
    known = lexicon()
    if known.singular(word) or known.verb_form(word):
        return False
    if word not in known:
        return True
    part = known.main_part(word)
    if part is None:
        return known.share(word, "n") < 2 and known.share(word, "r") < 0
    return part in ("plant", "thing", "animal")
