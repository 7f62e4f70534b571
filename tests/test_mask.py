"""Eq. (5) and its variants, written out as pictures of 0s and 1s."""

import pytest
import torch
from hypothesis import given, settings

from hopping import HoppingOptions, StoryError, parse_story
from hopping.layout import SpecialIds, joint_layout, tokenize_frame, windows_layout
from hopping.mask import Visibility, sources, visibility
from hopping.subject import Reading, read_story
from tests import strategies

SPECIAL = SpecialIds(900, 901, 901)
FOUR = parse_story("a\nb\nc\nd")


def tokens(story):
    return [
        tokenize_frame(lambda text: [ord(word[0]) for word in text.split()], t) for t in story.texts
    ]


def joint(text):
    story = parse_story(text)
    return joint_layout(story, tokens(story), SPECIAL)


def windows(text):
    story = parse_story(text)
    return windows_layout(story, tokens(story), SPECIAL)


def picture(visible, size):
    return ["".join(str(int(x)) for x in row[:size]) for row in visible[:size]]


def sees(visible, row):
    return visible[row].nonzero().squeeze(1).tolist()


def test_the_papers_figure():
    """Three prompts of two, two and three tokens: start T1 T2 | T4 T5 | T7 T8 T9 end."""
    layout = joint("a b\nc d\ne f g")
    assert picture(visibility(layout, HoppingOptions()), 11) == [
        "10000000000",  # start: belongs to prompt 1
        "11000000000",  # prompt 1
        "11100000000",
        "00010000000",  # <SEP>: seen by no one, sees only itself
        "11101000000",  # prompt 2 sees prompt 1 and itself
        "11101100000",
        "00000010000",  # <SEP>
        "00001101000",  # prompt 3 sees prompt 2 and itself, none of prompt 1
        "00001101100",
        "00001101110",
        "00000000001",  # end: belongs to nobody
    ]


def test_start_token_shared():
    visible = visibility(joint("a b\nc d\ne f g"), HoppingOptions(start_token="shared"))
    assert picture(visible, 11)[7:10] == ["10001101000", "10001101100", "10001101110"]
    assert visible[3].sum() == 1


def test_reference_leaks_through_its_separators():
    visible = visibility(joint("a b\nc d\ne f g"), HoppingOptions(mode="reference"))
    assert picture(visible, 12) == [
        "100000000000",
        "110000000000",
        "111000000000",
        "000000000000",  # wholly masked: uniform over all 77, later prompts included
        "111110000000",  # the separator before it included
        "111111000000",
        "000000000000",
        "000011110000",
        "000011111000",
        "000011111100",
        "111111111110",
        "111111111111",
    ]


def test_reference_masks_the_end_that_no_padding_follows():
    text = " ".join("a" * 37) + "\n" + " ".join("b" * 37)
    visible = visibility(joint(text), HoppingOptions(mode="reference"))
    assert visible[38].sum() == 0
    assert visible[76].sum() == 0


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({}, ((), (1,), (2,), (3,))),
        ({"reach": 0}, ((), (), (), ())),
        ({"reach": 2}, ((), (1,), (1, 2), (2, 3))),
        ({"reach": "all"}, ((), (1,), (1, 2), (1, 2, 3))),
        ({"anchor": True}, ((), (1,), (1, 2), (1, 3))),
        ({"anchor": True, "reach": 0}, ((), (1,), (1,), (1,))),
        ({"mode": "baseline", "reach": "all", "anchor": True}, ((), (), (), ())),
    ],
)
def test_sources(options, seen):
    assert sources(FOUR, HoppingOptions(**options)) == seen


def test_links_decide_over_the_options():
    story = parse_story("a\nb <from:none>\nc <from:1>\nd <from:all>")
    for options in (HoppingOptions(), HoppingOptions(reach=0), HoppingOptions(anchor=True)):
        assert sources(story, options) == ((), (), (1,), (1, 2, 3))
    assert sources(story, HoppingOptions(mode="baseline")) == ((), (), (), ())


def test_anchor_on_the_frame_that_first_names_each_subject():
    story = parse_story(
        "A red dog sits.\nA blue cat sits.\nA bird sings.\nThe dog meets the cat.\nA tree."
    )
    options = HoppingOptions(anchor=True, share="subject")
    assert sources(story, options) == ((), (1,), (1, 2), (1, 2, 3), (1, 4))
    visible = Visibility(windows(_source(story)), options)
    labels = [chr(i) for i in windows(_source(story)).ids.flatten()[visible.context(4)].tolist()]
    assert "".join(labels) == "ArdAbc"  # A red dog, A blue cat; nothing of the bird


@pytest.mark.parametrize(
    ("lines", "options", "shown"),
    [
        # The first frame's subject, and the pronoun that stands for it on the way.
        (
            "A red dog swims in the river.\nIt sits.\nIt runs.",
            {"anchor": True},
            {(1, 2): ["A red dog"], (1, 3): ["A red dog"], (2, 3): ["It"]},
        ),
        # Who is meant has been named before, with more.
        (
            "A red dog swims.\nThe dog sits.\nA cat sits.\n<from:1,2> He sleeps.\nIt runs.",
            {"anchor": True},
            {(1, 4): ["A red dog"], (2, 4): ["The dog"], (1, 5): [], (3, 5): ["A cat"]},
        ),
        ("A red dog.\nThe dog sits.\nHe runs.", {"anchor": True}, {(1, 3): ["A red dog"]}),
        # The latest subject is meant, however far back, and no one before it.
        (
            "A red dog sits.\nJohn in a hat sits.\nIn the river.\nHe runs.",
            {"anchor": True},
            {(2, 4): ["John in a hat"], (1, 4): [], (3, 4): []},
        ),
        # A link says who is meant.
        ("A red dog sits.\nA cat sits.\n<from:1> It runs.", {}, {(1, 3): ["A red dog"]}),
        # What is named again is shown beside it, once.
        (
            "John in a hat holds a red ball.\nHe throws the ball.",
            {},
            {(1, 2): ["John in a hat", "a red ball"]},
        ),
        ("<share:red> dogs.\nThey run.", {}, {(1, 2): ["red"]}),
        ("It runs.\nIt sits.", {}, {(1, 2): []}),
        ("A dog sits.\nIt is raining.", {}, {(1, 2): []}),
    ],
)
def test_an_opening_pronoun_is_shown_who_is_meant(lines, options, shown):
    story = parse_story(lines)
    visible = Visibility(windows(lines), HoppingOptions(share="subject", **options))
    assert {
        (source, viewer): [
            story.frames[source - 1].text[slice(*span)]
            for span in visible.shown_spans(source, viewer)
        ]
        for source, viewer in shown
        if source in visible.sources[viewer - 1]
    } == shown


def _source(story):
    return "\n".join(story.texts)


def test_windows_see_content_of_all_windows_of_a_source():
    long = " ".join("x" * 80)
    layout = windows(f"{long}\na b")
    visible = visibility(layout, HoppingOptions())
    own = layout.windows(2).flatten()
    start, first, second, end, pad = own[:5].tolist()
    context = [*range(1, 76), *range(78, 83)]
    assert sees(visible, first) == [*context, start, first]
    assert sees(visible, second) == [*context, start, first, second]
    assert sees(visible, start) == [start]
    assert sees(visible, end) == [start, first, second, end]
    assert sees(visible, 78) == [77, 78]  # the source's second window does not see its first
    carried = visibility(layout, HoppingOptions(carry="all", layout="windows"))
    assert sees(carried, end) == [*context, start, first, second, end]
    assert sees(carried, pad) == [*context, start, first, second, end, pad]
    assert sees(carried, start) == [start]


def test_marks_limit_what_is_shown():
    layout = joint("x <share:a b> y\nc\nd <from:1>")
    visible = visibility(layout, HoppingOptions())
    assert picture(visible, 10)[6] == "1011001000"  # start, a, b, then c itself
    assert picture(visible, 10)[8] == "1011000010"


def test_marks_decide_over_share_subject():
    layout = windows("<share:x> dog runs\ndog")
    seen = Visibility(layout, HoppingOptions(share="subject")).context(2)
    assert seen.tolist() == [1]


def test_share_subject_is_per_pair():
    layout = windows("A red dog and a blue cat.\nThe dog.\nThe cat. <from:1>")
    visible = Visibility(layout, HoppingOptions(share="subject"))
    assert visible.context(2).tolist() == [1, 2, 3]
    assert visible.context(3).tolist() == [5, 6, 7]


def test_before_and_after_are_never_the_subject():
    story = parse_story("A dog.\nA cat.", before="ink drawing of", after="on paper")
    layout = windows_layout(story, tokens(story), SPECIAL)
    assert not len(Visibility(layout, HoppingOptions(share="subject")).context(2))
    assert len(Visibility(layout, HoppingOptions()).context(2)) == 7


def test_marks_on_nothing_that_is_encoded():
    story = parse_story("a <share:lora> b\nc")
    frames = [
        tokenize_frame(lambda t: [1] * len(t.replace("lora", " ").split()), t) for t in story.texts
    ]
    frames[0] = type(frames[0])(frames[0].windows, lambda: [(0, 1), (7, 8)])
    with pytest.raises(StoryError, match=r"line 1.*hold no token"):
        Visibility(windows_layout(story, frames, SPECIAL), HoppingOptions())


@pytest.mark.parametrize("tag", ["<from:1>", "<share:b>"])
def test_reference_knows_no_tags(tag):
    with pytest.raises(StoryError, match=r"line 2.*mode=paper"):
        Visibility(joint(f"a\n{tag} x"), HoppingOptions(mode="reference"))


@pytest.mark.parametrize("options", [{}, {"reach": 2, "anchor": True}, {"start_token": "shared"}])
@pytest.mark.parametrize("make", [joint, windows])
def test_every_token_sees_itself_and_none_later(make, options):
    visible = visibility(make("a b\nc <from:1>\nd e\nf <share:g> h\ni"), HoppingOptions(**options))
    assert visible.diagonal().all()
    assert not visible.triu(1).any()


def test_parts_of_the_matrix_are_the_whole():
    layout = windows("a b\nc d e\nf")
    visible = Visibility(layout, HoppingOptions(reach="all", carry="all"))
    rows, columns = torch.randperm(231)[:40], torch.randperm(231)[:50]
    assert torch.equal(visible.matrix(rows, columns), visible.matrix()[rows][:, columns])


def test_what_a_frame_shows_is_found_once(monkeypatch):
    """Many frames that name the same cost one search of a frame's words, not one each."""
    asked = []
    spans = Reading.spans
    monkeypatch.setattr(Reading, "spans", lambda *args: asked.append(args[1:]) or spans(*args))
    layout = windows("A red dog.\n" + "The dog sits.\nThe cat runs.\n" * 20)
    seen = Visibility(layout, HoppingOptions(share="subject", reach="all"))
    assert [len(found) for found in seen.sources] == list(range(41))
    # Of each frame: what a dog's frame, and what a cat's, has in common with it.
    assert len(asked) <= 2 * 41


def test_a_mention_that_adds_nothing_is_not_shown_again():
    """However far a frame sees, it is shown who is who once, and who was named last."""
    lines = ["A red dog sits.", *["The dog runs."] * 8, "The dog sleeps."]
    layout = windows("\n".join(lines))
    far = Visibility(layout, HoppingOptions(share="subject", reach="all"))
    near = Visibility(layout, HoppingOptions(share="subject", reach=1, anchor=True))
    for viewer in range(1, 11):
        assert far.context(viewer).tolist() == near.context(viewer).tolist()
    # What is new stays shown, and what a link asks for.
    lines[3], lines[9] = "The dog has a blue collar.", "The dog sleeps."
    far = Visibility(windows("\n".join(lines)), HoppingOptions(share="subject", reach="all"))
    assert [s for s in range(1, 10) if len(far.shown(s, 10))] == [1, 4, 9]
    lines[9] = "<from:2,3,5> The dog sleeps."
    far = Visibility(windows("\n".join(lines)), HoppingOptions(share="subject"))
    assert [s for s in (2, 3, 5) if len(far.shown(s, 10))] == [2, 3, 5]


def test_a_frame_that_tells_of_one_shows_the_others_too():
    lines = (
        "A red dog sits.\nThe dog sees a cat.\nThe dog runs.\nThe dog sleeps.\nThe dog and the cat."
    )
    story = parse_story(lines)
    seen = Visibility(windows(lines), HoppingOptions(share="subject", reach="all"))
    shown = [
        [story.frames[n - 1].text[slice(*span)] for span in seen.shown_spans(n, 5)]
        for n in (1, 2, 3, 4)
    ]
    assert shown == [["A red dog"], ["The dog", "a cat"], [], ["The dog"]]


def test_introductions():
    lines = "A red dog sits.\nJohn in a hat sees the dog.\nA tree.\nHe meets the dog in the river."
    story = parse_story(lines)
    seen = Visibility(windows(lines), HoppingOptions(share="subject"))
    found = [
        [
            (i.kind, i.frame, [story.frames[i.frame - 1].text[slice(*s)] for s in i.spans])
            for i in each
        ]
        for each in map(seen.introductions, (1, 2, 3, 4))
    ]
    dog, john = ("animal", 1, ["A red dog"]), ("person", 2, ["John in a hat"])
    assert found == [[], [dog], [], [john, dog]]


def test_two_who_meet_are_told_apart():
    """Each one's words see its own introduction and nothing of the other; what is said of both,
    end and padding see all."""
    layout = windows("A red dog.\nA blue cat.\nThe dog and the cat sit.")
    options = HoppingOptions(share="subject", anchor=True, carry="all", layout="windows")
    visible = visibility(layout, options)
    start, the, dog, both, article, cat, sit, end, pad = layout.windows(3).flatten()[:9].tolist()
    red_dog, blue_cat = layout.content(1).tolist(), layout.content(2).tolist()
    assert sees(visible, start) == [start]
    assert sees(visible, dog) == [*red_dog, start, the, dog]
    assert sees(visible, both) == [*red_dog, *blue_cat, start, the, dog, both]
    assert sees(visible, cat) == [*blue_cat, start, both, article, cat]
    everything = [*red_dog, *blue_cat, start, the, dog, both, article, cat, sit, end, pad]
    assert sees(visible, sit) == everything[:-2]
    assert sees(visible, end) == everything[:-1]
    assert sees(visible, pad) == everything


def test_who_is_new_is_told_apart_from_who_is_not():
    layout = windows("A red dog.\nThe dog sees a blue cat.")
    visible = visibility(layout, HoppingOptions(share="subject"))
    start, the, dog, verb, article, blue, cat = layout.windows(2).flatten()[:7].tolist()
    assert sees(visible, dog) == [*layout.content(1).tolist(), start, the, dog]
    assert sees(visible, cat) == [start, verb, article, blue, cat]


@pytest.mark.parametrize("options", [{"share": "all"}, {"share": "subject", "reach": 0}])
def test_who_is_shown_nothing_of_anybody_is_plain(options):
    layout = windows("A red dog.\nA blue cat sees a red dog.\nThe cat and the dog.")
    apart = HoppingOptions(**options)
    blind = Visibility(layout, apart)
    assert not any(map(blind.tells_apart, (1, 2, 3)))


@given(lines=strategies.meetings(), options=strategies.options(layout="windows", share="subject"))
@settings(max_examples=60)
def test_telling_apart_hides_strangers_and_nothing_else(lines, options):
    """The mask is the one without it, less those pairs of words that speak of different ones."""
    story = parse_story("\n".join(lines))
    layout = windows_layout(story, tokens(story), SPECIAL)
    seen = Visibility(layout, options)
    apart = seen.matrix()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Visibility, "tells_apart", lambda *_: False)
        together = seen.matrix()
    assert not (apart & ~together).any()
    assert apart.diagonal().all()
    said = [{} for _ in layout.p_id]  # of whom each token speaks
    reading = read_story(story)
    for n, mentions in enumerate(reading.mentions, start=1):
        for mention in mentions:
            words = layout.content(n)[layout.frames[n - 1].covered(mention.spans)]
            for token in words.tolist():
                said[token][mention.individual] = True
    for i, j in (apart != together).nonzero().tolist():
        assert said[i], said[j]
        assert not said[i].keys() & said[j].keys()
    for i, j in apart.nonzero().tolist():
        named = {m.individual for m in reading.mentions[int(layout.p_id[i]) - 1]}
        if len(seen.context(int(layout.p_id[i]))) and said[i] and said[j].keys() & named:
            assert said[i].keys() & said[j].keys()
