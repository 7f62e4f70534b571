"""The maths of subject masks, held against plain computations."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hopping.pixels.subject_masks import attention_maps, cut, level_size, map_level, otsu, resample


def test_attention_maps_are_the_softmax_of_each_head():
    torch.manual_seed(0)
    pixels, tokens, heads, width = 6, 5, 2, 8
    q, k = torch.randn(pixels, width), torch.randn(tokens, width)
    maps = attention_maps(q, k, heads, 0.3, [(1, 2), (4,)])
    assert maps.shape == (2, pixels)
    for pixel in range(pixels):
        weights = torch.zeros(tokens, dtype=torch.float64)
        for head in (slice(0, 4), slice(4, 8)):
            scores = [float(0.3 * q[pixel, head].double() @ k[t, head].double()) for t in range(5)]
            weights += torch.tensor(scores, dtype=torch.float64).softmax(0) / heads
        expected = torch.stack([weights[1] + weights[2], weights[4]])
        torch.testing.assert_close(maps[:, pixel].double(), expected, atol=1e-6, rtol=1e-5)


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=60))
def test_otsu_sets_the_two_means_furthest_apart(values):
    values = torch.tensor(values)
    found = float(otsu(values))

    def between(threshold: float) -> float:
        low, high = values[values <= threshold].double(), values[values > threshold].double()
        if not len(high):
            return 0.0
        return float(len(low) * len(high) * (high.mean() - low.mean()) ** 2)

    best = max(between(float(value)) for value in values)
    assert between(found) == pytest.approx(best, rel=1e-3, abs=1e-5)


def test_two_kinds_are_cut_apart():
    picture = torch.full((1, 8, 8), 0.1) + 0.01 * torch.rand(1, 8, 8)
    picture[0, 2:6, 3:5] += 0.5
    thresholds, shares = cut(picture)
    assert ((picture > thresholds)[0].nonzero() == (picture[0] > 0.3).nonzero()).all()
    assert shares.tolist() == [8 / 64]


def test_a_flat_map_has_no_subject():
    _, shares = cut(torch.full((2, 4, 4), 0.25))
    assert shares.tolist() == [0, 0]


@pytest.mark.parametrize("size", [(8, 12), (4, 6), (5, 3), (16, 24)])
def test_a_subject_keeps_its_place_at_other_sizes(size):
    """A blob in the upper right stays there, in wide pictures as in high ones, and as large."""
    maps = torch.zeros(1, 8, 12)
    maps[0, :4, 6:] = 1
    found = resample(maps, size)[0] > 0.5
    assert found.shape == size
    rows, columns = found.nonzero().float().mean(dim=0).tolist()
    assert rows < size[0] / 2 <= size[0]
    assert columns > size[1] / 2 - 1
    assert float(found.float().mean()) == pytest.approx(0.25, abs=0.12)


def test_levels_round_up_as_strided_convolutions_do():
    assert level_size((64, 96), 2) == (16, 24)
    convolution = torch.nn.Conv2d(1, 1, 3, stride=2, padding=1)
    latents = torch.zeros(1, 1, 15, 9)
    for level in range(4):
        assert level_size((15, 9), level) == tuple(latents.shape[-2:])
        latents = convolution(latents)


@pytest.mark.parametrize(
    ("size", "levels", "level"),
    [
        ((64, 64), {0, 1, 2, 3}, 2),  # SD 1 at 512×512: 16×16
        ((96, 64), {0, 1, 2, 3}, 2),
        ((32, 32), {0, 1, 2, 3}, 1),  # at 256×256 too
        ((128, 128), {1, 2}, 2),  # SDXL at 1024×1024: 32×32
        ((16, 16), {0, 1}, 0),  # the storybook: 16×16
        ((8, 8), {1, 2}, 1),  # never enough: the finest
    ],
)
def test_the_deepest_level_with_enough_pixels_is_asked(size, levels, level):
    assert map_level(size, levels) == level
