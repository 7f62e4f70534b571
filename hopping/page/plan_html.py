"""The plan of a story as HTML for the page. Whatever a user wrote is escaped, everywhere.

Labels stand in elements of their own, so that the host's localisation finds them.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from hopping.errors import HoppingError
from hopping.layout import CONTENT
from hopping.mask_drawing import frame_colour
from hopping.plan import MOST_GROUPS, FramePlan, Group, StoryPlan
from hopping.values import listed, ranges

EMPTY_TEXT = "Write one prompt per line; the plan follows as you type."
FAILED_TEXT = "The plan cannot be made:"
NOTED_TEXT = "Frames with a note:"

_LONG = 12
"""Frames from which on a plan is too long to be seen at once."""

_MOST_JUMPS = 24
_LONGEST_WORDS = 60


def render_plan(plan: StoryPlan, serial: int = 0) -> str:
    """Layout and why, then for each frame its tokens, whom it sees and what it is shown.

    The frames stand in a box that scrolls; over that of a long story are buttons that lead to the
    frames that have a note. However long the story is, a frame's part has a bounded length beside
    its text.

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
    box = (
        '<div class="hopping-plan-scroll" tabindex="0" role="region" aria-label="Plan">'
        f'<ol class="hopping-frames">{frames}</ol></div>'
    )
    return _wrap(f"{head}{_notes(plan.notes)}{_jumps(plan.frames)}{box}", serial)


def _jumps(frames: Sequence[FramePlan]) -> str:
    """Buttons for the frames of a long plan that have a note; the page's script goes there."""
    noted = [frame.number for frame in frames if frame.notes]
    if len(frames) < _LONG or not noted:
        return ""
    buttons = " ".join(
        f'<button type="button" class="hopping-jump" data-frame="{number}">{number}</button>'
        for number in noted[:_MOST_JUMPS]
    )
    more = f" <span>… ({len(noted)})</span>" if len(noted) > _MOST_JUMPS else ""
    return f'<p class="hopping-jumps"><span>{NOTED_TEXT}</span> {buttons}{more}</p>'


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
    notes = _notes(frame.notes)
    return (
        f'<li class="hopping-frame" {frame_style(frame.number)} data-line="{frame.line}">'
        f'<span class="hopping-number">{frame.number}</span>'
        f'<div class="hopping-body"><p class="hopping-text">{_escape(frame.text)}</p>'
        f'<p class="hopping-facts">'
        f'<span class="hopping-bar"><i style="width:{filled}%"></i></span>'
        f'<span class="hopping-count">{frame.tokens}/{limit} <span>tokens used</span></span>'
        f"{windows}{_sees(frame, with_words)}</p>{_who(frame)}{notes}</div></li>"
    )


def _notes(notes: Iterable[str]) -> str:
    return "".join(f'<p class="hopping-note">{_escape(note)}</p>' for note in notes)


def _sees(frame: FramePlan, with_words: bool) -> str:
    if not frame.sources:
        return '<span class="hopping-sees"><span>sees no other frame</span></span>'
    if with_words:
        chips = [_group(group) for group in frame.groups]
    else:
        chips = [_chip(numbers) for numbers in ranges(frame.sources)]
    more = ' <span class="hopping-chip">…</span>' if len(chips) > MOST_GROUPS else ""
    return (
        f'<span class="hopping-sees"><span>sees</span> {"".join(chips[:MOST_GROUPS])}{more}</span>'
    )


def _who(frame: FramePlan) -> str:
    """Who was recognised, each in the colour of the frame that introduced them, and who is new."""
    if frame.number == 1 or not frame.who:
        return ""
    known = [
        _chip(str(who.frame), f" {_words(who.words) or '…'} = {_words(who.introduced_as)}")
        for who in frame.recognised
    ]
    chips = "".join(known[:MOST_GROUPS]) or " <span>nobody known</span>"
    more = ' <span class="hopping-chip">…</span>' if len(known) > MOST_GROUPS else ""
    new = f" <span>new</span> {_words(frame.new)}" if frame.new else ""
    return f'<p class="hopping-facts hopping-who"><span>who</span> {chips}{more}{new}</p>'


def _words(words: Sequence[str]) -> str:
    quoted = ", ".join(f"“{_escape(_clipped(text))}”" for text in words[:MOST_GROUPS])
    return quoted + (", …" if len(words) > MOST_GROUPS else "")


def _group(group: Group) -> str:
    shown = _words(group.words)
    return _chip(listed(group.sources), f" {shown}" if shown else " <span>nothing</span>")


def _chip(numbers: str, words: str = "") -> str:
    """One frame's chip has its colour; that of several has none."""
    colour = f" {frame_style(int(numbers))}" if numbers.isdigit() else ""
    return f'<span class="hopping-chip"{colour}><b>{numbers}</b>{words}</span>'


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_WORDS else f"{text[: _LONGEST_WORDS - 1]}…"


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
    # Half a character, which an error is about, cannot be sent.
    return html.escape(text.encode("utf-8", "replace").decode("utf-8"), quote=True)
