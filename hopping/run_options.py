"""How a story is run: what the doors add to the core's table of options, and both as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import OptionError
from .options import ALL, HoppingOptions, Option, OptionTable, option
from .values import brief, listed, read_ranges


@dataclass(frozen=True)
class RunOptions(OptionTable):
    """How a story is run, beside how its frames see each other."""

    same_noise: bool = option(
        "switch",
        True,
        "Same noise for every frame",
        "As in the paper: all frames take one seed. Off: the seed counts up, frame by frame.",
    )
    compare: bool = option(
        "switch",
        False,
        "Compare with plain SD",
        "Also makes every frame without hopping, as a row of its own in the grid.",
    )
    grid: bool = option(
        "switch", True, "Grid", "Puts the frames side by side as the first picture of the result."
    )
    captions: bool = option(
        "switch", True, "Captions on the grid", "Writes each frame's text over its picture."
    )
    before: str = option(
        "text", "", "Text before every frame", "Encoded with each frame: a style, say."
    )
    after: str = option("text", "", "Text after every frame", "Encoded with each frame.")
    save_mask: bool = option(
        "switch", False, "Save the mask picture", "Adds the visibility as a heat map to the result."
    )
    frames: str = option(
        "frames",
        ALL,
        "Frames to make",
        "Which of the story's frames are made, such as 2,4-5. All are read, and seen as ever.",
    )


PLAIN = "plain SD"
"""What pictures without hopping are called."""


def seed_text(seed: int, same_noise: bool, own: Sequence[int] = ()) -> str:
    """From which seed a story's frames were made, in words.

    Args:
        own: the numbers of the frames that have a seed of their own.
    """
    told = f"seed {seed}" if same_noise else f"seeds from {seed}"
    return f"{told}; own in {listed(own)}" if own else told


def frames_to_make(written: str, count: int) -> tuple[int, ...]:
    """The numbers of the frames that the option `frames` names, of a story of `count`.

    Raises:
        OptionError: for what does not name frames, and for a frame that the story does not have.
    """
    written = str(RunOptions.row("frames").parse(written))
    ranges = [(1, count)] if written == ALL else read_ranges(written) or []
    if ranges[-1][1] > count:
        raise OptionError(
            f"frames cannot be {brief(written)}: the story has {count} frame{'s' * (count > 1)}; "
            f"name some of 1 to {count}, or all"
        )
    return tuple(number for first, last in ranges for number in range(first, last + 1))


@dataclass(frozen=True)
class HoppingRequest:
    """What one run was asked for, whichever door it came through."""

    enabled: bool
    hopping: HoppingOptions
    run: RunOptions


RECOMMENDED = "Same character"
"""The preset with which doors open."""

_APPENDED = ("pixels", "frames", "cast")  # after the options of both tables, in this order

ROWS: tuple[Option, ...] = tuple(
    sorted(
        HoppingOptions.rows() + RunOptions.rows(),
        key=lambda row: _APPENDED.index(row.name) + 1 if row.name in _APPENDED else 0,
    )
)
"""All options in the order in which widgets and positional API arguments stand, after `enabled`
and `preset`. The order is a contract: append, never reorder."""


def parse_request(values: Mapping[str, Any]) -> HoppingRequest:
    """A request from named values, as the API and the page give them.

    `enabled` is False where it is not given. `preset` sets several options; names beside it
    override it.

    Raises:
        OptionError: for an unknown name, a value that is not allowed, or a contradiction.
    """
    values = dict(values)
    enabled = Option("enabled", "switch", False, "Enabled", "").parse(values.pop("enabled", False))
    preset = values.pop("preset", None)
    run_names = {row.name for row in RunOptions.rows()}
    known = {row.name for row in ROWS}
    unknown = [name for name in values if name not in known]
    if unknown:
        raise OptionError(
            f"unknown option {brief(unknown[0])}; known: enabled, preset, "
            + ", ".join(row.name for row in ROWS)
        )
    hopping = {name: value for name, value in values.items() if name not in run_names}
    run = {name: value for name, value in values.items() if name in run_names}
    return HoppingRequest(
        bool(enabled),
        HoppingOptions.from_mapping(hopping, preset),
        RunOptions.from_mapping(run),
    )
