"""The plan of a story as HTML for the page.

Labels stand in elements of their own, so that the host's localisation finds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hopping.errors import HoppingError
from hopping.layout import CONTENT
from hopping.plan import MOST_GROUPS, FramePlan, StoryPlan
from hopping.values import listed, ranges

from .templates import render

EMPTY_TEXT = "Write one prompt per line; the plan follows as you type."
FAILED_TEXT = "The plan cannot be made:"
NOTED_TEXT = "Frames with a note:"

_LONG = 12
"""Frames from which on a plan is too long to be seen at once."""

_MOST_COUNTS = 100
_LONGEST_WORDS = 60


def render_plan(plan: StoryPlan, serial: int = 0) -> str:
    """Layout and why, then for each frame its tokens, whom it sees and what it is shown.

    The frames stand in a box that scrolls; over that of a long story are buttons that lead to the
    frames that have a note. However long the story is, a frame's part has a bounded length beside
    its text.

    Args:
        serial: number of the request, by which the page tells that it has been answered.
    """
    noted = [frame.number for frame in plan.frames if frame.notes]
    return render(
        "plan.html",
        plan=plan,
        serial=serial,
        content=CONTENT,
        sees=lambda frame: _few(_sources(frame, plan.shares_subject)),
        known=lambda frame: _few(_known(frame)),
        quoted=_quoted,
        noted=noted if len(plan.frames) >= _LONG else [],
        noted_text=NOTED_TEXT,
    )


def render_counts(plan: StoryPlan) -> str:
    """How many tokens each frame has, of how many: what a WebUI counts is the whole story."""
    counts = [(frame.number, frame.tokens, CONTENT * frame.windows) for frame in plan.frames]
    return render("counts.html", counts=counts[:_MOST_COUNTS], of=len(counts))


def render_error(error: HoppingError, story: str, serial: int = 0) -> str:
    """What is wrong, and the story's lines with the wrong one marked where it is known."""
    return render(
        "error.html",
        serial=serial,
        failed_text=FAILED_TEXT,
        message=str(error),
        lines=list(_lines(error, story)),
    )


def render_conversion(converted: str) -> str:
    """The offer to put a story in its place that was in StoryDiffusion's form."""
    return render("conversion.html", converted=converted)


def render_empty(serial: int = 0, reason: str = EMPTY_TEXT) -> str:
    """What stands where there is no plan yet, and nothing is wrong: no story is written, say."""
    return render("hint.html", serial=serial, reason=reason)


def render_failure(message: str) -> str:
    """An error at the result, in the host's own dress."""
    return render("failure.html", message=message)


Chip = tuple[str, str | None]
"""Numbers of frames, and words; None where nothing need be said."""


def _sources(frame: FramePlan, with_words: bool) -> list[Chip]:
    """Whom a frame sees, with what they show it."""
    cast: list[Chip] = [("cast", _quoted(frame.cast))] if frame.cast else []
    if not with_words:
        return cast + [(numbers, None) for numbers in ranges(frame.sources)]
    return cast + [(listed(group.sources), _quoted(group.words)) for group in frame.groups]


def _known(frame: FramePlan) -> list[Chip]:
    """Who was recognised, each at the frame that introduced them."""
    return [
        (str(who.frame), f"{_quoted(who.words) or '…'} = {_quoted(who.introduced_as)}")
        for who in frame.recognised
    ]


def _few(chips: list[Chip]) -> list[Chip]:
    return [*chips[:MOST_GROUPS], *[("…", None)] * (len(chips) > MOST_GROUPS)]


def _quoted(words: Sequence[str]) -> str:
    shown = [f"“{_clipped(text)}”" for text in words[:MOST_GROUPS]]
    return ", ".join([*shown, *["…"] * (len(words) > MOST_GROUPS)])


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_WORDS else f"{text[: _LONGEST_WORDS - 1]}…"


def _lines(error: HoppingError, story: str) -> Iterator[tuple[int, str, str | None]]:
    """The story's lines about the wrong one: number and text; that of the wrong one in two."""
    if error.line is None:
        return
    lines = story.split("\n")
    for number in range(max(1, error.line - 2), min(len(lines), error.line + 2) + 1):
        text = lines[number - 1]
        at = len(text) if error.column is None else min(error.column - 1, len(text))
        wrong = number == error.line
        yield number, text[:at] if wrong else text, text[at:] if wrong else None
