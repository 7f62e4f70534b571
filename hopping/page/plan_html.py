"""The plan of a story as HTML for the page. Whatever a user wrote is escaped, everywhere.

Labels stand in elements of their own, so that the host's localisation finds them.
"""

from __future__ import annotations

import html

from hopping.errors import HoppingError
from hopping.figure import frame_colour
from hopping.layout import CONTENT
from hopping.plan import FramePlan, StoryPlan

EMPTY_TEXT = "Write one prompt per line; the plan follows as you type."
FAILED_TEXT = "The plan cannot be made:"


def render_plan(plan: StoryPlan, serial: int = 0) -> str:
    """Layout and why, then for each frame its tokens, whom it sees and what it is shown.

    Args:
        serial: number of the request, by which the page tells that it has been answered.
    """
    frames = "".join(_frame(frame, plan.shares_subject) for frame in plan.frames)
    word = "frame" if len(plan.frames) == 1 else "frames"
    head = (
        f'<p class="hopping-plan-head"><b>{len(plan.frames)}</b> <span>{word}</span>'
        f'<span class="hopping-badge">{plan.layout.kind}</span>'
        f'<span class="hopping-reason">{_escape(plan.layout.reason)}</span></p>'
    )
    return _wrap(f'{head}<ol class="hopping-frames">{frames}</ol>', serial)


def render_error(error: HoppingError, story: str, serial: int = 0) -> str:
    """What is wrong, and the story's lines with the wrong one marked where it is known."""
    message = f'<p class="hopping-error"><b>{FAILED_TEXT}</b> {_escape(str(error))}</p>'
    if error.line is None:
        return _wrap(message, serial)
    lines = story.split("\n")
    shown = range(max(0, error.line - 3), min(len(lines), error.line + 2))
    listing = "".join(_line(lines[n], n + 1, error) for n in shown)
    return _wrap(f'{message}<div class="hopping-listing">{listing}</div>', serial)


def render_empty(serial: int = 0, reason: str = EMPTY_TEXT) -> str:
    """What stands where there is no plan yet, and nothing is wrong: no story is written, say."""
    return _wrap(f'<p class="hopping-hint">{_escape(reason)}</p>', serial)


def render_failure(message: str) -> str:
    """An error at the result, in the host's own dress."""
    return f'<div class="error hopping-error">{_escape(message)}</div>'


def frame_style(number: int) -> str:
    """The attribute that gives an element the colour of frame `number`, as in saved pictures."""
    return f'style="--hopping-frame:{frame_colour(number, strong=True)}"'


def _frame(frame: FramePlan, with_words: bool) -> str:
    limit = CONTENT * frame.windows
    filled = round(100 * frame.tokens / limit)
    windows = (
        f'<span class="hopping-windows">{frame.windows} <span>windows of 75</span></span>'
        if frame.windows > 1
        else ""
    )
    notes = "".join(f'<p class="hopping-note">{_escape(note)}</p>' for note in frame.notes)
    return (
        f'<li class="hopping-frame" {frame_style(frame.number)} data-line="{frame.line}">'
        f'<span class="hopping-number">{frame.number}</span>'
        f'<div class="hopping-body"><p class="hopping-text">{_escape(frame.text)}</p>'
        f'<p class="hopping-facts">'
        f'<span class="hopping-bar"><i style="width:{filled}%"></i></span>'
        f'<span class="hopping-count">{frame.tokens}/{limit} <span>tokens used</span></span>'
        f"{windows}{_sees(frame, with_words)}</p>{notes}</div></li>"
    )


def _sees(frame: FramePlan, with_words: bool) -> str:
    if not frame.sources:
        return '<span class="hopping-sees"><span>sees no other frame</span></span>'
    chips = "".join(_chip(source, frame, with_words) for source in frame.sources)
    return f'<span class="hopping-sees"><span>sees</span> {chips}</span>'


def _chip(source: int, frame: FramePlan, with_words: bool) -> str:
    words = ""
    if with_words:
        shown = ", ".join(f"“{_escape(text)}”" for text in frame.shown[source])
        words = f" {shown}" if shown else " <span>nothing</span>"
    return f'<span class="hopping-chip" {frame_style(source)}><b>{source}</b>{words}</span>'


def _line(text: str, number: int, error: HoppingError) -> str:
    """One line of the story as written; in the wrong one, a mark at the column."""
    if number != error.line:
        return f'<div><span class="hopping-gutter">{number}</span>{_escape(text)}</div>'
    at = len(text) if error.column is None else min(error.column - 1, len(text))
    before, wrong = _escape(text[:at]), _escape(text[at:]) or "&nbsp;"
    marked = wrong if error.column is None and not before else f"{before}<mark>{wrong}</mark>"
    return (
        f'<div class="hopping-wrong" data-line="{number}" data-column="{at + 1}">'
        f'<span class="hopping-gutter">{number}</span>{marked}</div>'
    )


def _wrap(inner: str, serial: int) -> str:
    return f'<div class="hopping-plan" data-serial="{serial}">{inner}</div>'


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
