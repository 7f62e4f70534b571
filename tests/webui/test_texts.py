"""A frame's marks through the host's syntax."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hopping import StoryError, parse_story
from hopping.run_options import parse_request
from hopping.webui import moments, networks, planning, texts

from .stand_ins import MODULES

STYLE = "photo of {prompt}, sharp"


def frame_of(line, before="", after=""):
    return parse_story(line, before, after).frames[0]


def readings(line, style="{prompt}", before="", after="", step=10):
    """What is read of a line once style, AND, editing and emphasis are through with it."""
    frame = frame_of(line, before, after)
    actual = texts.without_networks(style.replace("{prompt}", frame.text))
    scheduled = moments.schedule_frames(
        [frame], [actual], lambda text: style.replace("{prompt}", text), texts.Timing(10)
    )
    return [texts.read(frame, texts.text_at(part.schedule, step)) for part in scheduled[0].parts]


def marked_words(reading):
    return [reading.text[start:end] for start, end in reading.marks]


def own_words(reading):
    return reading.text[slice(*reading.own)]


@pytest.mark.parametrize("style", ["{prompt}", STYLE, "({prompt}:1.2)"])
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("<share:A red dog> swims", ["A red dog"]),
        ("A <share:red> dog in <share:the river>", ["red", "the river"]),
        ("<share:(A dog:1.2)> swims", ["A dog"]),
        ("(<share:A dog>:1.2) swims", ["A dog"]),
        ("A (big:1.2)<share:(dog:1.2)>", ["dog"]),
        ("<share:A dog> <lora:wet:1> swims", ["A dog"]),
        ("<lora:wet:1><share:A dog> swims", ["A dog"]),
        ("<share:A dog> swims <lora:wet:1>", ["A dog"]),
        ("<share:A dog <lora:wet:1>> AND a cat <lora:dry:1> :0.6", ["A dog"]),
        ("it swims BREAK <share:A dog> too", ["A dog"]),
        ("<share:A [cat:dog:0.5]> swims", ["A dog"]),
    ],
)
def test_marks_are_found_where_the_story_put_them(opts, line, words, style):
    if "(" in line and "(" in style:
        pytest.skip("the stand-in's parser does not nest")
    found = readings(line, style, step=10)
    assert [word for reading in found for word in marked_words(reading)] == words
    assert all(texts.clean(reading.text) == reading.text for reading in found)


@pytest.mark.parametrize("line", ["A dog, (wet:1.3)", "(A:1.2) dog", "A dog AND (a:1.2) cat"])
@pytest.mark.parametrize("style", ["{prompt}", STYLE])
def test_what_is_tokenised_is_what_the_host_would_read(opts, line, style):
    for sub_prompt in readings(line, style):
        assert not set(sub_prompt.text) & set("():")
        for start, end in sub_prompt.pieces:
            assert sub_prompt.text[start:end]


def test_own_words_are_without_style_and_additions(opts):
    (reading,) = readings("A dog", STYLE, before="an oil painting of", after=", dark")
    assert reading.text == "photo of an oil painting of A dog, dark, sharp"
    assert own_words(reading) == "A dog"


def test_own_words_of_every_sub_prompt(opts):
    first, second, third = readings("A dog AND a cat AND a ship :0.5", STYLE)
    assert [own_words(r).strip() for r in (first, second, third)] == ["A dog", "a cat", "a ship"]
    assert first.text == "photo of A dog"


def test_weights_are_kept(opts):
    frame = frame_of("A dog AND a cat :0.5")
    text = texts.place(frame, frame.text, lambda text: text)
    assert [weight for _, weight in texts.sub_prompts(frame, text)] == [1.0, 0.5]


def test_own_words_where_another_extension_rewrote_them(opts):
    frame = frame_of("A __animal__")
    placed = texts.place(frame, "photo of A cat, sharp", lambda t: STYLE.replace("{prompt}", t))
    assert own_words(texts.read(frame, placed)) == "A cat"


def test_marks_that_another_extension_rewrote_are_an_error(opts):
    frame = frame_of("<share:A __animal__> swims")
    with pytest.raises(StoryError, match="another extension has rewritten"):
        texts.place(frame, "A cat swims", lambda text: text)


def test_a_rewritten_text_may_end_in_whitespace(opts):
    frame = frame_of("A dog, (wet:-1)")
    placed = texts.place(frame, "A dog, ", lambda text: text)
    ((part, _),) = texts.sub_prompts(frame, placed)
    assert texts.read(frame, part).text == "A dog,"


@pytest.mark.parametrize(
    "line",
    [
        "A [<share:cat>:dog:0.5] swims",
        "<share:A [cat>:dog:0.5] swims",
        "<share:A cat AND a dog>",
        "A (dog:1.<share:2) swims>",
    ],
)
def test_a_mark_that_cuts_through_syntax_is_an_error(opts, line):
    frame = frame_of(line)
    with pytest.raises(StoryError, match=r"line 1.*cuts through"):
        moments.StepTexts(
            moments.schedule_frames([frame], [frame.text], str, texts.Timing(10)), step=10
        )


def test_without_emphasis_brackets_are_text(opts):
    opts.emphasis = "None"
    (reading,) = readings("<share:A (dog:1.2)> BREAK swims")
    assert reading.text == "A (dog:1.2) BREAK swims"
    assert marked_words(reading) == ["A (dog:1.2)"]


@pytest.mark.parametrize("line", ["A (dog:1.2.3) swims", "A (dog:.)", "A [cat:dog:1e999] swims"])
def test_what_the_host_cannot_read_is_an_error_that_names_the_line(opts, line):
    frame = parse_story(f"a\n{line}").frames[1]
    with pytest.raises(StoryError, match="line 2, column 1: the WebUI cannot read frame 2"):
        moments.StepTexts(moments.schedule_frames([frame], [line], str, texts.Timing(10)), step=1)


class TestComments:
    def test_what_the_host_would_cut_is_an_error(self, opts):
        frame = parse_story("a\n\\#1 fan").frames[1]
        with pytest.raises(StoryError, match=r"line 2, column 1.*switch off.*Enable comments"):
            texts.check_comments(frame)
        opts.enable_prompt_comments = False
        texts.check_comments(frame)

    def test_it_is_the_host_that_says_what_it_cuts(self, opts, monkeypatch):
        frame = frame_of("see https://a.b")
        texts.check_comments(frame)
        plugin = SimpleNamespace(strip_comments=lambda text: text.partition("//")[0])
        loaded = [SimpleNamespace(module=SimpleNamespace()), SimpleNamespace(module=plugin)]
        monkeypatch.setattr(MODULES["modules.scripts"], "scripts_data", loaded)
        with pytest.raises(StoryError, match="would leave out a part of frame 1"):
            texts.check_comments(frame)

    def test_within_a_line_only_where_the_host_has_them(self, opts):
        request = parse_request({})
        assert planning.parse_prompt("a # b\n# c\nd", request).texts == ("a", "d")
        opts.enable_prompt_comments = False
        assert planning.parse_prompt("a # b\n# c\nd", request).texts == ("a # b", "d")


def test_a_picture_of_ones_own_is_refused(opts):
    with pytest.raises(
        StoryError, match="line 2, column 1: frame 2: a picture of your own"
    ) as told:
        planning.parse_prompt("A cat.\n<picture:dog.png> A dog.", parse_request({}))
    assert "not yet in a WebUI" in str(told.value)


def test_comments_keep_lines_and_columns(opts):
    assert texts.without_comments("a # b\n# c\nd") == "a \n\nd"
    opts.enable_prompt_comments = False
    assert texts.without_comments("a # b") == "a # b"


def test_a_schedule_falls_back_to_its_first_text_like_the_hosts():
    schedule = [(5, "a"), (10, "b")]
    assert [texts.text_at(schedule, step) for step in (0, 5, 6, 10, 11)] == list("aabba")


class TestNetworks:
    def test_one_set_from_all_lines(self):
        data = networks.gathered(
            ["a <lora:x:1>", "<lora:y:0.5> b", "c <lora:x:1><hyper:z:1>"], [1, 2, 3]
        )
        assert [network.items for network in data["lora"]] == [["x", "1"], ["y", "0.5"]]
        assert [network.items for network in data["hyper"]] == [["z", "1"]]

    def test_kinds_that_the_host_does_not_know_are_told(self):
        (note,) = networks.unknown_networks(["a <lora:x:1>", "<lyco:y> <subject:a red dog>"])
        assert "left out with the words inside" in note
        assert note.endswith(": <subject:…>")
        assert networks.unknown_networks(["a <hypernet:x>"]) == ()

    def test_two_weights_are_an_error_that_names_the_frames(self):
        with pytest.raises(StoryError, match="one weight in frame 1 and another in frame 3"):
            networks.gathered(["<lora:x:1> a", "b", "<lora:x:0.5> c"], [1, 2, 3])
