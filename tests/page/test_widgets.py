"""The widgets are the table, on the real gradio."""

from __future__ import annotations

import pytest

from hopping import HoppingOptions
from hopping.run_options import ROWS, HoppingRequest, RunOptions, parse_request

gr = pytest.importorskip("gradio", reason="the page's tests need gradio, as the WebUI has it")

from hopping.page import widgets  # noqa: E402


@pytest.fixture
def made():
    with gr.Blocks():
        return widgets.build_option_widgets(lambda name: f"page_{name}")


def test_one_widget_for_each_row_in_its_order(made):
    assert list(made.by_name) == [row.name for row in ROWS]
    assert made.inputs == [made.preset, *made.by_name.values()]
    for row in ROWS:
        component = made.by_name[row.name]
        assert (component.label, component.info) == (row.label, row.help)
        assert component.elem_id == f"page_{row.name}"


def test_untouched_widgets_are_the_defaults(made):
    values = {name: component.value for name, component in made.by_name.items()}
    assert parse_request(values) == HoppingRequest(False, HoppingOptions(), RunOptions())
    assert made.preset.value == "Paper"


def test_presets_stand_first_with_what_each_is_for_and_all_else_is_folded(made):
    fold = made.by_name["mode"].parent
    while not isinstance(fold, gr.Accordion):
        fold = fold.parent
    assert (fold.label, fold.open) == (widgets.ADVANCED, False)
    preset, purposes, *rest = fold.parent.children
    assert preset is made.preset or made.preset in preset.children  # in a form, by gradio
    assert all(text in purposes.value for text in HoppingOptions.PRESET_HELP)
    assert rest == [fold]


def test_no_equation_is_named_where_users_read():
    texts = [*HoppingOptions.PRESET_HELP.values(), *(row.help for row in ROWS)]
    assert not [text for text in texts if "eq." in text]


def test_the_settings_defaults_come_first():
    with gr.Blocks():
        made = widgets.build_option_widgets(str, {"reach": "all", "captions": False})
    assert made.by_name["reach"].value == "all"
    assert made.by_name["captions"].value is False
    assert made.preset.value == widgets.CUSTOM


@pytest.mark.parametrize("name", HoppingOptions.PRESETS)
def test_a_preset_sets_the_widgets_and_is_known_again(made, name):
    values = dict(
        zip((row.name for row in HoppingOptions.rows()), widgets.preset_values(name), strict=True)
    )
    assert parse_request(values).hopping == HoppingOptions.from_mapping({}, name)
    assert widgets.matching_preset(values) == name
    assert len(made.seeing) == len(values)


def test_another_value_is_no_preset():
    values = {row.name: row.default for row in HoppingOptions.rows()}
    assert widgets.matching_preset(values | {"reach": "3"}) == widgets.CUSTOM


def test_every_choice_of_every_widget_is_allowed(made):
    for row in ROWS:
        choices = getattr(made.by_name[row.name], "choices", [])
        for choice in choices:
            row.parse(choice[1] if isinstance(choice, tuple) else choice)


def test_the_host_keeps_no_defaults_of_its_own(made):
    assert all(component.do_not_save_to_config for component in made.inputs)


def test_choosing_and_changing_speak_to_each_other():
    with gr.Blocks() as page:
        made = widgets.build_option_widgets(str)
    # gradio 3 writes (id, …) and the trigger apart, gradio 4 and later together.
    named = {
        tuple(d["targets"][0]) if "trigger" not in d else (d["targets"][0], d["trigger"]): d
        for d in page.config["dependencies"]
    }
    by_preset = named[(made.preset._id, "input")]
    assert by_preset["outputs"] == [component._id for component in made.seeing]
    for component in made.seeing:
        event = "release" if isinstance(component, gr.Slider) else "input"
        back = named[(component._id, event)]
        assert back["outputs"] == [made.preset._id]
        assert back["queue"] is False
