"""What the page's events are answered with, by the embedded model itself."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest
from PIL import Image

from hopping.run_options import RunOptions
from hopping.story import parse_story
from hopping.studio.browser.answers import PAGE_ROWS
from hopping.studio.record import read_record
from hopping.studio.restore import open_story
from hopping.studio.sampling import SAMPLING

from .conftest import STORY

OWN = {"steps": 2, "seed": 7}


def values(**changes):
    """The widgets' values: settings, then options."""
    settings = (
        dict.fromkeys(row.name for row in SAMPLING) | OWN | {"negative": "", "sampler": "LMS"}
    )
    options = {row.name: row.default for row in PAGE_ROWS} | {"compare": False}
    for name, value in changes.items():
        (settings if name in settings else options)[name] = value
    return [*settings.values(), *options.values()]


def watch(studio, story=STORY, **changes):
    """What is shown, by the kind of place; the frames' as the page's script puts it together."""
    cards, made = {}, 0
    for progress, downloads in studio.generate("token", story, *values(**changes)):
        frames = {}
        if "studio-news" in progress:
            fetched = studio.cards("token", made)
            made = fetched["made"]
            cards |= dict(fetched["cards"])
            if fetched["cards"]:
                frames = "".join(cards[number] for number in sorted(cards))
        yield progress, frames, downloads


def generate(studio, story=STORY, **changes):
    """The last of what is shown, by the kind of place, and all that was."""
    told = list(watch(studio, story, **changes))
    return told[-1], told


def frames_in(told):
    """What was shown in the frames' place, each time that it was something else."""
    return [frames for _, frames, _ in told if isinstance(frames, str)]


def run_of(studio):
    (folder,) = studio.outputs.iterdir()
    return folder, read_record(folder)


def test_frames_come_one_by_one_and_their_files_are_the_command_lines(studio):
    (progress, _, downloads), told = generate(studio, steps=8)
    folder, record = run_of(studio)
    assert [frames.count("<img") for frames in frames_in(told)] == [1, 2, 3]
    assert "Done: 3 pictures, seed 7" in progress
    # Which of the steps are shown depends on how long each takes.
    assert any("Steps" in progress and re.search("[1-8]/8", progress) for progress, _, _ in told)
    assert sorted(path.name for path in folder.iterdir()) == [
        "frame-01.png",
        "frame-02.png",
        "frame-03.png",
        "grid.png",
        "mask.png",
        "story.json",
    ]
    assert "pages.pdf" in downloads
    assert record.source == STORY


def test_the_cards_that_are_sent_are_those_of_new_pictures(studio):
    sent, made = [], 0
    for _ in studio.generate("token", STORY, *values(steps=8, compare=True)):
        fetched = studio.cards("token", made)
        made = fetched["made"]
        if fetched["cards"]:
            sent.append([number for number, _ in fetched["cards"]])
    # Two that come together are sent together.
    assert [number for numbers in sent for number in numbers] == [1, 2, 3, 1, 2, 3]
    assert studio.cards("token", 6) == {"made": 6, "cards": []}
    assert studio.cards("nobody's", 0) is None


def test_a_story_is_parsed_once_however_many_frames_it_has(studio, monkeypatch):
    parsed = []

    def counted(*texts, **cast):
        parsed.append(texts)
        return parse_story(*texts, **cast)

    for module in ("record", "unread_syntax", "pipeline_conditioner"):  # all that call it
        monkeypatch.setattr(f"hopping.studio.{module}.parse_story", counted)
    counts = []
    for story in (STORY, STORY + "\nIt sleeps.\nIt runs."):
        parsed.clear()
        generate(studio, story, steps=1)
        counts.append(sum(texts[0] == story for texts in parsed))
    assert counts[0] == counts[1] <= 2  # the request's and the record's


def test_plain_pictures_stand_beside_where_asked_for(studio):
    _, told = generate(studio, compare=True)
    _, record = run_of(studio)
    assert len(record.files) == 6
    assert frames_in(told)[-1].count("plain SD</figcaption>") == 3


def test_it_says_how_far_each_token_moved_and_what_it_attended_to(studio):
    _, told = generate(studio)
    frames = frames_in(told)[-1]
    assert "its embedding is the plain one" in frames  # frame 1
    assert frames.count("Hopping moved this frame") == 2
    assert "Attended most to" in frames


def test_it_shows_what_each_frame_saw_of_earlier_pictures(studio):
    _, told = generate(studio, steps=4, pixels="subject", mode="baseline")
    assert any("(pixels that later frames see take " in progress for progress, _, _ in told)
    folder, record = run_of(studio)
    frames = frames_in(told)[-1]
    assert frames.count("saw of frame</span> <b>1</b> “A red dog”, ") == 2
    assert frames.count('alt="What was seen of frame 1"') == 2
    for number in (2, 3):
        (saw,) = record.saw[number]
        assert f"{saw.share:.0%} of the picture" in frames
        assert studio.files.answer(folder.name, saw.file, {}).status_code == 200
        with Image.open(folder / saw.file) as seen, Image.open(folder / "frame-01.png") as whole:
            assert seen.size == whole.size
            assert seen.tobytes() != whole.tobytes()
    assert record.saw == read_record(folder).saw


def test_the_whole_picture_needs_none_of_what_was_seen(studio):
    _, told = generate(studio, pixels="all")
    assert frames_in(told)[-1].count("saw of frame</span> <b>1</b> the whole picture") == 2
    assert not list(run_of(studio)[0].glob("saw*"))


def test_cancelling_keeps_what_is_done(studio):
    told = []
    for shown in watch(studio, steps=4):
        told.append(shown)
        if isinstance(shown[1], str) and "<img" in shown[1]:
            studio.cancel("token")
    folder, record = run_of(studio)
    made = len(record.files)
    assert 1 <= made < 3
    assert f"Cancelled. {made} of 3 pictures are made and kept." in told[-1][0]
    assert (folder / "grid.png").is_file()
    assert "frames.zip" in told[-1][2]


@pytest.mark.parametrize(
    ("story", "changes", "expected"),
    [
        ("A dog.\n<from:9> It sits.", {}, "line 2, column 1"),
        ("A <lora:x:1> dog.", {}, "line 1, column 3"),
        ("", {}, "one prompt per line"),
        ("A dog.", {"steps": 0}, "steps cannot be 0"),
        ("A dog.", {"width": 65}, "width cannot be 65"),
        ("A dog.", {"width": 8_000_000}, "width cannot be 8000000; allowed: 8 to 4096"),
        ("A dog.", {"height": 4104}, "height cannot be 4104; allowed: 8 to 4096"),
        ("A dog.", {"steps": 10**9}, "steps cannot be 1000000000; allowed: 1 to 1000"),
        ("A dog.", {"steps": 2.5}, "steps cannot be 2.5; it must be a whole number"),
        ("A dog.", {"steps": float("nan")}, "steps cannot be nan"),
        ("A dog.", {"steps": "many"}, "steps cannot be &#39;many&#39;; it must be a number"),
        ("A dog.", {"batch_size": 10**6}, "batch_size cannot be 1000000; allowed: 1 to 100"),
        ("A dog.", {"cfg": 101}, "cfg cannot be 101; allowed: 0 to 100"),
        ("A dog.", {"cfg": float("inf")}, "cfg cannot be inf; allowed: 0 to 100"),
        ("A dog.", {"seed": 2**63}, "seed cannot be 9223372036854775808; allowed: -1 to"),
        ("A dog.\n" * 1001, {}, "1001 frames are too many; allowed: up to 1000"),
        ("A" * 200_001, {}, "200001 characters are too many; allowed: up to 200000"),
        ("A dog.\n" * 900, {"after": "b" * 300}, "characters are too many"),
        ("A dog.", {"negative": "b" * 200_001}, "200001 characters are too many"),
        ("A dog.", {"seed": -2}, "seed cannot be -2"),
        ("A dog.", {"reach": "far"}, "reach cannot be"),
        ("A dog.", {"sampler": "magic"}, "unknown sampler"),
        ("dog " * 80 + "\nA cat.", {"layout": "joint"}, "more than the joint"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_begun(studio, story, changes, expected):
    (progress, _, _), told = generate(studio, story, **changes)
    assert expected in progress
    assert len(told) == 1
    assert not studio.outputs.exists()


@pytest.mark.parametrize("story", ["A dog.\n" * 1001, "A" * 200_001])
def test_a_story_that_is_too_large_is_not_planned(studio, story):
    plan, mask, _ = studio.plan("4", story, *(row.default for row in PAGE_ROWS))
    assert "are too many; allowed: up to" in plan
    assert len(plan) < 2000
    assert mask == ""


def test_a_crash_in_a_run_is_told_and_the_next_run_works(studio, monkeypatch):
    forward = studio.pipeline.unet.forward
    monkeypatch.setattr(studio.pipeline.unet, "forward", lambda *_, **__: 1 / 0)
    (progress, _, _), _ = generate(studio)
    assert "ZeroDivisionError" in progress
    monkeypatch.setattr(studio.pipeline.unet, "forward", forward)
    assert "Done: 3 pictures" in generate(studio)[0][0]


def test_prompts_are_shown_as_text(studio):
    evil = 'A <b>dog</b> & "<img src=x onerror=alert(1)>".\nThe dog.'
    _, told = generate(studio, evil)
    plan, *_ = studio.plan("1", evil, *(row.default for row in PAGE_ROWS))
    for text in [plan, *(part for shown in told for part in shown if isinstance(part, str))]:
        assert "<b>dog" not in text
        assert "<img src=x" not in text


def test_the_plan_says_what_is_wrong_at_its_line(studio):
    plan, mask, _ = studio.plan("4", "A dog.\n<from:2> It.", *(row.default for row in PAGE_ROWS))
    assert 'data-serial="4"' in plan
    assert "line 2, column 1" in plan
    assert mask == ""


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


@pytest.mark.parametrize(
    "asked", ["", "{}", '{"run": "../..", "frame": 1}', '{"run": "x", "frame": 1}', "[1]"]
)
def test_a_strip_of_nothing_is_refused(studio, asked):
    (told,) = studio.strengths("strip", asked)
    assert "hopping-error" in told


def test_the_page_has_every_run_option_that_means_something_here():
    names = {row.name for row in PAGE_ROWS}
    assert {row.name for row in RunOptions.rows()} - names == {"grid", "captions", "save_mask"}
