"""Where tokens stand, which layout is chosen, and which token comes from which word."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hopping import EncoderError, HoppingOptions, LayoutError, parse_story
from hopping.layout import (
    NOBODY,
    FrameTokens,
    Role,
    SpecialIds,
    align_tokens,
    joint_layout,
    lay_out,
    tokenize_frame,
    windows_layout,
)

SPECIAL = SpecialIds(start=900, end=901, pad=902)
S, C, X, E, P = Role.START, Role.CONTENT, Role.SEPARATOR, Role.END, Role.PADDING


def words_to_ids(text):
    return [len(word) for word in text.split()]


def story_of(*lengths):
    """A story of frames with so many one-letter words, and its tokens."""
    story = parse_story("\n".join(" ".join("x" * length) for length in lengths))
    return story, [tokenize_frame(words_to_ids, text) for text in story.texts]


def test_joint_row():
    layout = joint_layout(*story_of(2, 1, 3), SPECIAL)
    assert layout.ids.shape == (1, 77)
    assert layout.ids[0, :12].tolist() == [900, 1, 1, 901, 1, 901, 1, 1, 1, 901, 902, 902]
    assert layout.role[:12].tolist() == [S, C, C, X, C, X, C, C, C, E, P, P]
    assert layout.p_id[:12].tolist() == [1, 1, 1, 0, 2, 0, 3, 3, 3, 0, 0, 0]
    assert [layout.content(n).tolist() for n in (1, 2, 3)] == [[1, 2], [4], [6, 7, 8]]
    assert layout.alone(3)[0, :6].tolist() == [900, 1, 1, 1, 901, 902]
    assert NOBODY == 0


def test_windows():
    layout = windows_layout(*story_of(2, 80), SPECIAL)
    assert layout.ids.shape == (3, 77)
    assert layout.ids[0, :5].tolist() == [900, 1, 1, 901, 902]
    assert layout.ids[1].tolist() == [900] + [1] * 75 + [901]
    assert layout.ids[2, :8].tolist() == [900] + [1] * 5 + [901, 902]
    assert layout.p_id.view(3, 77).unique(dim=1).tolist() == [[1], [2], [2]]
    assert layout.window.view(3, 77)[:, 0].tolist() == [0, 1, 2]
    assert layout.content(2).tolist() == [*range(78, 153), *range(155, 160)]
    assert layout.windows(2).flatten().tolist() == list(range(77, 231))
    assert torch.equal(layout.alone(2), layout.ids[1:])


def test_an_empty_frame_has_a_window():
    frames = [FrameTokens(((),), list), FrameTokens(((7,),), list)]
    layout = windows_layout(parse_story("a\nb"), frames, SPECIAL)
    assert layout.content(1).tolist() == []
    assert layout.content(2).tolist() == [78]


@pytest.mark.parametrize(
    ("lengths", "over"), [((37, 37), 0), ((37, 38), 1), ((75,), 0), ((76,), 1)]
)
def test_how_much_fits_the_joint_row(lengths, over):
    story, frames = story_of(*lengths)
    if not over:
        assert joint_layout(story, frames, SPECIAL).ids.shape == (1, 77)
        return
    with pytest.raises(LayoutError, match=f"{over} token more.*layout=windows"):
        joint_layout(story, frames, SPECIAL)


@pytest.mark.parametrize(
    ("lengths", "options", "kind", "reason"),
    [
        ((3, 3), {}, "joint", "fits"),
        ((40, 40), {}, "windows", "6 tokens too many"),
        ((3, 3), {"carry": "all"}, "windows", "carry=all"),
        ((3, 3), {"layout": "windows"}, "windows", "as asked"),
        ((40, 40), {"mode": "baseline", "layout": "joint"}, "windows", "alone"),
        ((3, 3), {"mode": "reference"}, "joint", "reference"),
    ],
)
def test_layout_chosen(lengths, options, kind, reason):
    layout = lay_out(*story_of(*lengths), SPECIAL, HoppingOptions(**options))
    assert layout.kind == kind
    assert reason in layout.reason


def test_a_frame_in_several_windows_is_not_joined():
    story = parse_story("a\nb BREAK c")
    frames = [FrameTokens(((1,),), list), FrameTokens(((2,), (3,)), list)]
    assert lay_out(story, frames, SPECIAL, HoppingOptions()).kind == "windows"
    with pytest.raises(LayoutError, match=r"frame 2: .*windows"):
        lay_out(story, frames, SPECIAL, HoppingOptions(layout="joint"))


def test_alignment_on_clips_own_tokenizer(clip_tokenizer):
    def tokenize(text):
        return clip_tokenizer(text, add_special_tokens=False)["input_ids"]

    text = "A red-brown Dachshund, 3 years old: John's dog's tail. 犬 🐕!"
    ids = tokenize(text)
    spans = align_tokens(tokenize, text, ids)
    assert len(spans) == len(ids)
    words = [text[a:b] for a, b in spans]
    assert words[:4] == ["A", "red", "-", "brown"]
    assert {"Dachshund", "3", "John", "'s", ":", "犬", "🐕!"} <= set(words) | {"🐕!"}
    frame = tokenize_frame(tokenize, text)
    start = text.index("Dachshund")
    covered = frame.covered([(start, start + 9)])
    assert [w for w, hit in zip(words, covered, strict=True) if hit] == ["Dachshund"] * int(
        covered.sum()
    )
    assert covered.any()


def test_alignment_between_blanks_where_names_are_odd():
    names = {"<my-cat>": [50, 51]}

    def tokenize(text):
        return [i for word in text.split() for i in names.get(word, [1] * len(word))]

    assert align_tokens(tokenize, "a <my-cat> b", tokenize("a <my-cat> b")) == [
        (0, 1),
        (2, 10),
        (2, 10),
        (11, 12),
    ]


def test_a_tokenizer_that_cannot_be_aligned_says_so():
    with pytest.raises(EncoderError, match="share=all"):
        align_tokens(lambda text: [len(text)], "a b", [3])


@given(st.text(min_size=1, max_size=60))
def test_alignment_covers_every_token(clip_tokenizer, text):
    def tokenize(text):
        return clip_tokenizer(text, add_special_tokens=False)["input_ids"]

    ids = tokenize(text)
    try:
        spans = align_tokens(tokenize, text, ids)
    except EncoderError:
        return  # told, not guessed
    assert len(spans) == len(ids)
    assert spans == sorted(spans)
