"""What the page is answered when a file is opened."""

from __future__ import annotations

import base64
import io

from PIL import Image

from hopping.studio.browser.answers import PAGE_ROWS
from hopping.studio.sampling import SAMPLING

from .asking import generate, run_of
from .conftest import STORY


def opened(studio, data):
    *updates, told = studio.open(base64.b64encode(data).decode())
    names = ["story", *(row.name for row in SAMPLING), "preset", *(row.name for row in PAGE_ROWS)]
    return dict(zip(names, updates, strict=True)), told


def test_every_picture_of_a_run_brings_it_back(studio):
    asked = {"reach": "all", "compare": True, "after": ", drawn", "same_noise": False, "cfg": 4.5}
    generate(studio, **asked)
    folder, _ = run_of(studio)
    for name in ("story.json", "frame-02.png", "plain-03.png"):
        back, told = opened(studio, (folder / name).read_bytes())
        assert back["story"] == STORY
        assert {name: back[name] for name in asked} == asked
        assert (back["seed"], back["steps"], back["preset"]) == (7, 2, "")
        assert "in place" in told
        assert "made with the model" not in told


def test_what_is_no_story_is_refused_and_nothing_changes(studio):
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    for data, reason in [
        (b"hello", "neither a PNG nor a story.json"),
        (b"{}", "no story.json of schema"),
        (picture.getvalue(), "no generation data"),
        (picture.getvalue()[:40], "damaged"),
    ]:
        updates, told = opened(studio, data)
        assert reason in told
        assert all(set(update) == {"__type__"} for update in updates.values())


def test_a_record_of_another_precision_is_told(studio):
    generate(studio)
    folder, _ = run_of(studio)
    written = (folder / "story.json").read_text("utf-8")
    _, told = opened(studio, written.replace('"float32"', '"bfloat16"').encode())
    assert "it was made in bfloat16; this page computes in float32" in told


def test_a_picture_of_a_part_brings_the_whole_story(studio):
    """That it was made alone is of its run, not of the next."""
    generate(studio, frames="2")
    folder, record = run_of(studio)
    assert (record.settings.frames, [key.number for key in record.files]) == ("2", [2])
    for name in ("story.json", "frame-02.png"):
        assert opened(studio, (folder / name).read_bytes())[0]["frames"] == "all"
