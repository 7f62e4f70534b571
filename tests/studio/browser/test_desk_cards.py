"""The desk: cards that edit the story, and stories of before that come back onto it."""

from __future__ import annotations

import base64
import io
import shutil

import pytest
from PIL import Image

from hopping.studio.record import read_record

from .conftest import STORY
from .studio_page import PHONE, WIDE, StudioPage, cards, run_axe, words


def pictures(web):
    """The file that each card shows; None where it shows none."""
    return cards(web).evaluate_all(
        "all => all.map(one => one.querySelector('.studio-pair img')"
        "?.src.split('/').pop().split('?')[0] ?? null)"
    )


def shown(web, number):
    """The pixels of a card's first picture, as they are on the screen."""
    data = (
        cards(web)
        .nth(number - 1)
        .locator(".studio-pair img")
        .first.evaluate(
            """async (one) => {
                await one.decode();
                const canvas = document.createElement("canvas");
                [canvas.width, canvas.height] = [one.naturalWidth, one.naturalHeight];
                canvas.getContext("2d").drawImage(one, 0, 0);
                return canvas.toDataURL();
            }"""
        )
    )
    with Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))) as image:
        return image.convert("RGB").tobytes()


def wait_for_picture(web, number, path):
    """Wait until a card shows the picture that is in a file."""
    with Image.open(path) as image:
        wanted = image.convert("RGB").tobytes()
    for _ in range(50):
        if shown(web, number) == wanted:
            return
        web.page.wait_for_timeout(200)
    raise AssertionError(f"card {number} shows another picture than {path.name}")


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
    web.write("A tree.")
    web.write(STORY)  # as it was made
    assert pictures(web) == ["frame-01.png", "frame-02.png", "frame-03.png"]
    press(web, "Delete frame 2")
    web.page.get_by_role("button", name="Undo").click()
    assert pictures(web) == ["frame-01.png", "frame-02.png", "frame-03.png"]


def test_a_story_of_before_comes_back_onto_the_desk(web):
    web.open()
    web.write(STORY)
    web.set_steps(3)
    web.generate()
    run = web.server.runs[-1]
    (run / "frame-03.png").unlink()  # as if it had been stopped before
    web.forget()
    web.open()
    assert cards(web).count() == 0
    web.write("Mine.")
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
    web.page.get_by_role("button", name="Undo").click()
    assert web.story == "Mine."
    web.write(STORY)
    web.page.locator("#studio_opened .studio-status").wait_for()
    assert web.page.get_by_role("link", name="Frames with their data (ZIP)").is_visible()
    told = web.page.locator('.studio-inside:has([data-frame="2"]) .studio-word')
    told.first.wait_for(state="attached")
    assert told.all_text_contents() == ["the", "dog", "is", "sleeping", "on", "the", "beach", "."]

    web.server.studio.desk._jobs.clear()  # as if the server had been started anew
    web.page.reload()
    web.wait_for_status("5 of 6 pictures are made and kept.")
    web.page.wait_for_function("() => document.querySelectorAll('.studio-frame').length === 3")
    assert web.story == STORY


def wait_for_made(web, frames, of=3):
    """Wait for the end of a run that keeps the other frames, and for what is told of the next."""
    told = f"{frames} of {of} frames {'is' if frames == 1 else 'are'} made, the others kept."
    web.wait_for_status(told)


def wait_for_stock(web, numbers):
    web.page.locator(f'.desk-stock[data-numbers="{numbers}"]').wait_for(state="attached")


def test_a_frame_is_made_again_and_the_rest_is_kept(web):
    web.open()
    web.write(STORY)
    web.set_steps(2)
    web.generate()
    wait_for_stock(web, "")
    first = web.server.runs[-1]
    seed = read_record(first).settings.seed
    web.page.click("#studio_generate")
    web.wait_for_status("Nothing has changed")

    press(web, "Make frame 3 again, with the next seed")
    wait_for_made(web, 1)
    second = web.server.runs[-1]
    assert web.story.split("\n")[2] == f"<seed:{seed + 1}> <from:1> The dog is by the river."
    for name, kept in (("frame-01.png", True), ("frame-02.png", True), ("frame-03.png", False)):
        assert ((first / name).read_bytes() == (second / name).read_bytes()) is kept
    web.page.wait_for_function(
        "name => document.querySelectorAll('.studio-pair img')[0].src.includes(name)",
        arg=second.name,
    )
    assert f"seed {seed + 1}" in cards(web).nth(2).inner_text()
    wait_for_picture(web, 3, second / "frame-03.png")
    # And where it is made anew after it was seen with its old picture in the new run.
    cards(web).nth(1).locator(".desk-words").fill("The dog is eating on the beach.")
    wait_for_stock(web, "2")
    web.page.click("#studio_generate")
    web.page.wait_for_function("name => studioRun.run !== name", arg=second.name)
    wait_for_made(web, 1)
    second = web.server.runs[-1]
    wait_for_picture(web, 2, second / "frame-02.png")

    press(web, "Lock frame 2: its picture stays")
    cards(web).nth(1).locator(".desk-words").fill("The dog jumps.")
    cards(web).nth(2).locator(".desk-words").fill("<from:1> The dog sits.")
    wait_for_stock(web, "3")
    assert "locked" in cards(web).nth(1).inner_text()
    assert "changed" in cards(web).nth(2).inner_text()
    assert "1 of 3 frames is to be made." in web.page.inner_text("#studio_stock")
    web.page.reload()
    wait_for_stock(web, "3")
    assert "locked" in cards(web).nth(1).inner_text()
    web.page.wait_for_function("() => document.querySelectorAll('.studio-frame').length === 3")
    press(web, "Lock frame 2: its picture stays")
    wait_for_stock(web, "2,3")


def test_a_seed_is_chosen_among_several(web):
    web.open()
    web.write(STORY)
    web.set_steps(1)
    web.generate()
    wait_for_stock(web, "")
    seed = read_record(web.server.runs[-1]).settings.seed
    press(web, "Frame 2 with other seeds")
    take = web.page.get_by_role("button", name=f"Take seed {seed + 3} for frame 2")
    web.page.wait_for_function(
        "() => document.querySelectorAll('[data-take]:enabled').length === 4"
    )
    assert web.page.locator(".desk-seeds img").count() == 4
    assert run_axe(web.page) == []
    take.click()
    wait_for_made(web, 1)
    assert web.story.split("\n")[1].startswith(f"<seed:{seed + 3}> ")
    assert read_record(web.server.runs[-1]).story.frames[1].seed == seed + 3


def test_all_is_made_again_with_another_seed(web):
    web.open()
    web.write("A dog.\nIt sits.")
    web.set_steps(1)
    web.generate()
    wait_for_stock(web, "")
    first = read_record(web.server.runs[-1])
    web.page.get_by_role("button", name="All again").click()
    web.page.wait_for_function(
        "name => studioRun.run && studioRun.run !== name", arg=web.server.runs[-1].name
    )
    web.wait_for_status("Done")
    second = read_record(web.server.runs[-1])
    assert second.source == first.source
    assert second.settings.seed != first.settings.seed


@pytest.mark.usefixtures("unhurried")
def test_a_cancelled_story_goes_on_where_it_was(web):
    web.open()
    web.write(STORY)
    web.set_steps(10)
    web.page.click("#studio_generate")
    web.pictures.first.wait_for()
    web.page.click("#studio_cancel")
    web.wait_for_status("Cancelled.")
    (run,) = web.server.runs[-1:]
    made = {path.name: path.read_bytes() for path in run.glob("frame-*.png")}
    assert made
    wait_for_stock(web, "1,2,3")  # each with plain SD
    assert "changed" not in cards(web).first.inner_text()
    web.page.wait_for_function("() => !studioIsBusy()")
    web.page.click("#studio_generate")
    web.page.locator("#studio_progress [data-busy]").wait_for()
    web.wait_for_status("Done")
    assert web.server.runs[-1] == run
    assert len(read_record(run).files) == 6
    for name, picture in made.items():
        assert (run / name).read_bytes() == picture


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
    web.page.locator(".studio-said", has_text="no longer in the output folder").wait_for()


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
