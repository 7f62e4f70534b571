"""A mask as a PNG: heat maps side by side, the tokens on both axes (the paper's figs. 4 and 6)."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from .layout import NOBODY
from .lettering import Lettering
from .mask_drawing import MaskDrawing, MaskPanel, TokenText, draw, frame_colour, frame_name
from .plan import StoryPlan

_PAPER, _INK, _FAINT = "#ffffff", "#202124", "#8a8d91"
_GROUND, _GRID = "#fafafa", "#e8eaed"

_SIDE = 1700
_CELL = 26
_SMALLEST_LABEL = 9
_GAP = 24
_EDGE = 16


def draw_mask(plan: StoryPlan, token_text: TokenText) -> Image.Image:
    """The mask of a planned story as a picture, the plain one beside it."""
    return render_picture(draw(plan, token_text))


def render_picture(drawing: MaskDrawing) -> Image.Image:
    """A drawing's masks side by side, its title over them.

    Strips along the axes show where each frame begins and ends.
    """
    axes = _Axes(drawing)
    heading = Lettering(18, bold=True)
    size = axes.margin + len(drawing.tokens) * axes.cell
    width = len(drawing.panels) * (size + _GAP) + _EDGE
    title = heading.wrap(drawing.title, width - 2 * _EDGE, most=4) if drawing.title else []
    top = _EDGE
    height = top + (len(title) + 1) * heading.line_height + size + _GAP
    picture = Image.new("RGB", (width, height), _PAPER)
    canvas = ImageDraw.Draw(picture)
    for line in title:
        heading.draw(canvas, _EDGE, top, line, _INK)
        top += heading.line_height
    for n, panel in enumerate(drawing.panels):
        left = _EDGE + n * (size + _GAP)
        Lettering(16).draw(canvas, left + axes.margin, top, panel.title, _INK)
        axes.draw(picture, left, top + heading.line_height, panel)
    return picture


class _Axes:
    """The two axes of a mask: labels, then a strip with the frames' numbers, then cells."""

    def __init__(self, drawing: MaskDrawing) -> None:
        self._drawing = drawing
        self.cell = max(6, min(_CELL, _SIDE // len(drawing.tokens)))
        # Labels that would overlap are thinned out.
        self._every = math.ceil((_SMALLEST_LABEL + 2) / self.cell)
        self._letters = Lettering(max(_SMALLEST_LABEL, min(14, self.cell - 6)))
        self._strip = max(16, self._letters.line_height)
        widest = max(self._letters.width(token.label) for token in drawing.tokens)
        self.margin = round(widest) + self._strip + 12

    def draw(self, picture: Image.Image, left: int, top: int, panel: MaskPanel) -> None:
        """Draw one mask, whose labels begin at (left, top)."""
        canvas = ImageDraw.Draw(picture)
        x, y = left + self.margin, top + self.margin
        side = len(self._drawing.tokens) * self.cell
        canvas.rectangle((x, y, x + side, y + side), fill=_GROUND)
        for run in self._drawing.stretches(panel):
            at = (x + run.start * self.cell, y + run.row * self.cell)
            end = (x + run.stop * self.cell - 1, at[1] + self.cell - 1)
            canvas.rectangle((*at, *end), fill=frame_colour(run.frame, strong=run.is_own))
        self._rules(canvas, x, y, side)
        for n, token in enumerate(self._drawing.tokens):
            if n % self._every == 0:
                self._label(picture, canvas, n, token.label, x, y)
        canvas.rectangle((x, y, x + side, y + side), outline=_FAINT)

    def _label(
        self, picture: Image.Image, canvas: ImageDraw.ImageDraw, n: int, label: str, x: int, y: int
    ) -> None:
        middle = n * self.cell + (self.cell - self._letters.line_height) // 2
        beside = x - self._strip - 6
        self._letters.draw(canvas, beside, y + middle, label, _INK, "right")
        upright = self._letters.upright([label], _INK)
        picture.paste(upright, (x + middle, y - self._strip - 6 - upright.height), upright)

    def _rules(self, canvas: ImageDraw.ImageDraw, x: int, y: int, side: int) -> None:
        """The frames' strips and numbers along the axes, and the cells' lines."""
        if self.cell >= 10:
            for n in range(len(self._drawing.tokens)):
                self._cross(canvas, x, y, n * self.cell, side, _GRID)
        for frame, start, stop in self._drawing.spans():
            a, b = start * self.cell, stop * self.cell
            self._cross(canvas, x, y, a, side, _FAINT)
            self._cross(canvas, x, y, b, side, _FAINT)
            if frame == NOBODY:
                continue
            colour = frame_colour(frame, strong=True)
            canvas.rectangle((x - self._strip, y + a + 1, x - 3, y + b - 1), fill=colour)
            canvas.rectangle((x + a + 1, y - self._strip, x + b - 1, y - 3), fill=colour)
            number = frame_name(frame)
            if self._letters.width(number) > b - a:
                continue
            half = (self._letters.line_height + 2) // 2
            middle = (a + b) / 2
            strip = -(self._strip + 3) / 2
            if self._letters.width(number) <= self._strip:
                self._letters.draw(canvas, x + strip, y + middle - half, number, _PAPER, "middle")
            self._letters.draw(canvas, x + middle, y + strip - half, number, _PAPER, "middle")

    @staticmethod
    def _cross(
        canvas: ImageDraw.ImageDraw, x: int, y: int, at: int, side: int, colour: str
    ) -> None:
        """A line over all columns and one over all rows."""
        canvas.line((x, y + at, x + side, y + at), fill=colour)
        canvas.line((x + at, y, x + at, y + side), fill=colour)
