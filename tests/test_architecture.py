"""Who may know whom: imports go down only, from the command line to the core."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

import hopping

PACKAGE = Path(hopping.__file__).parent
# Each room, and the rooms below it that it may know. All may know the core; it knows none.
BELOW = {
    "cli": {"evaluate", "studio", "storybook", "page"},
    "evaluate": {"studio", "storybook"},
    "studio": {"storybook", "page"},
    "webui": {"page"},
    "storybook": set(),
    "page": set(),
}


def known(path: Path) -> set[str]:
    """The rooms whose modules a file imports, wherever it does."""
    package = path.relative_to(PACKAGE.parent).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            start = [*base, *(node.module.split(".") if node.module else ())]
            names = [[*start, alias.name] for alias in node.names]
        else:
            continue
        found |= {name[1] for name in names if name[0] == "hopping" and len(name) > 1}
    return found & BELOW.keys()


@pytest.mark.parametrize("room", BELOW)
def test_a_room_knows_only_what_is_below_it(room):
    for path in (PACKAGE / room).rglob("*.py"):
        assert known(path) <= BELOW[room] | {room}, path


def test_the_core_knows_no_room():
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE).parts
        if inside[0] not in BELOW and inside != ("__main__.py",):
            assert not known(path), path


def test_the_page_about_it_says_the_same():
    page = (PACKAGE.parent / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    rows = re.findall(r"^\| `hopping/(\w+)/` \|[^|]*\| ([^|]*) \|$", page, re.MULTILINE)
    assert {room: set(re.findall(r"`(\w+)`", may_know)) for room, may_know in rows} == BELOW


def test_no_two_files_share_a_name():
    files = [
        path for path in PACKAGE.rglob("*.py") if path.name not in ("__init__.py", "__main__.py")
    ]
    names = Counter(path.name for path in files)
    assert not [str(path) for path in files if names[path.name] > 1]


def test_no_two_rooms_share_a_name():
    rooms = [path.parent.name for path in PACKAGE.rglob("__init__.py")]
    assert len(rooms) == len(set(rooms)), rooms
