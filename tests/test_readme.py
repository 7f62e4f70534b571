"""What README and the pages for developers say of the code is so.

`python -m tests.test_readme` writes their tables.
"""

import re
from pathlib import Path

import pytest

from hopping import HoppingOptions

README = Path(__file__).parent.parent / "README.md"
CONTRIBUTING = README.parent / "CONTRIBUTING.md"
LOCKS = README.parent / "locks"
# The sets of `make test`, and whose libraries each has.
SETS = {
    "webui": "AUTOMATIC1111 1.10.1, forge-classic",
    "forge": "Forge",
    "reforge": "reForge",
    "neo": "Forge Neo",
    "newest": "no WebUI, the newest",
    "lowest": "no WebUI, the oldest",
}
PAGES = [README, CONTRIBUTING, *(README.parent / "docs").glob("*.md")]
WORKFLOWS = README.parent / ".github" / "workflows"
LIBRARIES = ("transformers", "gradio", "open-clip-torch", "diffusers")


def options_table() -> str:
    lines = ["| option | default | values | what it does |", "|---|---|---|---|"]
    for row in HoppingOptions.rows():
        help_text = row.help.replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| `{row.name}` | {row.format(row.default)} | {row.allowed} | {help_text} |")
    lines += ["", "| preset | what it is for | sets |", "|---|---|---|"]
    for name, values in HoppingOptions.PRESETS.items():
        pairs = [f"`{key}={HoppingOptions.row(key).format(v)}`" for key, v in values.items()]
        help_text = HoppingOptions.PRESET_HELP[name]
        lines.append(f"| {name} | {help_text} | {', '.join(pairs) or 'every default'} |")
    return "\n".join(lines) + "\n"


def locked(name: str) -> dict[str, str]:
    """A set's versions by package; where those differ by Python's version, the newest Python's."""
    text = (LOCKS / f"{name}.txt").read_text("utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


def versions_table() -> str:
    lines = [
        "| set | libraries of | " + " | ".join(LIBRARIES) + " |",
        "|---" * (len(LIBRARIES) + 2) + "|",
    ]
    for name, host in SETS.items():
        pins = locked(name)
        cells = [pins.get(library, "") for library in LIBRARIES]
        lines.append(f"| `{name}` | {host} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


TABLES = {"options": (README, options_table), "versions": (CONTRIBUTING, versions_table)}


def _parts(text: str, name: str) -> list[str]:
    """What stands before, in and after the table of that name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, rest = text.split(begin)
    table, after = rest.split(end)
    return [before + begin, table, end + after]


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_the_codes(name):
    page, table = TABLES[name]
    assert _parts(page.read_text("utf-8"), name)[1] == table(), "run: python -m tests.test_readme"


def test_every_set_is_tested():
    makefile = (README.parent / "Makefile").read_text("utf-8")
    assert set(re.search(r"^SETS := (.*)$", makefile, re.MULTILINE)[1].split()) == set(SETS)


def test_links_and_pictures_lead_somewhere():
    for page in PAGES:
        links = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
        for link in links:
            if "://" not in link:
                assert (page.parent / link.partition("#")[0]).exists(), (page, link)


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/RELEASE.md"])
def test_files_that_the_pages_name_exist(name):
    """By their path in the project, in the package, or among the workflows; NAME is any name."""
    root = README.parent
    ending = r"/|\.(?:cff|css|in|ini|json|md|py|toml|txt|yml|yaml)"
    named = re.findall(rf"`([\w./*-]+(?:{ending}))`", (root / name).read_text("utf-8"))
    assert named
    for path in named:
        path = re.sub(r"\b(NAME|SET)\b", "*", path)
        assert any([*place.glob(path)] for place in (root, root / "hopping", WORKFLOWS)), path


if __name__ == "__main__":
    for name, (page, table) in TABLES.items():
        before, _, after = _parts(page.read_text("utf-8"), name)
        page.write_text(before + table() + after, "utf-8")
