"""One run from the tab: the host's own processing, with the tab's values as its script's."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
from modules import processing, scripts, shared
from modules.infotext_utils import create_override_settings_dict
from modules.ui_common import plaintext_to_html

from hopping.errors import HoppingError
from hopping.page.plan_html import render_failure

from .host_types import Processed
from .hosts import host, schedules
from .jobs import OneFrame
from .script import TITLE


@dataclass(frozen=True)
class TabValues:
    """What stands in the tab's generation widgets, in their order on the page."""

    story: str
    negative_prompt: str
    styles: list[str]
    steps: int
    sampler: str
    scheduler: str
    width: int
    height: int
    cfg_scale: float
    batch_count: int
    batch_size: int
    seed: Any
    enable_hr: bool
    hr_upscaler: str
    hr_steps: int
    denoising_strength: float
    hr_scale: float
    hr_resize_x: int
    hr_resize_y: int
    hr_checkpoint: str
    hr_sampler: str
    hr_scheduler: str
    hr_prompt: str
    hr_negative_prompt: str
    override_settings: list[str]


TAB_FIELDS = tuple(field.name for field in fields(TabValues))

SAME = {
    "hr_checkpoint": "Use same checkpoint",
    "hr_sampler": "Use same sampler",
    "hr_scheduler": "Use same scheduler",
}
"""What stands in these fields of TabValues where the hires pass does as the first."""


Result = tuple[Any, Any, Any, str]
"""Gallery, generation info (JSON), infotext (HTML), log (HTML)."""

KEPT = (gr.update(), gr.update(), gr.update())
"""The first three as they are: what was made before stays, whatever is wrong now."""


def generate(_id_task: str, request: gr.Request, *values: Any) -> Result:
    """Run the story. What is wrong with it stands at the result, not in the server's log alone.

    Args:
        _id_task: the page's id of this run, by which the host reports its progress.
        values: those of TabValues, then the preset, then the options in the table's order.
    """
    count = len(TAB_FIELDS)
    try:
        return _generate(TabValues(*values[:count]), values[count:], request.username)
    except HoppingError as error:
        return *KEPT, render_failure(str(error))


def _generate(values: TabValues, options: Sequence[Any], user: str | None) -> Result:
    processed = run_story(values, options, user)
    info = processed.js()
    if shared.opts.samples_log_stdout:
        print(info)
    images = [] if shared.opts.do_not_show_images else processed.images
    return images, info, plaintext_to_html(processed.info), comments_of(processed)


def run_story(
    values: TabValues, options: Sequence[Any], user: str | None, only: OneFrame | None = None
) -> Processed:
    """What the host makes of the tab's story, or of one frame of it.

    Raises:
        HoppingError: if it cannot be done as asked.
    """
    p = _processing(values, _script_args(values, options))
    p.user, p.hopping_only = user, only
    p.hopping_tells = True  # what is raised is told by the tab, whatever the host does with it
    with closing(p):
        processed: Processed = processing.process_images(p)
    shared.total_tqdm.clear()
    return processed


def comments_of(processed: Processed) -> str:
    """A result's comments as the host's page shows them."""
    return str(plaintext_to_html(processed.comments, classname="comments"))


def _processing(
    values: TabValues, script_args: Sequence[Any]
) -> processing.StableDiffusionProcessingTxt2Img:
    opts = shared.opts
    p = processing.StableDiffusionProcessingTxt2Img(
        sd_model=shared.sd_model,
        outpath_samples=opts.outdir_samples or opts.outdir_txt2img_samples,
        outpath_grids=opts.outdir_grids or opts.outdir_txt2img_grids,
        prompt=values.story,
        negative_prompt=values.negative_prompt,
        styles=values.styles,
        steps=values.steps,
        sampler_name=values.sampler,
        n_iter=values.batch_count,
        batch_size=values.batch_size,
        cfg_scale=values.cfg_scale,
        width=values.width,
        height=values.height,
        enable_hr=values.enable_hr,
        hr_upscaler=values.hr_upscaler,
        hr_second_pass_steps=values.hr_steps,
        denoising_strength=values.denoising_strength,
        hr_scale=values.hr_scale,
        hr_resize_x=values.hr_resize_x,
        hr_resize_y=values.hr_resize_y,
        **host().hires_arguments(values.cfg_scale),
        hr_checkpoint_name=_chosen("hr_checkpoint", values.hr_checkpoint),
        hr_sampler_name=_chosen("hr_sampler", values.hr_sampler),
        **_schedules(values),
        hr_prompt=values.hr_prompt,
        hr_negative_prompt=values.hr_negative_prompt,
        override_settings=create_override_settings_dict(values.override_settings),
    )
    p.scripts = scripts.scripts_txt2img
    p.script_args = tuple(script_args)
    return p


def _schedules(values: TabValues) -> dict[str, Any]:
    if not schedules():
        return {}
    hires = _chosen("hr_scheduler", values.hr_scheduler)
    return {"scheduler": values.scheduler, "hr_scheduler": hires}


def _chosen(name: str, value: str) -> str | None:
    """The host's own value for a choice."""
    return None if value == SAME[name] else value


def _script_args(values: TabValues, options: Sequence[Any]) -> list[Any]:
    """Arguments of all of txt2img's scripts: their defaults, but for three.

    The host's own Sampler and Seed scripts set what they are named for, and would overwrite it. A
    host without schedules has no Sampler script.

    Raises:
        HoppingError: if a script that the run needs is not loaded.
    """
    runner = scripts.scripts_txt2img
    arguments = [getattr(component, "value", None) for component in runner.inputs]
    arguments[0] = 0  # no selectable script
    given = {"Seed": [values.seed], TITLE: [True, *options]}
    if schedules():
        given["Sampler"] = [values.steps, values.sampler, values.scheduler]
    for title, own in given.items():
        script = runner.script(title)
        if script is None:
            raise HoppingError(
                f"the script {title!r} is not loaded; the WebUI's log says why, look for it there"
            )
        arguments[script.args_from : script.args_from + len(own)] = own
    return arguments
