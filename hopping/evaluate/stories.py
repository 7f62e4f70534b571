"""Stories in the storybook world with known truth, made to show what hopping does.

Five kinds: one character whose attribute only frame 1 names, and who is named again ("the dog") or
meant by a pronoun ("it") in later frames; the same in freer English; two characters who take turns
and meet; and frames whose own text is ambiguous, with an earlier frame that settles it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from hopping.evaluate.phrasing import (
    Wording,
    cast_of,
    definite,
    described,
    introduce,
    pronoun,
    return_to,
    sentence,
)
from hopping.storybook.captions import PLACE_PHRASES
from hopping.storybook.scene import (
    COATS,
    COLOURS,
    PLACES,
    SUBJECTS,
    Figure,
    Scene,
    actions_of,
)

ONE = "one character"
PRONOUN = "one character, then a pronoun"
FREE = "one character, in freer English"
TWO = "two characters"
AMBIGUOUS = "ambiguous frame"
KINDS = (ONE, PRONOUN, FREE, TWO, AMBIGUOUS)
_TRAVELLERS = tuple(subject for subject in SUBJECTS if subject != "house")
_VERBS = {"stand": "is standing", "run": "is running", "jump": "is jumping", "sleep": "is sleeping"}
_FEWEST, _MOST = 3, 5


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
        ONE: partial(_one_character, again=definite),
        PRONOUN: partial(_one_character, again=pronoun),
        FREE: _freely_said,
        TWO: _two_characters,
        AMBIGUOUS: _ambiguous_frame,
    }
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        random = Random(seed * 1_000_003 + number)
        yield StoryCase(number, kind, _coated(makers[kind](random), random))


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


def _freely_said(random: Random) -> tuple[Shot, ...]:
    figure = Figure(random.choice(_TRAVELLERS), random.choice(COLOURS))
    places = random.sample(PLACES, random.randint(_FEWEST, _MOST))
    figures = _acting(figure, len(places), random)
    shots = []
    for n, (figure, place) in enumerate(zip(figures, places, strict=True)):
        if n == 0:
            said = introduce(figure, place, random)
        else:
            said = return_to(figure, place, places[n - 1], random)
        shots.append(Shot(**vars(said), truth=Scene(place, (figure,))))
    return tuple(shots)


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
        _later_shot(acting[n][1], places[2 + n], definite(pair[n].subject), source=n + 1)
        for n in (0, 1)
    ]
    where = PLACE_PHRASES[places[4]][0]
    text, repeated = (
        sentence(f"{say(pair[0])} and {say(pair[1])} are {where}")
        for say in (lambda figure: definite(figure.subject), described)
    )
    met = tuple(
        Figure(figure.subject, figure.colour, size="medium", side=side)
        for figure, side in zip(pair, ("left", "right"), strict=True)
    )
    meeting = Shot(text, repeated, f"<from:1,2> {text}", text, cast_of(*met), Scene(places[4], met))
    return (*shots, meeting)


def _ambiguous_frame(random: Random) -> tuple[Shot, ...]:
    subject = random.choice(_TRAVELLERS)
    places = random.sample(PLACES, 2)
    figures = _acting(Figure(subject, random.choice(COLOURS)), 2, random)
    later = _later_shot(figures[1], places[1], pronoun(subject), source=1)
    return _first_shot(figures[0], places[0]), later


def _coated(shots: tuple[Shot, ...], random: Random) -> tuple[Shot, ...]:
    """The same story, each character in a coat of its own in all frames' truth."""
    coats = {subject: random.choice(COATS) for subject in SUBJECTS}

    def coated(scene: Scene) -> Scene:
        figures = tuple(replace(figure, coat=coats[figure.subject]) for figure in scene.figures)
        return replace(scene, figures=figures)

    return tuple(replace(shot, truth=coated(shot.truth)) for shot in shots)


def _acting(figure: Figure, count: int, random: Random) -> list[Figure]:
    """`figure` in `count` actions, no two in a row the same."""
    actions = [random.choice(actions_of(figure.subject))]
    while len(actions) < count:
        actions.append(random.choice([a for a in actions_of(figure.subject) if a != actions[-1]]))
    return [Figure(figure.subject, figure.colour, action) for action in actions]


def _first_shot(figure: Figure, place: str) -> Shot:
    who = described(figure, article="a")
    doing = _doing(figure, place)
    text = sentence(f"{who} {doing}")
    marked = f"<share:{text[: len(who)]}>{text[len(who) :]}"
    named = sentence(f"{definite(figure.subject)} {doing}")
    return Shot(text, text, marked, named, cast_of(figure), Scene(place, (figure,)))


def _later_shot(figure: Figure, place: str, who: str, source: int) -> Shot:
    doing = _doing(figure, place)
    text = sentence(f"{who} {doing}")
    repeated = sentence(f"{described(figure)} {doing}")
    marked, truth = f"<from:{source}> {text}", Scene(place, (figure,))
    return Shot(text, repeated, marked, text, cast_of(figure), truth)


def _doing(figure: Figure, place: str) -> str:
    drives = figure.subject == "car" and figure.action == "run"
    verb = "is driving" if drives else _VERBS[figure.action]
    return f"{verb} {PLACE_PHRASES[place][0]}"
