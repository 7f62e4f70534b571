"""Stories come back out of every door's pictures, and out of nothing else."""

from __future__ import annotations

import json

import pytest

from hopping.studio.restore import OpenError, open_story

from .saved import SETTINGS, png

STORY = 'A "red" dog, swimming: now.\nThe dog sits.\n<from:1> It runs.'
# As AUTOMATIC1111's WebUI writes it: options that are not the defaults, values with signs quoted.
INFOTEXT = (
    "The dog sits.\n"
    "Negative prompt: blurry,\nugly\n"
    "Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 41, "
    "Size: 512x768, Model hash: abc, Model: sd15, Denoising strength: 0.7, Hopping: paper, "
    f"Hopping frame: 2/3, Hopping story: {json.dumps(STORY + chr(10))}, Hopping reach: all, "
    "Hopping share: subject, Hopping same noise: off, Hopping compare: on, "
    'Hopping after: ", drawn\\n", Hires upscale: 2, Version: v1.10.1'
)


def test_a_picture_of_the_webui():
    opened = open_story(png(parameters=INFOTEXT))
    assert opened.source == STORY
    assert opened.settings == {
        "negative": "blurry,\nugly",
        "steps": 30,
        "sampler": "DPM++ 2M Karras",
        "cfg": 6.5,
        "seed": 40,  # it counts up, and this is the second frame
        "width": 512,
        "height": 768,
    }
    assert opened.options["reach"] == "all"
    assert opened.options["share"] == "subject"
    assert opened.options["same_noise"] is False
    assert opened.options["compare"] is True
    assert opened.options["after"] == ", drawn"
    assert opened.options["layout"] == "auto"
    assert opened.model == "sd15"
    assert any("hires pass" in note for note in opened.notes)


@pytest.mark.parametrize("same_noise", ["on", "off"])
def test_a_frame_with_a_seed_of_its_own_keeps_the_storys(same_noise):
    text = INFOTEXT.replace("Seed: 41", "Seed: 99, Hopping seed: 7, Hopping frames: 2-3")
    opened = open_story(
        png(parameters=text.replace("same noise: off", f"same noise: {same_noise}"))
    )
    assert opened.settings["seed"] == 7
    assert opened.options["frames"] == "all"  # the story is opened, not the wish of then


def test_a_sampler_that_is_not_known_here_is_told():
    opened = open_story(png(parameters=INFOTEXT.replace("DPM++ 2M", "Restart")))
    assert "sampler" not in opened.settings
    assert any("'Restart'" in note for note in opened.notes)


def record(**changes):
    settings = {**SETTINGS, "cfg": 3, "sampler": "lms"}
    data = {"schema": 1, "story": STORY, "options": {"reach": 2}, "settings": settings}
    data["settings"] |= {k: v for k, v in changes.items() if k in settings}
    data |= {k: v for k, v in changes.items() if k not in settings}
    return json.dumps(data).encode()


def test_a_record_of_before_noise_could_count_up():
    opened = open_story(record())
    assert opened.source == STORY
    assert opened.options["reach"] == 2
    assert opened.options["same_noise"] is True
    assert opened.settings["sampler"] == "LMS"
    assert opened.model == "model.safetensors"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "neither a PNG nor a story.json"),
        (b"\xff\xd8\xff\xe0 a JPEG", "neither a PNG nor a story.json"),
        (b"[" * 100_000, "neither a PNG nor a story.json"),
        (b'"text"', "no story.json of schema 1"),
        (record(schema=99), "no story.json of schema 1"),
        (record(story=5), "no text"),
        (record(options={"mood": "good"}), "unknown option 'mood'"),
        (record(options={"reach": -1}), "reach cannot be -1"),
        (record(steps="many"), "its steps is 'many'"),
        (record(sampler="magic"), "unknown sampler"),
        (record(settings=None), "damaged"),
        (png(), "no generation data"),
        (png(parameters="A dog.\nSteps: 4, Sampler: LMS, Seed: 1"), "without hopping"),
        (png(parameters=INFOTEXT.replace("Steps: 30", "Steps: x")), "damaged"),
        (png(hopping="{"), "neither a PNG nor a story.json"),
        (png(hopping="{}"), "damaged"),
        (png()[:-20], "the PNG is damaged"),
        (b" " * (64 * 2**20 + 1), "too large"),
    ],
)
def test_what_is_no_story_is_refused_with_a_reason(data, reason):
    with pytest.raises(OpenError) as caught:
        open_story(data)
    assert reason in str(caught.value)
