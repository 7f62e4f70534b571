"""A frame's strips as HTML: its strengths, with a slider that fades along them, and its seeds."""

from __future__ import annotations

from .addresses import address
from .desk import Job, State
from .rendering import render
from .strip_work import StripWork


def render_strip(job: Job, work: StripWork, what: str) -> str:
    """What of a strip is there.

    Args:
        what: it is of, "strengths" or "seeds".
    """
    there = [work.is_there(picture) for picture in work.pictures]
    pictures = [
        (picture.label, address(work.folder, picture.name) if is_there else None)
        for picture, is_there in zip(work.pictures, there, strict=True)
    ]
    status = _status(job, work, what, there)
    return render(f"{what}.html", number=work.key.number, pictures=pictures, status=status)


def _status(job: Job, work: StripWork, what: str, there: list[bool]) -> str:
    """What is said below a strip; nothing once all of it is there."""
    if all(there):
        return ""
    if job.state is State.FAILED:
        return f"The {what} failed: {type(job.error).__name__}: {job.error}"
    if job.state is State.CANCELLED:
        return "Cancelled."
    if job.state is State.WAITING:
        return "Waiting for what is being made …"
    return f"{sum(there)} of {len(there)} {what}, step {work.step} of {work.steps} …"
