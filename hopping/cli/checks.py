"""What can be wrong with files that a command names, found before a model is loaded for nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryFile

from hopping.errors import HoppingError


def read_source(file: str) -> str:
    """A story's text from a file, or from standard input for "-".

    Windows' line ends and byte order marks are taken off.

    Raises:
        HoppingError: if it is not text in UTF-8 or, with its mark, UTF-16.
    """
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    name = "standard input" if file == "-" else file
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise HoppingError(f"{name} is not UTF-8 text (line {line}); save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check_folder(flag: str, folder: Path) -> None:
    """Raises HoppingError if nothing can be written into `folder`, be it there or still to make."""
    nearest = folder.absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise HoppingError(f"{flag} {folder} cannot be used: {nearest} is not a folder")
    try:
        TemporaryFile(dir=nearest).close()
    except OSError as error:
        raise HoppingError(
            f"{flag} {folder} cannot be used: nothing can be written into {nearest} "
            f"({error.strerror})"
        ) from error


def check_file(flag: str, file: Path) -> None:
    """Raises HoppingError if no file can be written at `file`."""
    if file.is_dir():
        raise HoppingError(f"{flag} {file} is a folder; name a file")
    if not file.absolute().parent.is_dir():
        raise HoppingError(f"{flag} {file} cannot be used: there is no folder {file.parent}")
    check_folder(flag, file.parent)
