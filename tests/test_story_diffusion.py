"""Stories in StoryDiffusion's form become ours, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopping import parse_story
from hopping.story_diffusion import from_story_diffusion
from tests import strategies

BOB = """[Bob] A man img, wearing a black suit
[Alice] a woman, wearing a white shirt

[Bob] wakes up in the bed # Good morning
[NC] A clock on the wall. #Tick-tock, at home
[Bob] and [Alice] have breakfast
[Alice]'s hat is on [Bob]"""


def test_characters_become_the_cast_and_lines_frames():
    written = from_story_diffusion(BOB)
    assert written.splitlines() == [
        "<cast:Bob: A man, wearing a black suit>",
        "<cast:Alice: a woman, wearing a white shirt>",
        "Bob wakes up in the bed # Good morning",
        "A clock on the wall. #Tick-tock, at home",
        "Bob and Alice have breakfast",
        "Alice's hat is on Bob",
    ]
    story = parse_story(written)
    assert [frame.comment for frame in story.frames] == [
        "Good morning",
        "Tick-tock, at home",
        "",
        "",
    ]
    assert [frames for _, frames in story.cast] == [(1, 3, 4), (3, 4)]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("[Bob] a man\n[Bob] runs", "<cast:Bob: a man>\nBob runs"),
        ("[Bob]a man\n[Bob]runs", "<cast:Bob: a man>\nBob runs"),
        ("[NC] A sea.\n[NC] A hill.", "A sea.\nA hill."),
        # Whom no first line describes stays a word.
        ("[Bob] a man\n[Eve] waves\n[Bob] runs", "<cast:Bob: a man>\nEve waves\nBob runs"),
        ("A sea.\n[Bob] runs\n[Bob] sits", "A sea.\nBob runs\nBob sits"),
        ("[小明] 一个男孩\n[小明]在跑", "<cast:小明: 一个男孩>\n小明 在跑"),
    ],
)
def test_forms(text, written):
    assert from_story_diffusion(text) == written
    parse_story(written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A dog.\nThe dog runs.",
        "[a dog] in the rain",
        "[a dog:a cat:0.5] runs\n[a dog:a cat:0.5] sits",
        "[dog|cat] runs\n[dog|cat] sits",
        "(a dog:1.2)\n[rain] falls\n[snow] falls",
        "<cast:Bob: a man>\nBob runs.",
    ],
)
def test_others_are_left_alone(text):
    assert from_story_diffusion(text) is None


@given(strategies.stories())
def test_our_stories_are_none(lines):
    assert from_story_diffusion("\n".join(lines)) is None


@given(st.text(alphabet="[]NCBob man#\n", max_size=60))
def test_what_comes_out_is_not_turned_again(text):
    written = from_story_diffusion(text)
    assert written is None or "[NC]" not in written
