"""The accordion on the page of a real WebUI: pasting, running, the X/Y/Z plot."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from . import host as real
from .browser import run
from .conftest import LINES, STORY

ACCORDION = "#script_txt2img_hopping_sequence_enabled"
BOX = f"{ACCORDION}-visible-checkbox"
GALLERY = "#txt2img_gallery .thumbnail-item img"


@pytest.fixture
def page(web, host):
    web.open(host.url)
    return web.page


def pictures(page) -> list[str]:
    """Digests of what the gallery holds."""
    addresses = page.eval_on_selector_all(GALLERY, "(all) => all.map((image) => image.src)")
    answers = [page.request.get(address).body() for address in dict.fromkeys(addresses)]
    return [real.digest(Image.open(io.BytesIO(answer))) for answer in answers]


def choose(page, dropdown: str, value: str) -> None:
    page.click(f"{dropdown} input")
    named = f":is([data-value='{value}'], [aria-label='{value}'])"  # gradio 3 and 4
    page.click(f"{dropdown} [data-testid=dropdown-option]{named}")


def paste(page, infotext: str) -> None:
    page.fill("#txt2img_prompt textarea", infotext)
    page.click("#txt2img_tools #paste")


def test_png_info_sends_the_whole_story_and_its_options(page, host, tmp_path):
    made = host.txt2img(STORY, {"reach": "all", "strength": 0.75, "same_noise": False}, seed=77)
    (tmp_path / "frame.png").write_bytes(base64.b64decode(made.files[2]))
    page.click("#tabs > .tab-nav button:has-text('PNG Info')")
    page.set_input_files("#pnginfo_image input[type=file]", str(tmp_path / "frame.png"))
    page.wait_for_selector("#tab_pnginfo :text('Hopping story')")
    page.click("#tab_pnginfo #txt2img_tab")
    page.wait_for_function(
        "(story) => document.querySelector('#txt2img_prompt textarea').value === story", arg=STORY
    )
    assert page.is_checked(BOX)
    run(page, "#txt2img_generate", "txt2img")
    assert pictures(page)[1:] == made.frames


def test_a_picture_that_was_made_alone_opens_its_whole_story(page, host):
    alone = host.txt2img(STORY, {"frames": "2", "reach": "all"})
    assert "Hopping frames: 2" in alone.infotexts[-1]
    frames = "#script_txt2img_hopping_sequence_frames :is(input, textarea)"
    page.click(f"{ACCORDION} > .label-wrap")
    page.click("#script_txt2img_hopping_sequence_advanced > .label-wrap")
    page.fill(frames, "3")
    page.uncheck(BOX)
    paste(page, alone.infotexts[-1])
    page.wait_for_selector(f"{BOX}:checked")
    assert page.input_value(frames) == "all"
    run(page, "#txt2img_generate", "txt2img")
    assert pictures(page)[1:] == host.txt2img(STORY, {"reach": "all"}).frames


def test_pasting_a_plain_infotext_switches_off(page, host):
    page.check(BOX)
    paste(page, host.txt2img(LINES[0]).infotexts[0])
    page.wait_for_selector(f"{BOX}:not(:checked)")
    assert page.input_value("#txt2img_prompt textarea") == LINES[0]


def test_one_frame_of_the_gallery_is_enlarged(page, host):
    paste(page, host.txt2img(STORY, {"compare": True}, seed=5).infotexts[2])
    page.wait_for_selector(f"{BOX}:checked")
    run(page, "#txt2img_generate", "txt2img")
    before = pictures(page)
    assert len(before) == 7
    page.locator("#txt2img_gallery .thumbnail-item").nth(2).click()
    page.wait_for_selector("#html_info_txt2img:has-text('Hopping frame: 2/3')")
    run(page, "#txt2img_upscale", "txt2img")
    page.wait_for_selector("#html_info_txt2img:has-text('Hires upscale')")
    after = pictures(page)
    assert [n for n in range(7) if after[n] != before[n]] == [2]
    infotext = page.inner_text("#html_info_txt2img")
    assert infotext.startswith(LINES[1])
    assert "Hopping frame: 2/3" in infotext
    wide = f"() => document.querySelectorAll('{GALLERY}')[2].naturalWidth"
    assert page.evaluate(wide) == 2 * host.size


def test_a_frame_that_sees_anothers_pixels_is_enlarged(page, host):
    """Frame 3 sees frame 1, which is drawn again and kept nowhere; frame 2 is not drawn at all."""
    story = "A red dog swims in the river.\nA blue ship.\nThe dog sits under the sun."
    enlarged = []
    for pixels in ("off", "subject"):
        made = host.txt2img(story, {"mode": "baseline", "pixels": pixels}, cfg_scale=15, steps=4)
        paste(page, made.infotexts[3])
        page.wait_for_selector(f"{BOX}:checked")
        chosen = f"#script_txt2img_hopping_sequence_pixels input[value={pixels}]:checked"
        page.wait_for_selector(chosen, state="attached")
        run(page, "#txt2img_generate", "txt2img")
        before = pictures(page)
        assert before[1:] == made.frames
        files = set(host.outputs.rglob("*.png"))
        page.locator("#txt2img_gallery .thumbnail-item").nth(3).click()
        page.wait_for_selector("#html_info_txt2img:has-text('Hopping frame: 3/3')")
        run(page, "#txt2img_upscale", "txt2img")
        page.wait_for_selector("#html_info_txt2img:has-text('Hires upscale')")
        after = pictures(page)
        assert [n for n in range(4) if after[n] != before[n]] == [3]
        assert len(set(host.outputs.rglob("*.png")) - files) == 1
        enlarged.append(after[3])
    assert enlarged[0] != enlarged[1]


def test_what_is_to_be_enlarged_is_the_picture_as_it_was_made(page, host):
    paste(page, host.txt2img(STORY, {"reach": "all"}, seed=5).infotexts[2])
    page.wait_for_selector(f"{BOX}:checked")
    run(page, "#txt2img_generate", "txt2img")
    before = pictures(page)
    page.locator("#txt2img_gallery .thumbnail-item").nth(3).click()
    run(page, "#txt2img_upscale", "txt2img")
    page.wait_for_selector("#html_info_txt2img:has-text('Hires upscale')")
    enlarged = pictures(page)[3]
    page.fill("#txt2img_prompt textarea", "A cat sleeps.\nIt wakes up.")
    page.click("#script_txt2img_hopping_sequence_advanced > .label-wrap")
    page.uncheck("#script_txt2img_hopping_sequence_same_noise input")
    page.locator("#txt2img_gallery .thumbnail-item").nth(2).click()
    page.wait_for_selector("#html_info_txt2img:has-text('Hopping frame: 2/3')")
    run(page, "#txt2img_upscale", "txt2img")
    page.wait_for_selector("#html_info_txt2img:has-text('Hires upscale')")
    after = pictures(page)
    assert [n for n in range(4) if after[n] != before[n]] == [2, 3]
    assert after[3] == enlarged
    infotext = page.inner_text("#html_info_txt2img")
    assert infotext.startswith(LINES[1])
    assert "Hopping reach: all" in infotext
    assert "same noise" not in infotext


def test_what_was_made_stays_where_it_cannot_be_enlarged(page, host):
    paste(page, host.txt2img(STORY, {}, seed=5).infotexts[2])
    page.wait_for_selector(f"{BOX}:checked")
    run(page, "#txt2img_generate", "txt2img")
    before = pictures(page)
    page.click("#txt2img_upscale")  # the grid, which is selected after every run
    # Forge refuses a grid by itself, and tells it where the infotext stands.
    told = "#html_info_txt2img:has-text('Unable to upscale grid')"
    page.wait_for_selector(f"#html_log_txt2img:has-text('choose a frame'), {told}")
    assert pictures(page) == before
    page.locator("#txt2img_gallery .thumbnail-item").nth(1).click()
    page.wait_for_selector("#html_info_txt2img:has-text('Hopping frame: 1/3')")
    page.locator("#txt2img_gallery .thumbnail-item").nth(0).click()
    page.wait_for_selector("#html_info_txt2img:has-text('Hopping story')")


@pytest.mark.parametrize("press", ["click", "Shift+Enter"])
def test_what_was_made_stays_where_a_story_is_wrong(page, host, press):
    paste(page, host.txt2img(STORY, {}, seed=5).infotexts[2])
    page.wait_for_selector(f"{BOX}:checked")
    run(page, "#txt2img_generate", "txt2img")
    before = pictures(page)
    assert len(before) == 4
    for story, reason in (
        ("A dog.\n<from:2> It sits.", "links to itself"),
        ("A <lora:none:1> dog.\nIt <lora:none:2> sits.", "one weight in frame 1"),
    ):
        prompt = page.locator("#txt2img_prompt textarea")
        prompt.fill(story)
        if press == "click":
            page.click("#txt2img_generate")
        else:
            prompt.press(press)
        page.wait_for_selector(f"#html_log_txt2img:has-text('{reason}')")
        assert pictures(page) == before
        page.locator("#txt2img_gallery .thumbnail-item").nth(2).click()
        page.wait_for_selector("#html_info_txt2img:has-text('Hopping frame: 2/3')")
        page.click("#txt2img_gallery button[aria-label^='Clear'], #txt2img_gallery .preview button")
    # The next run shows its own.
    page.uncheck(BOX)
    page.click("#txt2img_generate")
    page.wait_for_function(f"() => document.querySelectorAll('{GALLERY}').length === 1")


def test_a_frame_is_sent_to_img2img_with_its_story(page, host):
    paste(page, host.txt2img(STORY, {"reach": "all", "captions": False}).infotexts[2])
    page.wait_for_selector(f"{BOX}:checked")
    run(page, "#txt2img_generate", "txt2img")
    assert len(pictures(page)) == 4
    page.locator("#txt2img_gallery .thumbnail-item").nth(2).click()
    page.click("#txt2img_send_to_img2img")
    box = BOX.replace("txt2img", "img2img")
    page.wait_for_selector(f"{box}:checked")
    assert page.input_value("#img2img_prompt textarea") == STORY
    assert page.input_value("#script_img2img_hopping_sequence_reach input") == "all"
    assert not page.is_checked("#script_img2img_hopping_sequence_captions input")
    assert page.is_checked("#script_img2img_hopping_sequence_grid input")
    page.click("#tabs > .tab-nav button:has-text('txt2img')")
    page.uncheck(BOX)
    page.click("#txt2img_send_to_img2img")
    page.wait_for_selector(f"{box}:not(:checked)")


@pytest.mark.parametrize("tabname", ["txt2img", "img2img"])
def test_its_plan_follows_typing_where_it_is_seen(page, tabname):
    if tabname == "img2img":
        page.click("#tabs > .tab-nav button:has-text('img2img')")
    asked = f"() => hoppingPlans.hopping_{tabname}.serial"
    page.fill(f"#{tabname}_prompt textarea", STORY)
    page.wait_for_timeout(1000)
    assert page.evaluate(asked) == 0
    # Unfolding it switches it on.
    page.click(f"{ACCORDION.replace('txt2img', tabname)} > .label-wrap")
    counts = page.locator(f"#hopping_{tabname}_counts .hopping-chip")
    counts.nth(2).wait_for()
    assert counts.first.inner_text() == "1 9/75"
    page.locator(f"#hopping_{tabname}_plan_fold > .label-wrap").press("Enter")
    plan = page.locator(f"#hopping_{tabname}_plan")
    plan.locator(".hopping-frame").nth(2).wait_for()
    assert plan.locator(".hopping-count").first.inner_text() == "9/75 tokens used"
    plan.locator(".hopping-badge:text('windows')").wait_for()
    page.check(f"#script_{tabname}_hopping_sequence_preset input[value=Paper]")
    plan.locator(".hopping-badge:text('joint')").wait_for()
    page.click(f"#script_{tabname}_hopping_sequence_advanced > .label-wrap")
    page.check(f"#script_{tabname}_hopping_sequence_layout input[value=windows]")
    plan.locator(".hopping-badge:text('windows')").wait_for()
    page.click(f"#hopping_{tabname}_mask_fold > .label-wrap")
    page.wait_for_selector(f"#hopping_{tabname}_mask svg")
    page.fill(f"#{tabname}_prompt textarea", "A dog.\n<from:9> It sits.")
    wrong = plan.locator(".hopping-wrong[data-line='2']")
    wrong.click()
    selected = (
        "(box) => { const text = document.querySelector(`#${box}_prompt textarea`);"
        " return text.value.slice(text.selectionStart, text.selectionEnd); }"
    )
    assert page.evaluate(selected, tabname) == "<from:9> It sits."
    page.fill(
        f"#{tabname}_prompt textarea", "[Bob] A man, wearing a hat\n[Bob] wakes up\n[Bob] eats"
    )
    plan.locator("[data-converted]").click()
    plan.locator(".hopping-text:has-text('eats')").wait_for()
    written = page.input_value(f"#{tabname}_prompt textarea")
    assert written.startswith("<cast:Bob: A man, wearing a hat>")


def test_its_plan_has_the_styles(page, host):
    page.click(f"{ACCORDION} > .label-wrap")
    page.click("#hopping_txt2img_plan_fold > .label-wrap")
    page.fill("#txt2img_prompt textarea", "A dog")
    counts = page.locator("#hopping_txt2img_plan .hopping-count")
    counts.filter(has_text="2/75").wait_for()
    choose(page, "#txt2img_styles", "hopping-test")  # "{prompt}, oil painting"
    counts.filter(has_text="5/75").wait_for()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("<from:2> It sits.", "frame 2 links to itself"),
        ("<picture:dog.png> It sits.", "frame 2: a picture of your own is read by the studio"),
    ],
)
def test_what_is_wrong_stands_at_the_result(page, host, line, reason):
    page.check(BOX)
    page.fill("#txt2img_prompt textarea", f"A dog.\n{line}")
    page.click("#txt2img_generate")
    # These show no error of their main thread; there it stands among the result's comments.
    loses = host.kind.name in ("reforge", "forge-classic")
    page.wait_for_selector(f"#html_log_txt2img .{'comments' if loses else 'error'}")
    assert f"line 2, column 1: {reason}" in page.inner_text("#html_log_txt2img")


def test_a_plot_of_modes(page, host):
    made = host.txt2img(STORY, {"mode": "baseline"}, seed=5)
    paste(page, made.infotexts[1])
    page.wait_for_selector(f"{BOX}:checked")
    classic = host.kind.name == "forge-classic"
    choose(page, "#script_list", "X/Y/Z Plot" if classic else "X/Y/Z plot")
    choose(page, "#script_txt2img_xyz_plot_x_type", "[Hopping] Mode")
    page.check("#script_txt2img_xyz_plot_csv_mode input")
    page.fill("#script_txt2img_xyz_plot_x_values textarea", "paper, baseline, off")
    page.uncheck("#script_txt2img_xyz_plot_draw_legend input")
    page.check("#script_txt2img_xyz_plot_include_lone_images input")
    run(page, "#txt2img_generate", "txt2img")
    cells = pictures(page)[1:]
    assert cells[0] == host.txt2img(STORY, {}, seed=5).hashes[0]
    assert cells[1] == made.hashes[0]
    assert cells[2] == host.txt2img(STORY, seed=5).hashes[0]
