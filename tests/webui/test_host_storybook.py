"""On a real WebUI: the embedded model, exported as a checkpoint."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("diffusers")
from hopping.storybook.export import export_webui
from hopping.storybook.model import GUIDANCE, STEPS, load_storybook
from hopping.storybook.world import RESOLUTION
from hopping.studio.samplers import build_scheduler

PROMPT = "A red dog runs at the beach."


@pytest.fixture(scope="module")
def storybook():
    pipeline = load_storybook()
    pipeline.scheduler = build_scheduler("Euler", pipeline.scheduler)
    return pipeline


@pytest.fixture
def checkpoints(host, storybook):
    """The host's list of checkpoints before and after the export, which is gone again later."""
    if host.kind.is_slow:
        pytest.skip("it knows checkpoints of full width only")

    def listed():
        host.post("/sdapi/v1/refresh-checkpoints")
        return {found["model_name"] for found in host.get("/sdapi/v1/sd-models")}

    before = listed()
    checkpoint = export_webui(storybook, host.data / "models" / "Stable-diffusion")
    yield before, listed()
    host.txt2img("another", steps=1)  # the usual checkpoint
    checkpoint.unlink()
    checkpoint.with_suffix(".yaml").unlink()
    listed()


def test_the_export_is_one_checkpoint_that_draws_what_diffusers_draws(host, checkpoints, storybook):
    before, after = checkpoints
    assert after - before == {"storybook"}
    drawn = host.txt2img(
        PROMPT,
        negative_prompt="",
        steps=STEPS,
        cfg_scale=GUIDANCE,
        width=RESOLUTION,
        height=RESOLUTION,
        override_settings={"sd_model_checkpoint": "storybook"},
    )
    own = storybook(
        PROMPT,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(5),
    )
    ours, theirs = (np.asarray(picture).astype(int) for picture in (own.images[0], drawn.images[0]))
    assert np.abs(ours - theirs).mean() < 1
