"""What the tests do on the studio's page again and again."""

from __future__ import annotations

import pytest

from .conftest import STORY

PATIENCE = 120_000  # ms
WIDE, PHONE = {"width": 1400, "height": 1000}, {"width": 390, "height": 800}


class StudioPage:
    """What the tests do on the page again and again."""

    def __init__(self, page, server) -> None:
        self.page, self.server = page, server
        self.errors: list[str] = []
        self.abroad: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(f"a dialog: {dialog.message}"))
        page.on("request", self._note_request)

    def _note_request(self, request) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:", "ws://127.0.0.1")):
            self.abroad.append(request.url)

    def open(self, theme="light"):
        self.page.goto(f"{self.server.url}/?__theme={theme}")
        self.page.wait_for_selector("#hopping_prompt textarea")
        self.page.wait_for_function(
            "() => hoppingPlan.serial > 0 && hoppingPlan.answered >= hoppingPlan.serial"
        )
        return self

    def forget(self):
        """Forget the desk, from where no script of the page keeps it once more."""
        self.page.goto(f"{self.server.url}/hopping/page.css")
        self.page.evaluate("sessionStorage.clear()")

    def write(self, story):
        self.page.fill("#hopping_prompt textarea", story)

    @property
    def story(self):
        return self.page.input_value("#hopping_prompt textarea")

    def set_steps(self, steps):
        """Set the field and see that it stays so: a fold that opens mounts its fields a while."""
        field = self.page.locator("#studio_steps input")
        if not field.is_visible():
            self.page.get_by_role("button", name="Sampling").click()
        self.page.wait_for_function("() => document.querySelector('#studio_steps input')?.value")
        for _ in range(20):
            field.fill(str(steps))
            field.press("Tab")
            self.page.wait_for_timeout(300)
            if field.input_value() == str(steps):
                return
        raise AssertionError(f"the page does not take {steps} steps")

    def unfold(self, name):
        self.page.get_by_role("button", name=name).click()

    def generate(self):
        """Press Generate and wait for the end of the run that this begins."""
        before = len(self.server.runs)
        self.page.click("#studio_generate")
        self.wait_for_status("Done")
        assert len(self.server.runs) == before + 1
        # Gradio takes the next click once it has heard that this one is answered.
        self.page.wait_for_timeout(500)

    def begin_long_story(self):
        """Open the page, and have it make a story that takes a while: half a minute `unhurried`."""
        self.open()
        self.write(STORY)
        self.set_steps(20)
        self.page.click("#studio_generate")

    def fade(self, number):
        """Press a frame's *Fade*, which is in the fold of its card."""
        self.page.get_by_label(f"What hopping did to frame {number}").click()
        self.page.get_by_role("button", name=f"Fade frame {number}").click()

    def wait_for_status(self, text):
        self.page.locator("#studio_progress .studio-status", has_text=text).wait_for()

    @property
    def pictures(self):
        return self.page.locator(".studio-pair img")


def cards(web):
    return web.page.locator(".desk-card")


def words(web):
    return cards(web).locator(".desk-words").evaluate_all("all => all.map(one => one.value)")


def run_axe(page):
    """What axe-core finds wrong with the page at rest, the serious things alone.

    A button that has just been enabled fades in, and half way its contrast is too low.
    """
    page.evaluate(
        """() => Promise.race([
            Promise.allSettled(document.getAnimations()
                .filter(it => it instanceof CSSTransition).map(it => it.finished)),
            new Promise(done => setTimeout(done, 1000)),
        ])"""
    )
    playwright = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = playwright.Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        (rule["id"], [node["html"][:200] for node in rule["nodes"]][:4])
        for rule in found.response["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
