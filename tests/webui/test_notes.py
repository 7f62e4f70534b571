"""What a run tells among its result's comments, on the stand-in host."""

from __future__ import annotations

import json
from copy import copy

import pytest

pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")

from hopping.webui.script import HoppingScript

from .stand_ins import Processing, process

APART = "A red dog runs.\nA blue cat sits."
SUBJECT = {"preset": "Consistent subject"}
NOTHING = "Frame 2: frame 1 shows it nothing: nobody whom it names is recognised there"


def run(prompt, options, **values):
    p = Processing(prompt, **values)
    return process(p, [HoppingScript()], [{"enabled": True, "grid": False, **options}])


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        (APART, SUBJECT),
        ("赤い犬が走る。\n青い猫が座る。", SUBJECT),
        (f"{APART}\n<share:A blue cat> runs.", {"share": "subject"}),
    ],
)
def test_what_shows_nothing_is_told(sd_model, prompt, options):
    processed = run(prompt, options, n_iter=2)
    assert processed.comments.count(NOTHING) == 1
    told = json.loads(processed.js())
    assert told["comments"] == processed.comments
    assert told["infotexts"] == processed.infotexts


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        (APART, {}),
        (APART, {**SUBJECT, "mode": "baseline"}),
        (APART, {**SUBJECT, "strength": 0}),
        (APART, {**SUBJECT, "reach": 0, "anchor": False}),
        ("A red dog runs.\nThe dog sits.", SUBJECT),
        ("<share:A red dog> runs.\nA blue cat sits.", {}),
    ],
)
def test_nothing_is_told_where_there_is_nothing_to_tell(sd_model, prompt, options):
    assert run(prompt, options).comments == ""


def test_a_long_story_is_told_in_few_lines(sd_model):
    nouns = "dog cat bus ship tree house bird horse car boat lamp".split()
    comments = run("\n".join(f"A {noun}." for noun in nouns), SUBJECT).comments.splitlines()
    assert len(comments) == 9
    assert comments[-1].startswith("So it is with 2 more frames")


def test_a_plots_copy_of_a_result_tells_its_own(sd_model):
    """The plot copies its first cell's result and fills in all cells' infotexts."""
    cells = copy(run(APART, SUBJECT))
    cells.infotexts = ["all", "cells"]
    assert json.loads(cells.js())["infotexts"] == ["all", "cells"]


def test_without_hopping_the_result_is_the_hosts(sd_model):
    processed = process(Processing(APART), [HoppingScript()], [{"enabled": False}])
    assert json.loads(processed.js()).keys() == {"infotexts"}
