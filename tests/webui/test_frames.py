"""Some frames of a story, and frames with seeds of their own, on the stand-in host."""

from __future__ import annotations

import json

import pytest
import torch

pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")

from hopping import HoppingError
from hopping.webui import axes, generation_data, grid
from hopping.webui.script import HoppingScript

from .runs import LINES, STORY, NoUNet, hop
from .stand_ins import Processing, process
from .test_run_enlarging import by_its_button

SEEDED = "A red dog swims.\n<seed:77> The dog sits.\nThe dog runs."


@pytest.mark.parametrize("same_noise", [True, False])
def test_each_is_as_in_the_whole_story(sd_model, same_noise):
    whole = Processing(STORY, batch_size=2)
    frames = hop(whole, same_noise=same_noise)
    p = Processing(STORY, batch_size=2)
    made = hop(p, frames="3,1", same_noise=same_noise)
    assert all(torch.equal(a, b) for a, b in zip(made, (frames[0], frames[2]), strict=True))
    assert p.all_seeds[:2] == [whole.all_seeds[0], whole.all_seeds[2]]
    assert p.all_prompts == [LINES[0], LINES[2], LINES[1]]


def test_the_result_tells_of_them_alone(sd_model, monkeypatch):
    grids = []
    monkeypatch.setattr(grid, "story_grid", lambda *told: grids.append(told) or told[0][0][0])
    monkeypatch.setattr(grid, "_story_infotext", lambda _: "")
    monkeypatch.setattr(grid, "_saves_grid", lambda *_: False)
    monkeypatch.setattr(grid.shared.opts, "enable_pnginfo", False, raising=False)
    p = Processing(SEEDED, draws=True, n_iter=2)
    asked = {"enabled": True, "frames": "2-3", "compare": True}
    processed = process(p, [HoppingScript()], [asked])
    assert len(processed.images) == len(processed.infotexts) == 1 + 2 * 2 * 2
    assert processed.all_prompts == LINES[1:] * 4
    assert processed.all_seeds == [77, 5, 77, 6] * 2
    ((rows, captions, titles),) = grids
    assert [len(row) for row in rows] == [2] * 4
    assert captions == LINES[1:]
    assert titles[0] == "plain SD, seed 5; own in 2"


@pytest.mark.parametrize(
    ("story", "frames", "sampled"),
    [
        (STORY, "3", [LINES[0], LINES[2]]),
        (
            "A bus.\nA red dog swims.\nA cat.\nThe dog sits.",
            "4",
            ["A red dog swims.", "The dog sits."],
        ),
        (STORY, "1", LINES[:1]),
    ],
)
def test_whom_they_see_is_drawn_and_not_kept(sd_model, monkeypatch, story, frames, sampled):
    monkeypatch.setattr("hopping.webui.hopped_run.RunPixels", NoUNet)
    began = []
    monkeypatch.setattr(Processing, "sample", lambda p: began.append(p.prompts[0]))
    p = Processing(story, draws=True, batch_size=2, width=64, height=64)
    asked = {"enabled": True, "frames": frames, "pixels": "subject", "grid": False}
    processed = process(p, [HoppingScript()], [asked])
    assert began == sampled
    assert len(processed.images) == 1
    assert processed.all_prompts == sampled[-1:]
    assert p.saved.count(True) == 1
    assert p.batch_size == 2


def test_a_seed_of_its_own_is_nobodys_else(sd_model):
    p = Processing(SEEDED, n_iter=2)
    hop(p, same_noise=False)
    assert p.all_seeds == [5, 77, 7, 8, 77, 10]
    assert p.all_prompts[1] == LINES[1]


def told(p, index):
    """What the infotext of a picture of a run has of ours, and its seed."""
    entries = {}
    for name, entry in p.extra_generation_params.items():
        if callable(entry):
            entry = entry(p=p, index=index, all_prompts=p.all_prompts, prompt_text="")
        if entry is not None:
            entries[name] = str(entry)
    return entries | {"Seed": str(p.all_seeds[index])}


@pytest.mark.parametrize("same_noise", [True, False])
def test_its_infotext_has_both_seeds(sd_model, same_noise):
    p = Processing(SEEDED)
    hop(p, same_noise=same_noise, frames="2-3")
    own, other = told(p, 0), told(p, 1)
    assert (own["Seed"], own["Hopping seed"]) == ("77", "5")
    assert "Hopping seed" not in other
    for params in (own, other):
        whole = generation_data.of_whole_story(params)
        assert whole.get("Seed", params["Seed"]) == "5"
        assert whole["Prompt"] == SEEDED


def test_the_variation_seed_is_counted_beside_it():
    params = {
        "Hopping": "paper",
        "Hopping frame": "2/3",
        "Hopping story": SEEDED,
        "Hopping seed": "5",
        "Hopping same noise": "off",
        "Seed": "77",
        "Variation seed": "71",
    }
    whole = generation_data.of_whole_story(params)
    assert (whole["Seed"], whole["Variation seed"]) == ("5", "70")


@pytest.mark.parametrize("same_noise", ["on", "off"])
def test_one_with_a_seed_of_its_own_is_enlarged(sd_model, same_noise):
    entries = {"Hopping story": json.dumps(SEEDED), "Hopping seed": "5", "Seed": "77"}
    p = by_its_button(**entries, **{"Hopping same noise": same_noise})
    p.seed = 77  # which the host has read there
    hop(p)
    others = [5, 5] if same_noise == "on" else [5, 7]
    assert p.all_seeds == [77, *others]
    assert told(p, 0)["Hopping seed"] == "5"


@pytest.mark.parametrize(
    ("frames", "reason"), [("4", "the story has 3 frames"), ("x", "frames cannot be")]
)
def test_frames_that_are_none_of_the_storys(sd_model, monkeypatch, frames, reason):
    with pytest.raises(HoppingError, match=reason):
        hop(Processing(STORY), frames=frames)


def test_an_axis_of_the_plot(sd_model):
    p = Processing(STORY)
    axis = next(row for row in axes._ROWS if row.label == "Frames")
    axes._confirm(axis)(p, ["2", "1,3", "all"])
    p.hopping_frames = "2"
    made = hop(p)
    assert len(made) == 1
    assert p.all_prompts[0] == LINES[1]
