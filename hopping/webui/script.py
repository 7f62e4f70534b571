"""The always-on script "Hopping sequence": reads what a run asks for and hands it to `run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import gradio as gr
from modules import errors, infotext_utils, scripts
from modules.ui_components import InputAccordion

from hopping import infotext
from hopping.errors import StoryError
from hopping.options import HoppingOptions, Option
from hopping.page.story_editor import build_plan, connect_plan
from hopping.page.story_texts import STORY_HINT, next_example
from hopping.page.widgets import OptionWidgets, build_option_widgets, matching_preset, shown
from hopping.run_options import ROWS, HoppingRequest, parse_request

from . import generation_data, settings
from .axes import OFF, add_axes, axis_values
from .failed_run import is_enlarging, tell
from .gallery import keep_at_failure
from .grid import add_pictures
from .hopped_run import HoppedRun
from .host_types import Processed, Processing
from .live_plan import live_plan
from .neighbours import is_detailers
from .notes import tell_comments
from .takeover import failure_of, release, run_of, take_over, told_to_api

TITLE = "Hopping sequence"
_BITS = 63


class HoppingScript(scripts.Script):  # type: ignore[misc]
    """The host makes one of these for txt2img and one for img2img."""

    def __init__(self) -> None:
        super().__init__()
        self._hosts_own: dict[str, Any] = {}  # what the page has beside the accordion
        self._is_on_page = False
        # Of all that the host calls, this alone comes before any script's page, its API's without
        # a page, too.
        add_axes()

    def title(self) -> str:
        return TITLE

    def show(self, is_img2img: bool) -> Any:
        return scripts.AlwaysVisible

    def after_component(self, component: Any, **kwargs: Any) -> None:
        tab, _, name = str(kwargs.get("elem_id")).partition("_")
        if tab != _tab(self.is_img2img):
            return
        if name in ("prompt", "styles"):
            self._hosts_own[name] = component
        keep_at_failure(component, name)

    def ui(self, is_img2img: bool) -> list[Any]:
        tab = _tab(is_img2img)
        # The host's API makes it twice more, for its defaults alone.
        follows = "prompt" in self._hosts_own and not self._is_on_page
        self._is_on_page = True
        with InputAccordion(
            False,
            label=TITLE,
            elem_id=self.elem_id("enabled"),
            visible=settings.is_shown(tab),
        ) as enabled:
            with gr.Row(elem_classes=["hopping-head"]):
                gr.HTML(f'<p class="hopping-hint">{STORY_HINT}</p>')
                if follows:
                    prompt = self._hosts_own["prompt"]
                    example = gr.Button("Example", size="sm", elem_id=f"hopping_{tab}_example")
                    example.click(next_example, inputs=[prompt], outputs=[prompt], queue=False)
            if follows:
                panel = build_plan(f"hopping_{tab}", folded=True)
            widgets = build_option_widgets(self.elem_id, settings.defaults())
            if follows:
                styles = self._hosts_own.get("styles", gr.State([]))
                asked = [prompt, styles, *widgets.by_name.values()]
                connect_plan(panel, live_plan, asked)
        self.infotext_fields = paste_fields(enabled, widgets)
        if "prompt" in self._hosts_own:
            self.infotext_fields += _api_fields(self._hosts_own["prompt"], is_img2img)
        self.paste_field_names = SENT
        return [enabled, *widgets.inputs]

    def before_process(self, p: Processing, *args: Any) -> None:
        if release(p):
            # Another extension's copy of a run of ours, in the middle of it: no story of its own.
            p.extra_generation_params = infotext.without_own(p.extra_generation_params)
            return
        # A plot's cells share one dictionary.
        if infotext.own_entries(p.extra_generation_params):
            p.extra_generation_params = infotext.without_own(p.extra_generation_params)
        if is_detailers(p):
            return
        # The host reports what a callback raises and goes on without it; what is wrong with the
        # story is therefore raised where the host asks for the prompts.
        try:
            with told_to_api():
                axes = axis_values(p)
                request = read_request(args, axes, bool(getattr(p, "is_api", False)))
                if not request.enabled:
                    return
                if is_enlarging(p):
                    # The page may say another story by now.
                    p.prompt, request = _as_made(p, axes)
                run = HoppedRun(p, request)
                run.begin()
        except Exception as error:
            take_over(p, error)
            return
        take_over(p, run)

    def postprocess(self, p: Processing, processed: Processed, *args: Any) -> None:
        run, failure = run_of(p), failure_of(p)
        if failure is not None:
            tell(p, processed, failure)
            release(p)
        if run is None:
            return
        tell_comments(processed)
        try:
            add_pictures(run, processed)
        except Exception as error:
            errors.report("The grid of the story could not be made", exc_info=True)
            processed.comments += f"The grid of the story could not be made: {error}\n"
        finally:
            release(p)


def _tab(is_img2img: bool) -> str:
    return "img2img" if is_img2img else "txt2img"


def paste_fields(enabled: Any, widgets: OptionWidgets) -> list[Any]:
    """What pasting an infotext sets: everything if the picture hopped, else only off."""
    return [infotext_utils.PasteField(enabled, infotext.is_hopped), *option_fields(widgets)]


def _api_fields(prompt: Any, is_img2img: bool) -> list[Any]:
    """What the API's own `infotext` sets beside the options; the page has it from `restore`.

    Args:
        prompt: stands in for the components, which the API does not look at.
    """
    names = {"Prompt": "prompt", "Seed": "seed", "Variation seed": "subseed"}
    if not is_img2img:
        names["Hires prompt"] = "hr_prompt"
    return [
        infotext_utils.PasteField(prompt, generation_data.to_paste(name), api=field)
        for name, field in names.items()
    ]


def option_fields(widgets: OptionWidgets) -> list[Any]:
    """What pasting the infotext of a picture that hopped sets: all options, and their preset."""
    return [
        infotext_utils.PasteField(widgets.preset, _pasted_preset),
        *(infotext_utils.PasteField(widgets.by_name[row.name], _pasted(row)) for row in ROWS),
    ]


@cache
def _pasted(row: Option) -> Callable[[Mapping[str, Any]], Any]:
    def pasted(params: Mapping[str, Any]) -> Any:
        value = infotext.value_in(params, row)
        if row.name == "frames" and value is not None:
            value = row.default  # a picture opens its whole story, whatever was made along with it
        return None if value is None else shown(row, value)

    return pasted


def _pasted_preset(params: Mapping[str, Any]) -> str | None:
    if not infotext.is_hopped(params):
        return None
    rows = HoppingOptions.rows()
    return matching_preset({row.name: infotext.value_in(params, row) for row in rows})


SENT: list[Any] = [infotext.is_hopped, _pasted_preset, *map(_pasted, ROWS)]
"""What "Send to img2img" takes along of ours. The host finds a field of the one page in the other
by what it is pasted from: a name or, as here, the same function."""


def read_request(args: Sequence[Any], axes: Mapping[str, Any], is_api: bool) -> HoppingRequest:
    """What a run asks for, from the script's arguments and a plot's axes.

    Args:
        args: one object of named values, then whatever the host fills in behind it; or `enabled`,
            the preset and the options in the table's order, any of them missing.
        axes: what a plot says, which comes first.
        is_api: whether arguments that were not given are the host's defaults. From the API a
            preset counts where the option's own argument is its default; the page has set all of
            a preset's options by itself.

    Raises:
        OptionError: for an unknown name, a value that is not allowed, or a contradiction.
    """
    if args and isinstance(args[0], dict):
        _let_the_host_answer(args[0])
        values = dict(args[0])
    else:
        values = _named(args, is_api)
    if axes:
        values = _with_axes(values, axes)
    return parse_request(values)


def _let_the_host_answer(given: dict[str, Any]) -> None:
    """Write as text, in place, the whole numbers that the host's API has no room for.

    It answers with what it was asked, hopped or not, and fails at more than 64 bits.
    """
    for name, value in given.items():
        if isinstance(value, int) and value.bit_length() > _BITS:
            given[name] = str(value)


def _as_made(p: Processing, axes: Mapping[str, Any]) -> tuple[str, HoppingRequest]:
    """The story and the options by which the picture that is to be enlarged was made."""
    params = generation_data.of_picture(p.firstpass_image)
    story = infotext.story_in(params)
    values = {row.name: infotext.value_in(params, row) for row in ROWS}
    if story is None or None in values.values():
        raise StoryError(generation_data.NO_FRAME)
    return story, parse_request(_with_axes(values, axes))


def _named(args: Sequence[Any], is_api: bool) -> dict[str, Any]:
    names = ["enabled", "preset", *(row.name for row in ROWS)]
    values = {name: value for name, value in zip(names, args, strict=False) if value is not None}
    preset = values.pop("preset", None)
    if is_api and preset not in (None, ""):
        defaults = settings.defaults()
        chosen = dict(HoppingOptions.preset(preset))
        for row in HoppingOptions.rows():
            given = values.get(row.name, defaults[row.name])
            if row.parse(given) == defaults[row.name]:
                values[row.name] = chosen.get(row.name, row.default)
    return values


def _with_axes(values: dict[str, Any], axes: Mapping[str, Any]) -> dict[str, Any]:
    values = {**values, "enabled": True}
    axes = dict(axes)
    if "preset" in axes:
        for row in HoppingOptions.rows():
            values.pop(row.name, None)
        values["preset"] = axes.pop("preset")
    if str(axes.get("mode", "")).strip().lower() == OFF:
        return {"enabled": False}
    return {**values, **axes}
