"""Pages and animations, as the page offers them, in a real browser."""

from __future__ import annotations

import pytest
from PIL import Image
from pypdf import PdfReader

from .studio_page import PHONE, run_axe

STORY = "A red dog is running. # Fido is off!\nIt is sleeping on the beach. # Good night, Fido."


def take(web, button):
    """Press one of the form's buttons; returns what is downloaded, as (name, path)."""
    with web.page.expect_download() as taken:
        web.page.get_by_role("button", name=button).click()
    return taken.value.suggested_filename, taken.value.path()


def test_pages_are_laid_out_as_the_form_says(web):
    web.open()
    web.write(STORY)
    web.set_steps(2)
    web.generate()
    web.page.get_by_text("Pages and animations").click()
    assert run_axe(web.page) == []
    web.page.get_by_label("Title", exact=True).fill("Fido’s day")
    web.page.get_by_label("Panels to a page").select_option("2")
    web.page.get_by_label("Captions", exact=True).select_option("on")
    name, path = take(web, "Pages (PDF)")
    assert name.endswith("pages.pdf")
    (page,) = PdfReader(path).pages
    for text in ("Fido’s day", "Fido is off!", "Good night, Fido."):
        assert text in page.extract_text()
    web.page.get_by_label("Seconds").fill("0.5, 3")
    name, path = take(web, "Animation (GIF)")
    assert name.endswith("story.gif")
    with Image.open(path) as animation:
        animation.load()
        assert (animation.n_frames, animation.info["duration"]) == (2, 500)
    web.page.get_by_label("Seconds").fill("1, 2, 3")
    web.page.get_by_role("button", name="Animation (WebP)").click()
    web.page.get_by_text("seconds has 3 times for 2 frames").wait_for()
    web.page.set_viewport_size(PHONE)
    form = web.page.locator(".studio-pages").bounding_box()
    assert form["x"] + form["width"] <= PHONE["width"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_form_can_be_read(web, theme):
    web.open(theme)
    web.write(STORY)
    web.set_steps(1)
    web.generate()
    web.page.get_by_text("Pages and animations").click()
    assert run_axe(web.page) == []
    web.page.screenshot(path=f"/tmp/w/form-{theme}.png")


def test_escape_in_the_form_cancels_nothing(web):
    """It closes a choice there, as it does anywhere."""
    web.open()
    web.write(STORY)
    web.set_steps(1)
    web.generate()
    web.page.get_by_text("Pages and animations").click()
    web.page.evaluate(
        "() => { window.cancelled = 0; document.getElementById('studio_cancel')"
        ".addEventListener('click', () => { window.cancelled += 1; }); }"
    )
    for field in ("Title", "Panels to a page", "Seconds"):
        web.page.get_by_label(field, exact=True).focus()
        web.page.keyboard.press("Escape")
    assert web.page.evaluate("window.cancelled") == 0
    web.page.evaluate("document.activeElement.blur()")
    web.page.keyboard.press("Escape")
    assert web.page.evaluate("window.cancelled") == 1
