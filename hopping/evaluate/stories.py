"""Stories in the storybook world with known truth, made to show what hopping does.

Four kinds: one character whose attribute only frame 1 names, and who is named again ("the dog") or
meant by a pronoun ("it") in later frames; two characters who take turns and meet; and frames whose
own text is ambiguous, with an earlier frame that settles it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random

from hopping.storybook.captions import CLOTHES, PLACE_PHRASES, PRONOUNS
from hopping.storybook.scene import COLOURS, PEOPLE, PLACES, SUBJECTS, Figure, Scene, actions_of

ONE = "one character"
PRONOUN = "one character, then a pronoun"
TWO = "two characters"
AMBIGUOUS = "ambiguous frame"
KINDS = (ONE, PRONOUN, TWO, AMBIGUOUS)
_TRAVELLERS = tuple(subject for subject in SUBJECTS if subject != "house")
_VERBS = {"stand": "is standing", "run": "is running", "jump": "is jumping", "sleep": "is sleeping"}
_FEWEST, _MOST = 3, 5


@dataclass(frozen=True)
class Wording:
    """One frame of a story, said in the ways that methods want it.

    Attributes:
        text: What the frame says; after frame 1 without the attribute.
        repeated: The same with the attribute named again.
        marked: The same in the story syntax, with what is shared marked and linked by hand.
    """

    text: str
    repeated: str
    marked: str


@dataclass(frozen=True)
class Shot(Wording):
    """A frame with `truth`, what its picture should show."""

    truth: Scene


@dataclass(frozen=True)
class StoryCase:
    """A story: its number, which seeds its noise; one of `KINDS`; its frames."""

    number: int
    kind: str
    shots: tuple[Shot, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What is encoded, frame by frame."""
        return tuple(shot.text for shot in self.shots)


def make_stories(count: int, seed: int = 0) -> Iterator[StoryCase]:
    """`count` stories, the kinds in turn, always the same for one `seed`."""
    makers: dict[str, Callable[[Random], tuple[Shot, ...]]] = {
        ONE: partial(_one_character, again=_definite),
        PRONOUN: partial(_one_character, again=_pronoun),
        TWO: _two_characters,
        AMBIGUOUS: _ambiguous_frame,
    }
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        random = Random(seed * 1_000_003 + number)
        yield StoryCase(number, kind, makers[kind](random))


def _one_character(random: Random, again: Callable[[str], str]) -> tuple[Shot, ...]:
    subject = random.choice(_TRAVELLERS)
    later = again(subject)
    places = random.sample(PLACES, random.randint(_FEWEST, _MOST))
    figures = _acting(Figure(subject, random.choice(COLOURS)), len(places), random)
    first = _first_shot(figures[0], places[0])
    shots = [
        _later_shot(figure, place, later, source=1)
        for figure, place in zip(figures[1:], places[1:], strict=True)
    ]
    return (first, *shots)


def _two_characters(random: Random) -> tuple[Shot, ...]:
    """Each is introduced, each comes back once, then they meet."""
    pair = tuple(
        Figure(subject, colour)
        for subject, colour in zip(
            random.sample(_TRAVELLERS, 2), random.sample(COLOURS, 2), strict=True
        )
    )
    places = random.sample(PLACES, 5)
    acting = [_acting(figure, 2, random) for figure in pair]
    shots = [_first_shot(acting[n][0], places[n]) for n in (0, 1)]
    shots += [
        _later_shot(acting[n][1], places[2 + n], _definite(pair[n].subject), source=n + 1)
        for n in (0, 1)
    ]
    where = PLACE_PHRASES[places[4]][0]
    text, repeated = (
        _sentence(f"{say(pair[0])} and {say(pair[1])} are {where}")
        for say in (lambda figure: _definite(figure.subject), _described)
    )
    met = tuple(
        Figure(figure.subject, figure.colour, size="medium", side=side)
        for figure, side in zip(pair, ("left", "right"), strict=True)
    )
    meeting = Shot(text, repeated, f"<from:1,2> {text}", Scene(places[4], met))
    return (*shots, meeting)


def _ambiguous_frame(random: Random) -> tuple[Shot, ...]:
    subject = random.choice(_TRAVELLERS)
    places = random.sample(PLACES, 2)
    figures = _acting(Figure(subject, random.choice(COLOURS)), 2, random)
    later = _later_shot(figures[1], places[1], _pronoun(subject), source=1)
    return _first_shot(figures[0], places[0]), later


def _acting(figure: Figure, count: int, random: Random) -> list[Figure]:
    """`figure` in `count` actions, no two in a row the same."""
    actions = [random.choice(actions_of(figure.subject))]
    while len(actions) < count:
        actions.append(random.choice([a for a in actions_of(figure.subject) if a != actions[-1]]))
    return [Figure(figure.subject, figure.colour, action) for action in actions]


def _first_shot(figure: Figure, place: str) -> Shot:
    who = _described(figure, article="a")
    doing = _doing(figure, place)
    text = _sentence(f"{who} {doing}")
    marked = f"<share:{text[: len(who)]}>{text[len(who) :]}"
    return Shot(text, text, marked, Scene(place, (figure,)))


def _later_shot(figure: Figure, place: str, who: str, source: int) -> Shot:
    doing = _doing(figure, place)
    text = _sentence(f"{who} {doing}")
    repeated = _sentence(f"{_described(figure)} {doing}")
    return Shot(text, repeated, f"<from:{source}> {text}", Scene(place, (figure,)))


def _doing(figure: Figure, place: str) -> str:
    drives = figure.subject == "car" and figure.action == "run"
    verb = "is driving" if drives else _VERBS[figure.action]
    return f"{verb} {PLACE_PHRASES[place][0]}"


def _described(figure: Figure, article: str = "the") -> str:
    if figure.subject in PEOPLE:
        return f"{figure.subject} in a {figure.colour} {CLOTHES[figure.subject][0]}"
    return f"{article} {figure.colour} {figure.subject}"


def _definite(subject: str) -> str:
    return subject if subject in PEOPLE else f"the {subject}"


def _pronoun(subject: str) -> str:
    return PRONOUNS.get(subject, "it")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}".removesuffix(".") + "."
