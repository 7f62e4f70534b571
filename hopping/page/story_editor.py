"""The story editor, and the plan and mask that follow what is typed in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from . import story_texts
from .gradio_versions import in_page, out_of_sight
from .plan_html import render_empty

NAME = "hopping"
"""Begins the ids of a page's own story editor and its plan."""


@dataclass(frozen=True)
class PlanPanel:
    """Where the plan of a story is shown; the page's script knows it by the ids' beginning.

    Attributes:
        counts: where each frame's tokens are counted, over a plan that is folded; else None.
    """

    name: str
    plan: Any
    mask: Any
    counts: Any = None

    @property
    def outputs(self) -> list[Any]:
        """The components that an answer is shown in."""
        return [self.plan, self.mask, *([] if self.counts is None else [self.counts])]


@dataclass(frozen=True)
class StoryEditor:
    """A page's own editor, and its plan."""

    story: Any
    panel: PlanPanel


def build_story_editor(
    placeholder: str = story_texts.STORY_PLACEHOLDER, show_label: bool = False
) -> StoryEditor:
    """Make editor, help, plan and mask where gradio's current block is.

    Args:
        placeholder: what stands in the empty editor; by default with the keys of a WebUI.
    """
    gr.HTML(story_texts.STORY_HINT, elem_id="hopping_hint")
    story = gr.Textbox(
        "",  # the host pastes into what has a value, and gradio 4's own default is None
        label="Story",
        show_label=show_label,
        elem_id="hopping_prompt",
        elem_classes=["prompt"],
        lines=6,
        max_lines=24,
        placeholder=placeholder,
    )
    _build_examples()
    with gr.Accordion("Syntax", open=False, elem_id="hopping_syntax"):
        gr.HTML(story_texts.SYNTAX)
    return StoryEditor(story, build_plan(NAME))


def _build_examples() -> None:
    """One click each, in the page: as if it were typed."""
    with gr.Accordion("Examples", open=False, elem_id="hopping_examples"):
        for title, expected, stories in story_texts.EXAMPLES:
            gr.HTML(
                f'<h4>{title}</h4><p class="hopping-hint">{expected}</p>',
                elem_classes=["hopping-heading"],
            )
            with gr.Row(elem_classes=["hopping-examples"]):
                for name, text in stories.items():
                    write = f"() => hoppingPlans.{NAME}.write({json.dumps(text)})"
                    gr.Button(name, size="sm").click(
                        None, **in_page(write), inputs=[], outputs=[], show_progress=False
                    )


def build_plan(name: str, folded: bool = False) -> PlanPanel:
    """Make plan and mask where gradio's current block is.

    Args:
        name: one of those in the page's script.
        folded: whether the plan is; what it counts stands over it then.
    """
    if folded:
        counts = gr.HTML("", elem_id=f"{name}_counts")
        with gr.Accordion("Plan", open=False, elem_id=f"{name}_plan_fold"):
            return replace(build_plan(name), counts=counts)
    plan = gr.HTML(render_empty(), elem_id=f"{name}_plan", elem_classes=["hopping-plan-panel"])
    with gr.Accordion("Mask", open=False, elem_id=f"{name}_mask_fold"):
        gr.HTML(story_texts.MASK_HINT)
        mask = gr.HTML("", elem_id=f"{name}_mask")
    return PlanPanel(name, plan, mask)


def connect_plan(
    panel: PlanPanel, answer: Callable[..., tuple[str, str, str]], asked: Sequence[Any]
) -> None:
    """Plan and mask follow every change, after a pause that the page's script keeps.

    Args:
        answer: is called with the question's number and the values of `asked`; gives plan, mask and
            counts as HTML.
        asked: the components on which they depend.
    """
    ask = gr.Button(elem_id=f"{panel.name}_plan_button", **out_of_sight())
    serial = gr.Textbox("0", elem_id=f"{panel.name}_plan_serial", **out_of_sight())
    for component in (ask, serial):
        component.do_not_save_to_config = True  # the WebUI's, which keeps others' looks in a file
    shown = len(panel.outputs)
    ask.click(
        lambda *values: answer(*values)[:shown],
        **in_page(f"hoppingPlans.{panel.name}.question"),
        inputs=[serial, *asked],
        outputs=panel.outputs,
        queue=False,  # answered in the middle of a run
        show_progress=False,
    )
    for component in asked:
        # Runs in the page alone: nothing is sent until the pause is over.
        component.change(
            None,
            **in_page(f"hoppingPlans.{panel.name}.soon"),
            inputs=[],
            outputs=[],
            show_progress=False,
        )
