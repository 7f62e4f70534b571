"""Frames whose picture is a user's own, with real pipelines."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from hopping import HoppingError, HoppingOptions
from hopping.storybook.model import load_storybook
from hopping.storybook.scene import Figure, Scene
from hopping.storybook.world import draw
from hopping.studio import SAMPLERS, FrameKey
from hopping.studio.given_pictures import at_level, encoded, fitted, noise_levels
from hopping.studio.samplers import build_scheduler
from tests.encoders import hook_count

from .test_generate import frames, pictures

SAME = HoppingOptions.from_mapping({}, preset="Same character")
UNGIVEN = "A red dog is by the river.\nThe dog sits.\nA cat sleeps.\nThe cat and the dog run."
STORY = f"<picture:dog.png> {UNGIVEN}"


@pytest.fixture
def portrait():
    pixels = np.random.default_rng(0).integers(0, 255, (48, 32, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((96, 160))


def as_bytes(made):
    return [frame.image.tobytes() for frame in made]


def test_a_given_frame_is_the_picture_itself_and_what_later_frames_see(pipeline, portrait):
    without = pictures(pipeline, UNGIVEN, SAME)
    given = frames(pipeline, STORY, SAME, pictures={"dog.png": portrait})
    assert [frame.number for frame in given] == [1, 2, 3, 4]
    assert given[0].image == fitted(portrait, given[1].image.size)
    changed = [one != other for one, other in zip(as_bytes(given), without, strict=True)]
    assert changed == [True, True, False, True]
    assert [[seen.link.source.frame for seen in frame.saw] for frame in given] == [
        [], [1], [], [1, 3]
    ]  # fmt: skip
    assert hook_count(pipeline.unet) == 0


@pytest.mark.parametrize("batch_size", [2, 3, 4])
def test_it_is_the_same_in_every_batch(sd1, portrait, batch_size):
    single = frames(sd1, STORY, SAME, pictures={"dog.png": portrait})
    batched = frames(sd1, STORY, SAME, pictures={"dog.png": portrait}, batch_size=batch_size)
    for a, b in zip(single, batched, strict=True):
        difference = np.asarray(a.image, dtype=int) - np.asarray(b.image, dtype=int)
        assert abs(difference).max() <= 1


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_noise_level_is_the_samplers_own(sd1, sampler):
    """What the U-Net is told is what this sampler would make of the picture at each call."""
    torch.manual_seed(0)
    latents, noise = torch.randn(2, 4, 8, 8)
    scheduler = build_scheduler(sampler, sd1.scheduler)
    levels = noise_levels(scheduler)
    scheduler.set_timesteps(7)
    # DPM2's add_noise does not know the calls that it has in between.
    each = 2 if hasattr(scheduler, "sigmas_interpol") else 1
    for timestep in scheduler.timesteps[::each]:
        scheduler._step_index = None  # it goes on with each step, and none is made here
        noisy = scheduler.add_noise(latents[None], noise[None], timestep[None])
        own = scheduler.scale_model_input(noisy, timestep)[0]
        told = at_level(latents, noise, levels, float(timestep))
        torch.testing.assert_close(told, own, atol=0.02, rtol=0.02)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_any_sampler_serves(sd1, portrait, sampler):
    given = frames(sd1, STORY, SAME, pictures={"dog.png": portrait}, sampler=sampler, frames="2")
    assert [frame.number for frame in given] == [2]
    assert given[0].saw[0].link.source.frame == 1


def test_a_run_goes_on_to_the_same_bytes(sd1, portrait):
    whole = as_bytes(frames(sd1, STORY, SAME, pictures={"dog.png": portrait}))
    done = [FrameKey(False, 1), FrameKey(False, 2)]
    rest = frames(sd1, STORY, SAME, pictures={"dog.png": portrait}, done=done)
    assert as_bytes(rest) == whole[2:]


def test_no_more_is_sampled_than_is_seen(sd1, portrait):
    steps = []
    story = "<picture:dog.png> A red dog sits.\nA cat sleeps."
    frames(
        sd1, story, SAME, pictures={"dog.png": portrait}, on_step=lambda key, *_: steps.append(key)
    )
    assert {key.number for key in steps} == {2}


def test_plain_frames_are_made_as_ever(sd1, portrait):
    plain = pictures(sd1, UNGIVEN, HoppingOptions(mode="baseline"))
    made = frames(sd1, STORY, SAME, pictures={"dog.png": portrait}, compare=True)
    assert as_bytes(made)[4:] == plain


@pytest.mark.parametrize(
    ("story", "names", "options", "said"),
    [
        (STORY, [], SAME, "line 1, column 1: frame 1: there is no picture 'dog.png'"),
        (STORY, ["dog.png", "cat.png"], SAME, "no frame names the picture 'cat.png'"),
        (STORY, ["dog.png"], SAME.replace(pixels="off"), "no frame would see this picture"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_sampled(
    sd1, portrait, story, names, options, said
):
    with pytest.raises(HoppingError, match=said):
        frames(sd1, story, options, pictures=dict.fromkeys(names, portrait))


def test_a_controlnet_is_told_what_is_sampled(sd1, portrait):
    sd1.controlnet = object()
    with pytest.raises(HoppingError, match="ControlNet"):
        frames(sd1, STORY, SAME, pictures={"dog.png": portrait})


def test_a_picture_is_cut_and_has_no_holes():
    wide = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    wide.paste((255, 0, 0, 255), (0, 0, 20, 20))
    assert fitted(wide, (20, 20)).getpixel((2, 10)) == (255, 0, 0)
    assert fitted(wide, (20, 20)).getpixel((17, 10)) == (255, 255, 255)


def test_an_encoded_picture_comes_back():
    pipeline = load_storybook("cpu")
    image = draw(Scene("beach", (Figure("dog", "red"),), 0)).image
    latents = encoded(pipeline, image)
    with torch.no_grad():
        back = pipeline.vae.decode(latents[None] / pipeline.vae.config.scaling_factor).sample
    shown = pipeline.image_processor.postprocess(back)[0]
    difference = np.asarray(shown, dtype=float) - np.asarray(image, dtype=float)
    assert abs(difference).mean() < 8
