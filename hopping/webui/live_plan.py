"""What the page shows while the user types: plan and mask, or what is wrong and where.

The page asks through a gradio event and not through a route of its own, because gradio's events
already carry the page's login, root path and proxy settings, with or without the host's API. The
event stays out of the queue, so that it is answered in the middle of a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modules import errors, shared

from hopping.mask_drawing import TokenText
from hopping.page.plan_answer import answer_plan
from hopping.plan import StoryPlan
from hopping.run_options import ROWS, HoppingRequest, parse_request

from .planning import plan_with_words
from .texts import without_comments

_HERE = "\ue000"
"""Stands for a frame's text while styles are put around it."""


def live_plan(serial: Any, story: str, styles: list[str], *values: Any) -> tuple[str, str, str]:
    """Plan, mask and counts as HTML, for the story and the options' values in the table's order.

    Args:
        serial: number of the question, by which the page knows its answer.
        styles: names of the host's styles that are chosen.
    """

    def make() -> tuple[StoryPlan, TokenText]:
        return plan_with_words(story, _styled(parse_request(named(values)), styles))

    return answer_plan(
        serial, story, make, lambda _: errors.report("The live plan failed", exc_info=True)
    )


def _styled(request: HoppingRequest, styles: list[str]) -> HoppingRequest:
    """The request with the chosen styles as what stands before and after every frame."""
    if not styles:
        return request
    whole = shared.prompt_styles.apply_styles_to_prompt(_HERE, styles)
    whole = without_comments(whole).replace("\n", " ")
    before, _, after = whole.partition(_HERE)
    run = request.run
    return replace(request, run=run.replace(before=before + run.before, after=run.after + after))


def named(values: Sequence[Any]) -> dict[str, Any]:
    """The options' values with their names, as of a run that is enabled."""
    return {"enabled": True} | {row.name: value for row, value in zip(ROWS, values, strict=True)}
