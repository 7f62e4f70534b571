"""Axes for the host's X/Y/Z plot, made from the table of options.

An axis puts its value on the cell's processing object; the script reads it there, over what the
page or the API says. An axis switches hopping on, whose Mode may be off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from modules import scripts

from hopping.options import ALL, HoppingOptions, Option

from . import callbacks

OFF = "off"
"""The value of the Mode axis that leaves the host as it is."""

_PRESET = Option(
    "preset", "choice", "", "Preset", "", choices=tuple(n.lower() for n in HoppingOptions.PRESETS)
)


def axis_values(p: Any) -> dict[str, Any]:
    """What the axes of a plot have put on a processing object, by option name."""
    found = {}
    for row in (_PRESET, *HoppingOptions.rows()):
        if hasattr(p, _attribute(row)):
            found[row.name] = getattr(p, _attribute(row))
    return found


def register() -> None:
    """Add the axes before the host builds its page, once."""
    callbacks.register("before_ui", _add_axes, __file__)


def _add_axes() -> None:
    for data in scripts.scripts_data:
        if data.script_class.__module__ in ("xyz_grid.py", "scripts.xyz_grid"):
            known = {option.label for option in data.module.axis_options}
            data.module.axis_options += [
                axis
                for axis in (_axis(data.module, row) for row in (*HoppingOptions.rows(), _PRESET))
                if axis.label not in known
            ]


def _axis(plot: Any, row: Option) -> Any:
    return plot.AxisOption(
        f"[Hopping] {row.label}",
        str,
        _apply(row),
        confirm=_confirm(row),
        choices=_choices(row),
    )


def _attribute(row: Option) -> str:
    return f"hopping_{row.name}"


def _apply(row: Option) -> Callable[[Any, str, Any], None]:
    def apply(p: Any, value: str, _: Any) -> None:
        setattr(p, _attribute(row), value)

    return apply


def _confirm(row: Option) -> Callable[[Any, Sequence[str]], None]:
    def confirm(_: Any, values: Sequence[str]) -> None:
        for value in values:
            if not (row.name == "mode" and value.strip().lower() == OFF):
                row.parse(value)

    return confirm


def _choices(row: Option) -> Callable[[], list[str]] | None:
    """What the plot offers to choose from; None where a value is to be typed."""
    if row.name == "preset":
        return lambda: list(HoppingOptions.PRESETS)
    if row.name == "mode":
        return lambda: [OFF, *row.choices]
    if row.kind == "switch":
        return lambda: ["off", "on"]
    if row.kind == "choice":
        return lambda: list(row.choices)
    if row.kind == "reach":
        return lambda: ["0", "1", "2", "3", ALL]
    return None
