"""Grids: sizes, places, colours, and any text that a user may write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

from hopping import lettering
from hopping.figure import largest_cell, story_grid
from hopping.lettering import Lettering, missing_glyphs

COLOURS = ["#ff0000", "#00ff00", "#0000ff", "#ffff00"]


def pictures(count, size=(64, 64)):
    return [Image.new("RGB", size, COLOURS[n % 4]) for n in range(count)]


def _rgb(colour):
    return tuple(int(colour[n : n + 2], 16) for n in (1, 3, 5))


def test_small_pictures_are_enlarged_by_a_whole_factor():
    grid = story_grid([pictures(3)])
    assert grid.size == (3 * 256 + 4 * 8, 256 + 2 * 8)
    assert [grid.getpixel((8 + n * 264 + 128, 100)) for n in range(3)] == [
        _rgb(colour) for colour in COLOURS[:3]
    ]


def test_large_pictures_are_shrunk_and_keep_their_shape():
    grid = story_grid([pictures(2, (1024, 512))])
    assert grid.size == (2 * 512 + 3 * 16, 256 + 2 * 16)


def test_many_columns_go_on_in_bands_of_bounded_width():
    grid = story_grid([pictures(30), pictures(30)], ["a frame"] * 30, ["hopping", "plain SD"])
    assert grid.width <= 4096
    assert grid.height > 4 * 256


def test_a_huge_story_stays_small():
    side = largest_cell(2000)
    assert 64 <= side < 256
    grid = story_grid([pictures(1000, (side, side))] * 2)
    assert grid.width * grid.height < 100_000_000


def test_missing_pictures_leave_their_place():
    first, second = pictures(2)
    grid = story_grid([[first, second], [None]], titles=["hopping", "plain SD"])
    whole = story_grid([[first, second], [first, second]], titles=["hopping", "plain SD"])
    assert grid.size == whole.size
    assert grid.getpixel((grid.width - 100, grid.height - 100)) == _rgb("#e8eaed")


def test_a_grid_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="at least one picture"):
        story_grid([[None]], ["a dog"])


def test_titles_stand_before_their_rows():
    bare, named = story_grid([pictures(1)]), story_grid([pictures(1)], titles=["Paper, seed 3"])
    assert (named.width > bare.width, named.height) == (True, bare.height)
    assert story_grid([pictures(1)], titles=[""]).size == bare.size
    two = story_grid([pictures(1)] * 2, titles=["hopping", "plain SD"])
    assert two.width > story_grid([pictures(1)] * 2).width


def test_a_long_title_takes_lines_and_no_more_than_its_row():
    long = "Same character, reach=all, carry=tokens, strength=0.35, seeds from 4294967295"
    short, grid = (story_grid([pictures(1)], titles=[title]) for title in ("Paper", long))
    assert (grid.width > short.width, grid.height) == (True, short.height)
    column = grid.crop((0, 0, grid.width - short.width, grid.height))
    ink = ImageChops.invert(column.convert("L")).getbbox()
    assert ink[1] > 0
    assert ink[3] < grid.height


@pytest.mark.parametrize(
    "text",
    [
        "A dog is swimming in the river, and the river is long, and so is this text.",
        "犬が川で泳いでいる。「とても楽しい」と犬は思った。空は青く、雲はひとつもない。",
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen",
        "two  blanks\tand a tab, 😀 and <b>&amp;</b> [red]",
        "",
        " ",
        "\u0301",
    ],
)
def test_wrapping_keeps_every_character_and_the_width(text):
    letters = Lettering(15)
    lines = letters.wrap(text, 120)
    assert all(letters.width(line) <= 120 for line in lines)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    letters.draw(ImageDraw.Draw(Image.new("RGB", (120, 40))), 0, 0, lines[0], "#000000")


def test_what_closes_a_phrase_begins_no_line():
    for width in range(50, 200, 7):  # room for a character and its two signs
        lines = Lettering(15).wrap("「犬」。と、猫」、と犬、猫。" * 3, width)
        assert not any(line[0] in "」。、" for line in lines[1:])


def test_too_many_lines_end_in_an_ellipsis():
    lines = Lettering(15).wrap("word " * 100, 100, most=3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")


def test_a_character_is_drawn_in_the_first_font_that_has_it(tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    broken = tmp_path / "broken.ttf"  # is passed over
    broken.write_bytes(b"no font")
    without, with_it = str(fonts / "cmr10.ttf"), str(fonts / "STIXGeneral.ttf")
    monkeypatch.setattr(lettering, "_system_fonts", lambda: (str(broken), without, with_it))
    lettering._system_font_with.cache_clear()
    runs = Lettering(15).runs("aᶄé")  # DejaVu has all but the second
    assert [(run, font.path == with_it) for font, run in runs] == [
        ("a", False),
        ("ᶄ", True),
        ("é", False),
    ]
    assert missing_glyphs(["ᶄé", "\U000e1234\u0350"]) == "\U000e1234\u0350"
    lettering._system_font_with.cache_clear()


def test_glyphs_that_no_font_has_are_named():
    assert missing_glyphs(["A dog.", "Ärger, Ωmega, … 犬"]) in ("", "犬")
    assert missing_glyphs(["\U000e1234 twice \U000e1234"]) == "\U000e1234"


@pytest.fixture
def no_fonts_but_our_own(monkeypatch):
    monkeypatch.setattr(lettering, "_system_font_with", lambda character: None)
    lettering._is_missing.cache_clear()
    yield
    lettering._is_missing.cache_clear()


def test_a_symbol_that_no_font_has_is_written_by_its_name(no_fonts_but_our_own):
    pytest.importorskip("matplotlib", reason="its tables tell which font has which character")
    letters = Lettering(16)
    for symbols, named in {
        "🐕 swims 🌊": "[dog] swims [water wave]",
        "🐕‍🦺 👍🏽": "[dog][safety vest] [thumbs up sign]",
        "🇯🇵 1️⃣ ♥": "JP 1 ♥",  # DejaVu has the heart
    }.items():
        drawn = Image.new("RGB", (500, 24))
        letters.draw(ImageDraw.Draw(drawn), 0, 0, symbols, "white")
        expected = Image.new("RGB", (500, 24))
        letters.draw(ImageDraw.Draw(expected), 0, 0, named, "white")
        assert drawn.tobytes() == expected.tobytes()
        assert letters.width(symbols) == letters.width(named)
        assert missing_glyphs([symbols]) == ""
    assert missing_glyphs(["🐕 犬"]) == "犬"  # its name would say nothing


def test_a_word_turned_upright_is_one_line():
    letters = Lettering(16)
    word = letters.upright(["extraordinarily"], "black")
    assert word.width == letters.line_height
    assert word.height > letters.width("extraordinarily")
