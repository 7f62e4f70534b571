"""The tab "Hopping sequence": a story editor with its plan, over the host's own output panel."""

from __future__ import annotations

from typing import Any

import gradio as gr
from modules import (
    progress,
    script_callbacks,
    sd_samplers,
    shared,
    ui,
    ui_common,
    ui_toprow,
)
from modules.call_queue import wrap_gradio_gpu_call
from modules.processing_scripts.seed import connect_reuse_seed
from modules.ui_components import FormRow, InputAccordion, ResizeHandleRow, ToolButton

from hopping.page.story_editor import StoryEditor, build_story_editor, connect_plan
from hopping.page.widgets import OptionWidgets, build_option_widgets, preset_values

from . import settings, tab_paste
from .hosts import host, schedules
from .live_plan import live_plan
from .script import TITLE
from .tab_frames import remake
from .tab_hires import build_second_pass
from .tab_run import KEPT, TAB_FIELDS, generate

NAME = "hopping"
"""Begins the ids of the tab's elements, as txt2img does those of its own."""

PAPER_SETTINGS: dict[str, Any] = {
    "sampler": "LMS",
    "scheduler": "Automatic",
    "steps": 50,
    "cfg_scale": 7.5,
    "width": 512,
    "height": 512,
    "batch_count": 1,
    "enable_hr": False,
}
"""Appendix A.2 of the paper, and its code."""


SCRIPTS_NOTE = (
    '<p class="hopping-hint"><span>On in txt2img, but not here, where they keep their defaults:'
    "</span> <b></b></p>"
)
"""The page's script writes in it the names of those scripts, and hides it while there is none."""


def register() -> None:
    """Add the tab, and a button to PNG Info that sends to it."""
    script_callbacks.on_ui_tabs(build_tab)
    tab_paste.register()


def build_tab() -> list[tuple[Any, str, str]]:
    """The tab as the host takes it: page, label, id. Nothing if the settings hide it."""
    if not settings.is_shown("tab"):
        return []
    with gr.Blocks(analytics_enabled=False) as page:
        # The compact row lets the prompt stand in the left column and Generate over the gallery.
        toprow = ui_toprow.Toprow(is_img2img=False, is_compact=True, id_part=NAME)
        with ResizeHandleRow(equal_height=False, elem_id="hopping_page"):
            with gr.Column(variant="compact", elem_id="hopping_settings"):
                editor = _build_story(toprow)
                options = build_option_widgets(
                    lambda name: f"hopping_option_{name}", settings.defaults()
                )
                with gr.Row(elem_id="hopping_scripts"):
                    gr.HTML(SCRIPTS_NOTE, elem_id="hopping_scripts_note")
                    send = gr.Button("Send this story to txt2img", elem_id="hopping_to_txt2img")
                widgets, buttons = _build_generation(toprow)
            with gr.Column(elem_id="hopping_output"):
                output = ui_common.create_output_panel(
                    NAME, shared.opts.outdir_txt2img_samples, toprow
                )
                frame_buttons = _build_frame_buttons()
        asked = [editor.story, toprow.ui_styles.dropdown, *options.by_name.values()]
        connect_plan(editor.panel, live_plan, asked)
        _connect_run(toprow, widgets, options, output)
        _connect_frames(frame_buttons, widgets, options, output)
        _connect_buttons(buttons, widgets, options, output)
        tab_paste.add_fields(toprow.paste, widgets, options)
        tab_paste.send_along(output.gallery, widgets, options)
        tab_paste.send_to_txt2img(send, widgets, options)
    return [(page, TITLE, NAME)]


def _build_frame_buttons() -> tuple[Any, Any]:
    """What makes the gallery's selected frame again. The page's script puts it below that."""
    with gr.Row(elem_id="hopping_frames"):
        again = gr.Button(
            "Again",
            elem_id="hopping_again",
            size="sm",
            tooltip="Make the selected frame with the next seed, which is written into the story",
        )
        only = gr.Button(
            "Only this frame",
            elem_id="hopping_only",
            size="sm",
            tooltip="Make the selected frame with the story as it stands; the others stay",
        )
    return again, only


def _build_story(toprow: Any) -> StoryEditor:
    """The editor with its plan, then the host's negative prompt and styles."""
    editor = build_story_editor()
    toprow.prompt = editor.story
    toprow.negative_prompt = gr.Textbox(
        value="",
        label="Negative prompt",
        show_label=False,
        elem_id="hopping_neg_prompt",
        elem_classes=["prompt"],
        lines=2,
        placeholder="Negative prompt",
    )
    with gr.Row(elem_classes=["toprow-compact-stylerow"]):
        with gr.Column(elem_classes=["toprow-compact-tools"]):
            toprow.create_tools_row()
        with gr.Column():
            toprow.create_styles_ui()
    return editor


def _build_generation(toprow: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The host's generation settings that a story needs: those of TabValues, and buttons."""
    samplers = list(sd_samplers.visible_sampler_names())
    if PAPER_SETTINGS["sampler"] not in samplers:  # hidden in the host's settings
        samplers.append(PAPER_SETTINGS["sampler"])
    # One that is chosen for the host, and hidden, where its samplers name their schedules.
    schedulers = schedules() or [PAPER_SETTINGS["scheduler"]]
    buttons: dict[str, Any] = {}
    buttons["paper"] = gr.Button(
        "Paper settings",
        elem_id="hopping_paper",
        size="sm",
        tooltip="LMS, 50 steps, CFG 7.5, 512×512, one seed for all frames, and the paper's mask",
    )
    with FormRow(elem_id="hopping_sampler_row"):
        sampler = gr.Dropdown(
            label="Sampling method",
            choices=samplers,
            value=samplers[0],
            elem_id="hopping_sampling",
        )
        scheduler = gr.Dropdown(
            label="Schedule type",
            choices=schedulers,
            value=schedulers[0],
            visible=bool(schedules()),
            elem_id="hopping_scheduler",
        )
        steps = _slider("Sampling steps", 1, 150, 1, 20, "hopping_steps")
    with FormRow(elem_id="hopping_size_row"):
        with gr.Column(scale=4):
            width = _slider("Width", 64, 2048, 8, 512, "hopping_width")
            height = _slider("Height", 64, 2048, 8, 512, "hopping_height")
        with gr.Column(scale=1, elem_classes=["dimensions-tools"]):
            buttons["switch"] = ToolButton(
                ui.switch_values_symbol,
                elem_id="hopping_switch_size",
                tooltip="Switch width/height",
            )
        with gr.Column(scale=4):
            batch_count = _slider("Batch count", 1, 100, 1, 1, "hopping_batch_count")
            batch_size = _slider("Batch size", 1, 8, 1, 1, "hopping_batch_size")
    with FormRow(elem_id="hopping_seed_row"):
        cfg_scale = _slider("CFG Scale", 1.0, 30.0, 0.5, 7.0, "hopping_cfg_scale")
        if shared.cmd_opts.use_textbox_seed:
            seed = gr.Textbox(label="Seed", value="-1", elem_id="hopping_seed")
        else:
            seed = gr.Number(label="Seed", value=-1, elem_id="hopping_seed", precision=0)
        buttons["random"] = ToolButton(
            ui.random_symbol, elem_id="hopping_random_seed", tooltip="Set seed to -1"
        )
        buttons["reuse"] = ToolButton(
            ui.reuse_symbol,
            elem_id="hopping_reuse_seed",
            tooltip="Reuse seed from last generation, mostly useful if it was randomized",
        )
    with InputAccordion(False, label="Hires. fix", elem_id="hopping_hr") as enable_hr:
        with FormRow():
            upscalers = [*shared.latent_upscale_modes, *(x.name for x in shared.sd_upscalers)]
            hr_upscaler = gr.Dropdown(
                label="Upscaler",
                choices=upscalers,
                value=shared.latent_upscale_default_mode,
                elem_id="hopping_hr_upscaler",
            )
            hr_scale = _slider("Upscale by", 1.0, 4.0, 0.05, 2.0, "hopping_hr_scale")
        with FormRow():
            hr_steps = _slider("Hires steps", 0, 150, 1, 0, "hopping_hires_steps")
            denoising = _slider("Denoising strength", 0.0, 1.0, 0.01, 0.7, "hopping_denoising")
        with FormRow():
            # 0 leaves it to "Upscale by", as in txt2img.
            hr_resize_x = _slider("Resize width to", 0, 2048, 8, 0, "hopping_hr_resize_x")
            hr_resize_y = _slider("Resize height to", 0, 2048, 8, 0, "hopping_hr_resize_y")
        second_pass = build_second_pass(samplers, schedulers)
    with FormRow(elem_id="hopping_override_row") as row:
        override = ui.create_override_settings_dropdown(NAME, row)
    widgets = {
        "story": toprow.prompt,
        "negative_prompt": toprow.negative_prompt,
        "styles": toprow.ui_styles.dropdown,
        "steps": steps,
        "sampler": sampler,
        "scheduler": scheduler,
        "width": width,
        "height": height,
        "cfg_scale": cfg_scale,
        "batch_count": batch_count,
        "batch_size": batch_size,
        "seed": seed,
        "enable_hr": enable_hr,
        "hr_upscaler": hr_upscaler,
        "hr_steps": hr_steps,
        "denoising_strength": denoising,
        "hr_scale": hr_scale,
        "hr_resize_x": hr_resize_x,
        "hr_resize_y": hr_resize_y,
        **second_pass,
        "override_settings": override,
    }
    return widgets, buttons


def _connect_run(toprow: Any, widgets: dict[str, Any], options: OptionWidgets, output: Any) -> None:
    results = [output.gallery, output.generation_info, output.infotext, output.html_log]
    id_task = gr.Textbox(visible=False)
    run = {
        "fn": wrap_gradio_gpu_call(host().on_its_thread(generate), extra_outputs=list(KEPT)),
        "_js": "hoppingSubmit",
        "inputs": [id_task, *(widgets[name] for name in TAB_FIELDS), *options.inputs],
        "outputs": results,
        "show_progress": False,
    }
    toprow.submit.click(**run)
    toprow.restore_progress_button.click(
        progress.restore_progress,
        _js="hoppingRestoreProgress",
        inputs=[id_task],
        outputs=results,
        show_progress=False,
    )
    # The host shows the selected picture's infotext on its own two tabs only.
    select = gr.Button(visible=False, elem_id="hopping_generation_info_button")
    select.click(
        ui_common.update_generation_info,
        _js="(info, html, index) => [info, html, selected_gallery_index()]",
        inputs=[output.generation_info, output.infotext, output.infotext],
        outputs=[output.infotext, output.infotext],
        show_progress=False,
    )


def _connect_frames(
    buttons: tuple[Any, Any], widgets: dict[str, Any], options: OptionWidgets, output: Any
) -> None:
    id_task = gr.Textbox(visible=False)
    chosen = gr.Number(value=-1, precision=0, visible=False)  # the page's script says which
    gallery = [output.gallery, chosen, output.generation_info]
    values = [*(widgets[name] for name in TAB_FIELDS), *options.inputs]
    results = [output.gallery, output.generation_info, output.infotext, output.html_log]
    for button, again in zip(buttons, (True, False), strict=True):
        run = host().on_its_thread(remake(again))
        button.click(
            fn=wrap_gradio_gpu_call(run, extra_outputs=[gr.update(), *KEPT]),
            _js="hoppingSubmitFrame",
            inputs=[id_task, *gallery, *values],
            outputs=[widgets["story"], *results],
            show_progress=False,
        ).then(fn=None, _js="hoppingShowFrame", inputs=None, outputs=None, show_progress=False)


def _connect_buttons(
    buttons: dict[str, Any], widgets: dict[str, Any], options: OptionWidgets, output: Any
) -> None:
    for name, script in (
        ("switch", "() => switchWidthHeight('hopping')"),
        ("random", "() => setRandomSeed('hopping_seed')"),
    ):
        buttons[name].click(None, _js=script, inputs=None, outputs=None, show_progress=False)
    connect_reuse_seed(widgets["seed"], buttons["reuse"], output.generation_info, False)
    paper = {
        **{widgets[name]: value for name, value in PAPER_SETTINGS.items()},
        **dict(zip(options.seeing, preset_values("Paper"), strict=True)),
        options.preset: "Paper",
        options.by_name["same_noise"]: True,
    }
    buttons["paper"].click(
        lambda: list(paper.values()), inputs=[], outputs=list(paper), show_progress=False
    )


def _slider(label: str, low: float, high: float, step: float, value: float, elem_id: str) -> Any:
    return gr.Slider(
        label=label, minimum=low, maximum=high, step=step, value=value, elem_id=elem_id
    )
