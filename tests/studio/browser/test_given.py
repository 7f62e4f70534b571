"""A visitor's own picture: taken by the server, shown on its card, seen by later frames."""

from __future__ import annotations

import io

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from hopping import OptionError
from hopping.studio.browser.answers import Studio
from hopping.studio.browser.given import picture_path, take_picture
from hopping.studio.browser.server import build_app
from hopping.studio.record import FrameKey, read_record

from .studio_page import PHONE, run_axe
from .test_desk_cards import cards, press

STORY = "A red dog sits.\nThe dog runs."


def as_bytes(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


PORTRAIT = Image.effect_noise((60, 90), 90).convert("RGB")


def test_a_picture_is_kept_without_what_its_file_says(tmp_path):
    exif = PORTRAIT.getexif()
    exif[0x0112], exif[0x010E] = 6, "my garden"
    name = take_picture(
        tmp_path / "kept", "../My dog (2).jpg", as_bytes(PORTRAIT, "JPEG", exif=exif)
    )
    assert name.startswith("My-dog-2-")
    path = picture_path(tmp_path / "kept", name)
    assert path.parent == tmp_path / "kept"
    assert b"my garden" not in path.read_bytes()
    with Image.open(path) as kept:
        assert kept.size == (90, 60)  # as the camera was held


def test_equal_pictures_are_one_and_others_are_not(tmp_path):
    first = take_picture(tmp_path, "dog.png", as_bytes(PORTRAIT))
    assert take_picture(tmp_path, "dog.png", as_bytes(PORTRAIT)) == first
    assert take_picture(tmp_path, "dog.png", as_bytes(PORTRAIT.rotate(180))) != first


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"no picture", "'dog.png' cannot be read as a picture; save it as PNG or JPEG$"),
        (as_bytes(PORTRAIT)[:300], "cannot be read as a picture"),
        (b"x" * (64 * 2**20 + 1), "too large .allowed: 64 MB"),
        (as_bytes(Image.new("1", (9_000, 9_000))), "too large .9000×9000 pixels"),
    ],
    ids=["text", "half", "bytes", "pixels"],
)
def test_what_is_no_picture_is_refused(tmp_path, data, told):
    with pytest.raises(OptionError, match=told):
        take_picture(tmp_path, "dog.png", data)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["story.json", "../frame-01.png", "a/b.png", "", "ä.png\0"])
def test_nothing_else_is_handed_out(tmp_path, name):
    (tmp_path / "story.json").write_text("{}")
    assert picture_path(tmp_path, name) is None


def test_the_server_takes_it_and_hands_it_out(sd1, tmp_path):
    client = TestClient(build_app(Studio(sd1, None, tmp_path)), "http://127.0.0.1")
    taken = client.put("/hopping/pictures/dog.png", content=as_bytes(PORTRAIT))
    name = taken.json()["name"]
    assert client.get(f"/hopping/pictures/{name}").headers["content-type"] == "image/png"
    refused = client.put("/hopping/pictures/dog.png", content=b"x")
    assert (refused.status_code, "cannot be read" in refused.json()["detail"]) == (422, True)
    assert client.get("/hopping/pictures/other.png").status_code == 404
    assert [run.name for run in Studio(sd1, None, tmp_path).files.runs()] == []


def give(web, number, path):
    with web.page.expect_file_chooser() as chosen:
        press(web, f"A picture of your own for frame {number}")
    chosen.value.set_files(path)
    web.page.wait_for_function("() => hoppingPlan.answered >= hoppingPlan.serial")
    cards(web).nth(number - 1).locator(".desk-given").wait_for()


def test_a_frame_is_a_picture_of_ones_own(web, tmp_path):
    PORTRAIT.save(tmp_path / "rex.png")
    web.open()
    web.write(STORY)
    web.set_steps(3)
    give(web, 1, tmp_path / "rex.png")
    assert web.story.startswith("<picture:rex-")
    card = cards(web).first
    assert card.locator(".desk-words").input_value() == "A red dog sits."
    assert "your picture" in card.inner_text()
    assert card.locator(".desk-given").evaluate("one => one.naturalWidth") == 60
    assert run_axe(web.page) == []
    web.generate()
    folder = web.server.runs[-1]
    record = read_record(folder)
    (file,) = record.pictures.values()
    with Image.open(folder / file) as kept:
        assert kept.tobytes() == PORTRAIT.tobytes()
    assert [seen.source for seen in record.saw[2]] == [1]
    web.page.wait_for_function("() => document.querySelectorAll('.studio-pair img').length")
    card.locator("figcaption", has_text="your picture").wait_for()
    assert card.get_by_role("button", name="Make frame 1 again, with the next seed").is_disabled()
    seen = (folder / record.files[FrameKey(False, 2)]).read_bytes()
    press(web, "Make frame 1 instead of your picture")
    assert web.story == STORY
    web.page.click("#studio_generate")
    web.page.wait_for_function("name => studioRun.run !== name", arg=folder.name)
    web.wait_for_status("Done")
    folder = web.server.runs[-1]
    assert not read_record(folder).pictures
    assert (folder / "frame-02.png").read_bytes() != seen


def test_what_is_no_picture_is_said_on_the_page(web, tmp_path):
    (tmp_path / "rex.png").write_text("no picture")
    web.open()
    web.page.set_viewport_size(PHONE)
    web.write(STORY)
    with web.page.expect_file_chooser() as chosen:
        press(web, "A picture of your own for frame 1")
    chosen.value.set_files(tmp_path / "rex.png")
    web.page.locator(".studio-said", has_text="was not taken: 'rex.png' cannot be read").wait_for()
    assert web.story == STORY


def test_without_pixels_the_plan_says_that_nobody_would_see_it(web):
    web.open()
    web.write("<picture:rex.png> " + STORY)
    web.unfold("Advanced")
    web.page.locator("#studio_pixels input[value=off]").check()
    web.page.locator("#hopping_plan", has_text="no frame would see this picture").wait_for()
