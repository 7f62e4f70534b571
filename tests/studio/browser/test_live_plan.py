"""How often the page asks for its plan: once at a time, however slow or broken the answer is."""

from __future__ import annotations

import threading
import time

import pytest

from hopping.studio.browser import answers

from .studio_page import WIDE, StudioPage


class Questions:
    """Every question for a plan that reaches the server, and what comes of it."""

    def __init__(self) -> None:
        self.serials: list[int] = []
        self.at: list[float] = []
        self.at_once = 0
        self.seconds = 0.0
        self.failing = 0
        self._open = 0
        self._lock = threading.Lock()

    def answer(self, serial, *rest):
        with self._lock:
            self.serials.append(int(serial))
            self.at.append(time.monotonic())
            self._open += 1
            self.at_once = max(self.at_once, self._open)
            fails = self.failing > 0
            self.failing -= fails
        try:
            time.sleep(self.seconds)
            if fails:
                raise ConnectionError("the server is not itself")
            return self._made(serial, *rest)
        finally:
            with self._lock:
                self._open -= 1

    _made = staticmethod(answers.answer_plan)


@pytest.fixture
def questions(monkeypatch):
    asked = Questions()
    monkeypatch.setattr(answers, "answer_plan", asked.answer)
    return asked


@pytest.fixture
def web(browser, page, questions):
    opened = StudioPage(browser.new_page(viewport=WIDE), page).open()
    opened.page.wait_for_function("() => hoppingPlan.answered >= hoppingPlan.serial")
    questions.serials.clear()
    questions.at.clear()
    yield opened
    opened.page.close()


def frames(web):
    return web.page.locator("#hopping_plan .hopping-frame")


def test_a_slow_answer_counts_and_nothing_is_asked_beside_it(web, questions):
    questions.seconds = 3.0
    web.write("A dog.")
    web.page.wait_for_timeout(1000)
    for count in range(2, 5):  # all of it while the first answer is under way
        web.write("A dog.\n" + "It sits.\n" * (count - 1))
        web.page.wait_for_timeout(400)
    frames(web).nth(3).wait_for()
    web.page.wait_for_timeout(1500)
    assert questions.at_once == 1
    first = questions.serials[0]
    assert questions.serials == [first, first + 1]


def test_what_failed_is_asked_again_after_pauses_that_grow(web, questions):
    web.page.evaluate("() => { hoppingPlan.patience = 500 }")
    questions.failing = 3
    web.write("A dog.\nIt sits.")
    frames(web).nth(1).wait_for()
    assert len(questions.serials) == 4
    assert len(set(questions.serials)) == 1
    pauses = [later - sooner for sooner, later in zip(questions.at, questions.at[1:], strict=False)]
    assert pauses == sorted(pauses)
    assert pauses[2] > 2 * pauses[0]
    web.write("A dog.\nIt sits.\nIt runs.")
    frames(web).nth(2).wait_for()
    assert questions.at_once == 1
