"""Pictures of what a frame saw of earlier frames' pictures."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from torch import Tensor

from hopping.pixels import Seen

from .folder import save_png
from .record import FrameKey, Record, Saw

_DIMMED, _PAPER = 0.75, (236, 236, 236)


def save_saw(folder: Path, record: Record, viewer: int, seen: tuple[Seen, ...]) -> None:
    """Draw what frame `viewer` saw, and note it in the record, which is written with its picture.

    It is drawn on the pictures of its sources, where these are there.
    """
    for before in record.saw.pop(viewer, ()):
        if before.file:
            (folder / before.file).unlink(missing_ok=True)
    saw = []
    for number, one in enumerate(seen, start=1):
        source, name = one.link.source, None
        picture_of = FrameKey(False, source.frame)
        if one.mask is not None and record.is_current(picture_of):
            name = f"saw-{viewer:02}-{number}.png"
            with Image.open(folder / record.files[picture_of]) as picture:
                save_png(folder / name, draw_seen(picture.convert("RGB"), one.mask))
        words = None if source.subject is None else source.subject.words
        saw.append(Saw(source.frame, words, round(one.share, 4), one.notes, name))
    if saw:
        record.saw[viewer] = tuple(saw)


def draw_seen(picture: Image.Image, mask: Tensor) -> Image.Image:
    """The picture with all but what was seen faded out.

    Args:
        mask: bool, shape (height, width) of the U-Net's map.
    """
    height, width = mask.shape
    levels = (mask.byte() * 255).contiguous().numpy().tobytes()
    shown = Image.frombytes("L", (width, height), levels)
    paper = Image.new("RGB", picture.size, _PAPER)
    faded = Image.blend(picture, paper, _DIMMED)
    return Image.composite(picture, faded, shown.resize(picture.size, Image.Resampling.NEAREST))
