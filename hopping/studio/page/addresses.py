"""Where the page listens, and where it finds the files of a run."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

HOST, PORT = "127.0.0.1", 7870

FILES = "hopping/runs"
"""Below it are the runs' folders, as `server.py` serves them."""


def address(folder: Path, name: str) -> str:
    """The address of a file of a run, from the page."""
    return f"{FILES}/{quote(folder.name)}/{quote(name)}"
