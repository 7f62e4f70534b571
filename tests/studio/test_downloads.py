"""What a run can be taken along as."""

from __future__ import annotations

import dataclasses
import datetime
import io
import zipfile

import pytest
from PIL import Image

from hopping import HoppingOptions
from hopping.figure import story_grid
from hopping.studio.downloads import animate_gif, animate_webp, draw_storyboard, pack_frames
from hopping.studio.folder import save_frame, save_grid
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
    animation = Image.open(io.BytesIO(animate(*run())))
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
    assert Image.open(io.BytesIO(animate_webp(folder, record))).size == (1024, 512)


@pytest.mark.parametrize(("frames", "pages"), [(1, 1), (4, 1), (5, 2), (9, 3)])
def test_a_storyboard_has_as_many_pages_as_it_needs(run, frames, pages):
    pdf = draw_storyboard(*run(frames))
    assert pdf.startswith(b"%PDF-1.4")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page /") >= pages
    assert f"/Count {pages}".encode() in pdf


def test_a_storyboard_of_any_script_and_length(run):
    folder, record = run(1)
    record = dataclasses.replace(record, source="犬が川で泳いでいる。" * 60)
    assert draw_storyboard(folder, record).startswith(b"%PDF")


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
