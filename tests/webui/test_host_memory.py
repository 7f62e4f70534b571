"""On a real WebUI that moves its models in and out of memory."""

from __future__ import annotations

import pytest

from .conftest import HIRES, STORY
from .host import Host


@pytest.mark.thorough
@pytest.mark.parametrize("flag", ["--medvram", "--lowvram"])
def test_models_that_come_and_go_hop_alike(host, webui_data, flag):
    thrifty = Host(*webui_data, flag)
    try:
        for checkpoint in ("sd1", *host.kind.takes):
            name = f"hopping-test-{checkpoint}.safetensors"
            request = {**HIRES, "override_settings": {"sd_model_checkpoint": name}}
            for hopping in ({}, {"preset": "Same character"}):
                frames = thrifty.txt2img(STORY, hopping, batch_size=2, **request).frames
                assert frames == host.txt2img(STORY, hopping, batch_size=2, **request).frames
    finally:
        thrifty.stop()
