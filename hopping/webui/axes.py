"""Axes for the host's X/Y/Z plot, made from the table of options.

An axis puts its value on the cell's processing object; the script reads it there, over what the
page or the API says. An axis switches hopping on, whose Mode may be off.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from modules import scripts

from hopping.errors import HoppingError
from hopping.options import ALL, HoppingOptions, Option
from hopping.run_options import RunOptions

from .failed_run import is_told
from .gallery import note_failure
from .host_types import Processing
from .takeover import told_to_api

OFF = "off"
"""The value of the Mode axis that leaves the host as it is."""

_PRESET = Option(
    "preset", "choice", "", "Preset", "", choices=tuple(n.lower() for n in HoppingOptions.PRESETS)
)
_ROWS = (
    *(
        replace(row, choices=(OFF, *row.choices)) if row.name == "mode" else row
        for row in HoppingOptions.rows()
    ),
    _PRESET,
    replace(RunOptions.row("frames"), label="Frames"),
)

# As in the plot's own axes: "0-1 (+0.25)" by steps, "0-1 [5]" so many.
# Longer numbers than these are no bounds, and Python would not read them all.
_NUMBER = r"(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})"
_RANGE = re.compile(
    rf"({_NUMBER})\s*-\s*({_NUMBER})(?:\s*\(\s*([+-]{_NUMBER})\s*\)|\s*\[\s*(\d{{1,18}})\s*\])?"
)
_MOST = 1000
"""How many values a range may have, by far more than a plot can show."""


def axis_values(p: Processing) -> dict[str, Any]:
    """What the axes of a plot have put on a processing object, by option name."""
    found = {}
    for row in _ROWS:
        if hasattr(p, _attribute(row)):
            found[row.name] = getattr(p, _attribute(row))
    return found


def add_axes() -> None:
    """Add the axes to the plot's, once, before it builds its page."""
    for data in scripts.scripts_data:
        if data.script_class.__module__ in ("xyz_grid.py", "scripts.xyz_grid"):
            known = {option.label for option in data.module.axis_options}
            axes = (_axis(data.module, row) for row in _ROWS)
            data.module.axis_options += [axis for axis in axes if axis.label not in known]


def _axis(plot: Any, row: Option) -> Any:
    return plot.AxisOption(
        f"[Hopping] {row.label}",
        str,
        _apply(row),
        confirm=_confirm(row),
        choices=_choices(row),
        prepare=_prepare(row),
    )


def _attribute(row: Option) -> str:
    return f"hopping_{row.name}"


def _apply(row: Option) -> Callable[[Any, str, Any], None]:
    def apply(p: Processing, value: str, _: Any) -> None:
        setattr(p, _attribute(row), value)

    return apply


def _confirm(row: Option) -> Callable[[Any, Sequence[str]], None]:
    def confirm(p: Processing, values: Sequence[str]) -> None:
        if not is_told(p):
            return  # then the cell's picture says it
        try:
            with told_to_api():
                for value in values:
                    row.parse(value)
        except HoppingError:
            note_failure()
            raise

    return confirm


def _prepare(row: Option) -> Callable[[str], list[str]] | None:
    """What makes a list of what is typed, ranges written out; None where there are none."""
    if row.kind not in ("number", "reach"):
        return None

    def prepare(typed: str) -> list[str]:
        parts = (part.strip() for part in typed.split(","))
        return [value for part in parts if part for value in _written_out(part, row)]

    return prepare


def _written_out(part: str, row: Option) -> list[str]:
    """The values of a range, its end among them where a step meets it; else the part itself."""
    found = _RANGE.fullmatch(part)
    if found is None:
        return [part]
    start, end = float(found[1]), float(found[2])
    if found[4] is not None:
        count = int(found[4])
        step = (end - start) / max(count - 1, 1)
    else:
        step = float(found[3] or 1)
        # Of the plot's own ranges, steps of 0.1 overshoot the end.
        count = math.floor((end - start) / step + 1e-9) + 1 if step else 0
    if not 0 < count <= _MOST:
        return [part]  # no value either: `_confirm` says so
    values = (start + n * step for n in range(count))
    return [str(int(v)) if row.kind == "reach" else f"{round(v, 8):g}" for v in values]


def _choices(row: Option) -> Callable[[], list[str]] | None:
    """What the plot offers to choose from; None where a value is to be typed."""
    if row.name == "preset":
        return lambda: list(HoppingOptions.PRESETS)
    if row.kind == "switch":
        return lambda: ["off", "on"]
    if row.kind == "choice":
        return lambda: list(row.choices)
    if row.kind == "reach":
        return lambda: ["0", "1", "2", "3", ALL]
    return None
