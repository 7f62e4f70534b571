"""What only a WebUI reads is refused or told, and nothing else is."""

from __future__ import annotations

import pytest

from hopping import StoryError, parse_story
from hopping.studio.unread_syntax import check_negative, prompt_notes, read_plain_story, refuse_tags


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A [red] dog.", "emphasis"),
        ("A (red) dog.", "emphasis"),
        ("A [red:blue: 0.5] dog.", "prompt editing"),
        ("A [red|blue] dog.", "alternation"),
        ("A dog BREAK a cat.", "BREAK or AND"),
        (r"A dog \(red\).", "an escaped bracket"),
        ("A {red|blue} dog.", "a choice"),
        ("A __colours/warm__ dog.", "a wildcard"),
        ('--prompt "A dog." --steps 20', "a flag"),
        ("Negative prompt: ugly", "generation data"),
        ("Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1", "generation data"),
    ],
)
def test_all_that_only_a_webui_reads_is_told(text, told):
    story = parse_story(f"A cat.\n{text}\nIt sits.\n{text}\n{text}")
    (note,) = prompt_notes(story)
    assert note.startswith(told)
    assert "(frames 2, 4, 5) is encoded as text here" in note


def test_plain_words_need_no_note():
    assert not prompt_notes(parse_story("A well-known dog - it's red, 20 % of it; one_word: a/b."))


def test_a_long_story_has_short_notes():
    (note,) = prompt_notes(parse_story("(a) dog\nb\n" * 500))
    assert len(note) < 200


def test_a_webuis_tag_is_refused_where_it_stands():
    with pytest.raises(StoryError, match=r"^line 2, column 4: <lora:x:1> is a WebUI's tag"):
        read_plain_story("A dog # <lora:y:1>\nIt <lora:x:1> sits")
    with pytest.raises(StoryError, match="before or after every frame: <hypernet:x>"):
        read_plain_story("A dog", after="<hypernet:x>")


def test_a_known_token_is_text():
    refuse_tags(parse_story("A <my:dog> runs"), {"<my:dog>"})
    check_negative("<my:dog>", {"<my:dog>"})


@pytest.mark.parametrize("text", ["a <SEP> b", "<share:a>", "＜from：1＞", "a\0", "\ud800"])
def test_a_negative_prompt_has_no_tags(text):
    with pytest.raises(StoryError, match="the negative prompt"):
        check_negative(text)
