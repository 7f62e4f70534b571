"""A run to take along: a ZIP of its pictures with their data, an animation, a storyboard as PDF."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw

from hopping.lettering import Lettering

from .record import RECORD_NAME, FrameKey, Record

MILLISECONDS = 1000
"""How long an animation shows each frame."""

_LEAST_SIDE = 256
_LONGEST_SIDE = 1024

# A4, 150 dots an inch.
_DPI = 150
_PAGE = (1240, 1754)
_MARGIN, _GAP = 75, 36
_COLUMNS = 2
_INK, _FAINT = "#202124", "#5f6368"
_CAPTION_LINES = 12


def pack_frames(folder: Path, record: Record) -> bytes:
    """A ZIP of the run's pictures as they are, each with its data in it, grid, mask and record."""
    names = [*record.files.values(), "grid.png", "mask.png"]
    buffer = io.BytesIO()
    # Pictures are packed already.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            if (folder / name).is_file():
                archive.write(folder / name, name)
        archive.writestr(RECORD_NAME, record.public())
    return buffer.getvalue()


def animate_webp(folder: Path, record: Record) -> bytes:
    """The hopped frames one after another, for ever, without loss."""
    return _animate(folder, record, "WEBP", lossless=True)


def animate_gif(folder: Path, record: Record) -> bytes:
    """The hopped frames one after another, for ever, in 256 colours each."""
    return _animate(folder, record, "GIF", optimize=False)


def draw_storyboard(folder: Path, record: Record) -> bytes:
    """A PDF of A4 pages: the hopped frames with their numbers, each with its text under it."""
    frames = _hopped(folder, record)
    width = (_PAGE[0] - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) // _COLUMNS
    pages = _Pages()
    letters = Lettering(22)
    for start in range(0, len(frames), _COLUMNS):
        row = [
            _Cell(number, text, picture, width, letters)
            for number, text, picture in frames[start : start + _COLUMNS]
        ]
        top = pages.room_for(max(cell.height for cell in row))
        for column, cell in enumerate(row):
            cell.draw(pages.last, _MARGIN + column * (width + _GAP), top)
    buffer = io.BytesIO()
    first, *others = pages.pages
    first.save(
        buffer,
        format="PDF",
        save_all=True,
        append_images=others,
        resolution=_DPI,
        quality=92,
        title=record.story.texts[0],
        producer="hopping",
    )
    return buffer.getvalue()


DOWNLOADS: dict[str, tuple[str, Callable[[Path, Record], bytes]]] = {
    "frames.zip": ("application/zip", pack_frames),
    "story.webp": ("image/webp", animate_webp),
    "story.gif": ("image/gif", animate_gif),
    "storyboard.pdf": ("application/pdf", draw_storyboard),
    RECORD_NAME: ("application/json", lambda _, record: record.public()),
}
"""For each name its media type, and what makes it. There must be one hopped picture at least."""


def _hopped(folder: Path, record: Record) -> list[tuple[int, str, Image.Image]]:
    """Number, text and picture of every hopped frame that is there."""
    frames = []
    for number, text in enumerate(record.story.texts, start=1):
        name = record.files.get(FrameKey(False, number))
        if name is not None:
            with Image.open(folder / name) as picture:
                frames.append((number, text, picture.convert("RGB")))
    return frames


def _animate(folder: Path, record: Record, kind: str, **settings: bool) -> bytes:
    first, *others = [_sized(picture) for _, _, picture in _hopped(folder, record)]
    buffer = io.BytesIO()
    first.save(
        buffer,
        format=kind,
        save_all=True,
        append_images=others,
        duration=MILLISECONDS,
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


class _Pages:
    """Pages that are filled from the top."""

    def __init__(self) -> None:
        self.pages: list[Image.Image] = []
        self._next = _PAGE[1]

    @property
    def last(self) -> Image.Image:
        return self.pages[-1]

    def room_for(self, height: int) -> int:
        """Where something of this height goes on the last page, which may be a new one."""
        if self._next + height > _PAGE[1] - _MARGIN:
            self.pages.append(Image.new("RGB", _PAGE, "#ffffff"))
            self._next = _MARGIN
        top = self._next
        self._next += height + _GAP
        return top


class _Cell:
    """One frame of a storyboard: its picture, its number, and its text under it."""

    def __init__(
        self, number: int, text: str, picture: Image.Image, width: int, letters: Lettering
    ) -> None:
        scale = min(width / picture.width, (_PAGE[1] - 2 * _MARGIN) * 0.7 / picture.height)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        self._picture = picture.resize(size, Image.Resampling.LANCZOS)
        self._letters = letters
        self._number = str(number)
        self._indent = round(letters.width("000"))
        self._lines = letters.wrap(text, width - self._indent, _CAPTION_LINES)

    @property
    def height(self) -> int:
        return self._picture.height + 12 + len(self._lines) * self._letters.line_height

    def draw(self, page: Image.Image, left: int, top: int) -> None:
        page.paste(self._picture, (left, top))
        canvas = ImageDraw.Draw(page)
        y = top + self._picture.height + 12
        self._letters.draw(canvas, left, y, self._number, _FAINT)
        for line in self._lines:
            self._letters.draw(canvas, left + self._indent, y, line, _INK)
            y += self._letters.line_height
