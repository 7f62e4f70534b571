"""Who sees whose pixels, and by which tokens of the source's embedding."""

from __future__ import annotations

import pytest

from hopping import HoppingOptions, parse_story, plan_story
from hopping.layout import FrameTokens
from hopping.pixels import pixel_graph
from hopping.pixels.graph import embedding_places


@pytest.fixture
def graph(clip_tokenizer):
    """The graph of a story as {(viewer, source): words}."""

    def made(text, **options):
        options = HoppingOptions(**{"pixels": "subject", **options})
        layout = plan_story(clip_tokenizer, parse_story(text), options).layout
        return {
            (viewer, link.source): tuple(phrase.words for phrase in link.phrases)
            for viewer, links in enumerate(pixel_graph(layout, options), start=1)
            for link in links
        }

    return made


DOG = "A red dog is swimming in the river.\nThe dog sits.\nThe dog runs into a forest."
TWO = "A red dog is here.\nA blue cat is there.\nThe dog sleeps.\nThe cat and the dog sleep."


def test_each_subject_comes_from_the_frame_that_introduces_it(graph):
    assert graph(DOG) == {(2, 1): ("A red dog",), (3, 1): ("A red dog",)}
    assert graph(TWO) == {
        (3, 1): ("A red dog",),
        (4, 1): ("A red dog",),
        (4, 2): ("A blue cat",),
    }


@pytest.mark.parametrize(
    "options",
    [
        {"reach": "all"},
        {"reach": 0},
        {"mode": "baseline"},
        {"mode": "reference"},
        {"share": "subject", "anchor": True, "carry": "all"},
        {"strength": 0},
    ],
    ids=str,
)
def test_what_concerns_text_alone_changes_nothing(graph, options):
    if options.get("mode") == "reference":  # it refuses what would change the released code
        with pytest.raises(ValueError, match="pixels"):
            graph(DOG, **options)
        return
    assert graph(DOG, **options) == graph(DOG)


def test_off_sees_nothing(graph):
    assert graph(DOG, pixels="off") == {}


def test_one_frames_phrases_are_apart(graph):
    """Two characters of one picture have a mask each, and a viewer sees whom it names."""
    story = "A red dog and a blue cat are here.\nThe dog sits.\nThe cat and the dog sit."
    assert graph(story) == {(2, 1): ("A red dog",), (3, 1): ("A red dog", "a blue cat")}


def test_links_decide(graph):
    linked = "A red dog is here.\nThe dog sits.\n<from:2> The dog runs.\n<from:none> The dog."
    assert graph(linked) == {(2, 1): ("A red dog",), (3, 2): ("The dog",)}


def test_a_pronoun_sees_whom_it_means(graph):
    assert graph("A red dog is here.\nIt sleeps.") == {(2, 1): ("A red dog",)}


def test_marks_are_what_is_shown_to_whom_the_frame_concerns(graph):
    marked = "A <share:red dog> is at the river.\nA cat sits.\nThe dog sits."
    assert graph(marked) == {(3, 1): ("red dog",)}
    by_hand = "A <share:red dog> is at the river.\n<from:1> A cat sits."
    assert graph(by_hand) == {(2, 1): ("red dog",)}


def test_all_asks_the_same_frames_for_the_whole_picture(graph):
    assert graph(TWO, pixels="all") == {(3, 1): (), (4, 1): (), (4, 2): ()}
    unrelated = "A red dog is here.\n<from:1> A cat is there."
    assert graph(unrelated) == {}
    assert graph(unrelated, pixels="all") == {(2, 1): ()}


def test_tokens_are_those_of_the_frames_own_embedding(clip_tokenizer):
    options = HoppingOptions(pixels="subject")
    for layout in ("joint", "windows"):
        asked = options.replace(layout=layout)
        laid = plan_story(clip_tokenizer, parse_story(DOG), asked).layout
        (link,) = pixel_graph(laid, asked)[2]
        ids = clip_tokenizer("A red dog is swimming in the river.")["input_ids"]
        shown = [ids[place] for place in link.phrases[0].tokens]
        assert clip_tokenizer.decode(shown).strip() == "a red dog"


def test_places_in_later_windows():
    frame = FrameTokens(((5, 6), (7,)), tuple)
    assert embedding_places(frame).tolist() == [1, 2, 78]
