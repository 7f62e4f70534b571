"""One browser for all tests of pages: Playwright takes no second one in a process."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

NO_BROWSER = (
    "the page's tests need a browser: pip install playwright, then `apt-get install chromium` or "
    "`playwright install chromium`"
)
# A browser that asks nobody on the network, and runs as root in a container.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if importlib.util.find_spec("playwright") is None:
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            # The system's, else the one that Playwright has brought.
            started = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                args=FLAGS,
            )
        except Error:
            pytest.skip(NO_BROWSER)
        yield started
        started.close()
