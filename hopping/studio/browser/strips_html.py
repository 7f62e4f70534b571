"""A frame's strips as HTML: its strengths, with a slider that fades along them, and its seeds."""

from __future__ import annotations

from .addresses import address
from .desk import Job, State
from .rendering import render
from .strengths import STRENGTHS, StrengthWork
from .variants import VariantWork


def render_strengths(job: Job, work: StrengthWork) -> str:
    """What of the strip is there; the slider, once all of it is."""
    files = {strength: work.files.get(strength) for strength in STRENGTHS}
    pictures = [
        (f"{strength:g}", None if file is None else address(work.folder, file))
        for strength, file in files.items()
    ]
    status = _status(job, work, "strengths", [file is not None for file in files.values()])
    return render("strengths.html", number=work.number, pictures=pictures, status=status)


def render_variants(job: Job, work: VariantWork) -> str:
    """What of them is there, each with what takes it."""
    number = work.key.number
    pictures = []
    for record in work.records:
        settings, name = record.settings, work.name(record)
        seed = record.story.seeds(settings.seed, settings.same_noise)[number - 1]
        there = (work.folder / name).is_file()
        pictures.append((seed, address(work.folder, name) if there else None))
    status = _status(job, work, "seeds", [file is not None for _, file in pictures])
    return render("variants.html", number=number, pictures=pictures, status=status)


def _status(job: Job, work: StrengthWork | VariantWork, what: str, there: list[bool]) -> str:
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
