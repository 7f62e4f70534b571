"""The ground truth of a storybook picture: who is in it, in what colour, doing what, and where."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

SUBJECTS = ("dog", "cat", "rabbit", "bird", "John", "Sophie", "car", "house")
PEOPLE = ("John", "Sophie")
COLOURS = ("red", "yellow", "green", "blue", "purple", "pink", "black", "white")
PLACES = ("beach", "forest", "farm", "mountains", "city", "river")
SIZES = ("medium", "large")
SIDES = ("left", "middle", "right")
ACTIONS = ("stand", "run", "jump", "sleep")
PLAIN = "plain"
COATS = (
    PLAIN,
    "light spots",
    "dark spots",
    "light stripes",
    "dark stripes",
    "light patches",
    "dark patches",
)
"""What makes a figure this one and no other of its kind and colour. No caption ever names it."""

PAIR_SHARE = 0.1
"""Share of pictures with two characters. Enough to learn "a red dog and a blue cat"; a larger
share costs single pictures, which are what the bars are set on."""

_HELD_OUT_PARTS = 10


def actions_of(subject: str) -> tuple[str, ...]:
    """The actions that `subject` can be drawn in; a car drives (``run``), a house only stands."""
    if subject == "house":
        return ("stand",)
    if subject == "car":
        return ("stand", "run")
    return ACTIONS


@dataclass(frozen=True)
class Figure:
    """One character or thing. For people, `colour` and `coat` are those of their clothes."""

    subject: str
    colour: str
    action: str = "stand"
    size: str = "large"
    side: str = "middle"
    coat: str = PLAIN

    def __post_init__(self) -> None:
        for value, known in (
            (self.subject, SUBJECTS),
            (self.colour, COLOURS),
            (self.action, actions_of(self.subject) if self.subject in SUBJECTS else ACTIONS),
            (self.size, SIZES),
            (self.side, SIDES),
            (self.coat, COATS),
        ):
            if value not in known:
                raise ValueError(f"{value!r} is not one of {', '.join(known)}")


@dataclass(frozen=True)
class Scene:
    """What one picture shows: one figure, or two of different subjects, in one place.

    `variation` seeds everything that no caption ever names: where the clouds are, how many trees.
    """

    place: str
    figures: tuple[Figure, ...]
    variation: int = 0

    def __post_init__(self) -> None:
        if self.place not in PLACES:
            raise ValueError(f"{self.place!r} is not one of {', '.join(PLACES)}")
        if len(self.figures) not in (1, 2):
            raise ValueError(f"a scene has one figure or two, not {len(self.figures)}")
        if len({figure.subject for figure in self.figures}) != len(self.figures):
            raise ValueError("two figures of one scene must be different subjects")

    @property
    def is_held_out(self) -> bool:
        """Whether training never shows this combination of subject, colour, place and action."""
        first = self.figures[0]
        key = f"{first.subject}|{first.colour}|{self.place}|{first.action}"
        digest = hashlib.sha256(key.encode()).digest()
        return len(self.figures) == 1 and digest[0] % _HELD_OUT_PARTS == 0


def random_figure(random: Random, subject: str | None = None, **fixed: str) -> Figure:
    """A figure with every attribute drawn evenly, but for `subject` and what `fixed` names."""
    subject = subject or random.choice(SUBJECTS)
    attributes = {
        "colour": random.choice(COLOURS),
        "action": random.choice(actions_of(subject)),
        "size": random.choice(SIZES),
        "side": random.choice(SIDES),
        "coat": random.choice(COATS),
    }
    return Figure(subject, **{**attributes, **fixed})


def random_scene(random: Random, pair_share: float = PAIR_SHARE) -> Scene:
    """A scene of the world. Two characters stand side by side at medium size, each wholly seen."""
    place = random.choice(PLACES)
    variation = random.getrandbits(32)
    if random.random() < pair_share:
        left, right = random.sample([s for s in SUBJECTS if s != "house"], 2)
        figures = tuple(
            random_figure(random, subject, action="stand", size="medium", side=side)
            for subject, side in ((left, "left"), (right, "right"))
        )
        return Scene(place, figures, variation)
    return Scene(place, (random_figure(random),), variation)


def scenes(seed: int, *, held_out: bool = False, pair_share: float = PAIR_SHARE) -> Iterator[Scene]:
    """The endless, reproducible stream of training scenes, or of those kept from training."""
    random = Random(seed)
    while True:
        scene = random_scene(random, 0.0 if held_out else pair_share)
        if scene.is_held_out == held_out:
            yield scene
