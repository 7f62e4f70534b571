"""Pictures of a story: the captioned grid (the paper's fig. 8) and the mask (figs. 4 and 6).

Plain pictures, texts and numbers in, one Pillow picture out; nothing here knows of stories.
Everything is drawn by Pillow alone, so it runs in servers and threads, and inside a WebUI.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from .lettering import Lettering

_PAPER = "#ffffff"
_INK = "#202124"
_FAINT = "#8a8d91"
_EMPTY = "#e8eaed"

# The grid is an overview, the frames themselves are kept beside it: cells this large at most.
_CELL_LEAST, _CELL_MOST = 256, 512
_GRID_WIDTH = 4096
_GRID_PIXELS = 64_000_000
_CAPTION_LINES = 16


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
        titles: the name of each row, shown where there is more than one.

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
    title_width = _title_width(titles, letters) if len(rows) > 1 else 0
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
            for n, title in enumerate(titles[: len(rows)]):
                sign = Lettering(letters.size, bold=True).upright(title, _INK)
                middle = top + n * row_height + (cell[1] - sign.height) // 2
                grid.paste(sign, (gap, middle), sign)
        y = top + len(rows) * row_height + gap
    return grid


def largest_cell(cells: int) -> int:
    """The longest side, in pixels, at which a grid of so many cells shows a picture."""
    return min(_CELL_MOST, max(64, math.isqrt(_GRID_PIXELS // cells)))


def _title_width(titles: Sequence[str], letters: Lettering) -> int:
    return letters.line_height + letters.size // 2 if any(titles) else 0


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


@dataclass(frozen=True)
class MaskPanel:
    """One mask of a mask figure.

    Attributes:
        title: what stands over it.
        visible: bool, shape (tokens, tokens), True where the row's token sees the column's.
    """

    title: str
    visible: Tensor


MASK_TOKENS = 280
"""The most tokens that a mask figure can show, with cells still told apart."""

_MASK_SIDE = 1700
_CELL = 26
_SMALLEST_LABEL = 9


def mask_figure(
    panels: Sequence[MaskPanel], labels: Sequence[str], frames: Sequence[int], title: str = ""
) -> Image.Image:
    """Masks side by side as heat maps, the tokens on both axes.

    A cell is filled where its row's token sees its column's, in the colour of the frame that the
    column belongs to; strips along the axes show where each frame begins and ends.

    Args:
        panels: one mask or more, of the same tokens.
        labels: each token's text.
        frames: each token's frame, from 1; 0 for tokens of no frame.
        title: a line over the whole.

    Raises:
        ValueError: if the tokens are more than `MASK_TOKENS`, or the sizes do not match.
    """
    count = len(labels)
    if not 1 <= count <= MASK_TOKENS:
        raise ValueError(f"a mask figure shows 1 to {MASK_TOKENS} tokens, not {count}")
    if len(frames) != count or any(panel.visible.shape != (count, count) for panel in panels):
        raise ValueError("labels, frames and masks of a mask figure must be of the same tokens")
    axes = _Axes(labels, frames)
    heading = Lettering(18, bold=True)
    size = axes.margin + count * axes.cell
    width = len(panels) * (size + 24) + 16
    top = 16
    title_lines = heading.wrap(title, width - 32, most=4) if title else []
    height = top + (len(title_lines) + 1) * heading.line_height + size + 24
    figure = Image.new("RGB", (width, height), _PAPER)
    canvas = ImageDraw.Draw(figure)
    for line in title_lines:
        heading.draw(canvas, 16, top, line, _INK)
        top += heading.line_height
    for n, panel in enumerate(panels):
        left = 16 + n * (size + 24)
        Lettering(16).draw(canvas, left + axes.margin, top, panel.title, _INK)
        axes.draw(figure, left, top + heading.line_height, panel.visible)
    return figure


class _Axes:
    """The two axes of a mask panel: labels, then a strip with the frames' numbers, then cells."""

    def __init__(self, labels: Sequence[str], frames: Sequence[int]) -> None:
        self._frames = frames
        self.cell = max(6, min(_CELL, _MASK_SIDE // len(labels)))
        # Labels that would overlap are thinned out.
        self._every = math.ceil((_SMALLEST_LABEL + 2) / self.cell)
        self._letters = Lettering(max(_SMALLEST_LABEL, min(14, self.cell - 6)))
        self._labels = [_shortened(label, self._letters) for label in labels]
        self._strip = max(16, self._letters.line_height)
        widest = max(self._letters.width(label) for label in self._labels)
        self.margin = round(widest) + self._strip + 12

    def draw(self, figure: Image.Image, left: int, top: int, visible: Tensor) -> None:
        canvas = ImageDraw.Draw(figure)
        x, y = left + self.margin, top + self.margin
        side = len(self._frames) * self.cell
        canvas.rectangle((x, y, x + side, y + side), fill="#fafafa")
        for i, j in visible.nonzero().tolist():
            box = (x + j * self.cell, y + i * self.cell)
            own = self._frames[i] == self._frames[j]
            canvas.rectangle(
                (*box, box[0] + self.cell - 1, box[1] + self.cell - 1),
                fill=frame_colour(self._frames[j], strong=own),
            )
        self._rules(canvas, x, y, side)
        for n, label in enumerate(self._labels):
            if n % self._every == 0:
                self._label(figure, canvas, n, label, x, y)
        canvas.rectangle((x, y, x + side, y + side), outline=_FAINT)

    def _label(
        self, figure: Image.Image, canvas: ImageDraw.ImageDraw, n: int, label: str, x: int, y: int
    ) -> None:
        middle = n * self.cell + (self.cell - self._letters.line_height) // 2
        beside = x - self._strip - 6
        self._letters.draw(canvas, beside, y + middle, label, _INK, "right")
        upright = self._letters.upright(label, _INK)
        figure.paste(upright, (x + middle, y - self._strip - 6 - upright.height), upright)

    def _rules(self, canvas: ImageDraw.ImageDraw, x: int, y: int, side: int) -> None:
        """The frames' strips and numbers along the axes, and the cells' lines."""
        if self.cell >= 10:
            for n in range(len(self._frames)):
                at = n * self.cell
                canvas.line((x, y + at, x + side, y + at), fill="#e8eaed")
                canvas.line((x + at, y, x + at, y + side), fill="#e8eaed")
        for frame, start, stop in _runs(self._frames):
            a, b = start * self.cell, stop * self.cell
            for at in (a, b):
                canvas.line((x, y + at, x + side, y + at), fill=_FAINT)
                canvas.line((x + at, y, x + at, y + side), fill=_FAINT)
            if frame == 0:
                continue
            colour = frame_colour(frame, strong=True)
            canvas.rectangle((x - self._strip, y + a + 1, x - 3, y + b - 1), fill=colour)
            canvas.rectangle((x + a + 1, y - self._strip, x + b - 1, y - 3), fill=colour)
            number = str(frame)
            if self._letters.width(number) > b - a:
                continue
            half = (self._letters.line_height + 2) // 2
            middle = (a + b) / 2
            strip = -(self._strip + 3) / 2
            self._letters.draw(canvas, x + strip, y + middle - half, number, "#ffffff", "middle")
            self._letters.draw(canvas, x + middle, y + strip - half, number, "#ffffff", "middle")


@lru_cache(maxsize=4096)
def frame_colour(frame: int, strong: bool) -> str:
    """A colour for a frame's number, neighbours well apart; grey for tokens of no frame.

    On a strong one white can be read (WCAG 2, contrast 4.5).
    """
    if frame == 0:
        return "#9aa0a6" if strong else "#d0d3d7"
    hue = (0.58 + (frame - 1) * 0.381966) % 1.0  # the golden section never comes round
    lightness = 0.42 if strong else 0.68
    while strong and 1.05 / (_luminance(hue, lightness) + 0.05) < 4.55:  # bytes are rounded
        lightness -= 0.01
    return "#{:02x}{:02x}{:02x}".format(*(round(part * 255) for part in _rgb(hue, lightness)))


def _rgb(hue: float, lightness: float) -> tuple[float, float, float]:
    return colorsys.hls_to_rgb(hue, lightness, 0.55)


def _luminance(hue: float, lightness: float) -> float:
    """How bright a colour looks, 0 to 1, as WCAG 2 defines it."""
    linear = ((part + 0.055) / 1.055 for part in _rgb(hue, lightness))  # all are over 0.04
    red, green, blue = (part**2.4 for part in linear)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _runs(frames: Sequence[int]) -> list[tuple[int, int, int]]:
    """(frame, start, stop) of each run of tokens of one frame."""
    runs: list[tuple[int, int, int]] = []
    for n, frame in enumerate(frames):
        if runs and runs[-1][0] == frame:
            runs[-1] = (frame, runs[-1][1], n + 1)
        else:
            runs.append((frame, n, n + 1))
    return runs


def _shortened(label: str, letters: Lettering) -> str:
    return letters.wrap(label, 130, most=1)[0]


def causal(count: int) -> Tensor:
    """The mask of plain Stable Diffusion's text encoder: each token sees those not after it."""
    return torch.ones(count, count, dtype=torch.bool).tril()
