"""Where the page listens, and where it finds the files of a run."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import quote

from hopping.errors import HoppingError

HOST, PORT = "127.0.0.1", 7870

FILES = "hopping/runs"
"""Below it are the runs' folders, as `server.py` serves them."""


def address(folder: Path, name: str) -> str:
    """The address of a file of a run, from the page.

    What is made anew in its place has another one: a page shows on what it has of an address.
    """
    try:
        version = f"?{(folder / name).stat().st_mtime_ns}"
    except FileNotFoundError:  # a download, which is made when it is asked for
        version = ""
    return f"{FILES}/{quote(folder.name)}/{quote(name)}{version}"


def refuse_taken(host: str, port: int) -> None:
    """Raises HoppingError if the page cannot listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        raise HoppingError(
            f"the page cannot listen at {host}, port {port} ({error.strerror}); choose another "
            "with --port"
        ) from error
