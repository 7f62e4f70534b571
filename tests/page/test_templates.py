"""What templates do with what a user wrote, in every template that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hopping
from hopping.page.templates import frame_style, templates

ALL = sorted(Path(hopping.__file__).parent.rglob("templates/*.html"))


@pytest.fixture
def render(tmp_path):
    def made(source, **values):
        (tmp_path / "it.html").write_text(source, "utf-8")
        return templates(tmp_path)("it.html", **values)

    return made


def test_what_stands_in_a_value_is_text(render):
    evil = '<b title="x">\'&'
    shown = "&lt;b title=&#34;x&#34;&gt;&#39;&amp;"
    assert render('<p title="{{ it }}">{{ it }}</p>', it=evil) == f'<p title="{shown}">{shown}</p>'
    assert render("{{ n|frame_style }}", n=1) == str(frame_style(1))


def test_half_a_character_is_none(render):
    assert render("{{ it }}", it="a \ud83d dog") == "a ? dog"
    assert render("{{ it }}", it="犬") == "犬"


def test_a_value_that_is_missing_is_an_error(render):
    with pytest.raises(Exception, match="'it' is undefined"):
        render("{{ it }}")


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_no_template_lets_anything_through(path):
    source = path.read_text("utf-8")
    assert not re.search(r"\|\s*safe|autoescape", source)
    assert not re.search(r"=\{\{", source)  # an attribute without quotation marks


def test_every_template_is_installed():
    """A wheel has what pyproject.toml names."""
    folders = {path.parent.relative_to(Path(hopping.__file__).parents[1]) for path in ALL}
    assert {str(folder) for folder in folders} == {
        "hopping/page/templates",
        "hopping/studio/browser/templates",
    }
    declared = (Path(hopping.__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    for folder in folders:
        package = ".".join(folder.parent.parts)
        assert re.search(rf'"{package}" = \[.*"templates/\*".*\]', declared)
