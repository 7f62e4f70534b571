"""How large a request may be, whichever door it comes through: one table."""

from __future__ import annotations

from collections.abc import Mapping

from hopping.errors import HoppingError, OptionError
from hopping.story import Story
from hopping.values import LARGEST_SEED, brief

LIMITS: Mapping[str, tuple[int, int]] = {
    # Of a story.
    "frames": (1, 1000),
    "characters": (0, 200_000),
    # Opening ones, round and square, where a WebUI's parser reads them: its time grows with the
    # square of those of a frame.
    "brackets": (0, 2000),
    "brackets in a frame": (0, 60),
    # Of a run.
    "steps": (1, 1000),
    "cfg": (0, 100),
    "seed": (-1, LARGEST_SEED),
    "width": (8, 4096),
    "height": (8, 4096),
    "batch_size": (1, 100),
}
"""For each field the least and the most."""


class TooLargeError(HoppingError):
    """The story is larger than a request's may be."""


def check_setting(name: str, value: float) -> None:
    """Raises OptionError, naming the field and what it allows, for a value outside of it."""
    low, high = LIMITS[name]
    if not low <= value <= high:
        raise OptionError(f"{name} cannot be {brief(value)}; allowed: {low} to {high}")


def check_text(text: str) -> None:
    """Raises TooLargeError for a text that is longer than a whole story may be."""
    _check_count("characters", len(text))


def check_story(story: Story) -> None:
    """Raises TooLargeError for a story of too many frames or, with what surrounds each, letters."""
    _check_count("frames", len(story))
    _check_count("characters", sum(len(frame.text) for frame in story.encoded))


def check_brackets(story: Story) -> None:
    """Raises TooLargeError for a story that would keep a WebUI's parser busy for minutes."""
    texts = [frame.text for frame in story.encoded]
    counts = [text.count("(") + text.count("[") for text in texts]
    _check_count("brackets", sum(counts))
    for frame, count in zip(story.encoded, counts, strict=True):
        _check_count("brackets in a frame", count, frame.line)


def _check_count(name: str, count: int, line: int | None = None) -> None:
    most = LIMITS[name][1]
    if count > most:
        raise TooLargeError(f"{count} {name} are too many; allowed: up to {most}", line=line)
