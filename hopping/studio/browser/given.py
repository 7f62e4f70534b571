"""The pictures that visitors of the page give for frames: kept in the output folder, by name."""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image

from hopping.errors import OptionError
from hopping.page.limits import LIMITS
from hopping.studio.folder import picture_digest, save_png
from hopping.studio.picture_files import read_picture, shows_through
from hopping.studio.restore import MOST_BYTES

FOLDER = "pictures"
_MOST_PIXELS = 2**26
_DIGITS, _LONGEST = 8, 40
_NAMES = re.compile(r"[\w-]+\.png")


def take_picture(folder: Path, name: str, data: bytes) -> str:
    """Keep a picture without what else its file says; gives the name by which stories have it.

    Args:
        folder: where it is kept. Nothing there is written over by anything else.
        name: of the visitor's file.

    Raises:
        OptionError: for what is no picture, or too large a one.
    """
    if len(data) > MOST_BYTES:
        raise OptionError(f"the picture is too large (allowed: {MOST_BYTES >> 20} MB)")
    image = read_picture(io.BytesIO(data), name, _MOST_PIXELS)
    image = image.convert("RGBA" if shows_through(image) else "RGB")
    side = LIMITS["width"][1]  # more is never used
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    words = re.sub(r"[\W_]+", "-", Path(name).stem)[:_LONGEST].strip("-") or "picture"
    kept = f"{words}-{picture_digest(image)[:_DIGITS]}.png"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / kept).exists():
        save_png(folder / kept, image)
    return kept


def picture_path(folder: Path, name: str) -> Path | None:
    """The file of a picture that was given; None for every other name."""
    path = folder / name if _NAMES.fullmatch(name) else None
    return path if path is not None and path.is_file() else None
