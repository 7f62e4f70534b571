"""On a real WebUI that does not compute in full precision, as far as a processor takes it."""

from __future__ import annotations

import pytest

from . import host as real
from .host import Host
from .test_host_pixels import OFF, ONE_BY_ONE, STORY, SUBJECT, drawn

SAME_CHARACTER = {"preset": "Same character", "grid": False}


@pytest.fixture(scope="module")
def half(host, webui_data):
    running = Host(*webui_data, half=True)
    try:
        yield running
    finally:
        running.stop()


def assert_it_hops(host: Host, **request) -> None:
    """Who shows a frame nothing leaves it as it is alone; the others hop, in texts and pixels."""
    plain = drawn(host, STORY, OFF, **request)
    for hopping in (SUBJECT, SAME_CHARACTER):
        story = drawn(host, STORY, hopping, **request)
        assert [a == b for a, b in zip(plain.hashes, story.hashes, strict=True)] == [
            True,
            False,
        ] * 2
        assert all(low < high for low, high in (i.convert("L").getextrema() for i in story.images))


@pytest.mark.thorough
@pytest.mark.parametrize("checkpoint", ["sd1", "sd2", "sdxl"])
def test_half_precision(host, half, checkpoint):
    host.kind.need(checkpoint)
    own = {"sd_model_checkpoint": f"hopping-test-{checkpoint}.safetensors"}
    request = {"batch_size": 2, "override_settings": own}
    assert drawn(half, STORY, OFF, **request).hashes != drawn(host, STORY, OFF, **request).hashes
    assert_it_hops(half, **request)


@pytest.mark.thorough
def test_half_precision_one_by_one(half):
    assert_it_hops(half, **ONE_BY_ONE)


@pytest.mark.parametrize("optimisation", ["None", "sdp - scaled dot product", "sub-quadratic"])
def test_half_precision_in_every_kind_of_attention(half, optimisation):
    if half.kind.name != "a1111":
        pytest.skip("the host chooses its attention when it starts")
    half.settings(cross_attention_optimization=optimisation)
    try:
        assert_it_hops(half)
    finally:
        half.settings(cross_attention_optimization="Automatic")


def test_weights_of_eight_bits(host, webui_data, monkeypatch):
    """They are computed with in bfloat16, by autocast."""
    if host.kind.name != "a1111":
        pytest.skip("the host has no such setting")
    monkeypatch.setitem(real.SETTINGS, "fp8_storage", "Enable")
    own = Host(*webui_data)
    try:
        assert drawn(own, STORY, OFF).hashes != drawn(host, STORY, OFF).hashes
        assert_it_hops(own, batch_size=2)
    finally:
        own.stop()
