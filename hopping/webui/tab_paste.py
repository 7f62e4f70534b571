"""Infotext back into the tab: its own paste button, and a button in PNG Info that sends to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr
from modules import infotext_utils, script_callbacks, sd_samplers

from hopping import infotext
from hopping.page.widgets import OptionWidgets

from . import settings
from .hosts import schedules
from .script import SENT, TITLE, option_fields
from .tab_run import SAME

TABNAME = "hopping"
_SENDING = "hopping_sending"
"""Names, to the host, the tab's fields in the order of img2img's."""

_PNG_INFO_TEXT = "pnginfo_generation_info"
_LAST_PNG_INFO_BUTTON = "extras_tab"


def register() -> None:
    """Watch for PNG Info's components, beside which the button is put."""
    script_callbacks.on_after_component(_PngInfoButton().after_component)


def add_fields(paste: Any, widgets: Mapping[str, Any], options: OptionWidgets) -> None:
    """Register the tab's fields with the host, and its paste button.

    The whole story is the prompt that the host pastes: `generation_data.restore` puts it there.

    Args:
        widgets: the tab's generation widgets by their names in TabValues.
    """
    field = infotext_utils.PasteField
    fields = [
        field(widgets["story"], "Prompt"),
        *(field(widgets[name], label) for name, label in _LABELS.items()),
        *(field(widgets[name], target) for name, target in _sampling().items()),
        field(widgets["styles"], _styles),
        field(widgets["enable_hr"], lambda d: any(d.get(key) for key in _HIRES_SIZES)),
        field(widgets["hr_sampler_row"], _shown_if(tuple(SAME.values()), _HIRES_CHOICES)),
        field(widgets["hr_prompt_row"], _shown_if(("",), _HIRES_PROMPTS)),
        *option_fields(options),
    ]
    infotext_utils.add_paste_fields(TABNAME, None, fields, widgets["override_settings"])
    infotext_utils.register_paste_params_button(
        infotext_utils.ParamBinding(
            paste_button=paste, tabname=TABNAME, source_text_component=widgets["story"]
        )
    )


def send_along(gallery: Any, widgets: Mapping[str, Any], options: OptionWidgets) -> None:
    """Let the buttons below the tab's gallery send the story with a picture, as txt2img's do.

    Args:
        gallery: the output panel's, by which its buttons are found.
        widgets: as for `add_fields`.
    """
    own = _story_fields(widgets, options)
    for binding in infotext_utils.registered_param_bindings:
        if binding.source_image_component is gallery and binding.tabname in ("img2img", "inpaint"):
            # The host pairs the fields of two pages by their order. What the tab does not have
            # stays as it is.
            fields = infotext_utils.paste_fields[binding.tabname]["fields"]
            sent = [(own.get(target, component), target) for component, target in fields]
            infotext_utils.add_paste_fields(_SENDING, None, sent)
            binding.source_tabname, binding.paste_field_names = _SENDING, SENT


def send_to_txt2img(button: Any, widgets: Mapping[str, Any], options: OptionWidgets) -> None:
    """Let a button put the tab's story and settings into txt2img, hopping on, and go there."""
    own = {
        **_story_fields(widgets, options),
        **{label: widgets[name] for name, label in _LABELS.items()},
        **{target: widgets[name] for name, target in _sampling().items()},
    }
    by_id = {"txt2img_styles": widgets["styles"], "txt2img_hr-checkbox": widgets["enable_hr"]}
    sent = [
        (own.get(target, by_id.get(component.elem_id)), component)
        for component, target in infotext_utils.paste_fields["txt2img"]["fields"]
    ]
    pairs = [(source, target) for source, target in sent if source is not None]
    button.click(
        lambda *values: list(values),
        inputs=[source for source, _ in pairs],
        outputs=[target for _, target in pairs],
        show_progress=False,
    )
    button.click(None, _js="switch_to_txt2img", inputs=None, outputs=None, show_progress=False)


def _story_fields(widgets: Mapping[str, Any], options: OptionWidgets) -> dict[Any, Any]:
    """The tab's components by what the other pages paste the same from."""
    return {
        "Prompt": widgets["story"],
        "Negative prompt": widgets["negative_prompt"],
        "Steps": widgets["steps"],
        "Seed": widgets["seed"],
        infotext.is_hopped: gr.State(True),
        **{target: component for component, target in option_fields(options)},
    }


def _sampling() -> dict[str, Any]:
    """What samplers and schedules are pasted from."""
    if not schedules():
        return {"sampler": "Sampler", "hr_sampler": "Hires sampler"}
    return {
        "sampler": sd_samplers.get_sampler_from_infotext,
        "scheduler": sd_samplers.get_scheduler_from_infotext,
        "hr_sampler": sd_samplers.get_hr_sampler_from_infotext,
        "hr_scheduler": sd_samplers.get_hr_scheduler_from_infotext,
    }


_LABELS = {
    "negative_prompt": "Negative prompt",
    "steps": "Steps",
    "cfg_scale": "CFG scale",
    "width": "Size-1",
    "height": "Size-2",
    "batch_size": "Batch size",
    "seed": "Seed",
    "denoising_strength": "Denoising strength",
    "hr_scale": "Hires upscale",
    "hr_resize_x": "Hires resize-1",
    "hr_resize_y": "Hires resize-2",
    "hr_upscaler": "Hires upscaler",
    "hr_steps": "Hires steps",
    "hr_checkpoint": "Hires checkpoint",
    "hr_prompt": "Hires prompt",
    "hr_negative_prompt": "Hires negative prompt",
}


# The host fills in 0 for the last where an infotext has none of it.
_HIRES_SIZES = ("Hires upscale", "Hires upscaler", "Hires resize-1")
_HIRES_CHOICES = ("Hires checkpoint", "Hires sampler", "Hires schedule type")
_HIRES_PROMPTS = ("Hires prompt", "Hires negative prompt")


def _shown_if(nothing: Sequence[str], keys: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
    """Shows a hidden row if one of these keys says more than `nothing`."""

    def shown(parameters: Mapping[str, Any]) -> Any:
        told = any(parameters.get(key, nothing[0]) not in nothing for key in keys)
        return gr.update(visible=True) if told else gr.update()

    return shown


def _styles(parameters: Mapping[str, Any]) -> Any:
    styles = parameters.get("Styles array")
    return styles if isinstance(styles, list) else gr.update()


class _PngInfoButton:
    """Puts "Send to Hopping sequence" behind PNG Info's own buttons, as they are made."""

    def __init__(self) -> None:
        self._infotext: Any = None

    def after_component(self, component: Any, **kwargs: Any) -> None:
        elem_id = kwargs.get("elem_id")
        if elem_id == _PNG_INFO_TEXT:
            self._infotext = component
        elif elem_id == _LAST_PNG_INFO_BUTTON and self._infotext is not None:
            text, self._infotext = self._infotext, None
            if settings.is_shown("tab"):
                self._add(text)

    def _add(self, text: Any) -> None:
        button = gr.Button(f"Send to {TITLE}", elem_id="hopping_tab_button")
        infotext_utils.register_paste_params_button(
            infotext_utils.ParamBinding(
                paste_button=button, tabname=TABNAME, source_text_component=text
            )
        )
