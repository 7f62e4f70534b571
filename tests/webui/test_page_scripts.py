"""The tab's own scripts in a real browser, over what the host's pages are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOST = """
<div id="tab_txt2img">
  <div id="txt2img_hr" class="gradio-accordion input-accordion"><div class="label-wrap open">
    <span><input type="checkbox" id="txt2img_hr-visible-checkbox" checked>Hires</span></div></div>
  <div id="txt2img_script_container">
    <div id="ad" class="gradio-accordion input-accordion"><div class="label-wrap open">
      <span><input type="checkbox" id="ad-visible-checkbox" checked>ADetailer</span><i>▼</i></div>
      <label><input type="checkbox" checked><span>Skip img2img</span></label></div>
    <div id="off" class="gradio-accordion input-accordion"><div class="label-wrap">
      <span><input type="checkbox" id="off-visible-checkbox">Refiner</span></div></div>
    <div class="gradio-accordion"><div class="label-wrap"><span>ControlNet v1.1</span></div>
      <label><input type="checkbox" checked><span>Enable</span></label>
      <label><input type="checkbox" checked><span>Enabled too</span></label></div>
    <div class="gradio-accordion"><div class="label-wrap"><span>Left alone</span></div>
      <label><input type="checkbox"><span>Enable</span></label></div>
    <div id="script_txt2img_hopping_sequence_enabled" class="gradio-accordion input-accordion">
      <div class="label-wrap open"><span><input type="checkbox" checked
      id="script_txt2img_hopping_sequence_enabled-visible-checkbox">Hopping</span></div></div>
  </div>
</div>
<div id="hopping_scripts_note"><p><span>On in txt2img:</span> <b></b></p></div>
<div id="fold" class="gradio-accordion"><div class="label-wrap"
  onclick="this.classList.toggle('open')"><span>Syntax</span></div></div>
"""


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.set_content(HOST)
    page.evaluate("() => { window.gradioApp = () => document; window.onUiLoaded = () => {}; }")
    for name in ("hopping_plan", "hopping"):
        page.add_script_tag(content=(ROOT / "javascript" / f"{name}.js").read_text("utf-8"))
    yield page
    page.close()


def test_the_tab_names_the_scripts_that_are_on_in_txt2img(page):
    note = page.locator("#hopping_scripts_note")
    page.evaluate("hoppingNameScripts()")
    assert note.inner_text() == "On in txt2img: ADetailer, ControlNet v1.1"
    page.uncheck("#ad-visible-checkbox")
    page.locator("label:has-text('Enable') input").evaluate_all(
        "(all) => all.forEach((box) => box.checked = false)"
    )
    page.evaluate("hoppingNameScripts()")
    assert "hopping-hidden" in note.get_attribute("class")


@pytest.mark.parametrize("key", ["Enter", " "])
def test_a_fold_opens_by_the_keyboard(page, key):
    page.evaluate("hoppingUnfoldByKey([document.getElementById('fold')])")
    label = page.get_by_role("button", name="Syntax")
    for expanded in ("true", "false"):
        label.press(key)
        page.wait_for_function(
            "(now) => document.querySelector('#fold .label-wrap').ariaExpanded === now",
            arg=expanded,
        )
