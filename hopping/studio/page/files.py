"""Which files of the output folder the page hands out: those that a run has left, by name."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.responses import FileResponse, Response

from hopping.studio.downloads import DOWNLOADS
from hopping.studio.record import RECORD_NAME, read_record

_NAMES = re.compile(r"(?:(?:frame|plain)-\d+|(?:strength|saw)-\d+-\d+|grid|mask)\.png")


class RunFiles:
    """The runs under one folder."""

    def __init__(self, outputs: Path) -> None:
        self._outputs = outputs.resolve()

    def answer(self, run: str, name: str) -> Response | None:
        """A file of a run, or a download made of it; None for all else, wherever it points."""
        folder = self.folder(run)
        if folder is None:
            return None
        if name in DOWNLOADS:
            record = read_record(folder)
            if not any(not key.plain for key in record.files):
                return None
            kind, make = DOWNLOADS[name]
            return Response(make(folder, record), media_type=kind)
        if not _NAMES.fullmatch(name):
            return None
        path = (folder / name).resolve()
        if path.parent != folder or not path.is_file():
            return None
        # Browsers ask again: a grid changes while its run goes on.
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    def folder(self, run: str) -> Path | None:
        """The folder of a run by its name; None if there is none that lies right here."""
        folder = (self._outputs / run).resolve()
        if folder.parent != self._outputs or not (folder / RECORD_NAME).is_file():
            return None
        return folder
