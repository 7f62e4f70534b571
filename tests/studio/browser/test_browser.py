"""The studio's page in a real browser, against the embedded model."""

from __future__ import annotations

import json

import pytest

from hopping import HoppingOptions
from hopping.page.story_texts import FIRST_STORY
from hopping.run_options import RECOMMENDED
from hopping.storybook.world import RESOLUTION
from hopping.studio.browser.answers import Studio
from hopping.studio.record import read_record
from hopping.studio.restore import open_story

from .conftest import STORY, Page
from .studio_page import PHONE, WIDE, StudioPage, run_axe, words


def test_a_story_from_its_plan_to_its_pictures(web):
    web.open()
    web.write(STORY)
    web.page.locator("#hopping_plan .hopping-frame").nth(2).wait_for()
    assert web.page.locator("#hopping_plan .hopping-sees .hopping-chip").count() == 2
    web.set_steps(2)
    web.generate()
    assert web.pictures.count() == 6
    shown = web.pictures.evaluate_all(f"all => all.every(one => one.naturalWidth === {RESOLUTION})")
    assert shown
    record = read_record(web.server.runs[-1])
    assert (record.source, record.settings.steps, len(record.files)) == (STORY, 2, 6)
    assert web.page.locator(".studio-word").count() > 10
    with web.page.expect_download() as download:
        web.page.get_by_role("link", name="Frames with their data").click()
    assert download.value.path().read_bytes().startswith(b"PK")


@pytest.mark.usefixtures("unhurried")
def test_pictures_stream_and_cancel_keeps_them(web):
    web.begin_long_story()
    web.pictures.first.wait_for()
    assert 1 <= web.pictures.count() < 6
    assert web.page.get_by_role("progressbar").count() == 2
    web.page.click("#studio_cancel")
    web.wait_for_status("Cancelled.")
    web.page.locator(".studio-grid").wait_for()
    made = len(read_record(web.server.runs[-1]).files)
    assert 1 <= made < 6
    assert web.pictures.count() == made


def test_an_error_at_its_line(web):
    web.open()
    web.write("A dog.\nIt sits. <from:7>")
    wrong = web.page.locator("#hopping_plan .hopping-wrong")
    wrong.wait_for()
    assert "line 2" in web.page.locator("#hopping_plan .hopping-error").inner_text()
    wrong.click()
    assert web.page.evaluate("document.activeElement.selectionStart") > len("A dog.")
    web.page.click("#studio_generate")
    web.page.locator("#studio_progress .hopping-error").wait_for()
    assert "line 2" in web.page.locator("#studio_progress").inner_text()
    web.write("A dog.\nIt sits.")
    web.page.locator("#hopping_plan .hopping-frame").nth(1).wait_for()


def test_a_long_plan_scrolls_in_its_box_and_leads_to_its_notes(web):
    web.open()
    web.write("A dog.\n" * 40 + "A cat.\n" + "The dog.\n" * 40)
    web.page.locator("#hopping_plan .hopping-frame").nth(80).wait_for()
    box = web.page.locator("#hopping_plan .hopping-plan-scroll")
    assert box.bounding_box()["height"] <= WIDE["height"]
    jump = web.page.locator("#hopping_plan .hopping-jump").first
    assert jump.inner_text() == "41"
    jump.focus()
    web.page.keyboard.press("Enter")
    frame = web.page.locator("#hopping_plan .hopping-frame").nth(40)
    assert frame.evaluate("frame => frame === document.activeElement")
    top, seen = frame.bounding_box(), box.bounding_box()
    assert seen["y"] - 1 <= top["y"] < seen["y"] + seen["height"]
    web.write("A dog.\n" * 40 + "A cat.\n" + "The dog.\n" * 41)
    web.page.locator("#hopping_plan .hopping-frame").nth(81).wait_for()
    # It is read on where it was.
    assert frame.bounding_box()["y"] - box.bounding_box()["y"] == top["y"] - seen["y"]
    assert run_axe(web.page) == []


def test_a_picture_brings_its_story_back_and_other_files_are_refused(web, tmp_path):
    web.open()
    web.write("A blue cat.\nThe cat sits.")
    web.unfold("Advanced")
    web.page.get_by_label("all", exact=True).first.check()
    web.set_steps(2)
    web.generate()
    saved = web.server.runs[-1] / "frame-02.png"
    options = open_story(saved.read_bytes()).options

    web.forget()
    web.open()
    assert web.story == ""
    web.write("Mine.")
    web.page.set_input_files("#studio_file", saved)
    web.page.locator("#studio_opened .studio-status").wait_for()
    assert web.story == "A blue cat.\nThe cat sits."
    web.page.get_by_role("button", name="Undo").click()
    assert web.story == "Mine."
    web.page.set_input_files("#studio_file", saved)
    web.page.wait_for_function("() => studioDesk.story.startsWith('A blue cat.')")
    web.page.locator("#hopping_plan .hopping-frame").nth(1).wait_for()
    web.generate()
    assert open_story((web.server.runs[-1] / "frame-02.png").read_bytes()).options == options
    again = (web.server.runs[-1] / "frame-02.png").read_bytes()
    assert again == saved.read_bytes()

    stranger = tmp_path / "notes.txt"
    stranger.write_text("Dear diary")
    web.page.set_input_files("#studio_file", stranger)
    refusal = web.page.locator("#studio_opened .hopping-error")
    refusal.wait_for()
    assert "neither a PNG nor a story.json" in refusal.inner_text()
    assert web.story == "A blue cat.\nThe cat sits."


def paste(web, name, data):
    """Paste a file into the story, as a browser does."""
    web.page.evaluate(
        """([name, data]) => {
            const pasted = new DataTransfer();
            pasted.items.add(new File([Uint8Array.from(data)], name));
            document.querySelector("#hopping_prompt textarea").dispatchEvent(
                new ClipboardEvent(
                    "paste", {clipboardData: pasted, bubbles: true, cancelable: true}
                )
            );
        }""",
        [name, list(data)],
    )


def test_a_picture_that_is_pasted_on_a_phone_brings_its_story_back(browser, page):
    phone = StudioPage(browser.new_page(viewport=PHONE, has_touch=True), page).open()
    phone.write(STORY)
    phone.set_steps(1)
    phone.generate()
    made = (page.runs[-1] / "frame-02.png").read_bytes()
    phone.write("A cat.")
    for name, data, told in (
        ("notes.txt", b"Dear diary", "neither a PNG"),
        ("frame-02.png", made, "Opened"),
    ):
        phone.page.evaluate("window.scrollTo(0, 0)")
        paste(phone, name, data)
        answer = phone.page.locator("#studio_opened p, #studio_opened .error", has_text=told)
        answer.wait_for()
        bar = phone.page.locator("#studio_run").bounding_box()
        phone.page.wait_for_function("() => scrollY > 0")
        assert 0 < answer.bounding_box()["y"] < bar["y"] - 20
    assert phone.story == STORY
    phone.page.close()
    assert phone.errors == []


def test_a_frame_between_plain_and_hopped(web):
    web.open()
    web.write(STORY)
    web.set_steps(2)
    web.generate()
    web.fade(2)
    web.page.locator(".studio-fade").wait_for()
    slider = web.page.get_by_role("slider", name="Strength").last  # the other is the option's
    slider.focus()
    for _ in range(10):
        web.page.keyboard.press("ArrowLeft")
    assert web.page.locator(".studio-fader output").inner_text() == "0.9"
    assert web.page.locator(".studio-strip-pictures img").count() == 5


def test_it_opens_with_the_recommended_preset_and_a_story_for_it(web):
    web.open()
    assert web.page.locator("#studio_preset input:checked").get_attribute("value") == RECOMMENDED
    for purpose in HoppingOptions.PRESET_HELP.values():
        assert web.page.get_by_text(purpose).is_visible()
    assert not web.page.locator("#studio_mode").is_visible()
    assert web.page.get_by_placeholder(FIRST_STORY).is_visible()
    web.page.get_by_role("button", name="Examples").click()
    web.page.get_by_role("button", name="A red dog").click()
    web.page.locator("#hopping_plan .hopping-chip", has_text="A red dog").first.wait_for()
    assert web.story == FIRST_STORY
    web.set_steps(2)
    web.generate()
    assert read_record(web.server.runs[-1]).options == HoppingOptions.from_mapping({}, RECOMMENDED)


def test_an_example_is_one_click_and_can_be_undone(web):
    web.open()
    web.write("A story of my own.")
    web.page.get_by_role("button", name="Examples").click()
    web.page.get_by_text("the river may be seen again").wait_for()
    web.page.get_by_role("button", name="Baseball").click()
    web.page.locator("#hopping_plan .hopping-frame").nth(2).wait_for()
    assert web.story.startswith("John throws out a baseball.")
    web.page.keyboard.press("Control+z")
    assert web.story == "A story of my own."


def test_a_story_diffusion_story_becomes_ours_and_comes_back(web):
    written = "[Bob] A man, wearing a black suit\n[Bob] wakes up # morning\n[NC] a street"
    web.open()
    web.write("A story of before.")
    web.page.locator("#hopping_prompt textarea").select_text()
    web.page.keyboard.insert_text(written)
    for _ in range(2):  # once more what was taken back
        web.page.get_by_role("button", name="Convert a StoryDiffusion story").click()
        assert web.story.startswith("<cast:Bob")
        assert "# morning" in web.story
        web.page.locator("#hopping_plan [data-converted]").wait_for(state="detached")
        assert words(web) == ["Bob wakes up", "a street"]
        web.page.keyboard.press("Control+z")
        assert web.story == written
    web.page.keyboard.press("Control+z")
    assert web.story == "A story of before."


def test_a_story_diffusion_story_that_is_pasted_is_offered_to_be_converted(web):
    web.open()
    web.write("A dog.\nThe dog sits.")
    web.page.locator("#hopping_plan .hopping-frame").nth(1).wait_for()
    offer = web.page.locator("#hopping_plan .hopping-conversion button")
    assert offer.count() == 0
    written = "[Bob] A man, wearing a black suit\n[Bob] wakes up\n[Bob] eats"
    web.write(written)
    offer.wait_for()
    assert web.story == written
    assert run_axe(web.page) == []
    offer.focus()
    web.page.keyboard.press("Enter")
    web.page.wait_for_function(
        "() => document.querySelector('#hopping_prompt textarea').value.startsWith('<cast:Bob')"
    )
    offer.wait_for(state="detached")
    assert words(web) == ["Bob wakes up", "Bob eats"]


def test_markup_in_a_prompt_is_text(web):
    web.open()
    web.write('<b id="evil">A dog</b> <img src=x onerror="alert(1)">\nThe dog.')
    web.page.locator("#hopping_plan .hopping-frame").nth(1).wait_for()
    web.set_steps(1)
    web.generate()
    assert web.page.locator("#evil, img[src=x]").count() == 0


@pytest.mark.usefixtures("unhurried")
def test_two_users_at_once_both_get_their_stories(web, browser, page):
    web.open()
    other = StudioPage(browser.new_page(viewport=WIDE), page).open()
    for user, story, steps in (
        (web, "A red dog.\nThe dog.", 20),  # long enough that the other one has to wait
        (other, "A blue cat.\nThe cat.", 2),
    ):
        user.write(story)
        user.set_steps(steps)
    web.page.click("#studio_generate")
    web.page.get_by_role("progressbar").first.wait_for()
    other.page.click("#studio_generate")
    other.wait_for_status("Waiting")
    for user in (web, other):
        user.wait_for_status("Done")
        assert user.pictures.count() == 4
    assert {read_record(run).source[:6] for run in page.runs[-2:]} == {"A red ", "A blue"}
    other.page.close()
    assert other.errors == []


def test_a_crash_is_told_and_the_page_goes_on(web, monkeypatch):
    unet = web.server.studio.pipeline.unet
    web.open()
    web.write("A dog.\nThe dog sits.")
    web.set_steps(1)
    with monkeypatch.context() as broken:
        broken.setattr(unet, "forward", lambda *_, **__: 1 / 0)
        web.page.click("#studio_generate")
        web.page.locator("#studio_progress .hopping-error").wait_for()
    assert "ZeroDivisionError" in web.page.locator("#studio_progress").inner_text()
    web.generate()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_bars_anyone(web, theme):
    web.open(theme)
    assert web.page.evaluate("document.body.classList.contains('dark')") == (theme == "dark")
    assert run_axe(web.page) == []
    web.write(STORY)
    web.page.locator("#hopping_plan .hopping-frame").nth(2).wait_for()
    web.set_steps(2)
    web.generate()
    for fold in ("hopping_syntax", "hopping_mask_fold", "hopping_examples", "studio_advanced"):
        web.page.locator(f"#{fold} button").first.click()
    web.fade(2)
    web.page.locator(".studio-fade").wait_for()
    web.page.locator("#hopping_mask svg").wait_for()
    web.page.wait_for_timeout(500)  # accordions open slowly
    assert run_axe(web.page) == []


def test_a_phone_needs_no_scrolling_to_the_side(browser, page):
    phone = StudioPage(browser.new_page(viewport=PHONE, has_touch=True), page).open()
    phone.write(STORY)
    phone.page.locator("#hopping_plan .hopping-frame").nth(2).wait_for()
    phone.set_steps(1)
    phone.generate()
    width = phone.page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    for place in ("#studio_generate", ".studio-frame", ".studio-downloads"):
        box = phone.page.locator(place).first.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
    phone.page.close()
    assert phone.errors == []


def test_the_config_names_no_path_of_this_machine(web):
    web.open()
    config = web.page.evaluate("fetch('config').then(answer => answer.text())")
    assert "/home/" not in config
    assert str(web.server.studio.outputs) not in config
    json.loads(config)


def test_a_plan_that_got_lost_is_asked_for_again(web):
    web.open()
    web.page.wait_for_function("() => hoppingPlan.answered >= hoppingPlan.serial")
    # What a click does that comes before gradio listens: nothing.
    web.page.evaluate(
        "() => document.getElementById('hopping_plan_button')"
        ".addEventListener('click', (event) => event.stopImmediatePropagation(), "
        "{capture: true, once: true})"
    )
    web.write("A dog.\nIt sits.")
    web.page.locator("#hopping_plan .hopping-frame").nth(1).wait_for()


@pytest.mark.usefixtures("unhurried")
def test_a_strip_leaves_cancel_to_the_story(web):
    web.open()
    web.write(STORY)
    web.set_steps(1)
    web.generate()
    web.set_steps(20)
    web.page.click("#studio_generate")
    web.page.locator("#studio_progress [data-busy]").wait_for()
    web.fade(2)
    web.page.wait_for_function("() => studioRun.strip !== ''")
    web.page.click("#studio_cancel")
    web.wait_for_status("Cancelled.")


@pytest.mark.usefixtures("unhurried")
def test_another_frame_s_strip_takes_the_place_of_one_that_is_made(web):
    web.open()
    web.write(STORY)
    web.set_steps(1)
    web.generate()
    web.fade(2)
    web.page.get_by_role("heading", name="Frame 2, from plain to hopped").wait_for()
    web.fade(3)
    web.page.get_by_role("heading", name="Frame 3, from plain to hopped").wait_for()
    web.page.locator(".studio-fade").wait_for()
    assert web.page.locator("#studio_strip h3").inner_text() == "Frame 3, from plain to hopped"
    assert not (web.server.runs[-1] / "strength-2-75.png").exists()


@pytest.mark.usefixtures("unhurried")
def test_a_reload_finds_the_story_and_its_run(web):
    web.begin_long_story()
    web.pictures.first.wait_for()
    web.page.reload()
    web.pictures.first.wait_for()
    assert web.story == STORY
    web.page.click("#studio_cancel")
    web.wait_for_status("Cancelled.")


@pytest.mark.usefixtures("unhurried")
def test_a_second_story_is_refused_in_words(web):
    web.begin_long_story()
    web.page.locator("#studio_progress [data-busy]").wait_for()
    web.page.click("#studio_generate")
    assert "Cancel it" in web.page.locator(".studio-said").inner_text()
    web.page.click("#studio_cancel")
    web.wait_for_status("Cancelled.")
    web.page.wait_for_function("() => !document.querySelector('.studio-said').textContent")


def test_a_server_that_is_gone_is_told(browser, storybook, tmp_path):
    running = Page(Studio(storybook, None, tmp_path))
    web = StudioPage(browser.new_page(viewport=WIDE), running)
    web.open()
    web.write(STORY)
    web.set_steps(1000)
    web.page.click("#studio_generate")
    web.page.locator("#studio_progress [data-busy]").wait_for()
    running.stop()
    told = web.page.locator(".studio-said", has_text="The server does not answer")
    told.wait_for()
    web.page.close()
    running.studio.desk.close()


@pytest.mark.usefixtures("unhurried")
def test_cards_come_with_their_pictures(web):
    web.open()
    web.write("\n".join(f"A dog number {n} runs." for n in range(20)))
    web.set_steps(4)
    web.page.click("#studio_generate")
    web.pictures.first.wait_for()
    assert web.page.locator(".studio-frame").count() < 20
    web.page.click("#studio_cancel")
    web.wait_for_status("Cancelled.")
    assert web.page.locator(".studio-frame").count() < 20
