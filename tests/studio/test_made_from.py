"""What a picture is made from is told by the plan: equal texts of it are equal embeddings."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hopping import HoppingOptions, parse_story
from hopping.studio import FrameKey
from hopping.studio.made_from import pictures_made_from
from hopping.studio.pipeline_conditioner import PipelineConditioner
from hopping.studio.record import Record, Settings

from ..strategies import meetings, options, stories

SETTINGS = dict.fromkeys((field.name for field in fields(Settings)), "") | {
    "seed": 7,
    "same_noise": True,
}
SAME = HoppingOptions.from_mapping({}, preset="Same character")


def made_from(pipeline, lines, options, **settings):
    """What each frame of a story is made from, and its embedding."""
    story = "\n".join(lines)
    record = Record(story, options, Settings(**SETTINGS | settings), "", False, "")
    conditioner = PipelineConditioner(pipeline)
    plans = conditioner.plan(parse_story(story, cast=options.cast), options)
    told = pictures_made_from({False: plans}, record)
    keys = [FrameKey(False, number) for number in range(1, len(plans[0].frames) + 1)]
    return [told[key] for key in keys], [each.hidden for each in conditioner.encode(plans)]


def changed(data, lines):
    """The story with one line added, left out or another."""
    place = data.draw(st.integers(0, len(lines) - 1))
    new = data.draw(st.sampled_from((*lines, "A bird flies.", "<from:none> The dog sits.")))
    kind = data.draw(st.sampled_from(("add", "leave out", "replace")))
    if kind == "leave out" and len(lines) > 1:
        return lines[:place] + lines[place + 1 :]
    return [*lines[:place], new, *lines[place + (kind == "replace") :]]


@given(st.data(), stories() | meetings(), options() | st.just(HoppingOptions(mode="reference")))
def test_equal_ones_have_equal_embeddings(small_pipeline, data, lines, asked):
    other = changed(data, list(lines))
    try:
        first, embeddings = made_from(small_pipeline, lines, asked)
        second, others = made_from(small_pipeline, other, asked)
    except ValueError:
        return  # links to what was left out, or no mode for them
    for one, a in zip(first, embeddings, strict=True):
        for two, b in zip(second, others, strict=True):
            if one == two:  # others may be equal, too: who sees the same words twice, say
                assert torch.allclose(a, b, atol=1e-5)


@pytest.fixture(scope="module")
def small_pipeline(_sd1):
    return _sd1


STORY = ["A red dog runs.", "A cat sleeps.", "The dog sits.", "The cat is by the river."]


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({0: "A red dog sits."}, [1, 3]),  # its pixels
        ({1: "A cat in a hat sleeps."}, [2, 4]),
        ({3: "The cat jumps."}, [4]),
        ({2: "<seed:9> The dog sits."}, [3]),
        ({0: "<seed:9> A red dog runs."}, [1, 3]),
        ({2: "<seed:7> The dog sits."}, []),
        ({2: "<from:none> The dog sits."}, [3]),
    ],
    ids=str,
)
def test_what_a_change_reaches(sd1, changes, numbers):
    before, _ = made_from(sd1, STORY, SAME)
    after, _ = made_from(sd1, [changes.get(n, line) for n, line in enumerate(STORY)], SAME)
    assert [n for n in range(1, 5) if before[n - 1] != after[n - 1]] == numbers


@pytest.mark.parametrize("cast", ["said", "seen"])
def test_a_description_reaches_those_who_name_it(sd1, cast):
    story = ["A cat sleeps.", "Mia runs.", "Mia sits."]
    options = replace(SAME, cast=cast)
    told = [
        made_from(sd1, [f"<cast:Mia: a girl in a {colour} coat>", *story], options)[0]
        for colour in ("red", "blue")
    ]
    assert [a == b for a, b in zip(*told, strict=True)] == [True, False, False]


def test_how_it_is_sampled_counts(sdxl):
    before, _ = made_from(sdxl, STORY, SAME)
    for change in ({"steps": 2}, {"negative": "bad"}, {"seed": 8}, {"dtype": "bfloat16"}):
        after, _ = made_from(sdxl, STORY, SAME, **change)
        assert not set(before) & set(after)
    counting, _ = made_from(sdxl, STORY, SAME, same_noise=False)
    assert [a == b for a, b in zip(before, counting, strict=True)] == [True, False, False, False]
    words, _ = made_from(sdxl, STORY, replace(SAME, pixels="off"))
    assert [a == b for a, b in zip(before, words, strict=True)] == [True, True, False, False]


def test_another_description_reaches_those_who_see_it(small_pipeline):
    options = SAME.replace(cast="seen", pixels="off")
    told = []
    for looks in ("black", "red"):
        story = f"<cast:Mia: a girl with {looks} hair>\nA cat sleeps.\nMia runs.\nMia sits.\nA dog."
        record = Record(story, options, Settings(**SETTINGS), "", False, "")
        plans = PipelineConditioner(small_pipeline).plan(record.story, options)
        told.append([*pictures_made_from({False: plans}, record).values()])
    assert [one == other for one, other in zip(*told, strict=True)] == [True, False, False, True]
