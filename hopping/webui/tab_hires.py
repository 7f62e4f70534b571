"""What the tab's hires pass may do otherwise than the first: checkpoint, sampler, prompts.

Shown where txt2img shows the same: Settings → User interface.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from modules import sd_models, shared, ui_common
from modules.ui_components import FormRow

from .hosts import schedules
from .tab_run import SAME


def build_second_pass(samplers: Sequence[str], schedulers: Sequence[str]) -> dict[str, Any]:
    """The widgets, by their names in TabValues, and their two rows."""
    sampler_row = FormRow(
        elem_id="hopping_hr_sampler_row", visible=shared.opts.hires_fix_show_sampler
    )
    with sampler_row:
        checkpoint = gr.Dropdown(
            label="Checkpoint",
            choices=_checkpoints(),
            value=SAME["hr_checkpoint"],
            elem_id="hopping_hr_checkpoint",
        )
        ui_common.create_refresh_button(
            checkpoint,
            sd_models.list_models,
            lambda: {"choices": _checkpoints()},
            "hopping_hr_checkpoint_refresh",
        )
        sampler = gr.Dropdown(
            label="Hires sampling method",
            choices=[SAME["hr_sampler"], *samplers],
            value=SAME["hr_sampler"],
            elem_id="hopping_hr_sampler",
        )
        scheduler = gr.Dropdown(
            label="Hires schedule type",
            choices=[SAME["hr_scheduler"], *schedulers],
            value=SAME["hr_scheduler"],
            visible=bool(schedules()),
            elem_id="hopping_hr_scheduler",
        )
    prompt_row = FormRow(
        elem_id="hopping_hr_prompt_row", visible=shared.opts.hires_fix_show_prompts
    )
    with prompt_row:
        prompt = gr.Textbox(
            value="",
            label="Hires prompt",
            lines=3,
            placeholder="A story for the hires pass: as many frames, or one line for all. "
            "Leave empty to use the first.",
            elem_id="hopping_hr_prompt",
            elem_classes=["prompt"],
        )
        negative_prompt = gr.Textbox(
            value="",
            label="Hires negative prompt",
            lines=3,
            placeholder="Leave empty to use the same negative prompt as in first pass.",
            elem_id="hopping_hr_neg_prompt",
            elem_classes=["prompt"],
        )
    return {
        "hr_checkpoint": checkpoint,
        "hr_sampler": sampler,
        "hr_scheduler": scheduler,
        "hr_prompt": prompt,
        "hr_negative_prompt": negative_prompt,
        "hr_sampler_row": sampler_row,
        "hr_prompt_row": prompt_row,
    }


def _checkpoints() -> list[str]:
    return [SAME["hr_checkpoint"], *sd_models.checkpoint_tiles(use_short=True)]
