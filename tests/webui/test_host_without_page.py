"""A real WebUI that has its API alone, by --nowebui."""

from __future__ import annotations

import pytest

from .conftest import STORY
from .host import Host
from .test_host_traces import plot


@pytest.fixture
def without_page(webui_data):
    own = Host(*webui_data, "--nowebui")
    yield own
    own.stop()


def test_a_story_and_a_plot(without_page):
    plain, hopped = without_page.txt2img(STORY), without_page.txt2img(STORY, {})
    assert len(hopped.frames) == 3
    cells = plot(without_page, ("[Hopping] Mode", "off, paper"))
    assert cells.hashes[1:] == [plain.hashes[0], hopped.hashes[0]]
    assert without_page.post("/hopping/plan", {"prompt": STORY})["layout"] == "joint"
