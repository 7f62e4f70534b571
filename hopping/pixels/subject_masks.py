"""Which pixels of a picture are its subject's: the maths, tensors in and tensors out.

A phrase's map is how much the picture's pixels attend to it in cross-attention. Of a figure's
pixels some do so much and some little; but they attend to each other, so the map is spread along
their self-attention. Then it is cut into a mask where its values fall apart into two kinds. Sizes
are (height, width), in tokens of a layer.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812, as everyone calls it

Size = tuple[int, int]

# 16×16 of SD 1 at 512×512 and 32×32 of SDXL at 1024×1024, as published; 12×12 of 384×384.
_FEWEST_PIXELS = 144
# How often a map is spread, and how much of it stays each time, so that it is still the map that it
# was where all pixels attend to all others alike.
_SPREADS, _STAYS = 4, 0.25
# So many numbers of q·kᵀ at once, lest large pictures take much memory.
_AT_ONCE = 2**23
# How much the calls before weigh in a map.
_MEMORY = 0.5
# A mask that covers less or more of a picture than this has found no subject.
_LEAST, _MOST = 0.01, 0.9


def level_size(size: Size, level: int) -> Size:
    """The size of a U-Net's layers `level` halvings below its latents; odd sizes are rounded up."""
    height, width = size
    return -(-height // 2**level), -(-width // 2**level)


def map_level(size: Size, levels: Collection[int]) -> int:
    """Which of a U-Net's levels is asked where a subject is, for latents of this size.

    Deep layers know best what is where, but a map of few pixels has no shape: the deepest level
    that has enough of them, else the finest.
    """
    enough = [n for n in levels if math.prod(level_size(size, n)) >= _FEWEST_PIXELS]
    return max(enough, default=min(levels))


def mean_attention(queries: Tensor, keys: Tensor, heads: int, scale: float) -> Tensor:
    """How much each pixel attends to each token: softmax(q·kᵀ), mean over the heads.

    Args:
        queries: of one picture's pixels, shape (pixels, width).
        keys: of its text's tokens, or of its pixels again, shape (tokens, width).
        heads: into how many the width is cut.
        scale: by which q·kᵀ is multiplied.

    Returns:
        float32, shape (pixels, tokens): each row sums to 1.
    """
    query, key = (
        part.float().unflatten(-1, (heads, -1)).transpose(0, 1) for part in (queries, keys)
    )
    parts = (query * scale).split(max(1, _AT_ONCE // (heads * len(keys))), dim=1)
    # Under autocast the product is in half precision, which holds it since it was scaled before.
    return torch.cat(
        [
            (part @ key.transpose(-1, -2)).softmax(dim=-1, dtype=torch.float32).mean(dim=0)
            for part in parts
        ]
    )


def otsu(values: Tensor) -> Tensor:
    """The cut between two kinds of values that sets their means furthest apart (Otsu, 1979).

    Args:
        values: shape (..., n).

    Returns:
        shape (..., 1), half way between the kinds: what lies above it is of the upper one.
    """
    ordered = values.sort(dim=-1).values
    sums, count = ordered.cumsum(dim=-1), values.shape[-1]
    below = torch.arange(1, count, device=values.device, dtype=values.dtype)
    mean_below = sums[..., :-1] / below
    mean_above = (sums[..., -1:] - sums[..., :-1]) / (count - below)
    between = below * (count - below) * (mean_above - mean_below) ** 2
    last_below = between.argmax(dim=-1, keepdim=True)
    low, high = ordered.gather(-1, last_below), ordered.gather(-1, last_below + 1)
    middle = (low + high) / 2
    return torch.where(middle < high, middle, low)  # of neighbouring numbers it may be the upper


def resample(map_: Tensor, size: Size) -> Tensor:
    """A map, shape (height, width), at another size, smooth both ways."""
    if map_.shape == size:
        return map_
    return F.interpolate(map_[None, None], size=size, mode="bilinear", antialias=True)[0, 0]


def spread(map_: Tensor, affinity: Tensor) -> Tensor:
    """A map whose every pixel takes over what those have that it attends to, several times.

    So does Dataset Diffusion (Nguyen et al., NeurIPS 2023, arXiv 2309.14303) refine what
    cross-attention tells.

    Args:
        map_: of any size.
        affinity: `mean_attention` of the pixels to each other, shape (pixels, height, width).

    Returns:
        How much above the map's mean, shape (height, width).
    """
    _, height, width = affinity.shape
    map_ = resample(map_, (height, width))
    map_ = map_ - map_.mean()  # so that little is rounded where it hardly varies
    for _ in range(_SPREADS):
        # Not a product of matrices, which autocast would round.
        map_ = torch.lerp((affinity * map_).sum(dim=(1, 2)).view_as(map_), map_, _STAYS)
    return map_


class SubjectMap:
    """Where a phrase's subject is in a picture that is being sampled, call by call.

    What the layers of one call tell serves from the next call on, in which what the calls before
    told counts half, a quarter, and so on.

    Args:
        before: where it was found in the same picture by another U-Net, or at another size, which
            serves until this one's layers have told.

    Attributes:
        share: how much of the picture its last mask covered, from 0 to 1; None before the first.
        shares: of every call whose mask was asked for and could be used.
        mask: the last one, bool, of the map's own size; None: there was none that could be used.
    """

    def __init__(self, before: SubjectMap | None = None) -> None:
        self.share: float | None = None
        self.shares: list[float] = []
        self.mask: Tensor | None = None
        self._map: Tensor | None = None if before is None else before._map
        self._is_own = False
        self._of_call: list[Tensor] = []
        self._affinity: Tensor | None = None
        self._relating = 0
        self._threshold: Tensor | None = None
        self._indices: dict[Size, Tensor] = {}

    def add(self, map_: Tensor) -> None:
        """What one layer tells in this call, shape (height, width)."""
        self._of_call.append(map_)

    def add_affinity(self, affinity: Tensor) -> None:
        """How much the picture's pixels attend to each other in one layer of this call, shape
        (pixels, height, width)."""
        self._affinity = affinity if self._affinity is None else self._affinity + affinity
        self._relating += 1

    def end_call(self) -> None:
        """Take over what this call's layers told."""
        if self._of_call:
            told = torch.stack(self._of_call).mean(dim=0)
            if self._affinity is not None:
                told = spread(told, self._affinity / self._relating)
            if self._is_own and self._map is not None:
                told = torch.lerp(told, self._map, _MEMORY)
            self._map, self._is_own = told, True
        self._of_call, self._affinity, self._relating = [], None, 0
        self._indices, self._threshold = {}, None

    def pixels(self, size: Size) -> Tensor | None:
        """The subject's pixels in a layer of this size, as indices; None: it cannot be found."""
        if self._map is None:
            return None
        if self._threshold is None:
            self._threshold = otsu(self._map.flatten())
            mask = self._map > self._threshold
            self.share = float(mask.float().mean())
            self.mask = None if why_not_found(self.share) else mask
            if self.mask is not None:
                self.shares.append(self.share)
        if self.mask is None:
            return None
        if size not in self._indices:
            resized = resample(self._map, size) > self._threshold
            self._indices[size] = resized.flatten().nonzero().squeeze(1)
        found = self._indices[size]
        return found if len(found) else None


def why_not_found(share: float) -> str | None:
    """What a mask of this share of the picture covers instead of a subject; None: it found one."""
    if share < _LEAST:
        return "next to nothing"
    return "nearly all" if share > _MOST else None
