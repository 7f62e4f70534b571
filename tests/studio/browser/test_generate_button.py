"""Generate at the instants at which it is not clear whether a story is being made."""

from __future__ import annotations

import pytest

from hopping.studio.record import read_record

from .conftest import STORY

AGAIN = "A blue cat.\nThe cat sits."


def press_when(web, shown, story, times=1):
    """Write a story and press Generate in the very moment in which the page shows something."""
    web.page.evaluate(
        """([shown, story, times]) => {
            const progress = document.getElementById("studio_progress");
            const watch = new MutationObserver(() => {
                if (!progress.innerText.includes(shown)) return;
                watch.disconnect();
                deskWrite(story);
                for (let n = 0; n < times; n++) document.getElementById("studio_generate").click();
            });
            watch.observe(progress, {childList: true, subtree: true, characterData: true});
        }""",
        [shown, story, times],
    )


@pytest.mark.parametrize("times", [1, 2])
def test_generate_is_heard_in_the_instant_after_done(web, times):
    web.open()
    web.write(STORY)
    web.set_steps(1)
    before = len(web.server.runs)
    press_when(web, "Done", AGAIN, times)
    web.page.click("#studio_generate")
    web.page.wait_for_function(
        "story => studioRun.run && studioDesk.results.size === 2 && deskStory().value === story",
        arg=AGAIN,
    )
    web.wait_for_status("Done: 4 pictures")
    web.page.wait_for_timeout(500)  # a second run would have begun
    first, second = web.server.runs[before:]
    assert [read_record(run).source for run in (first, second)] == [STORY, AGAIN]


@pytest.mark.usefixtures("unhurried")
def test_a_double_click_makes_one_story_that_can_be_cancelled(web):
    web.open()
    web.write(STORY)
    web.set_steps(20)
    before = len(web.server.runs)
    web.page.dblclick("#studio_generate")
    web.pictures.first.wait_for()
    web.page.click("#studio_cancel")
    web.wait_for_status("Cancelled.")
    web.page.wait_for_timeout(500)
    assert len(web.server.runs) == before + 1


def test_what_could_not_be_begun_can_be_tried_again(web, monkeypatch):
    def broken(*_):
        raise OSError("the disk is full")

    web.open()
    web.write(STORY)
    web.set_steps(1)
    with monkeypatch.context() as full:
        full.setattr(web.server.studio, "begin", broken)
        for _ in range(2):  # the same answer twice changes nothing that is shown
            web.page.click("#studio_generate")
            web.page.locator("#studio_progress", has_text="OSError: the disk is full").wait_for()
            web.page.wait_for_function("() => !studioMustWait()")
    web.generate()


@pytest.mark.usefixtures("unhurried")
def test_generate_after_a_reload_waits_for_what_is_known_of_the_run(web):
    web.begin_long_story()
    web.pictures.first.wait_for()
    web.page.reload()
    web.page.wait_for_function("() => document.querySelector('.studio-said')")
    web.page.evaluate("document.getElementById('studio_generate').click()")
    web.pictures.first.wait_for()
    web.page.click("#studio_cancel")
    web.wait_for_status("Cancelled.")


@pytest.mark.usefixtures("unhurried")
def test_cancel_is_heard_in_the_instant_after_generate(web):
    web.open()
    web.write(STORY)
    web.set_steps(20)
    web.page.evaluate(
        """() => ["studio_generate", "studio_cancel"].forEach(
            button => document.getElementById(button).click()
        )"""
    )
    web.wait_for_status("Cancelled.")


@pytest.mark.usefixtures("unhurried")
def test_all_again_is_refused_while_a_story_is_made(web):
    """And is not done by the next Generate instead."""
    web.open()
    web.write(AGAIN)
    web.set_steps(1)
    web.generate()
    seed = read_record(web.server.runs[-1]).settings.seed
    web.set_steps(20)
    web.page.click("#studio_generate")
    web.page.locator("#studio_progress [data-busy]").wait_for()
    web.page.get_by_role("button", name="All again").click()
    assert "Cancel it" in web.page.locator(".studio-said").inner_text()
    web.page.click("#studio_cancel")
    web.wait_for_status("Cancelled.")
    web.set_steps(1)
    web.write(STORY)
    web.generate()
    assert read_record(web.server.runs[-1]).settings.seed == seed
