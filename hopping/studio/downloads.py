"""A run to take along: its pictures with their data, as pages to read, as an animation."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from PIL import Image

from .folder import png_bytes
from .page_options import PageOptions
from .pages import Panel, draw_captioned, draw_pages, write_pdf
from .record import RECORD_NAME, FrameKey, Record

_LEAST_SIDE = 256
_LONGEST_SIDE = 1024


def pack_frames(folder: Path, record: Record) -> bytes:
    """A ZIP of the run's pictures as they are, each with its data in it, grid, mask and record."""
    names = [*record.files.values(), "grid.png", "mask.png"]
    there = ((name, (folder / name).read_bytes()) for name in names if (folder / name).is_file())
    return _packed(chain(there, [(RECORD_NAME, record.public())]))


def animate_webp(shown: Sequence[Panel], options: PageOptions) -> bytes:
    """The pictures one after another, for ever, without loss."""
    return _animate(shown, options, "WEBP", lossless=True)


def animate_gif(shown: Sequence[Panel], options: PageOptions) -> bytes:
    """The pictures one after another, for ever, in 256 colours each."""
    return _animate(shown, options, "GIF", optimize=False)


def pack_pages(shown: Sequence[Panel], options: PageOptions) -> bytes:
    """A ZIP of the pages as pictures."""
    drawn = enumerate(draw_pages(shown, options), start=1)
    return _packed((f"page-{n:02}.png", png_bytes(page)) for n, page in drawn)


DOWNLOADS: dict[str, tuple[str, Callable[[Path, Record], Any]]] = {
    "frames.zip": ("application/zip", pack_frames),
    RECORD_NAME: ("application/json", lambda _, record: record.public()),
}
"""For each name its media type, and what makes it. There must be one hopped picture at least."""

PAGES: dict[str, tuple[str, Callable[[Sequence[Panel], PageOptions], bytes]]] = {
    "pages.pdf": ("application/pdf", write_pdf),
    "pages.zip": ("application/zip", pack_pages),
    "story.webp": ("image/webp", animate_webp),
    "story.gif": ("image/gif", animate_gif),
}
"""The same of what is laid out of `panels`, in several ways."""


def panels(folder: Path, record: Record) -> list[Panel]:
    """Every hopped picture that is there, with its caption: what its line says behind #; in a story
    without such, its number and its prompt."""
    frames = record.story.frames
    captions = [frame.comment for frame in frames]
    if not any(captions):
        captions = [f"{frame.number}. {frame.text[slice(*frame.own)]}" for frame in frames]
    found = []
    for frame, caption in zip(frames, captions, strict=True):
        name = record.files.get(FrameKey(False, frame.number))
        if name is not None:
            with Image.open(folder / name) as picture:
                found.append(Panel(picture.convert("RGB"), caption))
    return found


def _packed(files: Iterable[tuple[str, bytes | str]]) -> bytes:
    buffer = io.BytesIO()
    # Pictures are packed already.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def _animate(shown: Sequence[Panel], options: PageOptions, kind: str, **settings: bool) -> bytes:
    sized = [Panel(_sized(panel.picture), panel.caption) for panel in shown]
    first, *others = draw_captioned(sized, options)
    buffer = io.BytesIO()
    first.save(
        buffer,
        format=kind,
        save_all=True,
        append_images=others,
        duration=options.durations(len(shown)),
        loop=0,
        **settings,
    )
    return buffer.getvalue()


def _sized(picture: Image.Image) -> Image.Image:
    """Small pictures enlarged by a whole factor, very large ones made smaller."""
    side = max(picture.size)
    if side < _LEAST_SIDE:
        factor = _LEAST_SIDE // side
        return picture.resize(
            (picture.width * factor, picture.height * factor), Image.Resampling.BICUBIC
        )
    if side > _LONGEST_SIDE:
        picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    return picture
