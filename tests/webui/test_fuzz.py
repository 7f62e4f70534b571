"""What a WebUI hands in, whatever it is: see `tests/test_fuzz.py`."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hopping import parse_story
from hopping.run_options import ROWS
from hopping.webui import axes, generation_data, moments, networks, settings, texts
from hopping.webui.live_plan import live_plan

from ..strategies import any_texts, any_values, mappings
from ..test_fuzz import NAMES, told
from .stand_ins import MODULES

QUESTIONS = st.fixed_dictionaries(
    {}, optional={"prompt": any_texts, **dict.fromkeys((*NAMES, "enabled", "preset"), any_values)}
)
on_one_encoder = pytest.mark.parametrize("wrapped", ["transformers"], indirect=True)


@pytest.fixture
def loaded(sd_model, monkeypatch):
    monkeypatch.setattr(MODULES["modules.sd_models"].model_data, "sd_model", sd_model)


@given(
    st.lists(any_values, max_size=5) | mappings((*NAMES, "enabled", "preset")).map(lambda d: [d]),
    st.just({}) | mappings((*NAMES[:8], "preset")),
    st.booleans(),
)
def test_fuzz_arguments(opts, arguments, axis_values, is_api):
    pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")
    from hopping.webui.script import read_request

    told(read_request, arguments, axis_values, is_api)


@given(mappings([f"hopping_default_{name}" for name in NAMES]))
def test_fuzz_settings(opts, monkeypatch, values):
    monkeypatch.setattr(MODULES["modules.shared"], "opts", SimpleNamespace(data=values))
    for row, value in zip(ROWS, settings.defaults().values(), strict=True):
        assert row.parse(value) == value


@given(st.sampled_from(NAMES[:8]), any_texts)
def test_fuzz_axes(name, typed):
    row = next(row for row in ROWS if row.name == name)
    axis = axes._axis(SimpleNamespace(AxisOption=lambda *a, **named: named), row)
    told(axis["confirm"], SimpleNamespace(is_api=True), [typed])


@given(
    st.dictionaries(st.sampled_from(("Hopping", "Seed", "Variation seed")), any_texts), any_texts
)
@example({"Hopping": "paper", "Seed": "²"}, "²/3")
def test_fuzz_pasting(params, frame):
    params |= {"Hopping frame": frame, "Hopping story": "a", "Hopping same noise": "off"}
    generation_data.restore("", params)
    assert all(isinstance(value, str) for value in params.values())
    picture = SimpleNamespace(
        info={"parameters": f"a\nSteps: 1, Seed: 1, Hopping: paper, Hopping frame: {frame}"}
    )
    told(generation_data.job_of, picture, 3, "paper")


@given(any_texts)
def test_fuzz_texts(opts, text):
    story = told(parse_story, text)
    networks.unknown_networks(story.texts if story else ())
    for frame in story.frames if story else ():
        told(texts.check_comments, frame)
        told(_read, frame)


def _read(frame):
    prompt = texts.without_networks(frame.text)
    scheduled = moments.schedule_frames([frame], [prompt], str, texts.Timing(10))
    return [moments.StepTexts(scheduled, step) for step in moments.last_steps(scheduled)]


@on_one_encoder
@given(any_texts, any_texts, st.lists(any_values, min_size=len(ROWS), max_size=len(ROWS)))
def test_fuzz_live_plans(loaded, monkeypatch, serial, story, values):
    monkeypatch.setattr(MODULES["modules.errors"], "report", pytest.fail)
    for given_values in (values, [row.default for row in ROWS]):
        plan, mask, _ = live_plan(serial, story, [], *given_values)
        (plan + mask).encode()


@on_one_encoder
@given(QUESTIONS | any_values)
def test_fuzz_bodies(loaded, question):
    pytest.importorskip("fastapi", reason="the routes need fastapi, as the WebUI has it")
    from hopping.webui import api

    answer = api.post_plan(question)
    assert answer.status_code in (200, 422)
    assert json.loads(answer.body)["errors"] or answer.status_code == 200
