"""Enlarging one picture of the gallery, on the stand-in host."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from hopping import StoryError

pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")

from hopping.webui.script import HoppingScript

from .runs import LINES, STORY, NoUNet, alone, hop
from .stand_ins import Processing, process
from .test_run_beside_others import DynamicPrompts


def made_as(frame: str | None, mode: str = "hopping", **others) -> Image.Image:
    """A picture of the gallery, by what stands in its infotext."""
    entries = {"Steps": 4, "Seed": 5, "Size": "64x64", "Hopping": mode, **others}
    if frame is not None:
        entries["Hopping frame"] = frame
    picture = Image.new("RGB", (8, 8))
    last = ", ".join(f"{name}: {value}" for name, value in entries.items())
    picture.info["parameters"] = f"The dog sits.\n{last}"
    return picture


def enlarging(frame, prompt=STORY, mode="hopping", **values):
    return Processing(prompt, firstpass_image=made_as(frame, mode), **values)


@pytest.mark.parametrize("frame", [1, 2, 3])
def test_it_is_made_as_in_the_story(sd_model, frame):
    p = enlarging(f"{frame}/3")
    (made,) = hop(p, same_noise=False)
    assert torch.equal(made, hop(Processing(STORY))[frame - 1])
    assert p.all_seeds[0] == 5
    assert p.extra_generation_params["Hopping frame"] == f"{frame}/3"
    assert p.extra_generation_params["Hopping story"].strip() == STORY


def test_a_picture_with_hidden_channels_is_handed_on_without_them(sd_model):
    p = enlarging("2/3")
    p.firstpass_image = given = p.firstpass_image.convert("RGBA")
    given.info["parameters"] = made_as("2/3").info["parameters"]
    seen = []
    p.sample = lambda: seen.append(p.firstpass_image.mode)
    process(p, [HoppingScript()], [{"enabled": True}])
    assert seen == ["RGB"]
    assert p.firstpass_image is given


@pytest.mark.parametrize("compare", [False, True])
def test_a_picture_that_was_only_compared_with_stays_plain(sd_model, compare):
    p = enlarging("2/3", mode="baseline")
    (made,) = hop(p, compare=compare)
    assert torch.equal(made, alone(LINES[1]))
    assert p.extra_generation_params["Hopping"] == "baseline"
    assert p.all_prompts[0] == LINES[1]


def test_in_the_hires_pass_too(sd_model):
    p = enlarging("3/3", enable_hr=True, hr_prompt="A cat.\nIt sits.\nIt runs.")
    process(p, [HoppingScript()], [{"enabled": True}])
    assert p.all_hr_prompts == ["It runs.", "A cat.", "It sits."]
    assert len(p.all_hr_negative_prompts) == 3


def test_the_other_frames_are_drawn_as_they_were(sd_model):
    """By Dynamic Prompts, from the seeds that the story counted."""
    drawn = []
    for picture in (None, made_as("2/3")):
        other = DynamicPrompts()
        p = Processing("An X.\nThe X sits.\nThe X runs.", seed=5 if picture is None else 6)
        p.firstpass_image = picture
        runner = SimpleNamespace(alwayson_scripts=[other])
        p.scripts, p.script_args = runner, (True, False)
        process(p, [HoppingScript(), other], [{"enabled": True, "same_noise": False}])
        drawn.append(p.all_prompts)
    assert drawn[1] == [drawn[0][1], drawn[0][0], drawn[0][2]]
    assert len({text.split()[1] for text in drawn[0]}) == 3


def test_a_network_has_one_weight_whichever_frame_comes_first(sd_model):
    with pytest.raises(StoryError, match="weight in frame 3 and another in frame 1"):
        hop(enlarging("3/3", "<lora:x:1> a\nb\n<lora:x:0.5> c"))


@pytest.mark.parametrize("frame", [1, 2, 3])
def test_whom_it_sees_is_drawn_again_and_not_kept(sd_model, monkeypatch, frame):
    began = []

    def sample(p):
        began.append((p.all_prompts[p.iteration], p.firstpass_image is None))

    monkeypatch.setattr("hopping.webui.hopped_run.RunPixels", NoUNet)
    monkeypatch.setattr(Processing, "sample", sample)
    p = enlarging(f"{frame}/3", batch_size=2, width=64, height=64, draws=True)
    processed = process(p, [HoppingScript()], [{"enabled": True, "pixels": "subject"}])
    sources = [] if frame == 1 else [(LINES[0], True)]
    assert began == [*sources, (LINES[frame - 1], False)]
    assert p.saved == [False] * (frame - 1) + [True]
    assert [picture.getpixel((0, 0))[0] for picture in processed.images] == [frame - 1]
    assert processed.all_prompts == [LINES[frame - 1]]
    assert processed.infotexts == [processed.info]
    assert p.firstpass_image is not None


def test_interrupted_before_its_turn_it_stays_as_it_was(sd_model, monkeypatch):
    p = enlarging("3/3", width=64, height=64)
    monkeypatch.setattr("hopping.webui.hopped_run.RunPixels.follow", lambda _: None)
    monkeypatch.setattr("hopping.webui.hopped_run.HoppedRun.needs_batch", lambda _: False)
    processed = process(p, [HoppingScript()], [{"enabled": True, "pixels": "subject"}])
    assert processed.images == [p.firstpass_image]
    assert processed.infotexts == [p.firstpass_image.info["parameters"]]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [(None, "names no frame of a story"), ("4/5", "is frame 4 of its story, but the prompt has 3")],
)
def test_a_picture_that_is_no_frame_of_the_story(sd_model, frame, reason):
    with pytest.raises(StoryError, match=reason):
        hop(enlarging(frame))


def by_its_button(frame="2/3", mode="paper", prompt="Quite another story.", **entries):
    """✨ on a picture of `STORY`, while the page says something else."""
    entries = {"Hopping story": json.dumps(STORY), **entries}
    picture = made_as(frame, mode, **entries)
    return Processing(prompt, firstpass_image=picture, txt2img_upscale=True)


def test_its_button_takes_its_own_story_and_options(sd_model):
    p = by_its_button(**{"Hopping reach": "0", "Hopping after": '", wet"'})
    (made,) = hop(p, reach="all", same_noise=False)
    assert torch.equal(made, alone(f"{LINES[1]}, wet"))
    assert p.extra_generation_params["Hopping story"].strip() == STORY
    assert p.extra_generation_params["Hopping reach"] == "0"
    assert "Hopping same noise" not in p.extra_generation_params


def test_its_button_makes_a_plain_one_plainly(sd_model):
    p = by_its_button(mode="baseline")
    (made,) = hop(p)
    assert torch.equal(made, alone(LINES[1]))
    assert p.extra_generation_params["Hopping"] == "baseline"


@pytest.mark.parametrize(
    ("frame", "entries", "reason"),
    [
        (None, {}, "choose a frame"),  # the grid
        ("2/3", {"Hopping story": ""}, "the story has no frame"),
        ("2/3", {"Hopping story": "<from:3>a"}, "line 1"),
        ("9/9", {}, "is frame 9 of its story"),
    ],
)
def test_what_its_button_cannot_enlarge(sd_model, frame, entries, reason):
    p = by_its_button(frame, **entries)
    with pytest.raises(StoryError, match=reason):
        hop(p)
    assert not p.sampled


def test_its_button_on_a_picture_that_did_not_hop(sd_model):
    plain = Image.new("RGB", (8, 8))
    with pytest.raises(StoryError, match="names no frame of a story"):
        hop(Processing(STORY, firstpass_image=plain, txt2img_upscale=True))


def test_with_hopping_off_its_button_is_the_hosts(sd_model):
    p = by_its_button()
    process(p, [HoppingScript()], [{"enabled": False}])
    assert p.all_prompts == ["Quite another story."]
