"""The studio by the keyboard, and what stays where it was: in a real browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from .conftest import STORY, free_port
from .studio_page import PHONE, WIDE, StudioPage


def test_there_is_one_place_for_examples_and_the_keys_are_the_pages_own(web):
    web.open()
    folds = web.page.get_by_role("button", name="Example").all_inner_texts()
    assert [fold.split()[0] for fold in folds] == ["Examples"]
    told = web.page.locator("#hopping_prompt textarea").get_attribute("placeholder")
    assert "(Ctrl+Enter or Cmd+Enter generates, Esc cancels)" in told
    assert "skip" not in told
    web.write("A dog.\nIt sits.")
    web.set_steps(1)
    web.page.focus("#hopping_prompt textarea")
    before = len(web.server.runs)
    web.page.keyboard.press("Meta+Enter")
    web.wait_for_status("Done")
    assert len(web.server.runs) == before + 1


def test_what_is_no_number_is_refused_in_words(web):
    web.open()
    web.write("A dog.\nIt sits.")
    web.set_steps(1)
    before = len(web.server.runs)
    for field, wrong, right, told in (
        ("width", "", "128", "width is empty; it must be a number"),
        ("seed", "1.5", "7", "seed cannot be 1.5; it must be a whole number"),
    ):
        place = web.page.locator(f"#studio_{field} input")
        place.fill(wrong)
        place.press("Tab")
        web.page.wait_for_timeout(300)
        web.page.click("#studio_generate")
        web.page.locator("#studio_progress .hopping-error", has_text=told).wait_for()
        place.fill(right)
        place.press("Tab")
        web.page.wait_for_timeout(300)
    assert len(web.server.runs) == before
    web.generate()


def test_folds_open_by_the_keyboard(web):
    web.open()
    for name, shown in (("Syntax", ".hopping-syntax"), ("Advanced", "#studio_mode")):
        fold = web.page.get_by_role("button", name=name)
        fold.focus()
        web.page.keyboard.press("Enter")
        web.page.locator(shown).wait_for()


@pytest.mark.usefixtures("unhurried")
def test_the_keyboard_alone(web):
    web.open()
    web.set_steps(20)
    web.page.focus("#hopping_prompt textarea")
    web.page.keyboard.type("A dog.")
    web.page.keyboard.press("Enter")
    web.page.keyboard.type("The dog sits.")
    web.page.locator("#hopping_plan .hopping-frame").nth(1).wait_for()
    web.page.keyboard.press("Control+Enter")
    web.page.get_by_role("progressbar").first.wait_for()
    web.page.keyboard.press("Escape")
    web.wait_for_status("Cancelled.")
    reached = set()
    web.page.focus("#hopping_prompt textarea")
    for _ in range(40):
        web.page.keyboard.press("Tab")
        reached.add(web.page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert {"studio_generate", "studio_cancel", "studio_file"} <= reached


@pytest.mark.usefixtures("unhurried")
def test_escape_cancels_where_nothing_is_being_edited(web):
    web.open()
    web.write(STORY)
    web.set_steps(20)
    web.page.click("#studio_generate")
    web.page.get_by_role("progressbar").first.wait_for()
    typed = ("#hopping_prompt textarea", ".desk-words >> nth=1")
    for field in ("#studio_steps input", "#studio_sampler input", *typed):
        web.page.click(field)
        if field in typed:
            web.page.keyboard.type(" It barks.")
        web.page.keyboard.press("Escape")
    web.page.wait_for_timeout(1000)
    assert "Making" in web.page.locator("#studio_progress").inner_text()
    web.page.evaluate("document.activeElement.blur()")
    web.page.keyboard.press("Escape")
    web.wait_for_status("Cancelled.")
    web.page.click("#studio_generate")
    web.page.get_by_role("progressbar").first.wait_for()
    web.pictures.first.wait_for()
    web.page.locator(".studio-picture").first.focus()  # in the result
    web.page.keyboard.press("Escape")
    web.wait_for_status("Cancelled.")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.usefixtures("unhurried")
def test_generate_and_cancel_stay_in_reach(browser, page, size):
    """In one row, wherever one is in a long story; on a phone the page goes to the progress."""
    web = StudioPage(browser.new_page(viewport=size), page).open()
    web.write("\n".join(f"A dog number {n} runs." for n in range(40)))
    web.set_steps(4)
    web.page.locator(".desk-card").nth(39).wait_for()
    web.page.click("#studio_generate")
    web.page.locator("#studio_progress [data-busy]").wait_for()
    if size is PHONE:
        web.page.wait_for_function(
            "() => document.querySelector('#studio_progress').getBoundingClientRect().top >= 0"
            " && document.querySelector('#studio_progress').getBoundingClientRect().bottom < 700"
        )
    web.pictures.first.wait_for()
    for card in (0, 20, 39):
        web.page.locator(".desk-card").nth(card).scroll_into_view_if_needed()
        boxes = [
            web.page.locator(f"#studio_{name}").bounding_box() for name in ("generate", "cancel")
        ]
        assert boxes[0]["y"] == boxes[1]["y"]
        for box in boxes:
            assert 0 <= box["x"] < box["x"] + box["width"] <= size["width"]
            assert 0 <= box["y"] < box["y"] + box["height"] <= size["height"]
    web.page.click("#studio_cancel")  # from the last card
    web.wait_for_status("Cancelled.")
    web.page.locator(".studio-downloads").wait_for()
    downloads, desk = (
        web.page.locator(place).bounding_box() for place in (".studio-downloads", "#studio_desk")
    )
    assert downloads["y"] < desk["y"]
    web.page.close()
    assert web.errors == []


def test_what_has_the_keyboard_is_seen(web):
    """Radios, whose own mark gradio hides, and the folds."""
    web.open()
    web.page.locator("#studio_preset input:checked").focus()
    web.page.keyboard.press("ArrowLeft")
    outlined = "one => getComputedStyle(one).outlineStyle"
    label = web.page.locator("#studio_preset label:has(input:focus)")
    assert label.evaluate(outlined) == "solid"
    web.page.locator("#studio_past_fold summary").focus()
    web.page.keyboard.press("Tab")
    web.page.keyboard.press("Shift+Tab")
    assert web.page.locator("#studio_past_fold summary").evaluate(outlined) == "solid"


def test_what_is_open_stays_open_while_pictures_come(web):
    web.open()
    web.write(STORY)
    web.set_steps(25)
    web.page.click("#studio_generate")
    web.page.get_by_label("What hopping did to frame 1").click()
    web.page.locator('.desk-card[data-number="3"] .desk-more summary').click()
    web.wait_for_status("Done")
    web.page.wait_for_function("() => document.querySelectorAll('.studio-pair img').length === 6")
    is_open = "all => all.map(one => one.open)"
    assert web.page.locator(".desk-inside details").evaluate_all(is_open) == [True, False, False]
    assert web.page.locator(".desk-more").evaluate_all(is_open) == [False, False, True]


def test_ctrl_c_in_the_middle_of_a_story_ends_the_server(browser, tmp_path):
    """Cleanly: torch is not left in the middle, and what was made is there."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "hopping", "ui", "--port", str(port), "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        # A shell's background job ignores Ctrl-C, and what it starts would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert b"Hopping studio" in process.stdout.readline()
        web = StudioPage(
            browser.new_page(viewport=WIDE), SimpleNamespace(url=f"http://127.0.0.1:{port}")
        )
        for _ in range(100):  # it listens a moment after it has said so
            try:
                web.open()
                break
            except Exception:
                web.page.wait_for_timeout(200)
        web.write(STORY)
        web.set_steps(60)
        web.page.click("#studio_generate")
        web.pictures.first.wait_for()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=100)
        web.page.close()
    finally:
        process.kill()
    assert b"terminate called" not in said
    assert b"Traceback" not in said
    assert b"ERROR" not in said
    assert process.returncode in (0, 130)
    assert list(tmp_path.glob("*/frame-01.png"))
