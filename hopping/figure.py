"""The captioned grid of a story (the paper's fig. 8).

Plain pictures and texts in, one Pillow picture out; nothing here knows of stories. All is drawn by
Pillow alone, so it runs in servers and threads, and inside a WebUI.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from .lettering import Lettering

_PAPER = "#ffffff"
_INK = "#202124"
_EMPTY = "#e8eaed"

# The grid is an overview, the frames themselves are kept beside it: cells this large at most.
_CELL_LEAST, _CELL_MOST = 256, 512
_GRID_WIDTH = 4096
_GRID_PIXELS = 64_000_000
_CAPTION_LINES = 16
_TITLE_LINES = 3


def story_grid(
    rows: Sequence[Sequence[Image.Image | None]],
    captions: Sequence[str] = (),
    titles: Sequence[str] = (),
) -> Image.Image:
    """Frames side by side, each column under its caption; many columns go on in further bands.

    Small pictures are enlarged by a whole factor, large ones shrunk.

    Args:
        rows: for each row its frames; None, or a row that ends early, leaves a cell empty.
        captions: the text over each column, in any script; empty for a grid without.
        titles: what made each row, in a column before it.

    Raises:
        ValueError: if there is no picture.
    """
    pictures = [picture for row in rows for picture in row if picture is not None]
    if not pictures:
        raise ValueError("a grid needs at least one picture")
    columns = max(len(captions), *(len(row) for row in rows))
    cell = _cell_size(pictures[0].size, columns * len(rows))
    gap = max(4, cell[0] // 32)
    letters = Lettering(max(12, min(24, cell[0] // 17)))
    names = Lettering(letters.size, bold=True)
    signs = [names.wrap(title, cell[1], _TITLE_LINES) for title in titles[: len(rows)]]
    title_width = _title_width(signs, letters)
    fit = max(1, (_GRID_WIDTH - title_width - gap) // (cell[0] + gap))
    bands = math.ceil(columns / fit)
    per_band = math.ceil(columns / bands)

    wrapped = [letters.wrap(caption, cell[0], _CAPTION_LINES) for caption in captions]
    starts = range(0, columns, per_band)
    caption_heights = [
        max((len(lines) for lines in wrapped[start : start + per_band]), default=0)
        * letters.line_height
        for start in starts
    ]
    row_height = cell[1] + gap
    width = title_width + gap + per_band * (cell[0] + gap)
    height = gap + sum(h + (gap if h else 0) + len(rows) * row_height for h in caption_heights)
    grid = Image.new("RGB", (width, height + gap * (bands - 1)), _PAPER)
    canvas = ImageDraw.Draw(grid)

    y = gap
    for start, caption_height in zip(starts, caption_heights, strict=True):
        for column in range(start, min(start + per_band, columns)):
            x = title_width + gap + (column - start) * (cell[0] + gap)
            if column < len(wrapped):
                # Captions of different lengths stand on their pictures, not under the ceiling.
                top = y + caption_height - len(wrapped[column]) * letters.line_height
                for n, line in enumerate(wrapped[column]):
                    middle = x + cell[0] / 2
                    letters.draw(
                        canvas, middle, top + n * letters.line_height, line, _INK, "middle"
                    )
            top = y + caption_height + (gap if caption_height else 0)
            for n, row in enumerate(rows):
                picture = row[column] if column < len(row) else None
                _place(grid, picture, (x, top + n * row_height), cell)
        top = y + caption_height + (gap if caption_height else 0)
        if title_width:
            for n, lines in enumerate(signs):
                sign = names.upright(lines, _INK)
                middle = top + n * row_height + (cell[1] - sign.height) // 2
                grid.paste(sign, (gap, middle), sign)
        y = top + len(rows) * row_height + gap
    return grid


def largest_cell(cells: int) -> int:
    """The longest side, in pixels, at which a grid of so many cells shows a picture."""
    return min(_CELL_MOST, max(64, math.isqrt(_GRID_PIXELS // cells)))


def _title_width(signs: Sequence[Sequence[str]], letters: Lettering) -> int:
    lines = max((len(sign) for sign in signs if any(sign)), default=0)
    return lines * letters.line_height + letters.size // 2 if lines else 0


def _cell_size(size: tuple[int, int], cells: int) -> tuple[int, int]:
    side = max(size)
    most = largest_cell(cells)
    if side < _CELL_LEAST and (factor := min(_CELL_LEAST, most) // side) > 0:
        return size[0] * factor, size[1] * factor
    scale = min(1.0, most / side)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _place(
    grid: Image.Image, picture: Image.Image | None, at: tuple[int, int], cell: tuple[int, int]
) -> None:
    if picture is None:
        grid.paste(_EMPTY, (*at, at[0] + cell[0], at[1] + cell[1]))
        return
    picture = picture.convert("RGB")
    if picture.size != cell:
        enlarged = picture.width < cell[0]
        how = Image.Resampling.BICUBIC if enlarged else Image.Resampling.LANCZOS
        picture = picture.resize(cell, how)
    grid.paste(picture, at)
