"""A story's pictures as pages to read: panels with captions, laid out once, as PNG or as PDF."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PIL import Image, ImageDraw

from hopping.lettering import Lettering

from .page_options import PAPERS, PageOptions

# Read by what writes PDFs alone: it takes half a second.
if TYPE_CHECKING:
    from fpdf import FPDF

_DPI = 150
_MARGIN, _GAP, _PAD = 75, 30, 10
_WHITE, _INK, _FAINT, _BAND = "#ffffff", "#202124", "#5f6368", "#000000"
_BAND_OPACITY = 0.6
_CAPTION_LINES, _TITLE_LINES = 12, 3
_ON_PICTURE = 0.5  # of its height, at most


@dataclass(frozen=True)
class Panel:
    """A picture and what is said of it; empty for nothing."""

    picture: Image.Image
    caption: str = ""


class _Surface(Protocol):
    """What a page is painted on, in dots; texts stand with their middle at x and their top at y."""

    def picture(self, picture: Image.Image, box: _Box) -> None: ...

    def band(self, box: _Box) -> None: ...

    def text(self, letters: Lettering, x: float, y: float, line: str, fill: str) -> None: ...


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class _Placed:
    """A panel where it stands."""

    panel: Panel
    box: _Box
    lines: tuple[str, ...]
    letters: Lettering
    on_picture: bool

    def paint(self, surface: _Surface) -> None:
        box, height = self.box, len(self.lines) * self.letters.line_height
        surface.picture(self.panel.picture, box)
        top, ink = box.top + box.height + _PAD, _INK
        if self.on_picture and self.lines:
            top, ink = box.top + box.height - height - _PAD, _WHITE
            surface.band(_Box(box.left, top - _PAD, box.width, height + 2 * _PAD))
        for n, line in enumerate(self.lines):
            y = top + n * self.letters.line_height
            surface.text(self.letters, box.left + box.width / 2, y, line, ink)


@dataclass(frozen=True)
class _Page:
    """One page: its panels, the title's lines above them, and its number, if it has one."""

    size: tuple[int, int]
    panels: tuple[_Placed, ...]
    title: tuple[str, ...] = ()
    number: str = ""

    def paint(self, surface: _Surface) -> None:
        middle = self.size[0] / 2
        title, number = Lettering(44, bold=True), Lettering(20)
        for n, line in enumerate(self.title):
            surface.text(title, middle, _MARGIN + n * title.line_height, line, _INK)
        for placed in self.panels:
            placed.paint(surface)
        if self.number:
            surface.text(number, middle, self.size[1] - _MARGIN + _PAD, self.number, _FAINT)


def draw_pages(panels: Sequence[Panel], options: PageOptions) -> list[Image.Image]:
    """The pages as pictures of 150 dots an inch."""
    return [_drawn(page) for page in _laid_out(panels, options)]


def write_pdf(panels: Sequence[Panel], options: PageOptions) -> bytes:
    """The pages as a PDF, with texts that can be searched and read out."""
    from fpdf import FPDF

    dots = 72 / _DPI
    width, height = (side * dots for side in PAPERS[options.paper])
    document = FPDF(unit="pt", format=(width, height))
    document.set_auto_page_break(False)
    document.set_title(options.title or panels[0].caption)
    document.set_producer("hopping")
    surface = _PdfSurface(document, dots)
    for page in _laid_out(panels, options):
        document.add_page()
        page.paint(surface)
    return bytes(document.output())


def draw_captioned(panels: Sequence[Panel], options: PageOptions) -> list[Image.Image]:
    """Each panel by itself with its caption, all of one size."""
    width, height = panels[0].picture.size
    letters = Lettering(max(12, width // 24))
    lines = [_lines(panel, options, width, height, letters) for panel in panels]
    under = max(map(len, lines)) * letters.line_height if options.captions == "under" else 0
    size = (width, height + (under + 2 * _PAD if under else 0))
    box = _Box(0, 0, width, height)
    on = options.captions == "on"
    return [
        _drawn(_Page(size, (_Placed(panel, box, wrapped, letters, on),)))
        for panel, wrapped in zip(panels, lines, strict=True)
    ]


def _lines(
    panel: Panel, options: PageOptions, width: float, height: float, letters: Lettering
) -> tuple[str, ...]:
    """A panel's caption in lines, where its picture is of this size."""
    if options.captions == "none" or not panel.caption.strip():
        return ()
    most = _CAPTION_LINES
    if options.captions == "on":
        most = max(1, min(most, int(_ON_PICTURE * height / letters.line_height)))
    return tuple(letters.wrap(panel.caption, width - 2 * _PAD, most))


def _laid_out(panels: Sequence[Panel], options: PageOptions) -> Iterator[_Page]:
    """Pages on which the pictures are as large as they can be, all of one size."""
    size, per_page = PAPERS[options.paper], int(options.panels)
    heading = Lettering(44, bold=True)
    title: list[str] = []
    if options.title.strip():
        title = heading.wrap(options.title.strip(), size[0] - 2 * _MARGIN, _TITLE_LINES)
    head = len(title) * heading.line_height + _GAP if title else 0
    parts = [panels[n : n + per_page] for n in range(0, len(panels), per_page)]
    grids = [_Grid(columns, parts, options, head) for columns in range(1, per_page + 1)]
    grid = max(grids, key=lambda grid: grid.scale)
    for number in range(len(parts)):
        numbered = f"{number + 1} / {len(parts)}" if len(parts) > 1 else ""
        yield _Page(size, tuple(grid.place(number)), tuple(title if not number else ()), numbered)


class _Grid:
    """Panels in so many columns, page by page, their pictures as large as all pages have room."""

    def __init__(
        self, columns: int, parts: Sequence[Sequence[Panel]], options: PageOptions, head: int
    ) -> None:
        self._parts, self._options, self._head = parts, options, head
        self._columns, self._letters = columns, Lettering(24)
        self._rows = math.ceil(int(options.panels) / columns)
        paper = PAPERS[options.paper]
        self._room = (paper[0] - 2 * _MARGIN, paper[1] - 2 * _MARGIN)
        self._cell = (self._room[0] - (columns - 1) * _GAP) / columns
        width, height = parts[0][0].picture.size
        most = (self._free(number) / self._rows / height for number in range(len(parts)))
        self.scale = max(0.0, min(self._cell / width, *most))
        self._size = (width * self.scale, height * self.scale)

    def place(self, number: int) -> Iterator[_Placed]:
        """The panels of a page, from 0: rows one below the other, each in the middle."""
        head = self._top(number)
        rows = self._of_rows(number)
        height = len(rows) * (self._size[1] + _GAP) - _GAP + sum(map(self._under, rows))
        top = _MARGIN + head + max(0.0, self._room[1] - head - height) / 2
        for row in rows:
            step = min(self._cell, self._size[0] * 1.5) + _GAP
            left = (self._room[0] - (len(row) - 1) * step - self._size[0]) / 2 + _MARGIN
            for n, panel in enumerate(row):
                box = _Box(left + n * step, top, *self._size)
                on = self._options.captions == "on"
                yield _Placed(panel, box, self._lines(panel), self._letters, on)
            top += self._size[1] + self._under(row) + _GAP

    def _of_rows(self, number: int) -> list[Sequence[Panel]]:
        part = self._parts[number]
        return [part[n : n + self._columns] for n in range(0, len(part), self._columns)]

    def _free(self, number: int) -> float:
        """The height that is left for pictures on a page."""
        under = sum(map(self._under, self._of_rows(number)))
        return self._room[1] - self._top(number) - under - (self._rows - 1) * _GAP

    def _top(self, number: int) -> int:
        return 0 if number else self._head

    def _under(self, row: Sequence[Panel]) -> int:
        """The height of a row's captions."""
        if self._options.captions != "under":
            return 0
        lines = max(len(self._lines(panel)) for panel in row)
        return lines * self._letters.line_height + _PAD if lines else 0

    def _lines(self, panel: Panel) -> tuple[str, ...]:
        # The pictures' own size is not known before that of the captions under them.
        width, height = self._cell, self._room[1] / self._rows
        if self._options.captions == "on":
            width, height = self._size
        return _lines(panel, self._options, width, height, self._letters)


def _drawn(page: _Page) -> Image.Image:
    surface = _PngSurface(page.size)
    page.paint(surface)
    return surface.image


class _PngSurface:
    def __init__(self, size: tuple[int, int]) -> None:
        self.image = Image.new("RGB", size, _WHITE)

    def picture(self, picture: Image.Image, box: _Box) -> None:
        size = (max(1, round(box.width)), max(1, round(box.height)))
        if picture.size != size:
            enlarged = picture.width < size[0]
            how = Image.Resampling.BICUBIC if enlarged else Image.Resampling.LANCZOS
            picture = picture.resize(size, how)
        self.image.paste(picture, (round(box.left), round(box.top)))

    def band(self, box: _Box) -> None:
        left, top = round(box.left), round(box.top)
        area = (left, top, left + round(box.width), top + round(box.height))
        below = self.image.crop(area)
        shade = Image.new("RGB", below.size, _BAND)
        self.image.paste(Image.blend(below, shade, _BAND_OPACITY), area)

    def text(self, letters: Lettering, x: float, y: float, line: str, fill: str) -> None:
        letters.draw(ImageDraw.Draw(self.image), x, y, line, fill, "middle")


class _PdfSurface:
    def __init__(self, document: FPDF, dots: float) -> None:
        self._document, self._dots = document, dots
        self._names: dict[str, str] = {}

    def picture(self, picture: Image.Image, box: _Box) -> None:
        x, y, width, height = self._points(box)
        self._document.image(picture, x=x, y=y, w=width, h=height)

    def band(self, box: _Box) -> None:
        with self._document.local_context(fill_opacity=_BAND_OPACITY):
            self._document.set_fill_color(_BAND)
            x, y, width, height = self._points(box)
            self._document.rect(x, y, width, height, style="F")

    def text(self, letters: Lettering, x: float, y: float, line: str, fill: str) -> None:
        self._document.set_text_color(fill)
        x -= letters.width(line) / 2
        for font, run in letters.runs(line):
            if font.path not in self._names:
                self._names[font.path] = f"font{len(self._names)}"
                self._document.add_font(self._names[font.path], fname=font.path)
            self._document.set_font(self._names[font.path], size=letters.size * self._dots)
            self._document.text(x * self._dots, (y + letters.size) * self._dots, run)
            x += font.getlength(run)

    def _points(self, box: _Box) -> tuple[float, float, float, float]:
        dots = self._dots
        return box.left * dots, box.top * dots, box.width * dots, box.height * dots
