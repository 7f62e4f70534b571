"""One frame from plain to hopped: a strip of pictures."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from hopping.studio.restore import open_story

from .asking import generate, run_of


def test_a_strip_ends_in_the_plain_and_the_hopped_picture(studio):
    generate(studio, compare=True)
    folder, _ = run_of(studio)
    asked = json.dumps({"run": folder.name, "frame": 2})
    told = list(studio.strengths("strip", asked))
    assert "studio-fade" in told[-1]
    assert "studio-fade" not in told[0]
    assert "plain-02.png" in told[-1]
    assert "frame-02.png" in told[-1]
    half = open_story((folder / "strength-2-50.png").read_bytes())
    assert half.options["strength"] == 0.5
    assert next(studio.strengths("again", asked)).count("<img") >= 5  # all is kept


def test_a_strip_without_plain_pictures_makes_them(studio):
    generate(studio, compare=True)
    folder, _ = run_of(studio)
    compared = (folder / "plain-02.png").read_bytes()
    hopped = (folder / "frame-02.png").read_bytes()
    for name in ("plain-02.png", "frame-02.png"):
        (folder / name).unlink()
    list(studio.strengths("strip", json.dumps({"run": folder.name, "frame": 2})))
    pixels = {
        name: Image.open(io.BytesIO(data)).tobytes()
        for name, data in (("strength-2-0.png", compared), ("strength-2-100.png", hopped))
    }
    for name, expected in pixels.items():
        assert Image.open(folder / name).tobytes() == expected


def test_a_strip_of_shared_pixels_begins_with_them(studio):
    """Strength is of the text: at 0 the frame sees earlier pictures all the same."""
    generate(studio, compare=True, pixels="all", mode="baseline")
    folder, _ = run_of(studio)
    list(studio.strengths("strip", json.dumps({"run": folder.name, "frame": 2})))
    names = ("frame-02.png", "strength-2-0.png", "plain-02.png")
    hopped, none, plain = (Image.open(folder / name).tobytes() for name in names)
    assert none == hopped
    assert none != plain


def test_another_strip_ends_the_one_before(studio):
    generate(studio)
    folder, _ = run_of(studio)
    asked = [json.dumps({"run": folder.name, "frame": number}) for number in (2, 3)]
    first = studio.strengths("first", asked[0])
    assert "Frame 2, from plain" in next(first)
    *_, last = studio.strengths("second first", asked[1])
    assert "Frame 3, from plain" in last
    assert "studio-fade" in last
    assert not any(
        "Cancelled" in told for told in first
    )  # it would stand in the place of the second
    assert studio.end_strip("second") == ""


def test_a_strip_ends_with_the_next_story(studio):
    generate(studio)
    folder, _ = run_of(studio)
    strip = studio.strengths("strip", json.dumps({"run": folder.name, "frame": 2}))
    next(strip)
    studio.end_strip("strip")
    assert not any("studio-fade" in told for told in strip)
    assert studio.desk.find("strip") is None


@pytest.mark.parametrize(
    "asked", ["", "{}", '{"run": "../..", "frame": 1}', '{"run": "x", "frame": 1}', "[1]"]
)
def test_a_strip_of_nothing_is_refused(studio, asked):
    (told,) = studio.strengths("strip", asked)
    assert "hopping-error" in told
