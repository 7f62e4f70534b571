"""What holds on every device: the same code on the CPU in 16 bits, and on a GPU where there is one.

`make gpu` runs those with the mark `gpu`, and prints what they measure as a table.
"""

from __future__ import annotations

import functools

import pytest
import torch

from hopping.evaluate.bench_pixels import SD1, SDXL, Model, alone, costs
from hopping.evaluate.gpu import IMPLEMENTATIONS, OPTIONS, distance, embeddings, pictures

GPU = pytest.param("cuda", marks=pytest.mark.gpu)
BARS = {torch.float32: 1e-4, torch.float16: 0.01, torch.bfloat16: 0.05}


@functools.cache
def expected(name):
    return embeddings(OPTIONS[name], "cpu", torch.float32, "eager")


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("dtype", BARS, ids=str)
@pytest.mark.parametrize("device", ["cpu", GPU])
def test_embeddings_are_those_of_a_cpu_in_32_bits(device, dtype, implementation, name):
    found = embeddings(OPTIONS[name], device, dtype, implementation)
    assert found.isfinite().all()
    assert distance(found, expected(name)) <= BARS[dtype]


@functools.cache
def expected_pictures():
    return pictures("cpu", torch.float32)


@pytest.mark.parametrize(
    ("device", "dtype"),
    [
        ("cpu", torch.bfloat16),
        *(pytest.param("cuda", dtype, marks=pytest.mark.gpu) for dtype in BARS),
    ],
)
def test_a_seed_is_the_same_picture(device, dtype):
    apart = abs(pictures(device, dtype) - expected_pictures())
    assert apart.mean(axis=(1, 2, 3)).max() <= 3  # of 255 grey levels


@pytest.mark.gpu
@pytest.mark.parametrize("model", [SD1, SDXL], ids=["SD 1", "SDXL"])
def test_sharing_pixels_takes_no_more_memory(model):
    for cost in costs(model, "cuda", torch.float16, model.latents, repeat=1):
        assert cost.memory <= 1.05, cost


def test_what_sharing_costs_is_measured():
    """The same code that a GPU runs, on a U-Net that a CPU can."""
    config = {"cross_attention_dim": 32, "block_out_channels": (32,) * 4, "layers_per_block": 1}
    small = Model("small", 16, {**config, "attention_head_dim": 4})
    subject, everything = costs(small, "cpu", torch.float32, 16, repeat=1)
    assert (subject.what, everything.what) == ("subject", "all")
    assert 0 < subject.share < 1 == everything.share
    assert subject.time > 0
    assert subject.memory is None or subject.memory == pytest.approx(1, abs=0.1)
    for frames in (4, 8):  # what is kept is no more with more frames
        measured = alone(small, "cpu", torch.float32, 16, frames)
        assert measured.kept == pytest.approx(measured.told, rel=0.1)
        assert 0 < measured.share < 1
