"""Which files of the output folder the page hands out: those that a run has left, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from starlette.responses import FileResponse, Response

from hopping.studio.downloads import DOWNLOADS, PAGES, panels
from hopping.studio.page_options import PageOptions
from hopping.studio.record import RECORD_NAME, RecordError, read_record

_NAMES = re.compile(
    r"(?:(?:frame|plain)-\d+|(?:strength|saw)-\d+-\d+|variant-\d+-[0-9a-f]+|grid|mask)\.png"
)


class RunFiles:
    """The runs under one folder."""

    def __init__(self, outputs: Path) -> None:
        self._outputs = outputs.resolve()

    def answer(self, run: str, name: str, asked: Mapping[str, str]) -> Response | None:
        """A file of a run, or a download made of it; None for all else, wherever it points.

        Args:
            asked: how pages and animations shall look, as `PageOptions` has it.

        Raises:
            OptionError: for what it cannot be.
        """
        folder = self.folder(run)
        if folder is None:
            return None
        if name in (*DOWNLOADS, *PAGES):
            try:
                record = read_record(folder)
            except RecordError:
                return None
            if not any(not key.plain for key in record.files):
                return None
            if name in PAGES:
                kind, lay_out = PAGES[name]
                made = lay_out(panels(folder, record), PageOptions.from_mapping(asked))
            else:
                kind, make = DOWNLOADS[name]
                made = make(folder, record)
            return Response(made, media_type=kind)
        if not _NAMES.fullmatch(name):
            return None
        path = _file(folder, name)
        if path is None:
            return None
        # Browsers ask again: a grid changes while its run goes on.
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    def runs(self) -> list[Path]:
        """The folders of all runs, the newest first."""
        records = self._outputs.glob(f"*/{RECORD_NAME}")
        return sorted((record.parent for record in records), key=lambda run: run.name, reverse=True)

    def folder(self, run: str) -> Path | None:
        """The folder of a run by its name; None if there is none that lies right here."""
        record = _file(self._outputs, run, RECORD_NAME)
        return None if record is None else record.parent


def _file(folder: Path, name: str, *within: str) -> Path | None:
    """A file of `folder`, or within one right in it; None for a name that is none."""
    try:
        place = (folder / name).resolve()
        path = place.joinpath(*within)
        return path if place.parent == folder and path.is_file() else None
    except (OSError, ValueError):  # too long a name, or one with a NUL
        return None
