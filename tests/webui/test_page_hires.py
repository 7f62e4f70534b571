"""The hires pass from the tab of a real WebUI."""

from __future__ import annotations


def infotext_of_frame_2(tab) -> str:
    """Click on the second frame, behind the grid and the first, and read what stands below."""
    tab.thumbnails.nth(2).click()
    tab.page.wait_for_function(
        "() => document.querySelector('#html_info_hopping').innerText.includes('2/2')"
    )
    return tab.page.inner_text("#html_info_hopping")


def test_the_hires_pass(tab):
    tab.write("A dog.\nThe dog sits.")
    tab.make_small(steps=2)
    tab.page.check("#hopping_hr-visible-checkbox")
    tab.generate()
    infotext = infotext_of_frame_2(tab)
    assert "Hires upscale: 2" in infotext
    width = "() => document.querySelectorAll('#hopping_gallery .thumbnail-small img')[2]"
    assert tab.page.evaluate(f"{width}.naturalWidth") == 128


def test_the_hires_pass_may_do_otherwise(tab):
    tab.write("A dog.\nThe dog sits.")
    tab.make_small(steps=2)
    tab.page.click("#hopping_hr > .label-wrap")  # unfolds it, which switches it on
    tab.page.fill("#hopping_hr_prompt textarea", "A cat.\nThe cat sits.")
    tab.page.fill("#hopping_hr_neg_prompt textarea", "wet")
    tab.page.click("#hopping_hr_sampler input")
    tab.page.click("#hopping_hr_sampler li:has-text('Restart')")
    tab.generate()
    infotext = infotext_of_frame_2(tab)
    for told in ("prompt: The cat sits.", "negative prompt: wet", "sampler: Restart"):
        assert f"Hires {told}" in infotext
    tab.write(infotext)
    tab.page.fill("#hopping_hr_prompt textarea", "")
    tab.page.click("#hopping_settings #paste")
    tab.page.wait_for_function(
        "() => document.querySelector('#hopping_hr_prompt textarea').value !== ''"
    )
    assert tab.page.input_value("#hopping_hr_prompt textarea") == "A cat.\nThe cat sits."
    assert tab.page.input_value("#hopping_hr_neg_prompt textarea") == "wet"
    assert tab.page.input_value("#hopping_hr_sampler input") == "Restart"


def test_the_hires_pass_to_a_size(tab):
    tab.write("A dog.\nThe dog sits.")
    tab.make_small(steps=2)
    tab.page.click("#hopping_hr > .label-wrap")  # unfolds it, which switches it on
    tab.set_number("hopping_hr_resize_x", 96)
    tab.set_number("hopping_hr_resize_y", 128)
    tab.generate()
    infotext = infotext_of_frame_2(tab)
    assert "Hires resize: 96x128" in infotext
    tab.write(infotext)
    tab.set_number("hopping_hr_resize_x", 0)
    tab.page.uncheck("#hopping_hr-visible-checkbox")
    tab.page.click("#hopping_settings #paste")
    tab.page.wait_for_function(
        "() => document.querySelector('#hopping_hr_resize_x input').value === '96'"
    )
    assert tab.page.is_checked("#hopping_hr-visible-checkbox")
