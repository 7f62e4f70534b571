"""Which row of a call is whose, as the hosts' samplers put them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hopping import HoppingError
from hopping.webui.hosts.unet_rows import rows_in_chunks, rows_in_turn


def sampler(*counts: int) -> SimpleNamespace:
    """One that samples pictures of so many sub-prompts."""
    batch = [[None] * count for count in counts]
    return SimpleNamespace(sampler_extra_args={"cond": SimpleNamespace(batch=batch)})


@pytest.mark.parametrize(
    ("counts", "calls", "told"),
    [
        ((1, 1), [4], [(0, 0), (1, 0), None, None]),
        ((1, 1), [2, 2], [(0, 0), (1, 0), None, None]),
        ((1, 1), [2], [(0, 0), (1, 0)]),  # the negative prompts are left out
        ((2, 1), [5], [(0, 0), (0, 1), (1, 0), None, None]),
        ((2, 1), [2, 2, 1], [(0, 0), (0, 1), (1, 0), None, None]),
        ((1, 3), [4, 2], [(0, 0), (1, 0), (1, 1), (1, 2), None, None]),
    ],
)
def test_in_turn(counts, calls, told):
    found = []
    for count in calls:
        found += rows_in_turn(sampler(*counts), count, found)
    assert found == told


@pytest.mark.parametrize(
    ("counts", "calls", "told"),
    [
        ((1, 1), [[1, 0]], [None, None, (0, 0), (1, 0)]),
        ((1, 1), [[1], [0]], [None, None, (0, 0), (1, 0)]),
        ((1, 1), [[0]], [(0, 0), (1, 0)]),
        ((2, 2), [[1, 0, 0]], [None, None, (0, 1), (1, 1), (0, 0), (1, 0)]),
        ((2, 2), [[0, 0], [1]], [(0, 1), (1, 1), (0, 0), (1, 0), None, None]),
        ((1, 3), [[1, 0]], [None, None, (0, 0), (1, 0)]),
    ],
)
def test_in_chunks(counts, calls, told):
    found = []
    for chunks in calls:
        options = {"cond_or_uncond": chunks}
        found += rows_in_chunks(sampler(*counts), options, len(chunks) * len(counts), found)
    assert found == told


def test_more_calls_than_the_hosts_own():
    with pytest.raises(HoppingError, match="another extension draws tiles"):
        rows_in_turn(sampler(1, 1), 4, [None] * 4)
    with pytest.raises(HoppingError, match="another extension draws tiles"):
        rows_in_chunks(sampler(1), {"cond_or_uncond": [0]}, 1, [(0, 0)])
    with pytest.raises(HoppingError, match="another extension draws tiles"):
        rows_in_chunks(sampler(1, 1), {"cond_or_uncond": [0]}, 3, [])


def test_sub_prompts_in_several_calls_where_they_come_last_to_first():
    with pytest.raises(HoppingError, match="too little memory"):
        rows_in_chunks(sampler(2, 2), {"cond_or_uncond": [0]}, 2, [])
