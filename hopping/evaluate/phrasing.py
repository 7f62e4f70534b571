"""What a frame of a story says: in one simple template, or in freer English.

Freely said, within the words that the storybook model knows, a frame varies as people's stories
do: other verbs and orders, clauses, appositions; the attribute may be a predicate of its own ("It
is red."), and another frame's place may be spoken of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from hopping.storybook.captions import (
    CLOTHES,
    PLACE_NAMES,
    PLACE_PHRASES,
    PRONOUNS,
    SIZE_WORDS,
    verbs_of,
)
from hopping.storybook.scene import PEOPLE, PLACES, Figure

INTRODUCTIONS = (
    "{who} {does} {where}.",
    "{where}, {who} {does}.",
    "there is {who} {where}. {it} {does}.",
    "here is {who}, and {it} {does} {where}.",
    "a picture of {who}. {it} {does} {where}.",
    "this is the {place}. {who} {does} here.",
    "{who} wants to go to the {elsewhere}. {it} {does} {where}.",
    "this is {bare}. {it} {is_so}. {it} {does} {where}.",
    "{bare} {does} {where}. {it} {is_so}.",
    "there is {bare} {where}. {it} {is_so}, and {it} {does}.",
    "{where} there is {bare}. {it} {does}, and {it} {is_so}.",
    "{appositive}, {does} {where}.",
)
"""Frame 1. {who} and {appositive} have the attribute in them; {bare} leaves it to {is_so}."""

RETURNS = (
    "{again} {does} {where}.",
    "{where}, {again} {does}.",
    "there is {again} {where}. {it} {does}.",
    "here is {again}, and {it} {does} {where}.",
    "{again} is {where}, and {it} {does} there.",
    "this is the {place}. {again} {does} here too.",
    "{again} came from the {elsewhere}. {it} {does} {where}.",
    "{again} was at the {elsewhere} before, and {it} {does} {where}.",
    "this is the {place}, and {again} {does} here.",
    "{it} {does} {where}. {again} likes the {place}.",
)
"""A later frame. {again} names the character again; where it opens a frame, a pronoun may, too."""

_PRONOUN_SHARE = 0.3
_FROM, _TO = "\x02", "\x03"  # around what is shared


@dataclass(frozen=True)
class Wording:
    """One frame of a story, said in the ways that methods want it.

    Attributes:
        text: What the frame says; after frame 1 without the attribute.
        repeated: The same with the attribute named again.
        marked: The same in the story syntax, with what is shared marked and linked by hand.
        named: The same without the attribute in frame 1 either, where there is a cast.
        cast: By which name the cast has each character of the frame, and its description.
    """

    text: str
    repeated: str
    marked: str
    named: str
    cast: tuple[tuple[str, str], ...]


def described(figure: Figure, article: str = "the") -> str:
    """The character with its attribute: "the red dog", "John in a red coat"."""
    if figure.subject in PEOPLE:
        return f"{figure.subject} in a {figure.colour} {CLOTHES[figure.subject][0]}"
    return f"{article} {figure.colour} {figure.subject}"


def definite(subject: str) -> str:
    """The character as one that is known: "the dog", "John"."""
    return subject if subject in PEOPLE else f"the {subject}"


def cast_of(*figures: Figure) -> tuple[tuple[str, str], ...]:
    """Names and descriptions for cast lines: ("the dog", "a red dog")."""
    return tuple((definite(each.subject), described(each, article="a")) for each in figures)


def pronoun(subject: str) -> str:
    """What stands for the character: "it", "he", "she"."""
    return PRONOUNS.get(subject, "it")


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    return f"{text[0].upper()}{text[1:]}".removesuffix(".") + "."


def introduce(figure: Figure, place: str, random: Random) -> Wording:
    """Frame 1, freely said: who it is and in what colour, what it does and where."""
    parts = _parts(figure, place, random.choice([p for p in PLACES if p != place]), random)
    if figure.subject in PEOPLE:
        wearing = f"a {figure.colour} {random.choice(CLOTHES[figure.subject])}"
        bare = figure.subject
        who = f"{bare} {random.choice(('in', 'wearing', 'with'))} {wearing}"
        is_so = f"{random.choice(('wears', 'is wearing', 'has'))} {wearing}"
        appositive = f"{bare}, in {wearing}"
    else:
        size = random.choice(SIZE_WORDS[figure.size])
        bare = f"a {figure.subject}"
        who = f"a {random.choice(('', f'{size} '))}{figure.colour} {figure.subject}"
        is_so = f"is {figure.colour}"
        appositive = f"{bare}, {size} and {figure.colour}"
    shared = {"who": who, "bare": bare, "is_so": is_so, "appositive": appositive}
    marked = {name: f"{_FROM}{words}{_TO}" for name, words in shared.items()}
    said = _sentences(random.choice(INTRODUCTIONS).format(**parts, **marked))
    text = said.replace(_FROM, "").replace(_TO, "")
    marked_text = said.replace(_FROM, "<share:").replace(_TO, ">")
    named = sentence(f"{definite(figure.subject)} {parts['does']} {parts['where']}")
    return Wording(text, text, marked_text, named, cast_of(figure))


def return_to(figure: Figure, place: str, before: str, random: Random) -> Wording:
    """A later frame, freely said, without the attribute; `before` is the place of the one before.

    Marked it is linked to frame 1.
    """
    template = random.choice(RETURNS)
    parts = _parts(figure, place, before, random)
    again = definite(figure.subject)
    if template.startswith("{again}") and random.random() < _PRONOUN_SHARE:
        again = pronoun(figure.subject)
    text = _sentences(template.format(**parts, again=again))
    repeated = _sentences(template.format(**parts, again=described(figure)))
    return Wording(text, repeated, f"<from:1> {text}", text, cast_of(figure))


def _parts(figure: Figure, place: str, elsewhere: str, random: Random) -> dict[str, str]:
    return {
        "does": random.choice([verb for verb in verbs_of(figure) if verb != "is"]),
        "where": random.choice(PLACE_PHRASES[place]),
        "place": random.choice(PLACE_NAMES[place]),
        "elsewhere": random.choice(PLACE_NAMES[elsewhere]),
        "it": pronoun(figure.subject),
    }


def _sentences(text: str) -> str:
    """`text` with a capital at the start of each sentence."""
    return re.sub(rf"(^|\. )({_FROM}?)([a-z])", lambda m: m[1] + m[2] + m[3].upper(), text)
