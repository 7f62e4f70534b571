"""The desk: cards that edit the story, and stories of before that come back onto it."""

from __future__ import annotations

import shutil

import pytest

from hopping.studio.record import read_record

from .conftest import STORY
from .test_browser import PHONE, WIDE, StudioPage, run_axe


@pytest.fixture
def web(browser, page):
    opened = StudioPage(browser.new_page(viewport=WIDE), page)
    yield opened
    opened.page.close()
    assert opened.errors == []


def cards(web):
    return web.page.locator(".desk-card")


def words(web):
    return cards(web).locator(".desk-words").evaluate_all("all => all.map(one => one.value)")


def pictures(web):
    """The file that each card shows; None where it shows none."""
    return cards(web).evaluate_all(
        "all => all.map(one => one.querySelector('.studio-pair img')?.src.split('/').pop() ?? null)"
    )


def press(web, name):
    """Press a card's button, in its menu too, by its name."""
    button = web.page.get_by_role("button", name=name)
    if not button.count() or not button.is_visible():
        number = "".join(filter(str.isdigit, name))
        web.page.locator(f'.desk-card[data-number="{number}"] summary').first.click()
    button.click()


def test_every_frame_has_a_card_that_says_who_is_in_it(web):
    web.open()
    assert cards(web).count() == 0
    web.write("# who\n" + STORY)
    assert words(web) == STORY.split("\n")
    who = cards(web).nth(1).locator(".desk-who", has_text="A red dog")
    who.wait_for()
    assert "no picture yet" in cards(web).first.inner_text()


def test_what_is_typed_on_a_card_is_typed_into_the_story(web):
    web.open()
    web.write("# who\nA dog. # hero\nIt sits. <SEP> It runs.")
    field = cards(web).nth(1).locator(".desk-words")
    field.fill("It sleeps")
    web.page.keyboard.type(" here.")
    web.page.keyboard.press("Enter")
    assert web.story == "# who\nA dog. # hero\nIt sleeps here. <SEP> It runs."
    field.fill("")
    assert "It sleeps here" in web.story
    field.press("Tab")
    web.page.wait_for_function(
        "() => document.querySelectorAll('.desk-words')[1].value === 'It sleeps here.'"
    )
    field.fill("It eats. <SEP> It drinks.")
    assert words(web) == ["A dog.", "It eats.", "It drinks.", "It runs."]
    field.press("End")
    field.press("!")
    assert web.story.endswith("It eats.! <SEP> It drinks. <SEP> It runs.")


def test_frames_are_moved_doubled_and_deleted_by_the_keyboard(web):
    web.open()
    web.write(STORY)
    first, second, third = STORY.split("\n")
    web.page.get_by_role("button", name="Move frame 3 up").focus()
    web.page.keyboard.press("Enter")
    assert web.story.split("\n") == [first, third, second]
    focused = web.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "Move frame 2 up"
    press(web, "Move frame 1 down")
    assert web.story.split("\n") == [third.removeprefix("<from:1> "), first, second]
    press(web, "Duplicate frame 2")
    press(web, "Delete frame 1")
    assert web.story.split("\n") == [first, first, second]
    web.page.get_by_role("button", name="Undo").click()
    assert web.story.split("\n") == [third.removeprefix("<from:1> "), first, first, second]
    press(web, "All later frames take their look from frame 2")
    assert web.story.split("\n")[2:] == [f"<from:2> {first}", f"<from:2> {second}"]


def test_pictures_go_where_their_frames_go(web):
    web.open()
    web.write(STORY)
    web.set_steps(1)
    web.generate()
    web.page.wait_for_function("() => document.querySelectorAll('.studio-frame').length === 3")
    assert pictures(web) == ["frame-01.png", "frame-02.png", "frame-03.png"]
    press(web, "Move frame 3 up")
    cards(web).nth(0).locator(".desk-words").fill("A red dog jumps.")
    press(web, "Delete frame 2")
    assert pictures(web) == ["frame-01.png", "frame-02.png"]
    web.write("A tree.\n" + web.story)
    assert pictures(web) == [None, "frame-01.png", "frame-02.png"]


def test_a_story_of_before_comes_back_onto_the_desk(web):
    web.open()
    web.write(STORY)
    web.set_steps(3)
    web.generate()
    run = web.server.runs[-1]
    (run / "frame-03.png").unlink()  # as if it had been stopped before
    web.page.evaluate("sessionStorage.clear()")
    web.open()
    assert cards(web).count() == 0
    web.page.locator("#studio_past_fold summary").click()
    entry = web.page.locator(f'.past-run[data-run="{run.name}"]')
    assert "A red dog is running." in entry.inner_text()
    assert "2 of 3 frames are made" in entry.inner_text()
    assert read_record(run).created.replace("T", " ") in entry.inner_text()
    assert entry.locator("img").evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    entry.click()
    web.wait_for_status("5 of 6 pictures are made and kept.")
    web.page.wait_for_function("() => document.querySelectorAll('.studio-frame').length === 3")
    assert web.story == STORY
    assert pictures(web)[:2] == ["frame-01.png", "frame-02.png"]
    web.page.locator("#studio_opened .studio-status").wait_for()
    assert web.page.get_by_role("link", name="Frames with their data (ZIP)").is_visible()

    web.server.studio.desk._jobs.clear()  # as if the server had been started anew
    web.page.reload()
    web.wait_for_status("5 of 6 pictures are made and kept.")
    web.page.wait_for_function("() => document.querySelectorAll('.studio-frame').length === 3")
    assert web.story == STORY


def test_a_story_that_is_gone_is_told(web):
    web.open()
    web.write("A dog.\nIt sits.")
    web.set_steps(1)
    web.generate()
    run = web.server.runs[-1]
    web.page.locator("#studio_past_fold summary").click()
    entry = web.page.locator(f'.past-run[data-run="{run.name}"]')
    entry.wait_for()
    shutil.rmtree(run)
    entry.click()
    assert "no longer in the output folder" in web.page.locator(".studio-said").inner_text()


def test_every_reach_is_offered_to_the_keyboard(web):
    web.open()
    web.unfold("Advanced")
    reach = web.page.locator("#studio_reach")
    web.page.locator("#studio_mode input").last.focus()
    for _ in range(5):
        web.page.keyboard.press("Tab")
        if reach.evaluate("one => one.contains(document.activeElement)"):
            break
    for _ in range(2):
        assert reach.get_by_role("option").count() == 6
        web.page.keyboard.press("Tab")
        web.page.keyboard.press("Shift+Tab")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_desk_bars_nobody_and_fits_a_phone(browser, page, theme, size):
    web = StudioPage(browser.new_page(viewport=size), page).open(theme)
    web.write(STORY)
    web.set_steps(1)
    web.generate()
    web.page.locator("#studio_past_fold summary").click()
    web.page.locator(".past-run").first.wait_for()
    web.page.locator(".desk-more summary").nth(1).click()
    web.page.locator(".desk-who .hopping-who").first.wait_for()
    assert run_axe(web.page) == []
    assert web.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    web.page.close()
    assert web.errors == []
