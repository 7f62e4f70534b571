"""The stories in the output folder, as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from hopping.studio.record import FrameKey, Record, RecordError, read_record

from .addresses import address
from .rendering import render

_MOST = 60


class _PastRun(NamedTuple):
    name: str
    picture: str
    first: str
    created: str
    state: str


def render_past(folders: Iterable[Path]) -> str:
    """Those that have a picture, each with its first frame, its date and how far it has come.

    Args:
        folders: of the runs, the newest first.
    """
    rest = iter(folders)
    shown = list(islice(filter(None, map(_past_run, rest)), _MOST))
    return render("past.html", runs=shown, older=sum(1 for _ in rest))


def _past_run(folder: Path) -> _PastRun | None:
    try:
        record = read_record(folder)
    except RecordError:
        return None
    hopped = sorted(key for key in record.files if not key.plain)
    if not hopped:
        return None
    return _PastRun(
        folder.name,
        address(folder, record.files[hopped[0]]),
        _first_words(record),
        record.created.replace("T", " "),
        _state(record),
    )


def _first_words(record: Record) -> str:
    first = record.story.frames[0]
    return first.text[slice(*first.own)]


def _state(record: Record) -> str:
    frames = len(record.story)
    made = sum(FrameKey(False, number) in record.files for number in range(1, frames + 1))
    return f"{made} of {frames} frames are made" if made < frames else f"{frames} frames"
