"""The studio's own templates beside those of every page."""

from __future__ import annotations

from pathlib import Path

from hopping.page.templates import FOLDER, templates

render = templates(Path(__file__).parent / "templates", FOLDER)
