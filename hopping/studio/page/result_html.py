"""What has come out so far, as HTML. Whatever a user wrote is escaped, everywhere."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from hopping.mask_drawing import TokenText
from hopping.page.plan_html import frame_style, render_failure
from hopping.studio.record import FrameKey, Record, Saw
from hopping.studio.restore import OpenedStory

from .addresses import address
from .desk import Job, State
from .insight_html import render_insight
from .work import StoryWork

DOWNLOADS = (
    ("grid.png", "Grid (PNG)"),
    ("frames.zip", "Frames with their data (ZIP)"),
    ("story.webp", "Animation (WebP)"),
    ("story.gif", "Animation (GIF)"),
    ("storyboard.pdf", "Storyboard (PDF)"),
    ("story.json", "Record (JSON)"),
)


def render_progress(job: Job, work: StoryWork, ahead: int) -> str:
    """Where a run stands: bars for frames and steps, or how it ended."""
    total, made = len(work.record.keys()), len(work.record.files)
    if job.state is State.FAILED:
        return _news(work) + render_failure(_failure(job.error)) + _kept(made, total)
    if job.state is State.WAITING:
        return _status(
            "Waiting: one story is before this one."
            if ahead == 1
            else f"Waiting: {ahead} stories are before this one."
            if ahead
            else "Beginning …"
        )
    if job.state is State.CANCELLED:
        return _news(work) + _status(f"Cancelled. {_pictures(made, total)}")
    if job.state is State.DONE:
        settings = work.record.settings
        flagged = f" The model's safety checker made {', '.join(work.flagged)} black."
        return _news(work) + _status(
            f"Done: {made} pictures, seed {settings.seed}, {settings.sampler}."
            + (flagged if work.flagged else "")
        )
    what = "Encoding …" if work.key is None else f"Making {_name(work.key)} …"
    if job.is_cancelled:
        what = "Stopping …"
    return (
        _news(work)
        + _status(what)
        + _bar("Pictures", made, total)
        + _bar("Steps", work.step if work.step < work.steps else 0, work.steps or 1)
    )


def render_frames(token: str) -> str:
    """The place of a run's cards, which the page's script fetches as they come."""
    return f'<ol class="studio-frames" data-token="{html.escape(token, quote=True)}"></ol>'


def render_cards(work: StoryWork, since: int, token_text: TokenText) -> dict[str, Any]:
    """What is new of a run's frames: pictures, plain SD beside them, and what hopping did.

    Args:
        since: how many pictures there were when the page last asked.

    Returns:
        How many there are now, as `made`, and `cards`: the numbers of the frames that have changed
        since, all of them with the first picture, each with its HTML.
    """
    made = list(work.made)
    frames = range(1, len(work.record.story) + 1) if made and not since else set(made[since:])
    return {
        "made": len(made),
        "cards": [[number, _card(work, number, token_text)] for number in sorted(frames)],
    }


def _card(work: StoryWork, number: int, token_text: TokenText) -> str:
    assert work.folder is not None  # it is there before a picture is
    assert work.layout is not None
    return (
        _frame(work.record, work.folder, number)
        + _saw(work.record, work.folder, number)
        + render_insight(work.insights[number - 1], work.layout, token_text)
        + _strengths_button(work, number)
        + "</li>"
    )


def render_downloads(record: Record, folder: Path | None) -> str:
    """Links to all that a finished or cancelled run can be taken along as."""
    if folder is None or not record.files:
        return ""
    links = "".join(
        f'<li><a href="{address(folder, name)}" download="{_download_name(folder, name)}">'
        f"{label}</a></li>"
        for name, label in DOWNLOADS
    )
    grid = address(folder, "grid.png")
    inside = f"{folder.parent.name}/{folder.name}"  # whoever sees the page may be elsewhere
    texts = "; ".join(record.story.texts)
    return (
        f'<nav aria-label="Downloads"><ul class="studio-downloads">{links}</ul></nav>'
        f'<a href="{grid}" target="_blank"><img class="studio-grid" src="{grid}" '
        f'alt="The frames side by side: {html.escape(texts, quote=True)}"></a>'
        f'<p class="hopping-hint">In the folder {html.escape(inside)}</p>'
    )


def render_opened(opened: OpenedStory, model: str) -> str:
    """That a file was opened, and what of it is otherwise here."""
    notes = list(opened.notes)
    if opened.model and opened.model != model:
        notes.insert(0, f"it was made with the model {opened.model}; this page has {model}")
    told = "".join(f'<p class="hopping-note">{html.escape(note)}</p>' for note in notes)
    return _status("Opened: the story, its options and its settings are in place.") + told


def _download_name(folder: Path, name: str) -> str:
    return html.escape(f"{folder.name}-{name}", quote=True)


def _frame(record: Record, folder: Path, number: int) -> str:
    text = record.story.texts[number - 1]
    hopped = _picture(record, folder, FrameKey(False, number), f"Frame {number}, hopped")
    plain = ""
    if record.settings.compare:
        plain = _picture(record, folder, FrameKey(True, number), f"Frame {number}, plain SD")
    return (
        f'<li class="studio-frame" {frame_style(number)} data-frame="{number}">'
        f'<div class="studio-pair">{hopped}{plain}</div>'
        f'<div class="studio-caption"><span class="hopping-number">{number}</span> '
        f"<span>{html.escape(text)}</span></div>"
    )


def _saw(record: Record, folder: Path, number: int) -> str:
    """What of earlier pictures the frame saw: each with the rest faded out."""
    figures = "".join(_seen(one, folder) for one in record.saw.get(number, ()))
    return f'<div class="studio-saw">{figures}</div>' if figures else ""


def _seen(saw: Saw, folder: Path) -> str:
    words = ", ".join(f"“{html.escape(text)}”" for text in saw.words)
    what = f"{words}, {saw.share:.0%} of the picture" if words else "the whole picture"
    picture = ""
    if saw.file is not None:
        url = address(folder, saw.file)
        picture = (
            f'<a class="studio-picture" href="{url}" target="_blank">'
            f'<img src="{url}" alt="What was seen of frame {saw.source}"></a>'
        )
    notes = "".join(f'<p class="hopping-note">{html.escape(note)}</p>' for note in saw.notes)
    seen = f"<figcaption><span>saw of frame</span> <b>{saw.source}</b> {what}</figcaption>"
    return f"<figure {frame_style(saw.source)}>{picture}{seen if saw.share else ''}{notes}</figure>"


def _strengths_button(work: StoryWork, number: int) -> str:
    """Asks for the frame at several strengths, where those are not all the same."""
    made = FrameKey(False, number) in work.record.files
    if not made or work.folder is None or not len(work.insights[number - 1].seen):
        return ""
    run = html.escape(work.folder.name, quote=True)
    return (
        f'<button type="button" class="studio-strengths-button" data-run="{run}" '
        f'data-frame="{number}">Fade frame {number} between plain and hopped</button>'
    )


def _picture(record: Record, folder: Path, key: FrameKey, what: str) -> str:
    kind = "plain SD" if key.plain else "hopped"
    name = record.files.get(key)
    settings = record.settings
    shape = f'style="aspect-ratio:{settings.width}/{settings.height}"'
    if name is None:
        picture = f'<div class="studio-missing" {shape}></div>'
    else:
        text = html.escape(record.story.texts[key.number - 1], quote=True)
        url = address(folder, name)
        picture = (
            f'<a class="studio-picture" href="{url}" target="_blank">'
            f'<img src="{url}" {shape} alt="{what}: {text}"></a>'
        )
    return f"<figure>{picture}<figcaption>{kind}</figcaption></figure>"


def _failure(error: Exception | None) -> str:
    if type(error).__name__ == "OutOfMemoryError":
        return "The GPU has not enough memory for this; use a smaller width, height or batch size."
    return f"The run failed: {type(error).__name__}: {error}"


def _news(work: StoryWork) -> str:
    """By which the page's script knows that there are cards to fetch."""
    return f'<i class="studio-news" data-made="{len(work.made)}" hidden></i>'


def _kept(made: int, total: int) -> str:
    return _status(_pictures(made, total)) if made else ""


def _pictures(made: int, total: int) -> str:
    return f"{made} of {total} pictures are made and kept."


def _name(key: FrameKey) -> str:
    return f"frame {key.number}" + (" without hopping" if key.plain else "")


def _status(text: str) -> str:
    return f'<p class="studio-status" role="status">{html.escape(text)}</p>'


def _bar(label: str, value: int, of: int) -> str:
    return (
        f'<label class="studio-bar"><span>{label}</span>'
        f'<progress value="{value}" max="{of}"></progress><span>{value}/{of}</span></label>'
    )
