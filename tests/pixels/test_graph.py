"""Who sees whose pixels, and by which tokens of the source's embedding."""

from __future__ import annotations

import pytest

from hopping import HoppingOptions, parse_story, plan_story
from hopping.layout import FrameTokens
from hopping.pixels.graph import embedding_places


@pytest.fixture
def graph(clip_tokenizer):
    """The graph of a story: for each viewer and source what is shown, and what sees it."""

    def made(text, **options):
        options = HoppingOptions(**{"pixels": "subject", **options})
        plan = plan_story(clip_tokenizer, parse_story(text), options)
        found = {}
        for viewer, links in enumerate(plan.pixels, start=1):
            for link in links:
                shown = tuple(one and one.words for one in (link.source.subject, link.own))
                found.setdefault((viewer, link.source.frame), []).append(shown)
        return found

    return made


DOG = "A red dog is swimming in the river.\nThe dog sits.\nThe dog runs into a forest."
TWO = "A red dog is here.\nA blue cat is there.\nThe dog sleeps.\nThe cat and the dog sleep."


def test_each_subject_comes_from_the_frame_that_introduces_it(graph):
    assert graph(DOG) == {
        (2, 1): [("A red dog", "The dog")],
        (3, 1): [("A red dog", "The dog")],
    }
    assert graph(TWO) == {
        (3, 1): [("A red dog", "The dog")],
        (4, 1): [("A red dog", "the dog")],
        (4, 2): [("A blue cat", "The cat")],
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


def test_two_characters_are_apart(graph):
    """Of one picture each has a mask of its own, and is seen by itself alone."""
    story = "A red dog and a blue cat are here.\nThe dog sits.\nThe cat and the dog sit."
    assert graph(story) == {
        (2, 1): [("A red dog", "The dog")],
        (3, 1): [("A red dog", "the dog"), ("a blue cat", "The cat")],
    }


def test_each_mark_is_seen_by_whom_it_names(graph):
    story = (
        "A <share:red dog> and a <share:blue cat> are here.\nThe cat sits.\nThe cat sees the dog."
    )
    assert graph(story) == {
        (2, 1): [("blue cat", "The cat")],
        (3, 1): [("red dog", "the dog"), ("blue cat", "The cat")],
    }


def test_a_group_sees_each_of_its_own(graph):
    story = "A red dog is here.\nA blue cat is there.\nThey sleep."
    assert graph(story) == {(3, 1): [("A red dog", "They")], (3, 2): [("A blue cat", "They")]}


def test_places_are_no_subjects(graph):
    story = "A red dog swims in a river.\nA blue cat sits at the river.\nThe dog is at the river."
    assert graph(story) == {(3, 1): [("A red dog", "The dog")]}
    assert graph(story, pixels="all") == {(3, 1): [(None, None)]}


def test_links_decide(graph):
    linked = "A red dog is here.\nThe dog sits.\n<from:2> The dog runs.\n<from:none> The dog."
    assert graph(linked) == {
        (2, 1): [("A red dog", "The dog")],
        (3, 2): [("The dog", "The dog")],
    }


def test_a_pronoun_sees_whom_it_means(graph):
    assert graph("A red dog is here.\nIt sleeps.") == {(2, 1): [("A red dog", "It")]}


def test_marks_are_what_is_shown_to_whom_the_frame_concerns(graph):
    marked = "A <share:red dog> is at the river.\nA cat sits.\nThe dog sits."
    assert graph(marked) == {(3, 1): [("red dog", "The dog")]}
    by_hand = "A <share:red dog> is at the river.\n<from:1> A cat sits."
    assert graph(by_hand) == {(2, 1): [("red dog", None)]}  # all of it sees


def test_all_asks_the_same_frames_for_the_whole_picture(graph):
    assert graph(TWO, pixels="all") == {(n, m): [(None, None)] for n, m in ((3, 1), (4, 1), (4, 2))}
    unrelated = "A red dog is here.\n<from:1> A cat is there."
    assert graph(unrelated) == {}
    assert graph(unrelated, pixels="all") == {(2, 1): [(None, None)]}


def test_tokens_are_those_of_the_frames_own_embedding(clip_tokenizer):
    options = HoppingOptions(pixels="subject")
    for layout in ("joint", "windows"):
        asked = options.replace(layout=layout)
        (link,) = plan_story(clip_tokenizer, parse_story(DOG), asked).pixels[2]
        ids = clip_tokenizer("A red dog is swimming in the river.")["input_ids"]
        shown = [ids[place] for place in link.source.subject.tokens]
        assert clip_tokenizer.decode(shown).strip() == "a red dog"


def test_places_in_later_windows():
    frame = FrameTokens(((5, 6), (7,)), tuple)
    assert embedding_places(frame).tolist() == [1, 2, 78]
