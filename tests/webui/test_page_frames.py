"""Frame by frame in the tab of a real WebUI: one made again, the rest kept."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from . import host as real

STORY = "A red dog swims.\nThe dog sits.\nThe dog runs."


def pictures(tab) -> list[str]:
    """Digests of what the gallery holds, the grid first."""
    addresses = tab.page.eval_on_selector_all(
        "#hopping_gallery .thumbnail-small img", "(all) => all.map((image) => image.src)"
    )
    bodies = [tab.page.request.get(address).body() for address in addresses]
    return [real.digest(Image.open(io.BytesIO(body))) for body in bodies]


def choose(tab, place: int) -> None:
    tab.thumbnails.nth(place).click()
    tab.page.wait_for_selector(f"#html_info_hopping:has-text('Hopping frame: {place}/3')")


def changed(before: list[str], after: list[str]) -> list[int]:
    assert len(before) == len(after)
    return [n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]


@pytest.fixture
def made(tab):
    tab.write(STORY)
    tab.make_small(steps=2)
    tab.set_number("hopping_seed", 41)
    tab.generate()
    tab.set_number("hopping_seed", -1)
    return tab


def test_again_is_the_next_seed_for_this_frame_alone(made, host):
    tab, before = made, pictures(made)
    files = set(host.outputs.rglob("*.png"))
    choose(tab, 2)
    tab.press("again")
    after = pictures(tab)
    assert changed(before, after) == [0, 2]
    assert tab.story == "A red dog swims.\n<seed:42> The dog sits.\nThe dog runs."
    tab.page.wait_for_selector("#html_info_hopping:has-text('Seed: 42')")
    infotext = tab.page.inner_text("#html_info_hopping")
    assert "Hopping frame: 2/3" in infotext
    assert "Hopping seed: 41" in infotext
    assert len(set(host.outputs.rglob("*.png")) - files) == 2  # the frame and the grid
    # It is selected still, for one more try.
    tab.page.wait_for_function("() => selected_gallery_index() === 2")
    tab.press("again")
    assert changed(after, pictures(tab)) == [0, 2]
    assert "<seed:43> The dog sits." in tab.story
    # The whole story with that text is what stands there.
    last = pictures(tab)
    tab.set_number("hopping_seed", 41)
    tab.generate()
    assert pictures(tab) == last


def test_only_this_frame_is_made_with_the_story_as_it_stands(made):
    tab, before = made, pictures(made)
    choose(tab, 3)
    tab.write("A red dog swims.\nThe dog sleeps.\nThe dog flies.")
    tab.press("only")
    after = pictures(tab)
    assert changed(before, after) == [0, 3]
    tab.page.wait_for_selector("#html_info_hopping:has-text('The dog flies.')")
    tab.set_number("hopping_seed", 41)
    tab.generate()
    assert pictures(tab)[3] == after[3]
    assert changed(after, pictures(tab)) == [0, 2]


def test_the_grid_is_no_frame_and_nothing_is_lost(made):
    tab, before = made, pictures(made)
    tab.thumbnails.nth(0).click()
    for button in ("again", "only"):
        tab.press(button)
        tab.page.wait_for_selector("#html_log_hopping .error:has-text('choose a frame')")
        assert pictures(tab) == before
    tab.write("A red dog swims.")
    choose(tab, 3)
    tab.press("again")
    tab.page.wait_for_selector("#html_log_hopping .error:has-text('the story has 1 now')")
    assert pictures(tab) == before
    assert tab.story == "A red dog swims."


def test_the_buttons_stand_below_the_gallery(tab):
    buttons = tab.page.locator("#hopping_frames button")
    assert [re.sub(r"\s+", " ", text) for text in buttons.all_inner_texts()] == [
        "Again",
        "Only this frame",
    ]
    gallery = tab.page.locator("#hopping_gallery").bounding_box()
    log = tab.page.locator("#html_info_hopping").first.evaluate(
        "(e) => e.getBoundingClientRect().y"
    )
    top = buttons.first.bounding_box()["y"]
    assert gallery["y"] + gallery["height"] <= top
    assert log >= top
    assert all(buttons.nth(n).get_attribute("title") for n in (0, 1))
