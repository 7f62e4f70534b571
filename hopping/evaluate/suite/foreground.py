"""The subject apart from its background, so that identity is compared and not the scene.

As in the One-Prompt-One-Story paper what is taken away is replaced by random noise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from hopping.evaluate.suite.metrics import Views
from hopping.evaluate.suite.parts import PARTS

_HOME = "U2NET_HOME"  # rembg reads it in old versions and new

Mask = Callable[[Image.Image], Image.Image]
"""A picture's subject: an image of mode L and the same size, 255 where the subject is."""


def load_mask(weights: Path) -> Mask:
    """rembg with the U²-Net of the folder of weights."""
    from rembg import new_session, remove

    with _rembg_home(weights / PARTS["mask"].folder):
        session = new_session("u2net")

    def mask(image: Image.Image) -> Image.Image:
        found = remove(image, session=session, only_mask=True)
        assert isinstance(found, Image.Image)
        return found

    return mask


def views_of(images: Sequence[Image.Image], mask: Mask | None) -> Views:
    """A set's pictures whole and, with a mask, their subjects and backgrounds apart.

    The noise is the same every time, and another one for each picture, so that it makes no two
    pictures alike.
    """
    if mask is None:
        return Views(images)
    subjects, backgrounds = [], []
    for number, image in enumerate(images):
        random = np.random.default_rng(number)
        noise = Image.fromarray(random.integers(0, 256, (image.height, image.width, 3), np.uint8))
        found = mask(image)
        subjects.append(Image.composite(image, noise, found))
        backgrounds.append(Image.composite(noise, image, found))
    return Views(images, subjects, backgrounds)


@contextmanager
def _rembg_home(folder: Path) -> Iterator[None]:
    """While a session is made rembg looks for its models in `folder`."""
    before = os.environ.get(_HOME)
    os.environ[_HOME] = str(folder.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ[_HOME]
        else:
            os.environ[_HOME] = before
