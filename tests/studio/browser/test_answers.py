"""What the page's events are answered with, by the embedded model itself."""

from __future__ import annotations

import base64
import io
import json
import re
import threading

import pytest
from PIL import Image

from hopping.run_options import RunOptions
from hopping.story import parse_story
from hopping.storybook.world import RESOLUTION
from hopping.studio.browser.answers import PAGE_ROWS
from hopping.studio.browser.desk import State
from hopping.studio.record import read_record
from hopping.studio.restore import open_story
from hopping.studio.sampling import SAMPLING

from .conftest import STORY

OWN = {
    "negative": "",
    "steps": 2,
    "cfg": 3,
    "sampler": "LMS",
    "seed": 7,
    "width": RESOLUTION,
    "height": RESOLUTION,
    "batch_size": 1,
}


def values(**changes):
    """The widgets' values: settings, then options."""
    settings = {row.name: OWN[row.name] for row in SAMPLING}
    options = {row.name: row.default for row in PAGE_ROWS} | {"compare": False}
    for name, value in changes.items():
        (settings if name in settings else options)[name] = value
    return [*settings.values(), *options.values()]


def on_desk(run, was=(1, 2, 3), locked=(), only=(), anew=False):
    """What the page says of a desk that has this run."""
    return json.dumps({"run": run.name, "was": was, "locked": locked, "only": only, "anew": anew})


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
    assert studio.cards("token", 6) == {"made": 6, "more": False, "cards": []}
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


def fold(card):
    """What of a card is in its fold, and what is not."""
    before, rest = card.split("<details>")
    within, after = rest.split("</details>")
    return within, before + after


def test_what_hopping_did_is_folded_and_told_in_words(studio):
    """In whole words: the model's tokens of "sits" are s, it and s."""
    _, told = generate(studio, "A red dog sits.\nThe dog sits on the sofa.", pixels="subject")
    card = frames_in(told)[-1].split('<div class="studio-frame"')[2]
    within, outside = fold(card)
    words = re.findall(r'class="studio-word">([^<]*)<', within)
    assert words == ["the", "dog", "sits", "on", "the", "sofa", "."]
    assert "</b> sits " in within
    for what in ("saw of frame", "Hopping moved", "Fade to plain"):
        assert what in within
        assert what not in outside


def test_a_run_of_before_tells_what_a_new_one_does(studio):
    """What is found out again is the same, to the letter."""
    *_, _ = studio.generate("token", STORY, *values())
    fresh = dict(studio.cards("token", 0)["cards"])
    folder, _ = run_of(studio)
    *_, (progress, downloads) = studio.follow("", folder.name)
    assert "3 of 3 pictures are made and kept" in progress
    assert "pages.pdf" in downloads
    cards, made, more = {}, 0, True
    while more:
        fetched = studio.cards(folder.name, made)
        made, more = fetched["made"], fetched["more"]
        cards |= dict(fetched["cards"])
    assert cards == fresh
    studio.desk._jobs.clear()  # as if much else had been made since
    again = studio.cards(folder.name, 0)
    assert "when the model is free" in again["cards"][1][1]
    assert "Fade to plain" in again["cards"][1][1]


def test_a_run_of_another_model_says_why_its_words_are_not_told(studio):
    generate(studio)
    folder, record = run_of(studio)
    record.fingerprint = "other"
    record.write(folder)
    list(studio.follow("", folder.name))
    fetched = studio.cards(folder.name, 0)
    assert not fetched["more"]
    for _, card in fetched["cards"]:
        within, _ = fold(card)
        assert "How far its words moved cannot be told: the model" in within
        assert "Fade to plain" not in within


def test_generate_does_not_wait_for_what_was_done_before(studio):
    generate(studio)
    folder, _ = run_of(studio)
    gate = threading.Event()
    studio.desk.submit("other", lambda job: gate.wait(10))
    list(studio.follow("", folder.name))
    told = studio.generate("next", STORY + "\nIt runs.", *values(), desk=on_desk(folder))
    next(told)
    gate.set()
    *_, (progress, _) = told
    assert "Done" in progress
    assert studio.desk.find(folder.name).state is State.CANCELLED


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
        ("A dog.", {"seed": 1.5}, "seed cannot be 1.5; it must be a whole number"),
        ("A dog.", {"width": None}, "width is empty; it must be a number"),
        ("A dog.", {"seed": ""}, "seed is empty; it must be a number"),
        ("A dog.", {"cfg": None}, "cfg is empty; it must be a number"),
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
