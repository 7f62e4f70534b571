"""Drawing in unit coordinates on a Pillow image, so that one drawing serves every size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

_CURVE_STEPS = 14


@dataclass
class Pen:
    """Draws on `image` in a box whose corners are (0, 0) and (1, 1), y downwards.

    Args:
        image: The image to draw on.
        x, y: Where the box's upper left corner is, in pixels.
        size: The box's width and height in pixels.
        mirrored: Whether the box is seen from behind, left and right changed.
        tilt: By how many degrees everything turns counter-clockwise about the box's centre.
    """

    image: Image.Image
    x: float
    y: float
    size: float
    mirrored: bool = False
    tilt: float = 0.0

    def __post_init__(self) -> None:
        self._draw = ImageDraw.Draw(self.image)
        angle = math.radians(-self.tilt)
        self._cos, self._sin = math.cos(angle), math.sin(angle)

    def _place(self, point: Point) -> Point:
        u, v = point[0] - 0.5, point[1] - 0.5
        u, v = u * self._cos - v * self._sin, u * self._sin + v * self._cos
        if self.mirrored:
            u = -u
        return self.x + (u + 0.5) * self.size, self.y + (v + 0.5) * self.size

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([self._place(p) for p in points], fill=colour)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, turn: float = 0.0
    ) -> None:
        """A filled ellipse about (x, y) with radii rx and ry, turned counter-clockwise."""
        angle = math.radians(-turn)
        cos, sin = math.cos(angle), math.sin(angle)
        steps = 28
        outline = []
        for step in range(steps):
            t = 2 * math.pi * step / steps
            u, v = rx * math.cos(t), ry * math.sin(t)
            outline.append((x + u * cos - v * sin, y + u * sin + v * cos))
        self.polygon(outline, colour)

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A line of round ends and joints through `points`."""
        placed = [self._place(p) for p in points]
        radius = width * self.size / 2
        self._draw.line(placed, fill=colour, width=max(1, round(2 * radius)))
        for x, y in placed:
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def curve(self, start: Point, bend: Point, end: Point, width: float, colour: Colour) -> None:
        """A line along the quadratic Bézier curve from `start` to `end`, drawn towards `bend`."""
        points = []
        for step in range(_CURVE_STEPS + 1):
            t = step / _CURVE_STEPS
            a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
            points.append(
                (
                    a * start[0] + b * bend[0] + c * end[0],
                    a * start[1] + b * bend[1] + c * end[1],
                )
            )
        self.line(points, width, colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """A filled rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with `share` (0 to 1) of `b` in it."""
    red, green, blue = (round(u + (v - u) * share) for u, v in zip(a, b, strict=True))
    return red, green, blue
