"""The grid that a run of the WebUI adds, on the stand-in host."""

from __future__ import annotations

import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")

from hopping.figure import story_grid
from hopping.webui import grid, script

from .runs import STORY
from .stand_ins import Processing, process

SUBJECT = "Consistent subject"


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        (
            {"preset": SUBJECT, "compare": True},
            [f"{made_by}, seed {seed}" for seed in (5, 6) for made_by in ("plain SD", SUBJECT)],
        ),
        (
            {"reach": "all", "same_noise": False},
            ["Paper, reach=all, seeds from 5", "Paper, reach=all, seeds from 8"],
        ),
    ],
)
def test_each_row_is_named_by_what_made_it(sd_model, monkeypatch, asked, titles):
    drawn = []

    def draw(run, _processed):
        pictures = {job: Image.new("RGB", (8, 8)) for job in run.jobs.all}
        grid._grid(run, pictures, ())

    def spy(rows, captions, names):
        drawn.append(names)
        return story_grid(rows, captions, names)

    monkeypatch.setattr(script, "add_pictures", draw)
    monkeypatch.setattr(grid, "story_grid", spy)
    process(
        Processing(STORY, seed=5, n_iter=2), [script.HoppingScript()], [{"enabled": True, **asked}]
    )
    assert drawn == [titles]
