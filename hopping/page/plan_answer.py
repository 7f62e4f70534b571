"""What a page shows while the user types: plan and mask, or what is wrong and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hopping.errors import HoppingError, NotLoadedError
from hopping.mask_drawing import TokenText
from hopping.plan import StoryPlan
from hopping.story_diffusion import from_story_diffusion
from hopping.values import whole_number

from . import plan_html
from .mask_svg import render_mask


def answer_plan(
    serial: Any,
    story: Any,
    make: Callable[[], tuple[StoryPlan, TokenText]],
    report: Callable[[Exception], None],
) -> tuple[str, str, str]:
    """Plan, mask and each frame's count of tokens as HTML.

    Args:
        serial: number of the question, by which the page knows its answer.
        story: its text; a page of gradio 4 may have None for none.
        make: makes the plan, and gives what writes its tokens.
        report: is told what nobody expected; the page shows it too.
    """
    number = whole_number(serial) or 0
    if not isinstance(story, str) or not story.strip():
        return plan_html.render_empty(number), "", ""
    try:
        plan, token_text = make()
        shown = plan_html.render_plan(plan, number), render_mask(plan, token_text)
        return _offered(story) + shown[0], shown[1], plan_html.render_counts(plan)
    except NotLoadedError as note:
        return _offered(story) + plan_html.render_empty(number, note.reason), "", ""
    except HoppingError as error:
        offered = "" if error.line is None else _offered(story)  # one that is too long has no line
        plan_of_it, mask, counts = _wrong(error, story, number)
        return offered + plan_of_it, mask, counts
    except Exception as error:  # the host, in the middle of a checkpoint's change, say
        report(error)
        failure = HoppingError(f"{type(error).__name__}: {error}")
        return _wrong(failure, story, number)


def _offered(story: str) -> str:
    converted = from_story_diffusion(story)
    return "" if converted is None else plan_html.render_conversion(converted)


def _wrong(error: HoppingError, story: str, number: int) -> tuple[str, str, str]:
    return plan_html.render_error(error, story, number), "", plan_html.render_failure(str(error))
