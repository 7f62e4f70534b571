"""What can be done with the tab's pictures: the host's own panel under them."""

from __future__ import annotations

import time
import zipfile

import pytest


def test_pictures_are_saved(tab):
    tab.write("A dog.\nThe dog sits.")
    tab.make_small(steps=1)
    tab.generate()
    tab.thumbnails.nth(1).click()
    tab.page.click("#save_hopping")
    tab.page.wait_for_selector("#html_log_hopping :text('Saved:')")
    tab.page.click("#save_zip_hopping")
    link = tab.page.wait_for_selector("#download_files_hopping a[href$='.zip']")
    with tab.page.expect_download() as download:
        link.click()
    names = zipfile.ZipFile(download.value.path()).namelist()
    assert len(names) == 1  # the selected one, as everywhere in the host


@pytest.mark.parametrize(
    ("button", "place"),
    [
        ("img2img", "#img2img_image"),
        ("inpaint", "#img2maskimg"),
        ("extras", "#extras_image"),
    ],
)
def test_pictures_go_on(tab, button, place):
    tab.write("A dog.\nThe dog sits.")
    tab.make_small(steps=1)
    tab.generate()
    tab.thumbnails.nth(2).click()
    tab.page.click(f"#hopping_send_to_{button}")
    tab.page.wait_for_selector(place, state="visible")
    tab.page.wait_for_function(
        "(place) => Array.from(document.querySelectorAll(`${place} img`))"
        ".some((image) => image.naturalWidth === 64)",
        arg=place,
    )


def test_the_story_goes_with_them(tab):
    tab.write("A dog.\nThe dog sits.")
    tab.page.fill("#hopping_neg_prompt textarea", "wet")
    tab.page.check("#hopping_option_preset input[value='Consistent subject']")
    tab.page.wait_for_selector("#hopping_option_carry input[value=all]:checked")
    tab.make_small(steps=2)
    tab.set_number("hopping_seed", 77)
    tab.generate()
    tab.thumbnails.nth(2).click()
    tab.page.click("#hopping_send_to_img2img")
    tab.page.wait_for_selector("#script_img2img_hopping_sequence_enabled-visible-checkbox:checked")
    assert tab.page.input_value("#img2img_prompt textarea") == "A dog.\nThe dog sits."
    assert tab.page.input_value("#img2img_neg_prompt textarea") == "wet"
    assert tab.number("img2img_steps") == 2
    assert tab.number("img2img_seed") == 77
    option = "#script_img2img_hopping_sequence_"
    for name, value in {"preset": "Consistent subject", "carry": "all", "mode": "paper"}.items():
        assert tab.page.is_checked(f"{option}{name} input[value='{value}']")
    assert tab.page.is_checked(f"{option}anchor input")


def test_the_folder_is_opened(tab, host):
    host.txt2img("A dog.", save_images=True)  # the host opens only what is there
    tab.page.click("#hopping_open_folder")
    for _ in range(100):
        if host.opened:
            break
        time.sleep(0.1)
    assert host.opened == [host.outputs / "txt2img-images"]
