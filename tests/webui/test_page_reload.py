"""The host's "Reload UI", which runs scripts again in the same process."""

from __future__ import annotations

import time

import pytest

from .conftest import LINES, STORY
from .host import Host


@pytest.fixture
def reloading(webui_data):
    own = Host(*webui_data)
    yield own
    own.stop()


def axes(host) -> list[str]:
    scripts = host.get("/sdapi/v1/script-info")
    plot = next(script for script in scripts if script["name"] == "x/y/z plot")
    return [label for label in plot["args"][0]["choices"] if "Hopping" in label]


def test_reload_ui(web, reloading):
    hopped, plain = reloading.txt2img(STORY, {}).frames, reloading.txt2img(LINES[1]).hashes
    before = axes(reloading)
    web.open(reloading.url)
    web.page.click("#tabs > .tab-nav button:has-text('Settings')")
    web.page.click("#settings_restart_gradio")
    for _ in range(240):
        if reloading.read_log().count("Startup time:") == 2:
            break
        time.sleep(0.25)
    web.page.close()
    assert reloading.txt2img(STORY, {}).frames == hopped
    assert reloading.txt2img(LINES[1]).hashes == plain
    assert axes(reloading) == before
