"""Whatever the page shows has a Japanese wording."""

from __future__ import annotations

import ast
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hopping import HoppingOptions, parse_story, plan_story
from hopping.page import mask_svg, plan_html, story_texts
from hopping.run_options import ROWS

ROOT = Path(__file__).parents[2]
JAPANESE = json.loads((ROOT / "localizations" / "ja_JP.json").read_text("utf-8"))
SHOWN = {"label", "tooltip", "placeholder"}


def _source(name: str) -> ast.Module:
    (file,) = (ROOT / "hopping").glob(f"*/{name}.py")
    return ast.parse(file.read_text("utf-8"))


def _written_in(name: str) -> set[str]:
    """Texts that a module gives to widgets."""
    found = set()
    for node in ast.walk(_source(name)):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        texts = [keyword.value for keyword in node.keywords if keyword.arg in SHOWN]
        if called in ("Button", "Accordion", "_slider"):
            texts += node.args[:1]
        found |= {t.value for t in texts if isinstance(t, ast.Constant)}
    return found


def _constants_of(name: str) -> set[str]:
    """The texts of a module's constants in capitals."""
    found = set()
    for node in _source(name).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").isupper():
            found |= {
                n.value
                for n in ast.walk(node.value)
                if isinstance(n, ast.Constant) and isinstance(n.value, str) and " " in n.value
            }
    return found


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self.tag = ""

    def handle_starttag(self, tag, attributes) -> None:
        self.tag = tag

    def handle_data(self, data) -> None:
        if self.tag != "code" and re.search("[A-Za-z]{3}", data):
            self.texts.add(data.strip())


def _texts(html: str) -> set[str]:
    reader = _Texts()
    reader.feed(html)
    return reader.texts


def tab_note() -> str:
    """What the tab says of other scripts, read without a host."""
    (note,) = (
        node.value
        for node in _source("tab").body
        if isinstance(node, ast.Assign) and node.targets[0].id == "SCRIPTS_NOTE"  # type: ignore[attr-defined]
    )
    return str(ast.literal_eval(note))


def test_the_tables_are_complete():
    for row in ROWS:
        assert row.label in JAPANESE
        assert row.help in JAPANESE
        assert f"Default: {row.label}" in JAPANESE
    assert set(HoppingOptions.PRESETS) <= set(JAPANESE)
    assert set(HoppingOptions.PRESET_HELP.values()) <= set(JAPANESE)


@pytest.mark.parametrize("module", ["tab", "tab_hires", "tab_paste", "script", "story_editor"])
def test_what_the_pages_say_is_complete(module):
    missing = _written_in(module) - set(JAPANESE)
    assert not missing


def test_the_widgets_and_settings_are_complete():
    assert not (_constants_of("widgets") | _constants_of("plan_html")) - set(JAPANESE)
    assert not _constants_of("settings") - {"Hopping sequence", *JAPANESE}
    assert _constants_of("settings") > {"Default: Preset", "Show the tab"}


def test_the_hints_are_complete():
    texts = _texts(story_texts.STORY_HINT + story_texts.SYNTAX + story_texts.MASK_HINT)
    assert not texts - set(JAPANESE)
    assert story_texts.STORY_PLACEHOLDER in JAPANESE
    for title, expected, stories in story_texts.EXAMPLES:
        assert {title, expected, *stories} <= set(JAPANESE)
    assert not _texts(tab_note()) - set(JAPANESE)


def test_the_plan_is_complete(clip_tokenizer):
    story = parse_story("a dog\nthe dog\na cat\n" + "long " * 80)
    plan = plan_story(clip_tokenizer, story, HoppingOptions(share="subject"))
    own = {plan.layout.kind, *(frame.text for frame in plan.frames)}
    numbers = {plan.layout.reason, *(note for frame in plan.frames for note in frame.notes)}
    texts = _texts(plan_html.render_plan(plan) + plan_html.render_counts(plan)) - own - numbers
    assert not {text for text in texts if "“" not in text} - set(JAPANESE)
    assert {plan_html.NOTED_TEXT, mask_svg.PART_TEXT} <= set(JAPANESE)


def test_the_values_of_choices_keep_their_names():
    assert not {choice for row in ROWS for choice in row.choices} & set(JAPANESE)


def test_nothing_is_translated_into_nothing():
    assert all(value.strip() for value in JAPANESE.values())
