"""What a noun phrase says: who is named, how many, what they are like."""

from __future__ import annotations

from dataclasses import dataclass, field

from .lexicon import lexicon
from .vocabulary import (
    BACKDROPS,
    GROUPS,
    HER_TITLES,
    HIS_TITLES,
    INDEFINITE,
    NEW,
    ORDINALS,
    PICTURES,
    UNSEEN,
)


@dataclass
class Phrase:
    """A noun phrase or pronoun of one frame.

    Attributes:
        start, end: its tokens, [start, end); grows over its looks.
        head_at: the token of its head.
        nouns: what it is called, singular: its head first, then those of its appositions.
        names: its names in lower case, without titles. titles: those.
        modifiers: the words that describe it, singular.
        looks: the words of what it wears or has.
        places: what the places are called where they are said to be.
        determiner: the word that introduces it; "" if none does. owner: whose it is.
        plural: whether it is several. number: how many, if it says so.
        role: subject, object (behind a verb) or oblique (behind a preposition).
        pronoun: the pronoun, if it is one.
        parts: further tokens that describe it, apart from the phrase: [start, end) each.
        describes_owner: whether it says how its owner looks: "Her hair is red".
        negated: whether it is said not to be there. absorbed: whether it is part of another.
    """

    start: int
    end: int
    head_at: int
    nouns: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    modifiers: set[str] = field(default_factory=set)
    looks: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    determiner: str = ""
    owner: Phrase | None = None
    plural: bool = False
    number: int | None = None
    role: str = "subject"
    pronoun: str = ""
    parts: list[tuple[int, int]] = field(default_factory=list)
    describes_owner: bool = False
    negated: bool = False
    absorbed: bool = False

    @property
    def head(self) -> str:
        """The noun at its head, singular; empty for pronouns and bare names."""
        return self.nouns[0] if self.nouns else ""

    @property
    def is_indefinite(self) -> bool:
        return self.determiner in INDEFINITE | NEW or (
            self.number is not None and not self.determiner
        )

    @property
    def is_animate(self) -> bool:
        """Whether it names a person or an animal; a name does."""
        return bool(self.names) or any(map(lexicon().is_living, self.nouns))

    @property
    def sex(self) -> str:
        """f, m or, if its words do not say, empty."""
        known, titles = lexicon(), set(self.titles)
        if self.modifiers & {"female", "male"}:
            return "f" if "female" in self.modifiers else "m"
        female = bool(titles & HER_TITLES) or any(map(known.is_female, self.nouns))
        male = bool(titles & HIS_TITLES) or any(map(known.is_male, self.nouns))
        return "" if female == male else "f" if female else "m"

    @property
    def is_picture(self) -> bool:
        """Whether it names a kind of picture: "photo" in "photo of a dog"."""
        return self.head in PICTURES and not self.names

    @property
    def is_group(self) -> bool:
        """Whether it names how many there are rather than who: "a herd of mammoths"."""
        return self.head in GROUPS or lexicon().main_part(self.head) == "group"

    @property
    def is_seen(self) -> bool:
        """Whether a picture can show what it names: no walk, no night, no quality."""
        if self.pronoun or self.names or self.is_one:
            return True
        if self.is_picture or self.head in BACKDROPS | UNSEEN:
            return False
        known, nouns = lexicon(), self.nouns if self.is_group else self.nouns[:1]
        return any(noun not in known or known.parts(noun) for noun in nouns)

    @property
    def is_one(self) -> bool:
        """Whether it names somebody by their looks alone: "the black one"."""
        return self.head == "one"

    @property
    def ordinal(self) -> str:
        """first, second, other, …; empty if it has none."""
        return next((word for word in self.modifiers if word in ORDINALS), "")
