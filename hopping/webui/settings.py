"""Settings → Hopping sequence: what is shown, and with which options the page starts."""

from __future__ import annotations

import html
from dataclasses import asdict
from typing import Any

import gradio as gr
from modules import script_callbacks, shared

from hopping.errors import OptionError
from hopping.options import HoppingOptions, Option, Value
from hopping.run_options import ROWS

SECTION = ("hopping", "Hopping sequence")
VISIBILITY = {
    "txt2img": "Show the accordion in txt2img",
    "img2img": "Show the accordion in img2img",
    "tab": "Show the tab",
}

RECOMMENDED = "Consistent subject"
"""The preset with which the page opens. It runs beside whatever changes the U-Net's attention; what
shares pixels does not, and has not been run in a WebUI on a GPU."""

CUSTOM = "Custom"
PRESET_LABEL = "Default: Preset"
PRESET_HELP = "Custom: the defaults of the options below, instead of a preset's."
_PRESET = "hopping_default_preset"


def register() -> None:
    """Add the section to the host's settings."""
    script_callbacks.on_ui_settings(add_settings)


def add_settings() -> None:
    """One row for each thing that can be shown, then the default preset and each option's."""
    for place, label in VISIBILITY.items():
        _add(f"hopping_show_{place}", True, label)
    choices = {"choices": [*HoppingOptions.PRESETS, CUSTOM]}
    _add(_PRESET, RECOMMENDED, PRESET_LABEL, gr.Radio, choices, PRESET_HELP)
    for row in ROWS:
        component, arguments = _component(row)
        default = row.format(row.default) if row.kind == "reach" else row.default
        _add(_key(row), default, f"Default: {row.label}", component, arguments, row.help)


def is_shown(place: str) -> bool:
    """Whether the accordion ("txt2img", "img2img") or the "tab" is to be seen."""
    return bool(shared.opts.data.get(f"hopping_show_{place}", True))


def defaults() -> dict[str, Value]:
    """Each option's initial value: the default preset's, or its own where there is none."""
    own = {row.name: _default(row) for row in ROWS}
    chosen = shared.opts.data.get(_PRESET, RECOMMENDED)
    if chosen == CUSTOM:
        return own
    if chosen not in list(HoppingOptions.PRESETS):  # by hand in the host's file, or a later version
        chosen = RECOMMENDED
    return own | asdict(HoppingOptions.from_mapping({}, chosen))


def _default(row: Option) -> Value:
    try:
        return row.parse(shared.opts.data.get(_key(row), row.default))
    except OptionError:  # set by hand in the host's file, or by a later version
        return row.default


def _key(row: Option) -> str:
    return f"hopping_default_{row.name}"


def _component(row: Option) -> tuple[Any, dict[str, Any] | None]:
    """The settings page's component; the host chooses by the default's type where it is None."""
    if row.kind == "choice":
        return gr.Radio, {"choices": list(row.choices)}
    if row.kind == "number":
        return gr.Slider, {"minimum": row.low, "maximum": row.high, "step": 0.05}
    return None, None


def _add(
    key: str,
    default: Value,
    label: str,
    component: Any = None,
    arguments: dict[str, Any] | None = None,
    help: str = "",
) -> None:
    info = shared.OptionInfo(default, label, component, arguments, section=SECTION)
    if help:
        info.html(f" <span class='info'>{html.escape(help)}</span>")
    shared.opts.add_option(key, info.needs_reload_ui())
