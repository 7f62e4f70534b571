"""A frame's strip of strengths as HTML, with a slider that fades along it."""

from __future__ import annotations

import html

from .addresses import address
from .desk import Job, State
from .strengths import STRENGTHS, StrengthWork


def render_strengths(job: Job, work: StrengthWork) -> str:
    """What of the strip is there; the slider, once all of it is."""
    done = [strength for strength in STRENGTHS if strength in work.files]
    number = work.number
    items = "".join(_item(work, strength) for strength in STRENGTHS)
    fader = _fader(work) if len(done) == len(STRENGTHS) else _status(job, work, len(done))
    return (
        f'<section class="studio-strengths" aria-label="Frame {number} from plain to hopped">'
        f"<h3>Frame {number}, from plain to hopped</h3>"
        f'<ol class="studio-strip-pictures">{items}</ol>{fader}</section>'
    )


def _item(work: StrengthWork, strength: float) -> str:
    if strength not in work.files:
        picture = '<div class="studio-missing"></div>'
    else:
        url = address(work.folder, work.files[strength])
        alt = f"Frame {work.number} at strength {strength:g}"
        picture = (
            f'<a class="studio-picture" href="{url}" target="_blank">'
            f'<img src="{url}" alt="{alt}"></a>'
        )
    return f"<li>{picture}<span>{strength:g}</span></li>"


def _fader(work: StrengthWork) -> str:
    """All pictures upon each other; the page's script lets two neighbours through."""
    pictures = "".join(
        f'<img src="{address(work.folder, work.files[strength])}" alt="">' for strength in STRENGTHS
    )
    return (
        f'<div class="studio-fader"><div class="studio-stack">{pictures}</div>'
        '<label><span>Strength</span> <input type="range" min="0" max="1" step="0.01" value="1" '
        'class="studio-fade"> <output>1</output></label></div>'
    )


def _status(job: Job, work: StrengthWork, done: int) -> str:
    if job.state is State.FAILED:
        text = f"The strip failed: {type(job.error).__name__}: {job.error}"
    elif job.state is State.CANCELLED:
        text = "Cancelled."
    elif job.state is State.WAITING:
        text = "Waiting for what is being made …"
    else:
        text = f"{done} of {len(STRENGTHS)} strengths, step {work.step} of {work.steps} …"
    return f'<p class="studio-status" role="status">{html.escape(text)}</p>'
