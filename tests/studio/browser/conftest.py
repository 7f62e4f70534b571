"""The studio's page at work: the embedded model, a server of its own, and a real browser."""

from __future__ import annotations

import importlib.util
import socket
import threading
import time

import pytest
import torch

if any(importlib.util.find_spec(name) is None for name in ("diffusers", "gradio", "typer")):
    collect_ignore_glob = ["test_*.py"]

STORY = (
    "A red dog is running.\nThe dog is sleeping on the beach.\n<from:1> The dog is by the river."
)


@pytest.fixture(scope="session")
def storybook():
    """The embedded model, which the whole session shares: the page itself does no otherwise."""
    from hopping.studio.pipeline import load_pipeline

    torch.set_num_threads(1)
    return load_pipeline(None, "cpu")


@pytest.fixture
def unhurried(storybook):
    """Each call of the U-Net takes 0.3 s more, in which the browser has the processor: a story is
    still being made when the page gets to what the test does meanwhile, on any machine."""
    pause = storybook.unet.register_forward_pre_hook(lambda *_: time.sleep(0.3))
    yield
    pause.remove()


@pytest.fixture
def studio(storybook, tmp_path):
    from hopping.studio.browser.answers import Studio

    return Studio(storybook, None, tmp_path / "outputs")


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


class Page:
    """A running page and where it leaves its stories."""

    def __init__(self, studio) -> None:
        import uvicorn

        from hopping.studio.browser.server import build_app

        self.studio = studio
        self.port = free_port()
        config = uvicorn.Config(build_app(studio), port=self.port, log_level="warning")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def runs(self):
        """The stories' folders, the newest last."""
        return sorted(self.studio.outputs.glob("*"), key=lambda folder: folder.stat().st_mtime)

    def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(20)


@pytest.fixture(scope="session")
def page(storybook, tmp_path_factory):
    from hopping.studio.browser.answers import Studio

    running = Page(Studio(storybook, None, tmp_path_factory.mktemp("page")))
    yield running
    running.stop()


@pytest.fixture
def web(browser, page):
    """A page that must end without an error, and without having asked any other host."""
    from .studio_page import WIDE, StudioPage

    opened = StudioPage(browser.new_page(viewport=WIDE), page)
    yield opened
    opened.page.close()
    assert opened.errors == []
    assert opened.abroad == []
