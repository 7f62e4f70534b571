"""What a user meets first on the page of a real WebUI, and the way from the tab to txt2img."""

from __future__ import annotations

import pytest

from hopping.page.story_texts import FIRST_STORY
from hopping.webui import settings

from . import host as real

BOX = "#script_txt2img_hopping_sequence_enabled"


def test_the_tab_opens_with_the_recommended_preset_and_a_story(web, host):
    web.open(host.url)
    web.open_tab()
    chosen = web.page.locator("#hopping_option_preset input:checked")
    assert chosen.get_attribute("value") == settings.RECOMMENDED
    preset, sampler = (
        web.page.locator(name).bounding_box()["y"]
        for name in ("#hopping_option_preset", "#hopping_sampling")
    )
    assert preset < sampler
    assert not web.page.is_visible("#hopping_option_mode")
    web.page.click("#hopping_examples > .label-wrap")
    web.page.get_by_role("button", name="A red dog").click()
    web.plan(".hopping-chip:has-text('A red dog')").first.wait_for()
    assert web.story == FIRST_STORY
    before = "My own story."
    web.write(before)
    web.page.get_by_role("button", name="A red dog").click()
    web.plan(".hopping-chip:has-text('A red dog')").first.wait_for()
    web.page.keyboard.press("Control+z")
    web.plan(".hopping-chip").first.wait_for(state="detached")
    assert web.story == before


def test_the_preset_and_the_language_of_the_settings(web, webui_data, monkeypatch):
    monkeypatch.setitem(real.SETTINGS, "hopping_default_preset", "Paper")
    monkeypatch.setitem(real.SETTINGS, "localization", "ja_JP")
    own = real.Host(*webui_data)
    try:
        web.open(own.url)
        assert web.page.is_checked("#script_txt2img_hopping_sequence_preset input[value=Paper]")
        web.page.click("#tabs > .tab-nav button:has-text('ホッピング連続画像')")
        web.page.wait_for_selector("#hopping_generate:has-text('生成')")
        assert web.page.is_checked("#hopping_option_preset input[value=Paper]")
        assert web.page.inner_text("#hopping_syntax > .label-wrap").startswith("書き方")
        web.write("犬が走る。\n犬が座る。")
        web.plan(".hopping-frame").nth(1).wait_for()
        assert "トークン" in web.plan(".hopping-count").first.inner_text()
    finally:
        own.stop()


def test_the_accordion_writes_the_story_into_the_prompt(web, host):
    web.open(host.url)
    web.page.click(f"{BOX} > .label-wrap")
    web.page.click("#hopping_txt2img_example")
    web.page.locator("#hopping_txt2img_counts .hopping-chip").nth(3).wait_for()
    assert web.page.input_value("#txt2img_prompt textarea") == FIRST_STORY


def test_a_story_is_sent_to_txt2img_with_its_settings(tab):
    tab.write("A dog.\nIt sits.")
    tab.make_small(steps=7)
    tab.page.check("#hopping_option_preset input[value='Consistent subject']")
    tab.page.wait_for_selector("#hopping_option_carry input[value=all]:checked")
    tab.page.uncheck("#hopping_option_captions input")
    tab.page.click("#hopping_to_txt2img")
    tab.page.wait_for_selector(f"{BOX}-visible-checkbox:checked")
    tab.page.wait_for_selector("#txt2img_prompt", state="visible")
    assert tab.page.input_value("#txt2img_prompt textarea") == "A dog.\nIt sits."
    assert [tab.number(f"txt2img_{name}") for name in ("steps", "width", "height")] == [7, 64, 64]
    option = "#script_txt2img_hopping_sequence_"
    assert tab.page.is_checked(f"{option}preset input[value='Consistent subject']")
    assert tab.page.is_checked(f"{option}share input[value=subject]")
    assert not tab.page.is_checked(f"{option}captions input")


def test_the_tab_names_what_is_on_in_txt2img(web, host):
    if host.kind.name == "forge-classic":
        pytest.skip("it brings no script that stands in txt2img as such an accordion")
    web.open(host.url)
    web.open_tab()
    note = web.page.locator("#hopping_scripts_note").first  # gradio 3 names two
    web.page.wait_for_function(
        "() => document.querySelector('#hopping_scripts_note').classList.contains('hopping-hidden')"
    )
    web.page.click("#tabs > .tab-nav button:has-text('txt2img')")
    # Of the host's own scripts; each host has others.
    boxes = "#tab_txt2img .input-accordion:not([id*=hopping], #txt2img_hr)"
    box = web.page.locator(f"{boxes} .input-accordion-checkbox").first
    name = box.evaluate(
        "(box) => box.closest('.label-wrap').querySelector('span').textContent.trim()"
    )
    box.check()
    web.open_tab()
    note.wait_for(state="visible")
    assert name in note.inner_text()
