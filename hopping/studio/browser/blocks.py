"""The page's components, and which answers which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import gradio as gr

from hopping.options import HoppingOptions
from hopping.page.gradio_versions import MAJOR, in_page, out_of_sight, triggered
from hopping.page.story_editor import build_story_editor, connect_plan
from hopping.page.story_texts import FIRST_STORY
from hopping.page.widgets import OptionWidgets, build_option_widgets
from hopping.run_options import RECOMMENDED
from hopping.studio.samplers import SAMPLERS
from hopping.studio.sampling import RANDOM_SEED, SAMPLING, Setting
from hopping.studio.story_request import StoryRequest, is_trained

from .answers import PAGE_ROWS, Studio
from .rendering import render

TITLE = "Hopping studio"

_UNTRAINED = (
    '<p class="studio-note">The embedded model is not trained yet: its weights are random, and its '
    "pictures show that conditioning moves them and nothing else. Start the page with "
    "<code>--model</code> for pictures that mean something.</p>"
)


_PLACEHOLDER = f"{FIRST_STORY}\n(Ctrl+Enter or Cmd+Enter generates, Esc cancels)"

# The label is the button; the page's script sends the file on.
_OPEN = (
    '<label class="studio-open"><input type="file" id="studio_file" accept=".png,.json">'
    "<span>Open a frame (PNG) or a story.json</span></label>"
)

_PAST = (
    '<details id="studio_past_fold"><summary>Past stories</summary>'
    '<div class="past-list"></div></details>'
)


def theme() -> Any:
    """Gradio's own look, with the machine's fonts: the page asks nobody on the network."""
    return gr.themes.Default(
        font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    ).set(
        # Gradio's own greys are too faint to be read by all.
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_text_color="white",
    )


def build_blocks(studio: Studio) -> Any:
    """The whole page."""
    look = {} if MAJOR >= 6 else {"theme": theme()}
    with gr.Blocks(title=TITLE, analytics_enabled=False, **look) as page:
        gr.HTML(f"<h1>{TITLE}</h1>", elem_id="studio_title")
        if not is_trained(studio.model):
            gr.HTML(_UNTRAINED)
        with gr.Row(elem_id="studio_page"):
            with gr.Column(elem_id="studio_left", min_width=320):
                editor = build_story_editor(_PLACEHOLDER, show_label=True)
                gr.HTML(_OPEN, elem_id="studio_open")
                gr.HTML(_PAST, elem_id="studio_past")
                opened = gr.HTML("", elem_id="studio_opened")
                with gr.Row(elem_id="studio_run"):
                    generate = gr.Button("Generate", variant="primary", elem_id="studio_generate")
                    cancel = gr.Button("Cancel", elem_id="studio_cancel")
                    stock = gr.HTML("", elem_id="studio_stock")
                options = build_option_widgets(
                    lambda name: f"studio_{name}", HoppingOptions.preset(RECOMMENDED), PAGE_ROWS
                )
                settings = _build_settings(studio)
            with gr.Column(elem_id="studio_right", min_width=320, scale=2):
                progress = gr.HTML("", elem_id="studio_progress")
                downloads = gr.HTML("", elem_id="studio_downloads")
                gr.HTML(render("desk.html"), elem_id="studio_desk")
                strip = gr.HTML("", elem_id="studio_strip")
        connect_plan(editor.panel, studio.plan, [editor.story, *options.by_name.values()])
        strip_token = _connect_strengths(studio, strip)
        # A strip is of the story before.
        generate.click(
            studio.end_strip,
            **in_page("studioEndStrip"),
            inputs=[strip_token],
            outputs=[strip],
            queue=False,
            show_progress="hidden",
        )
        _connect_open(studio, editor.story, settings, options, opened)
        _connect_run(
            studio,
            editor.story,
            settings,
            options,
            (generate, cancel),
            [progress, downloads],
            (stock, strip),
        )
    # Jobs wait at the desk, where they are told their place; gradio need not hold them up.
    return page.queue(
        **({"default_concurrency_limit": 16} if MAJOR >= 4 else {"concurrency_count": 16})
    )


def _connect_strengths(studio: Studio, strip: Any) -> Any:
    """The buttons stand in the frames' HTML; the page's script presses this one for them."""
    token = gr.Textbox("", elem_id="studio_strip_token", **out_of_sight())
    asked = gr.Textbox("", elem_id="studio_strengths_asked", **out_of_sight())
    ask = gr.Button(elem_id="studio_strengths_ask", **out_of_sight())
    ask.click(
        studio.strengths,
        **in_page("studioStrengths"),
        inputs=[token, asked],
        outputs=[strip],
        show_progress="hidden",
        **triggered("multiple"),
    )
    return token


def _connect_open(
    studio: Studio,
    story: Any,
    settings: dict[str, Any],
    options: OptionWidgets,
    opened: Any,
) -> None:
    payload = gr.Textbox("", elem_id="studio_payload", **out_of_sight())
    take = gr.Button(elem_id="studio_take", **out_of_sight())
    take.click(
        studio.open,
        **in_page("studioPayload"),
        inputs=[payload],
        outputs=[story, *settings.values(), *options.inputs, opened],
        queue=False,
        show_progress="hidden",
    ).then(None, **in_page("studioShowOpened"), inputs=[], outputs=[], show_progress="hidden")


def _build_settings(studio: Studio) -> dict[str, Any]:
    own = asdict(StoryRequest("a", HoppingOptions(), studio.model).settings(studio.pipeline))
    own |= {"seed": RANDOM_SEED}
    with (
        gr.Accordion("Sampling", open=False, elem_id="studio_settings"),
        gr.Row(elem_classes=["hopping-grid"]),
    ):
        return {row.name: _widget(row, own[row.name]) for row in SAMPLING}


def _widget(row: Setting, value: Any) -> Any:
    common: dict[str, Any] = {"label": row.label, "elem_id": f"studio_{row.name}"}
    if row.name == "sampler":
        return gr.Dropdown(list(SAMPLERS), value=value, **common)
    if row.kind is str:
        return gr.Textbox(value, **common)
    return gr.Number(value, **common)


def _connect_run(
    studio: Studio,
    story: Any,
    settings: dict[str, Any],
    options: OptionWidgets,
    buttons: tuple[Any, Any],
    outputs: list[Any],
    aside: tuple[Any, Any],
) -> None:
    generate, cancel = buttons
    stock, strip = aside
    token = gr.Textbox("", elem_id="studio_token", **out_of_sight())
    answered = gr.Textbox("", elem_id="studio_answered", **out_of_sight())
    desk = gr.Textbox("", elem_id="studio_desk_told", **out_of_sight())
    asked = [story, *settings.values(), *options.by_name.values()]

    def make(token: str, desk: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        yield from _answered(token, studio.generate(token, *values, desk=desk))

    def follow(token: str, run: str) -> Iterator[tuple[Any, ...]]:
        yield from _answered(token, studio.follow(token, run))

    generate.click(
        make,
        **in_page("studioGenerate"),
        inputs=[token, desk, *asked],
        outputs=[*outputs, answered],
        show_progress="hidden",
        **triggered("multiple"),  # the page's script knows when there is a story to wait for
    )
    # These two are pressed by the page's script.
    gr.Button(elem_id="studio_stock_ask", **out_of_sight()).click(
        studio.stock,
        **in_page("studioStock"),
        inputs=[desk, *asked],
        outputs=[stock],
        queue=False,
        show_progress="hidden",
        **triggered("always_last"),
    )
    gr.Button(elem_id="studio_seeds_ask", **out_of_sight()).click(
        studio.seeds,
        **in_page("studioSeeds"),
        inputs=[token, desk, *asked],
        outputs=[strip],
        show_progress="hidden",
        **triggered("multiple"),
    )
    # Pressed by the page's script, when a run goes on through a reload.
    run = gr.Textbox("", elem_id="studio_run_name", **out_of_sight())
    gr.Button(elem_id="studio_follow", **out_of_sight()).click(
        follow,
        **in_page("studioFollow"),
        inputs=[token, run],
        outputs=[*outputs, answered],
        show_progress="hidden",
    )
    cancel.click(
        studio.cancel,
        **in_page("studioCancel"),
        inputs=[token],
        outputs=[],
        queue=False,  # heard in the middle of a run
        show_progress="hidden",
    )


def _answered(token: str, told: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, ...]]:
    """What is told, with the token by which the page's script knows what it is the answer to."""
    for shown in told:
        yield *shown, token
    yield gr.update(), gr.update(), token  # where there was nothing to tell, too
