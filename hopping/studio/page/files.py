"""Which files of the output folder the page hands out: those that a run has left, by name."""

from __future__ import annotations

import re
from pathlib import Path

from hopping.studio.record import RECORD_NAME

_NAMES = re.compile(r"(?:(?:frame|plain)-\d+(?:-at-\d+)?|grid|mask)\.png|story\.json")


class RunFiles:
    """The runs under one folder."""

    def __init__(self, outputs: Path) -> None:
        self._outputs = outputs.resolve()

    def folder(self, run: str) -> Path | None:
        """The folder of a run by its name; None if there is none that lies right here."""
        folder = (self._outputs / run).resolve()
        if folder.parent != self._outputs or not (folder / RECORD_NAME).is_file():
            return None
        return folder

    def find(self, run: str, name: str) -> Path | None:
        """A file of a run; None for anything else, wherever it points."""
        folder = self.folder(run)
        if folder is None or not _NAMES.fullmatch(name):
            return None
        path = (folder / name).resolve()
        return path if path.parent == folder and path.is_file() else None
