"""A frame's strip of strengths as HTML, with a slider that fades along it."""

from __future__ import annotations

from .addresses import address
from .desk import Job, State
from .rendering import render
from .strengths import STRENGTHS, StrengthWork


def render_strengths(job: Job, work: StrengthWork) -> str:
    """What of the strip is there; the slider, once all of it is."""
    files = {strength: work.files.get(strength) for strength in STRENGTHS}
    pictures = [
        (f"{strength:g}", None if file is None else address(work.folder, file))
        for strength, file in files.items()
    ]
    done = len(STRENGTHS) - [*files.values()].count(None)
    status = "" if done == len(STRENGTHS) else _status(job, work, done)
    return render("strengths.html", number=work.number, pictures=pictures, status=status)


def _status(job: Job, work: StrengthWork, done: int) -> str:
    if job.state is State.FAILED:
        return f"The strip failed: {type(job.error).__name__}: {job.error}"
    if job.state is State.CANCELLED:
        return "Cancelled."
    if job.state is State.WAITING:
        return "Waiting for what is being made …"
    return f"{done} of {len(STRENGTHS)} strengths, step {work.step} of {work.steps} …"
