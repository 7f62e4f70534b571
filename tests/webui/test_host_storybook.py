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


STORY = (
    "A red dog with spots runs at the beach.\nThe dog sleeps in the forest.\n"
    "A green cat sits at the beach.\nThe dog sits in the city."
)


def test_pixels_are_shared_as_the_studio_shares_them(host, checkpoints, storybook):
    from hopping import HoppingOptions
    from hopping.studio import generate_story

    def drawn(seed=5, **request):
        hopping = {"preset": "Same character", "grid": False}
        settings = {"sd_model_checkpoint": "storybook"}
        result = host.txt2img(
            STORY,
            hopping | request.pop("hopping", {}),
            negative_prompt="",
            steps=STEPS,
            cfg_scale=GUIDANCE,
            width=RESOLUTION,
            height=RESOLUTION,
            seed=seed,
            override_settings=settings,
            **request,
        )
        return [np.asarray(picture.convert("RGB")).astype(int) for picture in result.images]

    options = HoppingOptions.from_mapping({}, preset="Same character")
    own = generate_story(
        storybook, STORY, options, num_inference_steps=STEPS, guidance_scale=GUIDANCE, seed=5
    )
    ours = [np.asarray(frame.image).astype(int) for frame in own]
    theirs = drawn()
    assert all(np.abs(a - b).mean() < 1 for a, b in zip(ours, theirs, strict=True))
    off = drawn(hopping={"pixels": "off"})
    seen = [np.abs(a - b).mean() for a, b in zip(off, theirs, strict=True)]
    assert seen[0] == seen[2] == 0
    assert min(seen[1], seen[3]) > 3
    # The second story begins within a batch of the first.
    batches = drawn(seed=4, batch_size=3, n_iter=2)[4:]
    assert all(np.abs(a - b).max() <= 3 for a, b in zip(batches, theirs, strict=True))
