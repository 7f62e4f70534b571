"""Which pixels of a picture are its subject's: the maths, tensors in and tensors out.

A phrase's map is what the picture's pixels attend to it in cross-attention; it is cut into a mask
where its values fall apart into two kinds. Sizes are (height, width), in tokens of a layer.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812, as everyone calls it

Size = tuple[int, int]

# 16×16 of SD 1 at 512×512 and 32×32 of SDXL at 1024×1024, as published; 12×12 of 384×384.
_FEWEST_PIXELS = 144


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


def attention_maps(
    queries: Tensor, keys: Tensor, heads: int, scale: float, phrases: Sequence[Sequence[int]]
) -> Tensor:
    """How much each pixel attends to each phrase: softmax(q·kᵀ), mean over the heads.

    Args:
        queries: of one picture's pixels, shape (pixels, width).
        keys: of its text's tokens, shape (tokens, width).
        heads: into how many the width is cut.
        scale: by which q·kᵀ is multiplied.
        phrases: indices of tokens.

    Returns:
        float32, shape (phrases, pixels): sums over each phrase's tokens, from 0 to 1.
    """
    query, key = (
        part.float().unflatten(-1, (heads, -1)).transpose(0, 1) for part in (queries, keys)
    )
    attention = (query @ key.transpose(-1, -2) * scale).softmax(dim=-1).mean(dim=0)
    return torch.stack([attention[:, list(tokens)].sum(dim=-1) for tokens in phrases])


def otsu(values: Tensor) -> Tensor:
    """The cut between two kinds of values that sets their means furthest apart (Otsu, 1979).

    Args:
        values: shape (..., n).

    Returns:
        shape (..., 1): what lies above it is of the upper kind.
    """
    ordered = values.sort(dim=-1).values
    sums, count = ordered.cumsum(dim=-1), values.shape[-1]
    below = torch.arange(1, count, device=values.device, dtype=values.dtype)
    mean_below = sums[..., :-1] / below
    mean_above = (sums[..., -1:] - sums[..., :-1]) / (count - below)
    between = below * (count - below) * (mean_above - mean_below) ** 2
    return ordered.gather(-1, between.argmax(dim=-1, keepdim=True))


def resample(maps: Tensor, size: Size) -> Tensor:
    """Maps of shape (n, height, width) at another size, smooth both ways."""
    if maps.shape[-2:] == size:
        return maps
    return F.interpolate(maps[:, None], size=size, mode="bilinear", antialias=True)[:, 0]


def cut(maps: Tensor) -> tuple[Tensor, Tensor]:
    """For maps of shape (n, height, width): where each is cut, and how much lies above.

    Returns:
        thresholds, shape (n, 1, 1), and shares of the picture from 0 to 1, shape (n,).
    """
    thresholds = otsu(maps.flatten(1))[..., None]
    return thresholds, (maps > thresholds).float().mean(dim=(1, 2))
