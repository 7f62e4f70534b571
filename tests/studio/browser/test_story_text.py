"""What the cards do to a story's text, in a browser; the parser says what it is then."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings

from hopping import StoryError, parse_story
from hopping.studio.browser import server

from ...strategies import any_texts, stories

SCRIPT = (Path(server.__file__).parent / "assets" / "story_text.js").read_text("utf-8")

STORY = """\
<cast:Mia: a girl in red>
# the beginning
Mia runs. # towards us
<lora:ink:1>

<from:1> She sits. <SEP> <from:prev> She sleeps.
<from:1,2> Mia \\# waits."""


@pytest.fixture(scope="module")
def script(browser):
    page = browser.new_page()
    page.add_script_tag(content=SCRIPT)
    yield page
    page.close()


@pytest.fixture(scope="module")
def edit(script):
    def call(name, *arguments):
        return script.evaluate(f"(given) => {name}(...given)", list(arguments))

    return call


def texts(edit, story):
    return [frame["text"] for frame in edit("storyFrames", story)]


def places(story, start):
    """Line and column, from 1, of a place in a text."""
    return story.count("\n", 0, start) + 1, start - story.rfind("\n", 0, start)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(stories().map("\n".join) | any_texts)
@example(STORY)
@example("A dog <SEP> <SEP> it sits <SEP>\n\n <x:y>, <SEP> It runs.")
def test_frames_are_where_the_parser_finds_them(edit, story):
    story = story.replace("\r", "").replace("\x1f", "").replace("\x85", "")
    try:
        parsed = parse_story(story)
        story.encode()
    except (StoryError, UnicodeEncodeError):
        return
    found = [places(story, frame["start"]) for frame in edit("storyFrames", story)]
    assert found == [(frame.line, frame.column) for frame in parsed.frames]


def test_a_frame_is_reworded_where_it_stands(edit):
    story = edit("storyWithWords", STORY, 1, "<from:1> She dances.")
    assert story == STORY.replace("She sits", "She dances")
    story = edit("storyWithText", STORY, 0, "<seed:7> Mia runs.")
    assert edit("storyWithWords", story, 0, "Mia jumps.") == STORY.replace(
        "Mia runs", "<seed:7> Mia jumps"
    )


def test_a_seed_is_written_taken_out_and_never_twice(edit):
    once = edit("storyWithTags", STORY, 2, {"seed": "12"})
    assert texts(edit, once)[2] == "<seed:12> <from:prev> She sleeps."
    assert edit("storyFrames", once)[2]["seed"] == "12"
    assert (
        edit("storyWithTags", edit("storyWithTags", once, 2, {"seed": "13"}), 2, {"seed": None})
        == STORY
    )


@pytest.mark.parametrize(
    ("index", "to", "expected"),
    [
        (3, 0, "Mia \\# waits.|Mia runs.|<from:2> She sits.|<from:prev> She sleeps."),
        (0, 1, "She sits.|Mia runs.|<from:prev> She sleeps.|<from:2,1> Mia \\# waits."),
        (1, 2, "Mia runs.|<from:prev> She sleeps.|<from:1> She sits.|<from:1,3> Mia \\# waits."),
    ],
)
def test_links_follow_frames_that_are_moved(edit, index, to, expected):
    story = edit("storyMoved", STORY, index, to)
    assert texts(edit, story) == expected.split("|")
    assert len(parse_story(story)) == 4
    assert [line for line in STORY.split("\n") if line.startswith(("#", "<cast", "<lora"))] == [
        line for line in story.split("\n") if line.startswith(("#", "<cast", "<lora"))
    ]


def test_a_line_is_moved_with_its_comment(edit):
    assert edit("storyMoved", "A dog. # hero\nIt sits.\n\nIt runs.", 0, 2) == (
        "It sits.\nIt runs.\n\nA dog. # hero"
    )


def test_links_follow_when_a_frame_goes_or_comes_twice(edit):
    assert texts(edit, edit("storyWithout", STORY, 0)) == [
        "She sits.",
        "<from:prev> She sleeps.",
        "<from:1> Mia \\# waits.",
    ]
    assert texts(edit, edit("storyWithout", STORY, 2)) == [
        "Mia runs.",
        "<from:1> She sits.",
        "<from:1,2> Mia \\# waits.",
    ]
    assert texts(edit, edit("storyDuplicated", STORY, 1)) == [
        "Mia runs.",
        "<from:1> She sits.",
        "<from:1> She sits.",
        "<from:prev> She sleeps.",
        "<from:1,2> Mia \\# waits.",
    ]
    assert edit("storyWithout", "A dog.\nIt sits.", 1) == "A dog."
    assert edit("storyWithout", "A dog.", 0) == ""
    assert edit("storyWithout", "A dog. <SEP>", 0) == " <SEP>"


def test_one_frame_is_the_look_of_all_that_follow(edit):
    story = edit("storyWithLook", STORY, 1)
    assert [frame.links for frame in parse_story(story).frames] == [None, (1,), (2,), (2,)]
    assert texts(edit, story)[3] == "<from:2> Mia \\# waits."


@pytest.mark.parametrize(
    ("older", "story", "expected"),
    [
        ("A.\nB.\nC.", "A.\nB.\nC.", [0, 1, 2]),
        ("A.\nB.\nC.", "C.\nA.\nB.", [2, 0, 1]),
        ("A.\nB.\nC.", "A.\nX.\nC.", [0, 1, 2]),
        ("A.\nB.\nC.", "N.\nA.\nB.\nC.", [None, 0, 1, 2]),
        ("A.\nB.\nC.", "A.\nC.", [0, 2]),
        ("A.\nB.\nC.", "C.\n<seed:3> <from:1> A.\nX.", [2, 0, 1]),
        ("A.\nB.", "A.\nB.\nB.", [0, 1, None]),
        ("A.", "B.", [0]),
        ("A.\nB.", "C.\nD.", [None, None]),
        ("", "A.", [None]),
    ],
)
def test_which_frame_was_which(edit, older, story, expected):
    assert edit("storyMatched", older, story) == expected
