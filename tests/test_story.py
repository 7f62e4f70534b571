"""The story syntax, and what its errors say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopping import StoryError, parse_story
from hopping.story import with_seed
from hopping.values import LARGEST_SEED


def texts(story):
    return list(story.texts)


def shared(frame):
    return [frame.text[start:end] for start, end in frame.marks]


def test_lines_are_frames():
    story = parse_story("A dog swims.\n\n  The dog sits.  \r\nThe dog runs.\n")
    assert texts(story) == ["A dog swims.", "The dog sits.", "The dog runs."]
    assert [frame.number for frame in story.frames] == [1, 2, 3]
    assert [(frame.line, frame.column) for frame in story.frames] == [(1, 1), (3, 3), (4, 1)]


@pytest.mark.parametrize("separator", ["<SEP>", "<sep>", "<Sep>"])
def test_separator_in_any_case(separator):
    story = parse_story(f"A dog. {separator} The dog. {separator}\nA cat.")
    assert texts(story) == ["A dog.", "The dog.", "A cat."]
    assert [(frame.line, frame.column) for frame in story.frames] == [(1, 1), (1, 14), (2, 1)]


def test_comments_and_byte_order_mark():
    assert texts(parse_story("\ufeff# title\nA dog.\n  # note <from:9> <|endoftext|>\n")) == [
        "A dog."
    ]


@pytest.mark.parametrize(
    ("tag", "links"),
    [
        ("<from:1>", (1,)),
        ("<from: 1 , 3 >", (1, 3)),
        ("<FROM:prev>", (3,)),
        ("<from:all>", (1, 2, 3)),
        ("<from:none>", ()),
        ("<from:3,1>", (1, 3)),
    ],
)
@pytest.mark.parametrize("where", ["{} The dog.", "The {} dog.", "The dog. {}", "The{}dog."])
def test_links(tag, links, where):
    frame = parse_story("a\nb\nc\n" + where.format(tag)).frames[3]
    assert frame.links == links
    assert frame.text == where.format("").strip().replace("  ", " ")


@pytest.mark.parametrize("where", ["{} The dog.", "The {} dog.", "The dog. {}", "The{}dog."])
def test_a_seed_is_the_frames_own(where):
    story = parse_story("a\n" + where.format("<Seed: 12 >"))
    assert [frame.seed for frame in story.frames] == [None, 12]
    assert story.texts[1] == where.format("").strip().replace("  ", " ")
    assert story.seeds(5, same_noise=True) == (5, 12)
    assert parse_story("<seed:0> a\nb\nc").seeds(5, same_noise=False) == (0, 6, 7)
    assert story.notes == ("frame 2 has noise of its own, by <seed:…>",)


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        ("A dog <seed:x>.", 7, "<seed:x> is no seed; write a whole number from 0"),
        ("A dog <seed:-1>.", 7, "<seed:-1> is no seed"),
        ("A dog <seed:>.", 7, "<seed:> is no seed"),
        (f"A dog <seed:{LARGEST_SEED + 1}>.", 7, f"from 0 to {LARGEST_SEED}, <seed:123>"),
        ("<seed:1> A dog <seed:1>.", 16, "frame 1 has two seeds; keep one"),
        ("A dog <seed:1.", 7, "<seed: is not closed; write <seed:123>"),
        ("<seed:1>", 1, "frame 1 has tags but no text"),
        ("<cast:Mia: a girl <seed:1>>", 1, "is no cast line"),
        ("<seed:1> <cast:Mia: a girl>", 10, "a cast line stands alone"),
        ("A dog <picture: >.", 7, "<picture:> names no picture; write <picture:dog.png>"),
        ("<picture:a> A <picture:b> dog.", 15, "frame 1 has two pictures; keep one"),
        ("A dog <picture:a.", 7, "<picture: is not closed; write <picture:dog.png>"),
        ("A dog <picture:a#1.png>.", 7, "what stands behind # is a comment"),
        ("<picture:a>", 1, "frame 1 has tags but no text"),
    ],
)
def test_what_is_wrong_with_a_seed_or_a_picture(text, column, told):
    with pytest.raises(StoryError, match=re.escape(told)) as caught:
        parse_story(text)
    assert (caught.value.line, caught.value.column) == (1, column)


def test_a_seed_stands_in_a_frame_alone():
    for place in ("before", "after"):
        with pytest.raises(StoryError, match="<seed:1> cannot stand in the text"):
            parse_story("A dog.", **{place: "<seed:1>"})


@pytest.mark.parametrize("where", ["{} The dog.", "The {} dog.", "The dog. {}"])
def test_a_picture_stands_in_a_frames_place(where):
    story = parse_story("a\n" + where.format("<Picture: My dog (2).PNG >"))
    assert [frame.picture for frame in story.frames] == [None, "My dog (2).PNG"]
    assert story.pictures == {2: "My dog (2).PNG"}
    assert story.texts[1] == where.format("").strip().replace("  ", " ")
    assert story.notes == (
        "frame 2 is My dog (2).PNG: not made, and seen as the picture that it is",
    )


def test_links_add_up():
    assert parse_story("a\nb\nc\n<from:1> d <from:prev>").frames[3].links == (1, 3)


def test_no_link_leaves_it_to_the_options():
    assert parse_story("a\nb").frames[1].links is None


@pytest.mark.parametrize(
    ("story", "place", "says"),
    [
        ("", (1, 1), "no frame"),
        ("# only a comment", (1, 1), "no frame"),
        ("a\n<from:2> b", (2, 1), "itself"),
        ("a\nb <from:3>\nc", (2, 3), "frame 3, which is not before it"),
        ("a\nb <from:0>", (2, 3), "it may name frames 1 to 1"),
        ("<from:prev> a", (1, 1), "no earlier frame"),
        ("a\nb <from:x>", (2, 3), "<from:1,3>"),
        ("a\nb <from:>", (2, 3), "<from:1,3>"),
        ("a\nb <from:1", (2, 3), "not closed"),
        ("a\n<from:none> b <from:1>", (2, 15), "beside another link"),
        ("a <share:dog", (1, 3), "not closed"),
        ("a <share:> b", (1, 3), "marks nothing"),
        ("a <share:x <share:y>>", (1, 12), "inside another"),
        ("a\n  <from:1>", (2, 3), "no text"),
        ("a <SEP> b <|endoftext|> c", (1, 11), "control token"),
        ("a <|STARTOFTEXT|>", (1, 3), "control token"),
        ("a\n\nb <end_of_text>", (3, 3), "control token"),
        ("a\n<from:²> b", (2, 1), "not a link"),
        ("a\n<from:" + "9" * 5000 + "> b", (2, 1), "not a link"),
        ("a\nbc \ud800", (2, 4), "half a character"),
        ("a\n# \udfff", (2, 3), "half a character"),
        ("a\0", (1, 2), "U.0000 is no character"),
        ("a\n BREAK ", (2, 2), "frame 2 is empty: BREAK says nothing"),
        ("a <SEP> AND :0.5", (1, 9), "frame 2 is empty"),
        ("(BREAK:1.2) <lora:x:1>", (1, 1), "frame 1 is empty"),
        ("[::0.5]", (1, 1), "frame 1 is empty"),
        ("a\n()", (2, 1), "frame 2 is empty"),
        ("a\n[|]", (2, 1), "frame 2 is empty"),
        ("<share:BREAK>", (1, 1), "frame 1 is empty"),
        ("<lora:x:1>\n", (1, 1), "tags for all frames but no frame"),
        ("<share:the #1> dog", (1, 1), "not closed.*what stands behind # is a comment"),
    ],
)
def test_errors_name_line_and_column(story, place, says):
    with pytest.raises(StoryError, match=says) as caught:
        parse_story(story)
    assert (caught.value.line, caught.value.column) == place
    assert str(caught.value).startswith(f"line {place[0]}, column {place[1]}: ")


def test_share_marks_are_taken_out():
    frame = parse_story("<share:A red dog> barks at <share:a cat>.").frames[0]
    assert frame.text == "A red dog barks at a cat."
    assert shared(frame) == ["A red dog", "a cat"]


@pytest.mark.parametrize(
    "inside",
    ["a (red:1.2) dog", "a dog <lora:rex:0.8>", "a [red:blue:0.5] dog", "[a|the] dog", "犬 🐕"],
)
def test_marks_hold_host_syntax(inside):
    frame = parse_story(f"so <share:{inside}> runs").frames[0]
    assert frame.text == f"so {inside} runs"
    assert shared(frame) == [inside]


def test_mark_inside_host_syntax():
    frame = parse_story("[<share:a red dog>:a cat:0.5] > (b)").frames[0]
    assert frame.text == "[a red dog:a cat:0.5] > (b)"
    assert shared(frame) == ["a red dog"]


def test_link_inside_a_mark():
    frame = parse_story("x\n<share:a <from:1> dog> runs").frames[1]
    assert (frame.text, shared(frame), frame.links) == ("a dog runs", ["a dog"], (1,))


def test_before_and_after_join_every_frame():
    story = parse_story("<share:A dog> runs.\nA cat", before=" ink drawing of ", after=", detailed")
    assert texts(story) == [
        "ink drawing of A dog runs., detailed",
        "ink drawing of A cat, detailed",
    ]
    frame = story.frames[0]
    assert frame.text[slice(*frame.own)] == "A dog runs."
    assert shared(frame) == ["A dog"]
    assert texts(parse_story("A dog", after="in oil")) == ["A dog in oil"]


@pytest.mark.parametrize("addition", ["a\nb", "<SEP>", "<from:1>", "<share:x>", "<|endoftext|>"])
def test_before_and_after_are_plain_text(addition):
    for name in ("before", "after"):
        with pytest.raises(StoryError, match=name):
            parse_story("A dog", **{name: addition})


@pytest.mark.parametrize(
    "text", ["1984", "(1984)", "...", "\\(\\)", "break", "A AND B", "3:16", ">", ":", "|", "{"]
)
def test_short_texts_are_frames(text):
    assert texts(parse_story(text)) == [text]


def test_line_ends_of_any_system():
    assert texts(parse_story("a\rb\r\nc\nd")) == ["a", "b", "c", "d"]


def test_comments_anywhere_in_a_line():
    story = parse_story(
        '# title\n\nA "#coffee" mug.\n  #ff8800 sky\n# b\nA dog. <SEP> It sits. # <from:9>'
    )
    assert texts(story) == ['A "', "A dog.", "It sits."]
    assert story.comments == ((1, 1), (3, 4), (4, 1), (5, 1), (6, 23))
    (note,) = story.notes
    assert "comments: lines 1, 4, 5 and lines 3, 6 from their # on; write \\# for a #" in note


def test_an_escaped_sign_is_text():
    story = parse_story("\\#ff8800 sky <share:a \\#1 fan> # note\nb", after="\\#2")
    assert texts(story) == ["#ff8800 sky a #1 fan #2", "b #2"]
    assert shared(story.frames[0]) == ["a #1 fan"]
    with pytest.raises(StoryError, match="begins a comment"):
        parse_story("a", before="#1 photo")


def test_comments_at_the_start_of_lines_alone():
    story = parse_story("a # b\n# c\n\\#d", after="#e", inline_comments=False)
    assert texts(story) == ["a # b #e", "#d #e"]
    assert story.comments == ((2, 1),)


def test_lines_of_networks_serve_all_frames():
    story = parse_story(
        "<lora:a:1>, <lora:b:0.5>,\nA dog.\n"
        "<from:1> It <lora:a:1> sits. <SEP> <hypernet:c>\n<lora:a:1>",
        after="ink",
    )
    assert texts(story) == [
        "A dog. ink <lora:a:1> <lora:b:0.5> <hypernet:c>",
        "It <lora:a:1> sits. ink <lora:b:0.5> <hypernet:c>",
    ]
    assert [frame.text[slice(*frame.own)] for frame in story.frames] == [
        "A dog.",
        "It <lora:a:1> sits.",
    ]
    assert story.notes == ("for all frames: <lora:a:1> <lora:b:0.5> <hypernet:c> (lines 1, 3, 4)",)


def test_a_long_storys_notes_are_short():
    (note,) = parse_story("# a\nb # c\nd\n" * 500).notes
    assert len(note) < 250


words = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="<>#\ufeff"))


def is_frame(text):
    """Not blank, and not nothing but what a WebUI acts on: brackets, or a key word of its."""
    words = re.sub(r"\b(?:BREAK|AND|ADD[A-Z]+)\b", "", text)
    if words != text:
        return any(map(str.isalpha, words))
    return text.strip() and (not set(text) & set("()[]") or any(map(str.isalpha, text)))


@given(st.lists(words.filter(is_frame), min_size=1, max_size=8))
def test_any_plain_text_survives(lines):
    story = parse_story("\n".join(lines))
    assert texts(story) == [line.strip() for line in lines]


TAGS = ("<seed:5> ", "<from:none> ", "<share:the> ", " <SEP> b ", "\\#", "", "")


@given(
    st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), min_size=1, max_size=5),
    st.sampled_from(("\n", "\r\n", "\n# title\n\n")),
    st.booleans(),
    st.integers(0, 99),
)
def test_a_seed_is_written_where_it_belongs(pieces, end, comments, which):
    tail = " # c <seed:1>" if comments else ""
    text = "\ufeff" + end.join(f"{a} a {b if a != b else ''}cat {tail}" for a, b in pieces)
    before = parse_story(text)
    number = which % len(before) + 1
    for seed in (77, None):
        changed = with_seed(text, number, seed)
        story = parse_story(changed)
        assert story.texts == before.texts
        assert [frame.seed for frame in story.frames] == [
            seed if frame.number == number else frame.seed for frame in before.frames
        ]
        assert with_seed(changed, number, seed) == changed
    assert with_seed("A dog.\nA cat.", 2, 3) == "A dog.\n<seed:3> A cat."
    assert with_seed("A <seed:1> dog.", 1, None) == "A dog."


@given(st.text(alphabet="ab <>:#\n\r|SEPsharefom,1", max_size=80))
def test_a_story_parses_or_says_where_it_does_not(text):
    try:
        story = parse_story(text)
    except StoryError as error:
        story = None
        place = (error.line, error.column)
    if story is None:
        assert None not in place
        return
    assert all(frame.text == frame.text.strip() != "" for frame in story.frames)
    assert all(0 <= a < b <= len(f.text) for f in story.frames for a, b in f.marks)


def test_what_stands_behind_a_frame_is_its_comment():
    story = parse_story(
        "# note\nA dog. # Fido, \\#1\nA cat. <SEP> A cow. # both\nA hen.\n  # none\nA pig. #"
    )
    assert [frame.comment for frame in story.frames] == ["Fido, #1", "", "both", "", ""]
    kept = parse_story("A dog. # 1", inline_comments=False)
    assert [(frame.text, frame.comment) for frame in kept.frames] == [("A dog. # 1", "")]
