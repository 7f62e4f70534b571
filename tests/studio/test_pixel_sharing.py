"""Stories whose frames see each other's pixels, from real pipelines."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from hopping import HoppingError, HoppingOptions
from hopping.pixels import Bank, PixelLink, PixelSource
from hopping.pixels.bank import most_kept
from hopping.run_options import frames_to_make
from hopping.storybook.model import load_storybook
from hopping.studio import FrameKey
from hopping.studio.generate import pixels_kept
from hopping.studio.pixel_sharing import Prerequisites
from hopping.studio.record import Record, Settings
from hopping.studio.story_run import memory_note, plan_for
from tests.encoders import hook_count

from .test_generate import frames, pictures

SAME = HoppingOptions.from_mapping({}, preset="Same character")
ALONE = HoppingOptions(mode="baseline", pixels="subject")
STORY = "A red dog is by the river.\nThe dog sits.\nA cat sleeps.\nThe cat and the dog run."


def differ(a, b):
    return [one != other for one, other in zip(a, b, strict=True)]


@pytest.mark.parametrize("options", [SAME, ALONE, ALONE.replace(pixels="all")], ids=str)
def test_frames_see_their_subjects_pixels(pipeline, options):
    off = pictures(pipeline, STORY, options.replace(pixels="off"))
    made = frames(pipeline, STORY, options, compare=True)
    images = [frame.image.tobytes() for frame in made]
    assert differ(images[:4], off) == [False, True, False, True]
    plain = pictures(pipeline, STORY, HoppingOptions(mode="baseline"))
    assert images[4:] == plain
    assert [[seen.link.source.frame for seen in frame.saw] for frame in made] == [
        [], [1], [], [1, 3], *[[]] * 4
    ]  # fmt: skip


def test_an_appended_frame_changes_no_earlier_one(pipeline):
    for batch_size in (1, 2):
        short = pictures(pipeline, STORY, SAME, batch_size=batch_size)
        more = pictures(pipeline, f"{STORY}\nThe dog sleeps.", SAME, batch_size=batch_size)
        assert more[:4] == short


def test_batches_are_the_same_pictures_up_to_rounding(pipeline):
    single = frames(pipeline, STORY, SAME)
    for batch_size in (2, 3, 4):
        batched = frames(pipeline, STORY, SAME, batch_size=batch_size)
        for a, b in zip(single, batched, strict=True):
            difference = np.asarray(a.image, dtype=int) - np.asarray(b.image, dtype=int)
            assert abs(difference).max() <= 1


@pytest.mark.parametrize("batch_size", [1, 2, 3])
@pytest.mark.parametrize("done", [(1,), (1, 2, 3), (2, 4), (4,)], ids=str)
def test_a_run_goes_on_to_the_same_bytes(sd1, batch_size, done):
    whole = pictures(sd1, STORY, SAME, batch_size=batch_size)
    there = [FrameKey(False, number) for number in done]
    rest = frames(sd1, STORY, SAME, batch_size=batch_size, done=there)
    assert [f.number for f in rest] == [n for n in (1, 2, 3, 4) if n not in done]
    assert all(f.image.tobytes() == whole[f.number - 1] for f in rest)


@pytest.mark.parametrize("batch_size", [1, 2, 4])
@pytest.mark.parametrize("wanted", ["2", "3", "4", "1,4"])
def test_frames_alone_are_those_of_the_whole_story(pipeline, wanted, batch_size):
    whole = frames(pipeline, STORY, SAME)
    numbers = frames_to_make(wanted, 4)
    alone = frames(pipeline, STORY, SAME, frames=wanted, batch_size=batch_size)
    assert [frame.number for frame in alone] == list(numbers)
    for frame in alone:
        other = whole[frame.number - 1]
        difference = np.asarray(frame.image, dtype=int) - np.asarray(other.image, dtype=int)
        assert abs(difference).max() <= (batch_size > 1)
        assert [seen.link for seen in frame.saw] == [seen.link for seen in other.saw]


@pytest.mark.parametrize("asked", [{"done": (1, 2, 3)}, {"frames": "4"}], ids=str)
def test_no_more_is_sampled_again_than_is_seen(sd1, asked):
    steps = []
    if "done" in asked:
        asked = {"done": [FrameKey(False, number) for number in asked["done"]]}
    frames(sd1, STORY, ALONE, on_step=lambda key, step, _: steps.append((key, step)), **asked)
    assert [(key.number, step) for key, step in steps] == [
        (n, s) for n in (1, 3, 4) for s in (1, 2)
    ]


def sees(source):
    return (PixelLink(PixelSource(source)),)


@dataclass(frozen=True)
class Batch:
    frames: tuple[int, ...]


def test_every_process_samples_what_its_batches_see():
    graph = ((), sees(1), sees(2), (), sees(4), sees(1))
    batches = [Batch((n,)) for n in range(1, 7)]
    two = Prerequisites[Batch](graph, processes=2)
    before = []
    for batch in batches:
        two.add(batch)
        before.append([one.frames[0] for one in two.give_out(batch)])
    # Frames 1, 3 and 5 are the first process's, 2, 4 and 6 the second's.
    assert before == [[], [1], [2], [], [4], []]


def test_what_must_be_kept_between_batches():
    graph = ((), sees(1), sees(1), sees(3), sees(2))
    assert most_kept(graph, 1) == 2
    assert most_kept(graph, 3) == 2
    assert most_kept(graph, 5) == 0


@pytest.mark.parametrize("sampler", ["LMS", "Heun"])
def test_what_is_kept_is_told_before(sd1, sampler, monkeypatch):
    """Of whole pictures exactly; how large a subject is nobody knows before it is drawn."""
    most = []
    drop = Bank.drop_all_but

    def noted(bank, sources):
        drop(bank, sources)
        most.append(bank.nbytes)

    monkeypatch.setattr(Bank, "drop_all_but", noted)
    settings = dict.fromkeys((f.name for f in fields(Settings)), "")
    settings |= {"sampler": sampler, "steps": 10, "width": 64, "height": 64, "batch_size": 1}
    record = Record(STORY, ALONE.replace(pixels="all"), Settings(**settings), "", False, "")
    plan = plan_for(sd1, record.story, record.options)
    arguments = {"sampler": sampler, "num_inference_steps": 10, "width": 64, "height": 64}
    frames(sd1, record.story, record.options, **arguments)
    assert pixels_kept(sd1, plan.pixels, record.settings) == pytest.approx(max(most), rel=0.1)
    assert "MiB" in memory_note(sd1, record, plan)
    together = replace(record, settings=replace(record.settings, batch_size=4))
    assert memory_note(sd1, together, plan) is None


def test_image_to_image(sd1):
    from diffusers import StableDiffusionImg2ImgPipeline
    from PIL import Image

    img2img = StableDiffusionImg2ImgPipeline(**sd1.components, requires_safety_checker=False)
    img2img.set_progress_bar_config(disable=True)
    settings = {
        "image": Image.new("RGB", (16, 24), "red"),
        "strength": 0.7,
        "num_inference_steps": 4,
    }
    off = pictures(img2img, STORY, HoppingOptions(mode="baseline"), **settings)
    assert differ(pictures(img2img, STORY, ALONE, **settings), off) == [False, True, False, True]


def test_nothing_is_left_behind_when_it_is_stopped(pipeline):
    def stop(_, step, __):
        if step == 2:
            raise KeyboardInterrupt

    before = pictures(pipeline, STORY)  # a library's own hooks come with its first run
    hooks = hook_count(pipeline.unet)
    for batch_size in (1, 4):
        with pytest.raises(KeyboardInterrupt):
            frames(pipeline, STORY, SAME, batch_size=batch_size, on_step=stop)
    assert hook_count(pipeline.unet) == hooks
    assert pictures(pipeline, STORY) == before


def test_what_cannot_be_shared_is_refused_before_sampling(sd1):
    sd1.unet.fuse_qkv_projections()
    sd1.unet.register_forward_pre_hook(lambda *_: pytest.fail("something was sampled"))
    with pytest.raises(HoppingError, match="fused"):
        frames(sd1, STORY, SAME)


def test_a_perturbing_pipeline_is_refused(sd1):
    from diffusers import StableDiffusionPAGPipeline

    perturbing = StableDiffusionPAGPipeline(**sd1.components, requires_safety_checker=False)
    with pytest.raises(HoppingError, match="without PAG"):
        frames(perturbing, STORY, SAME)


def test_a_pull_that_a_sampler_extrapolates_overdraws_nothing():
    """Dark blots in the coat, and a place gone pale: the 50 rows above the figure tell."""
    storybook = load_storybook()
    storybook.set_progress_bar_config(disable=True)
    story = "A red dog runs at the beach.\nThe dog sleeps on the farm."
    settings = {"seed": 2644716437, "sampler": "LMS", "batch_size": 2}
    settings |= {"num_inference_steps": 20, "guidance_scale": 3.0}
    without, shared = (
        frames(storybook, story, options, **settings)[1]
        for options in (SAME.replace(pixels="off"), SAME)
    )
    place, same_place = (np.asarray(f.image, dtype=int)[:50] for f in (without, shared))
    assert abs(place - same_place).mean() < 1.5  # of 255 grey levels; overdrawn, it was 3.8
