"""The stories with which the doors open."""

from __future__ import annotations

from pathlib import Path

from hopping import HoppingOptions, parse_story
from hopping.page.story_texts import EXAMPLES, FIRST_STORY, STORY_PLACEHOLDER, next_example
from hopping.run_options import RECOMMENDED

ROOT = Path(__file__).parents[2]


def test_all_doors_open_with_one_story():
    file = (ROOT / "examples" / "red-dog.txt").read_text("utf-8")
    assert parse_story(file).texts == parse_story(FIRST_STORY).texts
    assert "STORY ?= examples/red-dog.txt" in (ROOT / "Makefile").read_text("utf-8")
    assert STORY_PLACEHOLDER.startswith(FIRST_STORY)
    assert next_example("") == FIRST_STORY
    assert RECOMMENDED in HoppingOptions.PRESETS


def test_its_character_is_described_once():
    first, *later = parse_story(FIRST_STORY).texts
    assert "red" in first
    assert len(later) == 3
    assert not any("red" in text for text in later)


def test_examples_come_one_after_another_and_a_users_story_stays():
    stories = [text for _, _, named in EXAMPLES for text in named.values()]
    seen, story = [], ""
    for _ in stories:
        story = next_example(story)
        seen.append(story)
    assert seen == stories
    assert next_example(story) == stories[0]
    assert next_example("My own.") == "My own."
