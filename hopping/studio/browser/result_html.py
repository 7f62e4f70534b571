"""What has come out so far, as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hopping.run_options import PLAIN
from hopping.studio.page_options import PageOptions
from hopping.studio.record import FrameKey, Record, Saw
from hopping.studio.restore import OpenedStory

from .addresses import address
from .desk import Job, State
from .insight_html import insight_values
from .rendering import render
from .work import RunOnDesk, StoryWork

DOWNLOADS = (
    ("grid.png", "Grid (PNG)"),
    ("frames.zip", "Frames with their data (ZIP)"),
    ("story.json", "Record (JSON)"),
)
PAGES = (
    ("pages.pdf", "Pages (PDF)"),
    ("pages.zip", "Pages (PNG)"),
    ("story.webp", "Animation (WebP)"),
    ("story.gif", "Animation (GIF)"),
)


def render_progress(token: str, job: Job, work: StoryWork, ahead: int) -> str:
    """Where a run stands: bars for frames and steps, or how it ended."""
    total = len(work.record.wanted())
    made = total - len(work.record.missing())
    message, bars = "", []
    if job.state is State.FAILED:
        message = _failure(job.error)
        status = _pictures(made, total) if made else ""
    elif job.state is State.WAITING:
        status = _waiting(ahead)
    elif job.state is State.CANCELLED:
        status = f"Cancelled. {_pictures(made, total)}"
    elif job.state is State.DONE:
        settings = work.record.settings
        status = f"Done: {made} pictures, seed {settings.seed}, {settings.sampler}."
        if work.to_make < len(work.record.story):
            status += f" {_frames(work.to_make, len(work.record.story))} made, the others kept."
        if work.flagged:
            status += f" The model's safety checker made {', '.join(work.flagged)} black."
    else:
        status = "Encoding …" if work.key is None else f"Making {_name(work.key)} …"
        if work.memory:
            status += f" ({work.memory})"
        if job.is_cancelled:
            status = "Stopping …"
        step = work.step if work.step < work.steps else 0
        bars = [("Pictures", made, total), ("Steps", step, work.steps or 1)]
    news = _news(token, work.folder, len(work.made))
    busy = not job.finished
    return render("progress.html", news=news, message=message, status=status, bars=bars, busy=busy)


def render_opened_run(record: Record, folder: Path) -> str:
    """As `render_progress`, of a run that is not being made."""
    status = _pictures(len(record.files), len(record.keys()))
    news = _news(folder.name, folder, len(record.files))
    return render("progress.html", news=news, message="", status=status, bars=[], busy=False)


def render_unchanged() -> str:
    """As `render_progress`, where nothing is to be made."""
    status = (
        "Nothing has changed, so nothing is made. Reword a frame, or press its Again; "
        "All again draws another seed for the whole story."
    )
    return render("progress.html", news=None, message="", status=status, bars=[], busy=False)


def render_stock(record: Record, desk: str) -> str:
    """Which frames a run of this record makes, asked by a page with this on its desk."""
    missing = record.missing()
    numbers = sorted({key.number for key in missing})
    changed = [key.number for key in missing if not key.plain]
    told = _frames(len(numbers), len(record.story))
    return render("stock.html", numbers=numbers, changed=changed, told=told, desk=desk)


def _news(of: str, folder: Path | None, made: int) -> dict[str, Any] | None:
    """By what the page's script asks for cards, of which run they are, and how many pictures."""
    return None if folder is None else {"of": of, "run": folder.name, "made": made}


def render_cards(work: RunOnDesk, since: int, tokenizer: Any, more: bool = False) -> dict[str, Any]:
    """What is new of a run's frames: pictures, plain SD beside them, and what hopping did.

    Args:
        since: how much there was when the page last asked.
        more: whether the page is to ask again.

    Returns:
        How much there is now, as `made`, `more`, and `cards`: the numbers of the frames that have
        changed since, each with its HTML.
    """
    made = list(work.made)
    cards = [[number, _card(work, number, tokenizer)] for number in sorted(set(made[since:]))]
    return {"made": len(made), "more": more, "cards": cards}


def _card(work: RunOnDesk, number: int, tokenizer: Any) -> str:
    record, folder = work.record, work.folder
    assert folder is not None  # it is there before a picture is
    settings = record.settings
    hopped, given = FrameKey(False, number), record.story.frames[number - 1].picture is not None
    kinds = {"your picture" if given else "hopped": hopped}
    if settings.compare:
        kinds[PLAIN] = FrameKey(True, number)
    saw = record.saw.get(number, ())
    return render(
        "card.html",
        number=number,
        seed=record.story.seeds(settings.seed, settings.same_noise)[number - 1],
        text=record.story.texts[number - 1],
        shape=f"aspect-ratio:{settings.width}/{settings.height}",
        pictures=[(kind, _address(folder, record.files.get(key))) for kind, key in kinds.items()],
        notes=[note for one in saw for note in one.notes],
        saw=[(one, _address(folder, one.file), _what_was_seen(one)) for one in saw if one.share],
        # A strip is of something only where the strengths are not all the same.
        fades=not given and hopped in record.files and _sees_others(work, number),
        run=folder.name,
        refusal=work.refusal,
        **_insight(work, number, tokenizer),
    )


def _sees_others(work: RunOnDesk, number: int) -> bool:
    return work.plan is not None and len(work.plan.visibility.context(number)) > 0


def _insight(work: RunOnDesk, number: int, tokenizer: Any) -> Mapping[str, Any]:
    """What `insight.html` has of a frame; no change as long as it is not found out."""
    if work.plan is None or number > len(work.insights):
        return {"change": None, "words": []}
    return insight_values(work.insights[number - 1], work.plan.layout, tokenizer)


def render_downloads(record: Record, folder: Path | None) -> str:
    """Links to all that a finished or cancelled run can be taken along as."""
    if folder is None or not record.files:
        return ""
    return render(
        "downloads.html",
        downloads=DOWNLOADS,
        pages=PAGES,
        rows=PageOptions.rows(),
        folder=folder,
        address=address,
        texts=record.story.texts,
    )


def render_opened(opened: OpenedStory, model: str, dtype: str) -> str:
    """That a file was opened, and what of it is otherwise here."""
    notes = list(opened.notes)
    if opened.dtype not in ("", dtype):
        notes.insert(0, f"it was made in {opened.dtype}; this page computes in {dtype}")
    if opened.model and opened.model != model:
        notes.insert(0, f"it was made with the model {opened.model}; this page has {model}")
    return render("opened.html", notes=notes)


def _address(folder: Path, name: str | None) -> str | None:
    return None if name is None else address(folder, name)


def _what_was_seen(saw: Saw) -> str:
    if saw.words is None:
        return "the whole picture"
    return f"“{saw.words}”, {saw.share:.0%} of the picture"


def _waiting(ahead: int) -> str:
    if not ahead:
        return "Beginning …"
    stories = "one story is" if ahead == 1 else f"{ahead} stories are"
    return f"Waiting: {stories} before this one."


def _failure(error: Exception | None) -> str:
    if type(error).__name__ == "OutOfMemoryError":
        return "The GPU has not enough memory for this; use a smaller width, height or batch size."
    return f"The run failed: {type(error).__name__}: {error}"


def _pictures(made: int, total: int) -> str:
    return f"{made} of {total} pictures are made and kept."


def _frames(made: int, of: int) -> str:
    return f"{made} of {of} frames {'is' if made == 1 else 'are'}"


def _name(key: FrameKey) -> str:
    return f"frame {key.number}" + (" without hopping" if key.plain else "")
