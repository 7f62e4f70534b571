"""The WebUI's page in a real browser."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PATIENCE = 120_000  # ms
# Logged by the host's page without any extension.
_HOSTS_OWN = ("reading 'props'", "iframe")

DOG_STORY = "A red dog is swimming.\nThe dog sits.\nThe dog runs."


class WebPage:
    """A page of the WebUI, with what the tests do on it again and again."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on("dialog", lambda dialog: self._note_dialog(dialog))

    def _note(self, error: str) -> None:
        if not any(own in error for own in _HOSTS_OWN):
            self.errors.append(error)

    def _note_dialog(self, dialog: Any) -> None:
        self.errors.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, url: str, theme: str = "light") -> None:
        """Load the page and wait until the host's own scripts are done."""
        self.page.goto(f"{url}/?__theme={theme}", wait_until="domcontentloaded")
        self.wait_until_loaded()

    def wait_until_loaded(self) -> None:
        self.page.wait_for_selector("#txt2img_prompt textarea")
        # Forge Neo's is no property of the window.
        known = "() => typeof opts !== 'undefined' && Object.keys(opts).length > 10"
        self.page.wait_for_function(known)
        self.page.wait_for_function("() => document.querySelector('#hopping_plan')")

    def open_tab(self) -> None:
        self.page.click("#tabs > .tab-nav button:has-text('Hopping sequence')")
        self.page.wait_for_selector("#hopping_prompt textarea", state="visible")

    def choose_paper(self) -> None:
        """The paper's options, and all of them to be seen."""
        self.page.click("#hopping_option_advanced > .label-wrap")
        self.page.check("#hopping_option_preset input[value=Paper]")
        self.page.wait_for_selector("#hopping_option_carry input[value=tokens]:checked")

    def write(self, story: str) -> None:
        self.page.fill("#hopping_prompt textarea", story)

    @property
    def story(self) -> str:
        return self.page.input_value("#hopping_prompt textarea")

    def plan(self, selector: str = ".hopping-plan") -> Any:
        """What matches in the plan, as a locator."""
        return self.page.locator(f"#hopping_plan .prose {selector}")

    def wait_for_plan(self) -> None:
        """Until the plan is of what stands in the editor."""
        self.page.wait_for_function(
            "() => hoppingPlan.serial > 0 && hoppingPlan.answered >= hoppingPlan.serial"
        )

    def set_number(self, elem_id: str, value: float) -> None:
        field = f"#{elem_id} input[type=number]"
        self.page.fill(field, str(value))
        self.page.press(field, "Tab")

    def number(self, elem_id: str) -> float:
        return float(self.page.input_value(f"#{elem_id} input[type=number]"))

    def make_small(self, steps: int = 3) -> None:
        """Settings that a processor is done with in a second."""
        for name, value in {"steps": steps, "width": 64, "height": 64}.items():
            self.set_number(f"hopping_{name}", value)

    def generate(self) -> None:
        """Press Generate and wait for pictures, or for what stands in their place."""
        self.press("generate")

    def press(self, button: str) -> None:
        """Press a button of the tab that runs the host, and wait for its answer."""
        run(self.page, f"#hopping_{button}", "hopping")

    def wait_for_end(self) -> None:
        for button in ("interrupt", "interrupting"):
            self.page.wait_for_selector(f"#hopping_{button}", state="hidden")
        self.page.wait_for_selector("#html_log_hopping :is(.performance, .error)")

    @property
    def thumbnails(self) -> Any:
        return self.page.locator("#hopping_gallery .thumbnail-small")


# The host's page shows its buttons again when a run has ended.
_NOTE_THE_END = """(tabname) => {
    const hosts = showSubmitButtons;
    window.hoppingEnded = false;
    showSubmitButtons = (name, show) => {
        hosts(name, show);
        window.hoppingEnded ||= show && name === tabname;
    };
}"""
# What took as long as the run before is not written anew.
_WAIT_FOR_NEWS = """async (told) => {
    for (let n = 0; n < 30 && !document.querySelector(told); n++) {
        await new Promise((later) => setTimeout(later, 100));
    }
}"""


def run(page: Any, button: str, tabname: str) -> None:
    """Press a button that runs the host, and wait for its answer, not for what stood there."""
    told = f"#html_log_{tabname} :is(.performance, .error, .comments)"
    page.eval_on_selector_all(told, "(all) => all.forEach((one) => one.classList.add('old'))")
    page.evaluate(_NOTE_THE_END, tabname)
    page.click(button)
    page.wait_for_function("() => window.hoppingEnded")
    page.evaluate(_WAIT_FOR_NEWS, f"{told}:not(.old)")


@pytest.fixture
def tab(web, host):
    """A page of the running host that shows the tab."""
    web.open(host.url)
    web.open_tab()
    web.choose_paper()
    return web


@pytest.fixture
def web(webui_data, browser):
    """A page that must end without an error of ours."""
    page = WebPage(browser.new_page(viewport={"width": 1400, "height": 1100}))
    yield page
    page.page.close()
    assert page.errors == []


@contextmanager
def proxy(port: int, prefix: str) -> Iterator[str]:
    """A reverse proxy that serves `127.0.0.1:port` under `/prefix`; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            if not self.path.startswith(f"/{prefix}"):
                self.send_error(404)
                return
            path = self.path.removeprefix(f"/{prefix}") or "/"
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            upstream.request(self.command, path, body, dict(self.headers))
            answer = upstream.getresponse()
            data = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_HEAD = _pass_on  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{prefix}"
    finally:
        server.shutdown()
