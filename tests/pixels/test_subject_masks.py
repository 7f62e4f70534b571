"""The maths of subject masks, held against plain computations."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hopping.pixels import subject_masks
from hopping.pixels.subject_masks import (
    SubjectMap,
    level_size,
    map_level,
    mean_attention,
    otsu,
    resample,
)


@pytest.mark.parametrize("at_once", [1, 30, 10_000])
def test_attention_is_the_softmax_of_each_head(monkeypatch, at_once):
    """Whether in one piece or several."""
    monkeypatch.setattr(subject_masks, "_AT_ONCE", at_once)
    pixels, tokens, heads, width = 6, 5, 2, 8
    q, k = torch.randn(pixels, width), torch.randn(tokens, width)
    found = mean_attention(q, k, heads, 0.3)
    assert found.shape == (pixels, tokens)
    for pixel in range(pixels):
        weights = torch.zeros(tokens, dtype=torch.float64)
        for head in (slice(0, 4), slice(4, 8)):
            scores = [float(0.3 * q[pixel, head].double() @ k[t, head].double()) for t in range(5)]
            weights += torch.tensor(scores, dtype=torch.float64).softmax(0) / heads
        torch.testing.assert_close(found[pixel].double(), weights, atol=1e-6, rtol=1e-5)


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


def subject_map(*calls):
    made = SubjectMap()
    for layers in calls:
        for told in layers:
            made.add(told)
        made.end_call()
    return made


def blob(strong=0.5):
    """A picture of 8×12 whose subject is a block in the upper right."""
    made = torch.full((8, 12), 0.1) + 0.01 * torch.rand(8, 12)
    made[1:4, 7:11] += strong
    return made


def test_a_subject_is_cut_out():
    found = subject_map([blob(), blob()])
    pixels = found.pixels((8, 12))
    assert {(n // 12, n % 12) for n in pixels.tolist()} == {
        (row, column) for row in (1, 2, 3) for column in (7, 8, 9, 10)
    }
    assert found.share == pytest.approx(12 / 96)
    assert found.shares == [found.share]


def test_a_figure_is_found_whole_where_its_pixels_attend_to_each_other():
    """Cross-attention knows its head, and a spot of the place; self-attention what is one thing."""
    figure = torch.zeros(8, 12, dtype=torch.bool)
    figure[1:6, 7:11] = True
    told = torch.full((8, 12), 0.1)
    told[1:3, 7:11] = told[7, 0] = 0.6
    alike = (figure.flatten()[:, None] == figure.flatten()).float()
    affinity = (alike + 0.02).div((alike + 0.02).sum(dim=-1, keepdim=True)).unflatten(-1, (8, 12))
    found = SubjectMap()
    found.add(told)
    found.add_affinity(affinity)
    found.end_call()
    assert found.pixels((8, 12)).tolist() == figure.flatten().nonzero().squeeze(1).tolist()
    alone = subject_map([told])
    assert len(alone.pixels((8, 12))) == 9


def test_a_coarse_map_is_spread_among_finer_pixels():
    affinity = torch.eye(8 * 12).unflatten(-1, (8, 12))
    found = SubjectMap()
    found.add(resample(blob(), (4, 6)))
    found.add_affinity(affinity)
    found.end_call()
    assert found.pixels((8, 12)) is not None
    assert found.mask.shape == (8, 12)


def test_there_is_none_before_the_first_call_has_ended():
    found = SubjectMap()
    found.add(blob())
    assert found.pixels((8, 12)) is None
    assert found.share is None


def test_later_calls_count_more():
    """The figure moves while it is drawn."""
    left = blob().flip(1)
    mask = subject_map([left], [left], [blob()], [blob()]).pixels((8, 12))
    assert set(mask.tolist()) == set(subject_map([blob()]).pixels((8, 12)).tolist())


@pytest.mark.parametrize(
    ("told", "share"), [(torch.full((10, 20), 0.25), 0), ((torch.arange(200.0) > 9) * 1.0, 0.95)]
)
def test_a_mask_of_nothing_or_of_nearly_all_has_found_none(told, share):
    found = subject_map([told.view(10, 20)])
    assert found.pixels((10, 20)) is None
    assert found.share == pytest.approx(share)
    assert found.shares == []
    assert found.mask is None


@pytest.mark.parametrize("size", [(4, 6), (5, 3), (16, 24), (17, 25)])
def test_a_subject_keeps_its_place_at_other_sizes(size):
    """The block in the upper right stays there, and about as large."""
    height, width = size
    pixels = subject_map([blob()]).pixels(size)
    rows, columns = (pixels // width).float(), (pixels % width).float()
    assert rows.mean() / height < 0.5 < columns.mean() / width
    assert len(pixels) / (height * width) == pytest.approx(12 / 96, abs=0.08)


def test_a_subject_that_is_lost_at_a_small_size_is_not_there():
    told = torch.full((16, 16), 0.1)
    told[3:5, 3:5] = 0.3
    found = subject_map([told])
    assert len(found.pixels((16, 16))) == 4
    assert found.pixels((2, 2)) is None


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
