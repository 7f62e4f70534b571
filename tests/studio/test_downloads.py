"""What a run can be taken along as."""

from __future__ import annotations

import dataclasses
import datetime
import io
import itertools
import zipfile

import pytest
from PIL import Image
from pypdf import PdfReader

from hopping import HoppingOptions
from hopping.errors import OptionError
from hopping.figure import story_grid
from hopping.studio.downloads import (
    animate_gif,
    animate_webp,
    pack_frames,
    pack_pages,
)
from hopping.studio.downloads import panels as panels_of
from hopping.studio.folder import save_frame, save_grid
from hopping.studio.page_options import PageOptions
from hopping.studio.pages import _MARGIN, _PAD, Panel, _laid_out, write_pdf
from hopping.studio.record import FrameKey
from hopping.studio.story_request import StoryRequest
from hopping.studio.story_run import start_folder

COLOURS = ["red", "green", "blue", "white", "black"]


@pytest.fixture
def run(sd1, tmp_path):
    """A folder with the first frames of a story, one colour each, and its record."""

    def make(frames=3, done=None, size=(64, 64)):
        story = "\n".join(f"Frame {number + 1}, a dog." for number in range(frames))
        record = StoryRequest(story, HoppingOptions(), seed=1, compare=False).begin(
            sd1, datetime.datetime(2026, 1, 1)
        )
        folder = start_folder(tmp_path, record, datetime.datetime(2026, 1, 1))
        for number in range(frames if done is None else done):
            picture = Image.new("RGB", size, COLOURS[number % len(COLOURS)])
            save_frame(folder, record, FrameKey(False, number + 1), picture)
        save_grid(folder, record)
        return folder, record

    return make


def test_the_zip_has_the_pictures_bytes_and_the_record(run):
    folder, record = run(done=2)
    archive = zipfile.ZipFile(io.BytesIO(pack_frames(folder, record)))
    assert archive.namelist() == ["frame-01.png", "frame-02.png", "grid.png", "story.json"]
    for name in archive.namelist():
        assert archive.read(name) == (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("animate", "kind", "exact"), [(animate_webp, "WEBP", True), (animate_gif, "GIF", False)]
)
def test_an_animation_shows_each_frame_for_a_second(run, animate, kind, exact):
    animation = Image.open(io.BytesIO(animate(panels_of(*run()), PageOptions(captions="none"))))
    assert animation.format == kind
    assert animation.size == (256, 256)  # small ones are enlarged
    assert animation.n_frames == 3
    assert animation.info["loop"] == 0
    for number, colour in enumerate([(255, 0, 0), (0, 128, 0), (0, 0, 255)]):
        animation.seek(number)
        animation.load()
        assert animation.info["duration"] == 1000
        seen = animation.convert("RGB").getpixel((128, 128))
        assert max(abs(a - b) for a, b in zip(seen, colour, strict=True)) <= (0 if exact else 8)


def test_a_large_picture_is_made_smaller_for_an_animation(run):
    folder, record = run(frames=2, size=(2048, 1024))
    assert Image.open(
        io.BytesIO(animate_webp(panels_of(folder, record), PageOptions(captions="none")))
    ).size == (1024, 512)


def test_an_animation_has_captions_and_a_time_for_each_frame(run):
    folder, record = run()
    options = PageOptions(captions="under", seconds="1, 0.5,2")
    animation = Image.open(io.BytesIO(animate_webp(panels_of(folder, record), options)))
    assert animation.width == 256
    assert animation.height > 256  # the captions
    times = []
    for number in range(animation.n_frames):
        animation.seek(number)
        animation.load()
        times.append(animation.info["duration"])
    assert times == [1000, 500, 2000]
    with pytest.raises(OptionError, match="seconds has 2 times for 3 frames"):
        animate_gif(panels_of(folder, record), PageOptions(seconds="1,2"))


@pytest.mark.parametrize("seconds", ["", "a", "0", "1,,2", "nan", "1e9", "inf", "-1"])
def test_a_time_that_is_none_is_refused(seconds):
    with pytest.raises(OptionError, match=r"seconds cannot be .*write a number from 0\.05 to 60"):
        PageOptions(seconds=seconds)


@pytest.mark.parametrize(("panels", "pages"), [("2", 3), ("3", 2), ("4", 2), ("6", 1)])
@pytest.mark.parametrize("paper", ["a4", "letter", "square"])
def test_a_pdf_has_real_text_a_title_and_page_numbers(run, panels, pages, paper):
    title = "Ein Hund — Żółw"
    document = read_pdf(*run(5), panels=panels, paper=paper, title=title)
    assert len(document.pages) == pages
    assert document.metadata.title == title
    texts = [page.extract_text() for page in document.pages]
    assert title in texts[0]
    assert all(title not in text for text in texts[1:])
    for number in range(1, 6):
        assert f"{number}. Frame {number}, a dog." in texts[(number - 1) // int(panels)]
    assert [f"{n} / {pages}" in text for n, text in enumerate(texts, 1)] == [pages > 1] * pages
    box = document.pages[0].mediabox
    shape = {"a4": 2**0.5, "letter": 11 / 8.5, "square": 1}[paper]
    assert box.height / box.width == pytest.approx(shape, abs=0.01)


def test_captions_are_what_stands_behind_the_frames(run):
    folder, record = run(2)
    record = dataclasses.replace(
        record, source="# a note\nA dog runs. # Fido is off!\nA dog sleeps.\n"
    )
    text = read_pdf(folder, record).pages[0].extract_text()
    assert "Fido is off!" in text
    for other in ("runs", "sleeps", "note"):
        assert other not in text
    assert not read_pdf(folder, record, captions="none").pages[0].extract_text().strip()


@pytest.mark.parametrize("captions", ["under", "on"])
@pytest.mark.parametrize("size", [(64, 64), (128, 64), (64, 192)])
@pytest.mark.parametrize("panels", ["2", "3", "4", "6"])
def test_nothing_on_a_page_stands_over_something_else(run, panels, size, captions):
    folder, record = run(7, size=size)
    words = "A very long caption of a frame, " * 9
    shown = [Panel(panel.picture, words) for panel in panels_of(folder, record)]
    options = PageOptions(panels=panels, captions=captions, title="A long title " * 9)
    for page in _laid_out(shown, options):
        head = _MARGIN + len(page.title) * 57
        boxes = []
        for placed in page.panels:
            box, text = placed.box, len(placed.lines) * placed.letters.line_height
            low = box.top + box.height + (0 if captions == "on" else text)
            assert box.width / box.height == pytest.approx(size[0] / size[1])
            assert box.left >= _MARGIN - 1
            assert box.left + box.width <= page.size[0] - _MARGIN + 1
            assert box.top >= head
            assert low <= page.size[1] - _MARGIN + _PAD
            assert text <= box.height or captions == "under"
            boxes.append((box.left, box.top, box.left + box.width, low))
        for a, b in itertools.combinations(boxes, 2):
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_pages_as_pictures_show_the_frames(run):
    archive = zipfile.ZipFile(io.BytesIO(pack_pages(panels_of(*run(3)), PageOptions(panels="2"))))
    assert archive.namelist() == ["page-01.png", "page-02.png"]
    page = Image.open(archive.open("page-01.png")).convert("RGB")
    assert page.size == (1240, 1754)
    colours = {colour for _, colour in page.getcolors(maxcolors=100_000)}
    assert {(255, 0, 0), (0, 128, 0), (255, 255, 255)} <= colours
    assert (0, 0, 255) not in colours


def test_pages_of_any_script_and_length(run):
    folder, record = run(1)
    record = dataclasses.replace(record, source="犬が川で泳いでいる。" * 60)
    assert write_pdf(panels_of(folder, record), PageOptions()).startswith(b"%PDF")
    assert write_pdf(panels_of(folder, record), PageOptions(captions="on")).startswith(b"%PDF")


def read_pdf(folder, record, **options):
    return PdfReader(io.BytesIO(write_pdf(panels_of(folder, record), PageOptions(**options))))


def test_the_grid_has_plain_sd_over_what_hopping_made_and_names_both(sd1, tmp_path, monkeypatch):
    named = []

    def spy(rows, captions, titles):
        named.append(titles)
        return story_grid(rows, captions, titles)

    monkeypatch.setattr("hopping.studio.folder.story_grid", spy)
    options = HoppingOptions.from_mapping({"reach": 2}, "Same character")
    record = StoryRequest("A dog.\nIt sits.", options, seed=3).begin(sd1, datetime.datetime.now())
    folder = start_folder(tmp_path, record, datetime.datetime.now())
    for plain, colour in ((False, "red"), (True, "blue")):
        for number in (1, 2):
            save_frame(folder, record, FrameKey(plain, number), Image.new("RGB", (64, 64), colour))
    with Image.open(save_grid(folder, record)) as grid:
        colours = grid.resize(
            (1, grid.height), box=(grid.width - 40, 0, grid.width - 20, grid.height)
        )
        seen = [colours.getpixel((0, y)) for y in range(grid.height)]
    assert seen.index((0, 0, 255)) < seen.index((255, 0, 0))
    assert named == [["plain SD, seed 3", "Same character, reach=2, seed 3"]]
