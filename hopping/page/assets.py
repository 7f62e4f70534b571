"""The style and the script that every page of ours has, wherever they were installed.

A WebUI loads them by name from the extension's own folder, so that is where they are kept; from a
wheel they are installed as data files.
"""

from __future__ import annotations

from functools import cache
from importlib import metadata
from pathlib import Path

STYLE = "style.css"
PLAN_SCRIPT = "javascript/hopping_plan.js"

_DISTRIBUTION = "sd-webui-hopping"
_DATA = "share/hopping"  # as pyproject.toml says it


@cache
def read_asset(name: str) -> str:
    """The text of STYLE or PLAN_SCRIPT.

    Raises:
        FileNotFoundError: if the installation lacks it.
    """
    checkout = Path(__file__).parents[2] / name
    if checkout.is_file():
        return checkout.read_text("utf-8")
    wanted = f"{_DATA}/{Path(name).name}"
    for file in metadata.files(_DISTRIBUTION) or []:
        if file.as_posix().endswith(wanted):
            return Path(str(file.locate())).read_text("utf-8")
    raise FileNotFoundError(f"{wanted} is not installed; install {_DISTRIBUTION} again")
