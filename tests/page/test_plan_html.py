"""The plan and the mask as the page shows them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
import torch

from hopping import HoppingError, HoppingOptions, StoryError, parse_story
from hopping.errors import NotLoadedError
from hopping.layout import Role, SpecialIds, tokenize_frame
from hopping.page import mask_svg, plan_html
from hopping.page.plan_answer import answer_plan
from hopping.page.templates import frame_style
from hopping.plan import plan_frames

EVIL = "<img src=x onerror=alert(1)> a \"dog\" & 'cat' </li><script>alert(2)</script>"
TAGS = {"div", "p", "b", "span", "ol", "li", "i", "mark", "br", "svg", "g", "rect", "text"}
TAGS |= {"path", "title"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attributes) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") for name, _ in attributes)

    def handle_data(self, data) -> None:
        self.text += data


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


@pytest.fixture
def word(clip_tokenizer):
    return lambda tokens: clip_tokenizer.decode(tokens).strip()


def test_what_a_user_wrote_is_text(plan, word):
    story = f"<share:{EVIL.replace('<', '< ').replace('>', ' ')}> runs\n{EVIL}"
    made = plan(story, share="subject")
    page = plan_html.render_plan(made) + mask_svg.render_mask(made, word)
    reader = read(page)
    assert set(reader.tags) <= TAGS
    assert EVIL in reader.text


def test_what_is_wrong_is_text():
    error = StoryError(f"bad {EVIL}", line=1, column=3)
    reader = read(plan_html.render_error(error, EVIL))
    assert set(reader.tags) <= TAGS
    assert f"bad {EVIL}" in reader.text
    assert "img" not in read(plan_html.render_failure(EVIL)).tags


def test_a_tokens_text_is_text(plan):
    page = mask_svg.render_mask(plan("a dog\nthe dog"), lambda _: "<img src=x>")
    assert "img" not in read(page).tags


def test_each_frame_tells_tokens_and_sources(plan):
    page = plan_html.render_plan(plan("A dog.\nThe dog sits.\nThe dog runs.", reach="all"), 7)
    assert 'data-serial="7"' in page
    frames = page.split('<li class="hopping-frame"')[1:]
    assert ["3/75" in frames[0], "4/75" in frames[1], "4/75" in frames[2]] == [True] * 3
    assert "sees no other frame" in frames[0]
    assert re.findall(r"<b>(\d+)</b>", frames[2]) == ["1", "2"]


def test_a_long_frame_tells_its_windows(plan):
    page = plan_html.render_plan(plan("dog " * 80 + "\nthe dog"))
    assert "80/150" in page
    assert "2 <span>windows of 75</span>" in page


def test_what_is_shown_stands_with_whom(plan):
    made = plan("A red dog swims.\nThe dog sits.\nA cat.", share="subject")
    text = read(plan_html.render_plan(made)).text
    assert "1 “A red dog”" in text
    assert "nothing" in text  # of the cat, frame 2 has no word
    assert made.frames[2].notes[0] in text


def test_who_was_recognised_stands_in_the_colour_of_the_frame_that_introduced_them(plan):
    made = plan("A red dog sits.\nThe dog meets a cat.\nIt rains.", share="subject", reach="all")
    page = plan_html.render_plan(made)
    frames = page.split('<li class="hopping-frame"')[1:]
    chip = f'<span class="hopping-chip" {frame_style(1)}><b>1</b> “The dog” = “A red dog”'
    assert [chip in frame for frame in frames] == [False, True, False]
    assert "new “a cat”" in read(frames[1]).text
    assert "who" not in read(frames[0]).text


@pytest.mark.parametrize("share", ["all", "subject"])
@pytest.mark.parametrize(
    "line", ["The {0} dog sits.", "The dog sits.", "<share:{0} is a dog> here.", "A {0} cat, {0}."]
)
def test_a_long_plan_stays_small(clip_tokenizer, share, line):
    """Whoever sees whom: what grows with the pairs is counted, not written out."""
    words = [f"w{number:x}" for number in range(100)]
    story = parse_story("\n".join(line.format(words[n % 100]) for n in range(400)))
    special = SpecialIds(0, 1, 1)
    frames = [tokenize_frame(lambda part: [2] * len(part.split()), t) for t in story.texts]
    made = plan_frames(story, frames, special, HoppingOptions(reach="all", share=share))
    assert len(plan_html.render_plan(made)) < 1_000_000
    assert len(made.summary()) < 1_000_000


def test_sources_stand_in_ranges(plan):
    made = plan("A dog.\nA cat.\nA cat.\nA cat.\nA dog.\nThe dog.", share="subject", reach="all")
    reader = read(plan_html.render_plan(made))
    assert "1, 5 “A dog”" in reader.text
    assert "2–4 nothing" in reader.text
    assert "sees 1, 5 ('A dog'); 2–4 (nothing)]" in made.summary()
    # Marks are shown by every frame that has them.
    lines = ["<share:A dog>.", "A cat."] * 20
    many = plan("\n".join(lines) + "\nThe dog.", share="subject", reach="all")
    assert "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, … (20 frames) “A dog”" in text_of(many)
    assert len(many.frames[-1].shown) == 40


def text_of(made):
    return read(plan_html.render_plan(made)).text


def test_frames_with_a_note_are_first_in_reach_of_a_long_plan(plan):
    story = "A dog.\n" * 20 + "A cat.\n" + "A dog.\n" * 20 + "A bird."
    page = plan_html.render_plan(plan(story, share="subject", reach="all"))
    assert re.findall(r"<button[^>]*>(\d+)</button>", page) == ["21", "42"]
    assert page.index("<button") < page.index('<li class="hopping-frame"')
    short = plan("A dog.\nA cat.", share="subject")
    assert "<button" not in plan_html.render_plan(short)
    linked = plan("A dog.\nA cat.\n<from:1,2> The dog.", share="subject", anchor=True)
    assert [len(frame.notes) for frame in linked.frames] == [0, 1, 1]


def test_an_error_marks_its_line_from_its_column():
    story = "one\ntwo <from:9> x\nthree\nfour\nfive"
    with pytest.raises(StoryError) as caught:
        parse_story(story)
    page = plan_html.render_error(caught.value, story, 3)
    assert 'data-serial="3"' in page
    assert 'data-line="2" data-column="5"' in page
    assert "<mark>&lt;from:9&gt; x</mark>" in page
    assert "five" not in page  # far from the line


@pytest.mark.parametrize(("line", "column"), [(1, None), (1, 99), (3, 1), (None, None)])
def test_an_error_anywhere_is_shown(line, column):
    page = plan_html.render_error(HoppingError("no", line=line, column=column), "a\nb")
    assert "no" in read(page).text


@pytest.mark.parametrize(
    "options",
    [{}, {"layout": "windows"}, {"carry": "all", "reach": "all"}, {"mode": "reference"}],
)
def test_the_map_is_the_mask(plan, word, options):
    made = plan("A red dog swims.\nThe dog sits in the sun.\nThe dog runs.", **options)
    kept = made.layout.role != Role.PADDING
    expected = made.visible[kept][:, kept]
    assert torch.equal(_cells(mask_svg.render_mask(made, word)), expected)


def test_of_a_map_too_long_to_read_the_first_frames_are_drawn(plan, word):
    made = plan("a dog " * 30 + "\n" + "a cat\n" * 70)
    page = mask_svg.render_mask(made, word)
    assert f"{mask_svg.PART_TEXT}</span> 1–55 / 71" in page
    kept = (made.layout.role != Role.PADDING) & (made.layout.p_id <= 55)
    assert torch.equal(_cells(page), made.visible[kept][:, kept])


def _cells(page: str) -> torch.Tensor:
    """The matrix that the rectangles of a map paint."""
    svg = ElementTree.fromstring(re.search(r"<svg.*</svg>", page, re.DOTALL).group())
    name = "{http://www.w3.org/2000/svg}"
    rows = [row.findall(f"{name}rect") for row in svg.findall(f"{name}g")]
    matrix = torch.zeros(len(rows), len(rows), dtype=torch.bool)
    for i, (ground, *cells) in enumerate(rows):
        cell = int(ground.get("height"))
        for rect in cells:
            first = (int(rect.get("x")) - int(ground.get("x"))) // cell
            matrix[i, first : first + int(rect.get("width")) // cell] = True
    return matrix


def test_each_frames_tokens_are_counted_and_of_a_long_story_the_first(plan):
    counts = plan_html.render_counts(plan("a dog\n" + "long " * 80))
    text = " ".join(read(counts).text.split())
    assert text == "Tokens of each frame: 1 2/75 2 80/150"
    text = read(plan_html.render_counts(plan("a dog\n" * 300))).text
    assert (text.count("2/75"), "… (300)" in text) == (100, True)


def test_over_a_folded_plan_stands_what_is_wrong():
    def make():
        raise StoryError("no such frame", line=2)

    plan, mask, counts = answer_plan("1", "a\nb", make, pytest.fail)
    assert "no such frame" in read(counts).text
    assert "no such frame" in read(plan).text
    assert mask == ""
    assert answer_plan("1", "", make, pytest.fail)[1:] == ("", "")


BOB = "[Bob] A man, wearing a black suit\n[Bob] wakes up.\n[NC] A street."


@pytest.mark.parametrize(
    ("story", "error", "offers"),
    [
        (BOB, None, True),
        (BOB, StoryError("no such frame", line=2), True),
        (BOB, NotLoadedError("no checkpoint yet"), True),
        (BOB, StoryError("this is too long"), False),
        ("A dog.\n[The] dog sits.", None, False),
    ],
)
def test_a_story_diffusion_story_is_offered_to_be_converted(plan, story, error, offers):
    def make():
        if error:
            raise error
        return plan(story), str

    shown, *_ = answer_plan("7", story, make, pytest.fail)
    written = "&lt;cast:Bob: A man, wearing a black suit&gt;\nBob wakes up.\nA street."
    assert (f'data-converted="{written}"' in shown) is offers
    assert 'data-serial="7"' in shown
