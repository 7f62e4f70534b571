"""Scenes as pictures, with the mask of every figure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from PIL import Image, ImageFilter

from hopping.storybook.coats import paint_coat
from hopping.storybook.figures import INK, draw_figure
from hopping.storybook.pen import Pen
from hopping.storybook.places import draw_place
from hopping.storybook.scene import Figure, Scene

RESOLUTION = 128
"""Width and height in pixels of the pictures that the model is trained on."""

SUPERSAMPLING = 4
_HEIGHTS = {"large": 0.68, "medium": 0.48}
_CENTRES = {
    "large": {"left": 0.34, "middle": 0.5, "right": 0.66},
    "medium": {"left": 0.26, "middle": 0.5, "right": 0.74},
}
_FEET = {"large": 0.96, "medium": 0.9}
_JUMP_HEIGHT = 0.16
_JUMP_TILT = 14.0
_JITTER = 0.015
_OUTLINE = 0.011


@dataclass(frozen=True)
class Picture:
    """A drawn scene.

    Attributes:
        scene: The ground truth.
        image: RGB, `resolution` pixels wide and high.
        masks: One image of mode L and the same size for each figure; 255 where it is seen.
    """

    scene: Scene
    image: Image.Image
    masks: tuple[Image.Image, ...]


def draw(scene: Scene, resolution: int = RESOLUTION) -> Picture:
    """Draw `scene`. The same scene at the same resolution always gives the same pixels."""
    random = Random(scene.variation)
    width = resolution * SUPERSAMPLING
    canvas = Image.new("RGB", (width, width))
    draw_place(Pen(canvas, 0, 0, width), scene.place, random)
    masks = []
    for figure in scene.figures:
        layer = _figure_layer(figure, width, random)
        canvas.paste(layer, mask=layer.getchannel("A"))
        masks.append(layer.getchannel("A"))
    size = (resolution, resolution)
    image = canvas.resize(size, Image.Resampling.BOX)
    return Picture(scene, image, tuple(m.resize(size, Image.Resampling.BOX) for m in masks))


def _figure_layer(figure: Figure, width: int, random: Random) -> Image.Image:
    """One figure with its outline, on a transparent RGBA image of the whole picture."""
    height = _HEIGHTS[figure.size]
    left = _CENTRES[figure.size][figure.side] - height / 2 + random.uniform(-_JITTER, _JITTER)
    top = _FEET[figure.size] - height
    jumping = figure.action == "jump"
    pen = Pen(
        Image.new("RGBA", (width, width), (*INK, 0)),
        left * width,
        (top - (_JUMP_HEIGHT * height if jumping else 0.0)) * width,
        height * width,
        mirrored=figure.side == "right",
        tilt=_JUMP_TILT if jumping else 0.0,
    )
    draw_figure(pen, figure)
    paint_coat(pen, figure)
    shape = pen.image.getchannel("A")
    outline = shape
    for _ in range(round(_OUTLINE * width)):  # one filter of that reach takes ten times as long
        outline = outline.filter(ImageFilter.MaxFilter(3))
    layer = Image.new("RGBA", (width, width), (*INK, 0))
    layer.putalpha(outline)
    layer.paste(pen.image, mask=shape)
    return layer
