"""The story syntax, and what its errors say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopping import StoryError, parse_story


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


words = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="<>#\ufeff"))


@given(st.lists(words.filter(lambda text: text.strip()), min_size=1, max_size=8))
def test_any_plain_text_survives(lines):
    story = parse_story("\n".join(lines))
    assert texts(story) == [line.strip() for line in lines]


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
