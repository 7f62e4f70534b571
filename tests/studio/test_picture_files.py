"""A story's own pictures on the command line: found beside it, kept with its run."""

from __future__ import annotations

import pytest
from PIL import Image

from hopping import StoryError, parse_story
from hopping.studio.picture_files import open_pictures
from hopping.studio.record import FrameKey, read_record

from .command_line import error, invoke, make

STORY = "<picture:me/dog.png> A red dog sits.\nThe dog runs.\nA cat sleeps."


@pytest.fixture
def beside(tmp_path):
    """A folder with a picture in it, which holds a story's text too."""
    (tmp_path / "me").mkdir()
    Image.effect_noise((40, 60), 90).convert("RGB").save(tmp_path / "me" / "dog.png")
    return tmp_path


def paint(folder, colour):
    Image.new("RGB", (40, 60), colour).save(folder / "me" / "dog.png")


def names(folder):
    return sorted(path.name for path in folder.glob("*.png"))


def test_a_run_has_the_picture_and_goes_on_with_it(beside):
    folder = make(beside, STORY)
    record = read_record(folder)
    kept = record.pictures["me/dog.png"]
    assert kept in names(folder)
    with Image.open(folder / record.files[FrameKey(False, 1)]) as frame:
        assert frame.size == (128, 128)
    made = (folder / "frame-02.png").read_bytes()
    (beside / "me" / "dog.png").unlink()  # it is kept
    (folder / "frame-02.png").unlink()
    assert invoke("story", "--resume", folder).exit_code == 0
    assert (folder / "frame-02.png").read_bytes() == made
    again = invoke("story", beside / "story.txt", "--resume", folder)
    assert "making 0 of 6 pictures" in again.output


def test_another_picture_makes_what_saw_it_anew(beside):
    paint(beside, "red")
    folder = make(beside, STORY, "--steps", "3")
    before = {name: (folder / name).read_bytes() for name in names(folder)}
    paint(beside, "blue")
    result = invoke("story", beside / "story.txt", "--resume", folder)
    assert "making 2 of 6 pictures" in result.output
    changed = [n for n in (1, 2, 3) if (folder / f"frame-0{n}.png").read_bytes()
               != before[f"frame-0{n}.png"]]  # fmt: skip
    assert changed == [1, 2]


def test_a_camera_that_was_held_upright(tmp_path):
    turned = Image.new("RGB", (40, 20))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "dog.jpg", exif=exif)
    opened = open_pictures(parse_story("<picture:dog.jpg> A dog."), tmp_path)
    assert opened["dog.jpg"].size == (20, 40)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cat.png", "there is no picture"),
        ("story.txt", "cannot be read as a picture"),
        ("me", "cannot be read as a picture"),
        ("../dog.png", "leads out of the story's folder"),
        ("/tmp/dog.png", "leads out of the story's folder"),
        ("C:\\dog.png", "leads out of the story's folder"),
        ("..\\dog.png", "leads out of the story's folder"),
    ],
)
def test_what_cannot_be_opened_is_said_with_its_line(beside, name, told):
    (beside / "story.txt").write_text("A cat.")
    with pytest.raises(StoryError, match=told) as caught:
        open_pictures(parse_story(f"A cat.\n<picture:{name}> A dog."), beside)
    assert (caught.value.line, caught.value.column) == (2, 1)


def test_the_command_line_says_it_before_a_model_is_loaded(beside):
    source = beside / "story.txt"
    source.write_text("<picture:cat.png> A cat.\nThe cat runs.")
    assert "line 1, column 1: frame 1: there is no picture" in error("story", source)
    source.write_text(STORY)
    assert "no frame would see this picture" in error("story", source, "--pixels", "off")
