"""One drawing of a mask, as a PNG and as an SVG: the same tokens, labels, cells and colours."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest
import torch

from hopping.layout import Role
from hopping.mask_drawing import (
    MOST_TOKENS,
    MaskDrawing,
    MaskPanel,
    MaskToken,
    causal,
    draw,
    frame_colour,
)
from hopping.mask_picture import draw_mask, render_picture
from hopping.page.mask_svg import render_mask

OPTIONS = [
    {},
    {"layout": "windows"},
    {"carry": "all", "reach": "all"},
    {"mode": "reference"},
    {"share": "subject", "anchor": True},
]
STORY = "A red dog swims.\nThe dog sits in the sun.\n犬 runs extraordinarily."


def drawing(labels, frames, *masks):
    tokens = tuple(MaskToken(label, n, True) for label, n in zip(labels, frames, strict=True))
    return MaskDrawing("title", tokens, tuple(MaskPanel("mask", m) for m in masks), 1, 1)


def has_colour(image, colour):
    return any(found == _rgb(colour) for _, found in image.getcolors(1 << 24))


def _rgb(colour):
    return tuple(int(colour[n : n + 2], 16) for n in (1, 3, 5))


@pytest.fixture
def word(clip_tokenizer):
    return clip_tokenizer.decode


@pytest.mark.parametrize("options", OPTIONS)
def test_its_runs_are_the_mask(plan, word, options):
    made = plan(STORY, **options)
    drawn = draw(made, word)
    kept = made.layout.role != Role.PADDING
    frames = made.layout.p_id[kept]
    painted = torch.zeros(len(drawn.tokens), len(drawn.tokens), dtype=torch.bool)
    for run in drawn.stretches(drawn.panels[0]):
        painted[run.row, run.start : run.stop] = True
        assert set(frames[run.start : run.stop].tolist()) == {run.frame}
        assert run.is_own == (run.frame == frames[run.row])
    assert torch.equal(painted, made.visible[kept][:, kept])
    assert [token.frame for token in drawn.tokens] == frames.tolist()


@pytest.mark.parametrize("options", OPTIONS)
def test_both_renderings_show_the_same_cells(plan, word, options):
    """Each run of the drawing has its colour where the PNG has it, and its place in the SVG."""
    drawn = draw(plan(STORY, **options), word)
    picture = render_picture(drawn)
    svg = ElementTree.fromstring(
        re.search(r"<svg.*</svg>", render_mask(plan(STORY, **options), word), re.DOTALL).group()
    )
    name = "{http://www.w3.org/2000/svg}"
    rows = svg.findall(f"{name}g")
    runs = list(drawn.stretches(drawn.panels[0]))
    assert [row.find(f"{name}text").text for row in rows] == [t.label for t in drawn.tokens]
    assert sum(len(row.findall(f"{name}rect")) - 1 for row in rows) == len(runs)
    colours = re.findall(r"#[0-9a-f]{6}", ElementTree.tostring(svg, "unicode"))
    for run in runs:
        assert has_colour(picture, frame_colour(run.frame, strong=run.is_own))
        assert frame_colour(run.frame, strong=True) in colours


def test_labels_are_told_in_one_way(plan, word):
    labels = [token.label for token in draw(plan("A dog.\nincomprehensibilities 犬"), word).tokens]
    assert labels[:5] == ["start", "a", "dog", ".", "SEP"]
    assert labels[-1] == "end"
    assert all(0 < len(label) <= 14 for label in labels)
    cut = draw(plan("A dog."), lambda _: "extraordinarily")
    assert cut.tokens[1].label == "extraordinari…"
    pieces = draw(plan("A dog."), lambda _: " \ufffd\ufffd ")
    assert pieces.tokens[1].label == "··"
    assert draw(plan("A dog."), lambda _: " ").tokens[1].label == "·"


@pytest.mark.parametrize("story", ["赤い犬が泳ぐ。\n犬、座る。", "🐕 swims 🌊\n🐕‍🦺 sits"])
def test_a_character_of_several_tokens_stands_at_its_first(plan, word, story):
    tokens = draw(plan(story, layout="windows"), word).tokens
    shown = "".join(token.label for token in tokens if token.is_text).replace("·", "")
    assert shown == "".join(story.lower().split())
    assert any(token.label == "·" for token in tokens)


def test_a_long_storys_first_frames_are_drawn(plan, word):
    made = plan("A dog is swimming in the river.\n" * 300)
    drawn = draw(made, word)
    assert (drawn.frames, drawn.of) == (28, 300)
    assert drawn.title.endswith("(frames 1 to 28 of 300)")
    assert drawn.tokens[-1].frame == 28
    assert max(render_picture(drawn).size) < 4000
    page = render_mask(made, word)
    assert "<svg" in page
    assert "1–28 / 300" in page
    assert len(page) < 500_000
    one = plan("dog " * 400)
    assert (draw(one, word).frames, draw(one, word).of) == (1, 1)
    assert max(draw_mask(one, word).size) < 4000


def test_the_plain_mask_stands_beside_it(plan, word):
    joint = draw(plan(STORY), word)
    windows = draw(plan(STORY, layout="windows", anchor=True), word)
    assert torch.equal(joint.panels[1].visible, causal(len(joint.tokens)))
    assert not windows.panels[1].visible[-1, 0]
    assert [panel.title for panel in windows.panels] == [
        "hopping: paper, windows, anchor=on",
        "plain SD: causal, each window alone",
    ]


def test_mask_colours_are_the_seen_frames():
    visible = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=torch.bool)
    figure = render_picture(drawing(["a", "b", "<c>"], [1, 2, 0], visible))
    assert has_colour(figure, frame_colour(1, strong=True))
    assert has_colour(figure, frame_colour(1, strong=False))  # seen by frame 2
    assert has_colour(figure, frame_colour(2, strong=True))
    assert not has_colour(figure, frame_colour(2, strong=False))
    assert has_colour(figure, frame_colour(0, strong=True))


def test_frames_have_colours_of_their_own():
    assert len({frame_colour(n, strong=True) for n in range(1, 50)}) == 49


def test_white_is_read_on_every_frames_colour():
    for number in range(1, 400):
        parts = [part / 255 for part in _rgb(frame_colour(number, strong=True))]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5


def test_the_largest_mask_stays_below_4000_pixels():
    mask = causal(MOST_TOKENS)
    largest = drawing(["W" * 14] * MOST_TOKENS, [1] * MOST_TOKENS, mask, mask)
    assert max(render_picture(largest).size) < 4000


def test_a_mask_of_one_token():
    assert list(drawing(["a"], [1], causal(1)).spans()) == [(1, 0, 1)]
    assert render_picture(drawing(["a"], [1], causal(1))).size[0] > 50


def test_masks_that_cannot_be_drawn_are_refused():
    with pytest.raises(ValueError, match="1 to 280 tokens, not 281"):
        drawing(["x"] * 281, [1] * 281, causal(281))
    with pytest.raises(ValueError, match="of the same tokens"):
        drawing(["x"] * 2, [1] * 2, causal(3))


@pytest.mark.parametrize("layout", ["joint", "windows"])
def test_a_plan_is_drawn(plan, word, layout):
    figure = draw_mask(plan("犬\n<b> dog", layout=layout), word)
    assert has_colour(figure, frame_colour(1, strong=False))
    assert max(figure.size) < 4000
