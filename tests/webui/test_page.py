"""The page of a real WebUI in a browser: the accordion, the tab, its plan, a run."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from . import host as real
from .browser import DOG_STORY, WebPage

EVIL = "<img src=x onerror=alert(1)> a dog\n<script>alert(2)</script> the dog"


@pytest.mark.parametrize("tabname", ["txt2img", "img2img"])
def test_the_accordion_is_there_and_off(web, host, tabname):
    web.open(host.url)
    if tabname == "img2img":
        web.page.click("#tabs > .tab-nav button:has-text('img2img')")
    accordion = f"#script_{tabname}_hopping_sequence_enabled"
    web.page.wait_for_selector(accordion, state="visible")
    assert "Hopping sequence" in web.page.inner_text(accordion)
    assert not web.page.is_checked(f"{accordion}-visible-checkbox")


def test_the_plan_follows_typing(tab):
    assert "Write one prompt per line" in tab.plan().inner_text()
    asked = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.page.click("#hopping_prompt textarea")
    tab.page.keyboard.type("A dog swims.\nThe dog sits.", delay=15)
    assert tab.story == "A dog swims.\nThe dog sits."
    tab.page.wait_for_function(
        "() => document.querySelectorAll('#hopping_plan .prose .hopping-frame').length === 2"
    )
    tab.wait_for_plan()
    assert tab.plan(".hopping-count").all_inner_texts() == ["4/75 tokens used"] * 2
    assert tab.plan(".hopping-sees").all_inner_texts() == ["sees no other frame", "sees 1"]
    assert tab.plan(".hopping-badge").inner_text() == "joint"
    predictions = [url for url in asked if "/predict" in url]
    assert 1 <= len(predictions) <= 4  # of 26 keys


def test_the_plan_follows_the_options(tab):
    tab.write(DOG_STORY)
    tab.plan(".hopping-frame").nth(2).wait_for()
    tab.page.check("#hopping_option_layout input[value=windows]")
    tab.page.wait_for_function(
        "() => document.querySelector('#hopping_plan .prose .hopping-badge')"
        ".textContent === 'windows'"
    )
    tab.page.check("#hopping_option_share input[value=subject]")
    tab.plan(".hopping-sees .hopping-chip:has-text('A red dog')").first.wait_for()


def test_a_long_plan_scrolls_in_its_box(tab):
    tab.write("\n".join(f"A dog number {n}." for n in range(200)))
    tab.plan(".hopping-frame").nth(199).wait_for()
    box = tab.plan(".hopping-plan-scroll")
    height = tab.page.viewport_size["height"]
    assert box.bounding_box()["height"] <= height
    assert box.evaluate("(box) => box.scrollHeight") > 2 * height


def test_the_mask_shows_the_tokens(tab):
    tab.write("A dog swims.\nThe dog sits.")
    tab.plan(".hopping-frame").nth(1).wait_for()
    tab.page.click("#hopping_mask_fold .label-wrap")
    labels = tab.page.locator("#hopping_mask svg .hopping-row text").all_text_contents()
    assert labels == "start a dog swims . SEP the dog sits . end".split()
    cells = tab.page.locator("#hopping_mask svg .hopping-row:nth-of-type(7) .hopping-other")
    assert cells.count() == 1  # "the" of frame 2 sees frame 1, in one run


def test_the_mask_shows_any_script(tab):
    tab.write("赤い犬が泳ぐ。\n犬、座る。")
    tab.plan(".hopping-frame").nth(1).wait_for()
    tab.page.click("#hopping_mask_fold .label-wrap")
    labels = tab.page.locator("#hopping_mask svg .hopping-row text").all_text_contents()
    assert "".join(labels).replace("·", "") == "start赤い犬が泳ぐ。SEP犬、座る。end"


def test_an_error_stands_at_its_line(tab):
    tab.write("A dog swims.\n<from:3> The dog sits.\nThe dog runs.")
    wrong = tab.plan(".hopping-wrong")
    wrong.wait_for()
    assert wrong.get_attribute("data-line") == "2"
    assert wrong.inner_text().startswith("2")
    assert "line 2, column 1" in tab.plan(".hopping-error").inner_text()
    wrong.click()
    selected = tab.page.evaluate(
        "() => { const t = document.querySelector('#hopping_prompt textarea');"
        " return t.value.slice(t.selectionStart, t.selectionEnd); }"
    )
    assert selected == "<from:3> The dog sits."
    tab.write("A dog swims.\nThe dog sits.")
    tab.plan(".hopping-frame").nth(1).wait_for()


def test_a_picture_of_ones_own_is_refused_at_its_line(tab):
    tab.write("A dog.\n<picture:dog.png> The dog sits.\nThe dog runs.")
    wrong = tab.plan(".hopping-wrong")
    wrong.wait_for()
    assert wrong.get_attribute("data-line") == "2"
    assert "not yet in a WebUI" in tab.plan(".hopping-error").inner_text()
    tab.generate()
    told = tab.page.inner_text("#html_log_hopping .error")
    assert "line 2, column 1: frame 2: a picture of your own" in told
    assert tab.thumbnails.count() == 0


def test_what_a_user_wrote_is_shown_as_text(tab):
    tab.write(EVIL)
    tab.plan(".hopping-frame").nth(1).wait_for()
    assert tab.plan(".hopping-text").all_inner_texts() == EVIL.split("\n")
    tab.page.click("#hopping_mask_fold .label-wrap")
    tab.make_small()
    tab.generate()
    assert "<img src=x" in tab.page.inner_text("#html_info_hopping")
    for place in ("#hopping_plan", "#hopping_mask", "#html_info_hopping", "#html_log_hopping"):
        assert tab.page.locator(f"{place} :is(img, script)").count() == 0


def test_a_run_with_progress_and_the_grid_first(tab):
    tab.write(DOG_STORY)
    tab.make_small(steps=12)
    tab.page.click("#hopping_generate")
    tab.page.wait_for_selector("#hopping_results .progressDiv")
    tab.page.wait_for_selector("#hopping_interrupt", state="visible")
    tab.wait_for_end()
    assert tab.thumbnails.count() == 4
    sizes = tab.page.evaluate(
        "() => Array.from(document.querySelectorAll('#hopping_gallery .thumbnail-small img'))"
        ".map((image) => [image.naturalWidth, image.naturalHeight])"
    )
    assert sizes[1:] == [[64, 64]] * 3
    assert sizes[0][0] > 3 * 64
    tab.thumbnails.nth(2).click()
    tab.page.wait_for_function(
        "() => document.querySelector('#html_info_hopping').innerText.includes('2/3')"
    )
    infotext = tab.page.inner_text("#html_info_hopping")
    assert infotext.startswith("The dog sits.")
    assert "Hopping: paper" in infotext


def test_a_story_diffusion_story_is_made_with_its_cast_seen(tab):
    tab.write("[Bob] A man, wearing a black suit\n[Bob] wakes up # morning\n[NC] a street")
    tab.page.click("#hopping_plan [data-converted]")
    tab.plan("[data-converted]").wait_for(state="detached")
    assert tab.story.startswith("<cast:Bob: A man, wearing a black suit>")
    assert "# morning" in tab.story
    tab.page.check("#hopping_option_cast input[value=seen]")
    tab.page.check("#hopping_option_layout input[value=windows]")
    tab.make_small(steps=2)
    tab.generate()
    tab.thumbnails.nth(1).click()
    tab.page.wait_for_selector("#html_info_hopping:has-text('Hopping cast: seen')")


def test_a_story_diffusion_story_that_is_pasted_is_offered_to_be_converted(tab):
    tab.write("A dog.\nThe dog sits.")
    tab.plan(".hopping-frame").nth(1).wait_for()
    offer = tab.plan(".hopping-conversion button")
    assert offer.count() == 0
    written = "[Bob] A man, wearing a black suit\n[Bob] wakes up\n[Bob] eats"
    tab.write(written)
    offer.wait_for()
    assert tab.story == written
    offer.press("Enter")
    tab.plan(".hopping-text:has-text('eats')").wait_for()
    offer.wait_for(state="detached")
    assert tab.story.startswith("<cast:Bob: A man, wearing a black suit>")
    tab.page.keyboard.press("Control+z")
    offer.wait_for()
    assert tab.story == written
    tab.page.keyboard.press("Control+Shift+z")
    offer.wait_for(state="detached")
    assert tab.story.startswith("<cast:Bob: A man, wearing a black suit>")
    tab.make_small(steps=1)
    tab.generate()
    assert tab.thumbnails.count() == 3


def test_an_error_stands_at_the_result(tab):
    tab.write("A dog.\n" + "dog " * 80)
    tab.page.check("#hopping_option_layout input[value=joint]")
    tab.generate()
    assert "joint layout's 77" in tab.page.inner_text("#html_log_hopping .error")
    assert tab.thumbnails.count() == 0
    tab.write("A dog.\n<from:none> <from:1> A cat.")
    tab.generate()
    assert "line 2" in tab.page.inner_text("#html_log_hopping .error")


def test_what_was_made_stays_at_an_error(tab):
    tab.write("A dog.\nThe dog sits.")
    tab.make_small(steps=1)
    tab.generate()
    assert tab.thumbnails.count() == 3
    tab.write("A dog.\n<from:9> The dog sits.")
    tab.generate()
    tab.page.wait_for_selector("#html_log_hopping .error:has-text('line 2')")
    assert tab.thumbnails.count() == 3
    tab.thumbnails.nth(2).click()
    tab.page.wait_for_selector("#html_info_hopping:has-text('Hopping frame: 2/2')")


def test_skip(tab):
    tab.write("A dog.\nThe dog sits.")
    tab.make_small(steps=60)
    tab.page.click("#hopping_generate")
    tab.page.wait_for_selector("#hopping_gallery .livePreview img")
    tab.page.click("#hopping_skip")
    tab.wait_for_end()
    assert tab.thumbnails.count() == 3  # the skipped frame is there as far as it came


def test_interrupt(tab):
    tab.write(DOG_STORY)
    tab.make_small(steps=40)
    tab.set_number("hopping_batch_count", 20)
    tab.page.click("#hopping_generate")
    tab.page.wait_for_selector("#hopping_results .progressDiv")
    tab.page.wait_for_function(
        "() => parseFloat(document.querySelector('#hopping_results .progress').style.width) > 0"
    )
    tab.page.click("#hopping_interrupt")  # the host ends the picture that is being made
    tab.wait_for_end()
    assert tab.page.is_visible("#hopping_generate")
    assert tab.thumbnails.count() < 20


def test_the_plan_answers_during_a_run(tab):
    tab.write(DOG_STORY)
    tab.make_small(steps=40)
    tab.set_number("hopping_batch_count", 20)
    tab.page.click("#hopping_generate")
    tab.page.wait_for_selector("#hopping_results .progressDiv")
    tab.write("A cat.\nThe cat sits.")
    tab.plan(".hopping-text:has-text('The cat sits.')").wait_for()
    assert tab.page.is_visible("#hopping_interrupt")
    tab.page.click("#hopping_interrupt")
    tab.wait_for_end()


def test_a_run_is_found_again_after_a_reload(tab):
    tab.write(DOG_STORY)
    tab.make_small(steps=20)
    tab.set_number("hopping_batch_count", 2)
    tab.page.click("#hopping_generate")
    tab.page.wait_for_selector("#hopping_results .progressDiv")
    tab.page.reload(wait_until="domcontentloaded")
    tab.wait_until_loaded()
    tab.open_tab()
    tab.page.click("#hopping_restore_progress")
    tab.page.wait_for_function(
        "() => document.querySelectorAll('#hopping_gallery .thumbnail-small').length === 7"
    )


def test_a_picture_of_png_info_comes_back(tab, host, tmp_path):
    options = {"reach": "all", "strength": 0.75, "after": 'say "hi", 犬: 🐕'}
    made = host.txt2img(DOG_STORY, options, seed=77, steps=2)
    made.images[2].save(tmp_path / "frame.png", pnginfo=_png_text(made.infotexts[2]))
    tab.page.click("#tabs > .tab-nav button:has-text('PNG Info')")
    tab.page.set_input_files("#pnginfo_image input[type=file]", str(tmp_path / "frame.png"))
    tab.page.wait_for_selector("#tab_pnginfo :text('Hopping story')")
    tab.page.click("#hopping_tab_button")
    tab.page.wait_for_selector("#hopping_prompt textarea", state="visible")
    tab.page.wait_for_function(
        "() => document.querySelector('#hopping_prompt textarea').value !== ''"
    )
    assert tab.story == DOG_STORY
    assert tab.number("hopping_seed") == 77
    assert tab.number("hopping_steps") == 2
    assert tab.number("hopping_option_strength") == 0.75
    assert tab.page.input_value("#hopping_option_reach input") == "all"
    assert tab.page.input_value("#hopping_option_after :is(input, textarea)") == options["after"]
    assert tab.page.is_checked("#hopping_option_preset input[value='']")
    tab.generate()
    tab.thumbnails.nth(2).click()
    assert _shown_picture(tab) == real.digest(made.images[2])


def test_the_paste_button_restores_what_is_pasted(tab):
    frames = "#hopping_option_frames :is(input, textarea)"
    tab.page.fill(frames, "1")
    tab.write(
        "The dog sits.\nNegative prompt: blurry\n"
        "Steps: 9, Sampler: LMS, Schedule type: Automatic, CFG scale: 3, Seed: 12, Size: 128x64, "
        'Hopping: paper, Hopping frame: 2/2, Hopping story: "A dog.\\nThe dog, sits.", '
        "Hopping frames: 2"
    )
    tab.page.click("#hopping_settings #paste")
    tab.page.wait_for_function(
        "() => document.querySelector('#hopping_prompt textarea').value.startsWith('A dog.')"
    )
    assert tab.story == "A dog.\nThe dog, sits."
    assert tab.page.input_value(frames) == "all"  # the whole story, of which it is one picture
    assert tab.page.input_value("#hopping_neg_prompt textarea") == "blurry"
    assert [tab.number(f"hopping_{name}") for name in ("steps", "width", "height")] == [9, 128, 64]
    assert tab.page.input_value("#hopping_sampling input") == "LMS"


def test_paper_settings_and_presets(tab):
    tab.page.check("#hopping_option_preset input[value='Consistent subject']")
    tab.page.wait_for_function(
        "() => document.querySelector('#hopping_option_carry input[value=all]').checked"
    )
    assert tab.page.is_checked("#hopping_option_anchor input")
    tab.page.uncheck("#hopping_option_anchor input")
    tab.page.wait_for_function(
        "() => document.querySelector(\"#hopping_option_preset input[value='']\").checked"
    )
    tab.page.click("#hopping_paper")
    tab.page.wait_for_function(
        "() => document.querySelector('#hopping_steps input[type=number]').value === '50'"
    )
    assert tab.page.is_checked("#hopping_option_preset input[value=Paper]")
    assert tab.page.is_checked("#hopping_option_carry input[value=tokens]")
    assert tab.page.input_value("#hopping_sampling input") == "LMS"
    values = [tab.number(f"hopping_{name}") for name in ("cfg_scale", "width", "height")]
    assert values == [7.5, 512, 512]


def test_the_seed_buttons(tab):
    tab.write("A dog.")
    tab.make_small(steps=1)
    tab.set_number("hopping_seed", 4321)
    tab.generate()
    tab.page.click("#hopping_random_seed")
    tab.page.wait_for_function("() => document.querySelector('#hopping_seed input').value === '-1'")
    tab.page.click("#hopping_reuse_seed")
    tab.page.wait_for_function(
        "() => document.querySelector('#hopping_seed input').value === '4321'"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1400, 1100), (390, 844)])
def test_it_can_be_read_in_both_themes_and_on_a_phone(web, host, theme, size, request):
    web.page.set_viewport_size({"width": size[0], "height": size[1]})
    web.open(host.url, theme)
    web.open_tab()
    web.write(DOG_STORY)
    web.plan(".hopping-frame").nth(2).wait_for()
    web.page.click("#hopping_mask_fold .label-wrap")
    web.page.wait_for_selector("#hopping_mask svg")
    folder = request.config.cache.mkdir("page")
    web.page.screenshot(path=str(folder / f"{theme}-{size[0]}.png"), full_page=True)
    wide = web.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= size[0]
    for selector in (".hopping-text", ".hopping-reason", ".hopping-count"):
        ink = _luminance(_ink(web, selector))
        ground = _luminance(_ground(web, selector))
        assert (ground > 0.5) == (theme == "light")
        assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 4.5
    button = web.page.locator("#hopping_generate").bounding_box()
    assert button["y"] + button["height"] <= size[1]


def _png_text(infotext: str) -> PngInfo:
    text = PngInfo()
    text.add_text("parameters", infotext)
    return text


def _shown_picture(tab: WebPage) -> str:
    """Digest of the picture that the gallery shows large."""
    address = tab.page.locator("#hopping_gallery .preview > button > img, .preview > img").first
    answer = tab.page.request.get(address.evaluate("(image) => image.src"))
    return real.digest(Image.open(io.BytesIO(answer.body())))


def _luminance(colour: str) -> float:
    """Of a CSS colour rgb(r, g, b), relative, as WCAG defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _ink(tab: WebPage, selector: str) -> str:
    return tab.plan(selector).first.evaluate("(element) => getComputedStyle(element).color")


def _ground(tab: WebPage, selector: str) -> str:
    """The colour behind an element: that of the nearest ancestor which is not transparent."""
    return tab.plan(selector).first.evaluate(
        """(element) => {
            for (let at = element; at; at = at.parentElement) {
                const colour = getComputedStyle(at).backgroundColor;
                if (!/, 0\\)$/.test(colour) && colour !== "transparent") return colour;
            }
            return "rgb(255, 255, 255)";
        }"""
    )
