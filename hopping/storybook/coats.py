"""Coats: what tells a figure from all of its kind: spots, stripes, patches over its own colour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from hopping.storybook.figures import COLOUR_VALUES, INK, PAPER
from hopping.storybook.pen import Colour, Pen, mix
from hopping.storybook.scene import PLAIN, Figure

_TONES: dict[str, Colour] = {
    "light": mix(PAPER, (255, 240, 200), 0.5),
    "dark": mix(INK, (60, 40, 60), 0.5),
}
_UNSEEN: dict[tuple[str, str], Colour] = {  # tones that would vanish on these colours
    ("white", "light"): (150, 150, 164),
    ("black", "dark"): (128, 128, 150),
}


def paint_coat(pen: Pen, figure: Figure) -> None:
    """Paint `figure`'s coat, once `pen` has drawn it: on all that has its own colour, exactly.

    Shaded parts, bellies, faces and wheels have other colours and stay as they are.
    """
    if figure.coat == PLAIN:
        return
    tone, pattern = figure.coat.split()
    colour = _UNSEEN.get((figure.colour, tone), _TONES[tone])
    layer = Image.new("RGBA", pen.image.size)
    _PATTERNS[pattern](replace(pen, image=layer), colour)
    own = np.array((*COLOUR_VALUES[figure.colour], 255), np.uint8).view(np.uint32)
    painted = (_pixels(pen.image) == own) & (_pixels(layer) != 0)
    pen.image.paste(layer, mask=Image.fromarray(painted))


def _pixels(image: Image.Image) -> np.ndarray:
    """The pixels of an RGBA image as one number each, shape (height, width)."""
    return np.asarray(image).view(np.uint32)[..., 0]


def _spots(pen: Pen, colour: Colour) -> None:
    for row in range(7):
        indent = 0.08 * (row % 2)
        for column in range(7):
            pen.ellipse(0.04 + 0.16 * column + indent, 0.04 + 0.15 * row, 0.05, 0.05, colour)


def _stripes(pen: Pen, colour: Colour) -> None:
    for number in range(-1, 8):
        x = 0.03 + 0.165 * number
        pen.line([(x + 0.1, -0.05), (x - 0.1, 1.05)], 0.06, colour)


def _patches(pen: Pen, colour: Colour) -> None:
    for x, y in (
        (0.12, 0.12),
        (0.6, 0.2),
        (0.9, 0.42),
        (0.3, 0.5),
        (0.62, 0.66),
        (0.08, 0.78),
        (0.4, 0.9),
        (0.86, 0.9),
    ):
        pen.ellipse(x, y, 0.13, 0.12, colour)


_PATTERNS: dict[str, Callable[[Pen, Colour], None]] = {
    "spots": _spots,
    "stripes": _stripes,
    "patches": _patches,
}
