"""The option widgets, made from the one table: every page calls this builder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from hopping.errors import OptionError
from hopping.options import ALL, HoppingOptions, Option, Value
from hopping.run_options import ROWS, RunOptions

from .templates import render

CUSTOM = ""
"""The preset widget's value while the options match no preset."""

PRESET_LABEL = "Preset"
CUSTOM_HELP = "Chosen by hand, under Advanced."
ADVANCED = "Advanced"
SEEING_TITLE = "How frames see each other"
RUN_TITLE = "The run and its grid"


@dataclass(frozen=True)
class OptionWidgets:
    """One door's widgets for every option.

    Attributes:
        preset: the preset chooser; its value is a preset's name, or CUSTOM.
        by_name: for each option of the page, in the order of ROWS, its component.
    """

    preset: Any
    by_name: Mapping[str, Any]

    @property
    def inputs(self) -> list[Any]:
        """The components as positional arguments: the preset, then the options."""
        return [self.preset, *self.by_name.values()]

    @property
    def seeing(self) -> list[Any]:
        """The components that a preset sets, in the order of `preset_values`."""
        return [self.by_name[row.name] for row in HoppingOptions.rows()]


def preset_values(name: str) -> list[Value]:
    """What the widgets of a preset's options show once it is chosen, in the table's order."""
    chosen = HoppingOptions.preset(name)
    return [shown(row, chosen.get(row.name, row.default)) for row in HoppingOptions.rows()]


def build_option_widgets(
    elem_id: Callable[[str], str],
    defaults: Mapping[str, Value] | None = None,
    rows: Sequence[Option] = ROWS,
) -> OptionWidgets:
    """Make the widgets where gradio's current block is, and tie presets to them.

    The presets stand first, with what each is for; all else is folded.

    Args:
        elem_id: gives the page's id for an option's name, "preset" and "advanced".
        defaults: initial values by option name; its row's where one is missing.
        rows: the options that the page has, in the order of ROWS; all of HoppingOptions at least.
    """
    on_page = {row.name: row for row in rows}
    initial = {row.name: row.default for row in rows} | dict(defaults or {})
    with gr.Column(elem_classes=["hopping-options"]):
        preset = gr.Radio(
            label=PRESET_LABEL,
            choices=[*((name, name) for name in HoppingOptions.PRESETS), ("Custom", CUSTOM)],
            value=matching_preset(initial),
            elem_id=elem_id("preset"),
            elem_classes=["hopping-preset"],
        )
        gr.HTML(
            render("presets.html", presets={**HoppingOptions.PRESET_HELP, "Custom": CUSTOM_HELP})
        )
        by_name: dict[str, Any] = {}
        with gr.Accordion(ADVANCED, open=False, elem_id=elem_id("advanced")):
            for title, table in ((SEEING_TITLE, HoppingOptions), (RUN_TITLE, RunOptions)):
                gr.HTML(f"<h4>{title}</h4>", elem_classes=["hopping-heading"])
                with gr.Row(elem_classes=["hopping-grid"]):
                    for name in (row.name for row in table.rows() if row.name in on_page):
                        by_name[name] = _widget(on_page[name], initial[name], elem_id(name))
    widgets = OptionWidgets(preset, {name: by_name[name] for name in on_page})
    for component in widgets.inputs:
        # Their defaults are under Settings; the host's ui-config.json would freeze the first ones.
        component.do_not_save_to_config = True
    _tie_presets(widgets)
    return widgets


def shown(row: Option, value: Value) -> Value:
    """A value of the table as its widget shows it."""
    return row.format(value) if row.kind == "reach" else value


def matching_preset(values: Mapping[str, Any]) -> str:
    """The preset whose values these are, or CUSTOM."""
    parsed = {row.name: row.parse(values[row.name]) for row in HoppingOptions.rows()}
    table = {row.name: row.default for row in HoppingOptions.rows()}
    for name, preset in HoppingOptions.PRESETS.items():
        if parsed == table | dict(preset):
            return name
    return CUSTOM


def _widget(row: Option, value: Value, elem_id: str) -> Any:
    common: dict[str, Any] = {
        "label": row.label,
        "info": row.help,
        "value": shown(row, value),
        "elem_id": elem_id,
    }
    if row.kind == "choice":
        return gr.Radio(choices=list(row.choices), **common)
    if row.kind == "reach":
        nearest = [str(int(row.low) + distance) for distance in range(5)]
        return gr.Dropdown(choices=[*nearest, ALL], allow_custom_value=True, **common)
    if row.kind == "number":
        return gr.Slider(minimum=row.low, maximum=row.high, step=0.05, **common)
    if row.kind == "switch":
        return gr.Checkbox(**common)
    return gr.Textbox(lines=1, max_lines=1, **common)


def _tie_presets(widgets: OptionWidgets) -> None:
    """Choosing a preset sets the widgets; changing a widget tells which preset that is, if any."""
    names = [row.name for row in HoppingOptions.rows()]

    def choose(name: str) -> list[Any]:
        return [gr.update() for _ in names] if name == CUSTOM else preset_values(name)

    def recognise(*values: Any) -> str:
        try:
            return matching_preset(dict(zip(names, values, strict=True)))
        except OptionError:  # a value that is half typed
            return CUSTOM

    # `input` answers to the user alone: an update from the other side starts no circle.
    quietly: dict[str, Any] = {"queue": False, "show_progress": False}
    widgets.preset.input(choose, inputs=[widgets.preset], outputs=widgets.seeing, **quietly)
    for component in widgets.seeing:
        event = component.release if isinstance(component, gr.Slider) else component.input
        event(recognise, inputs=widgets.seeing, outputs=[widgets.preset], **quietly)
