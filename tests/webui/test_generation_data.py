"""What a run writes into its pictures, and what is read back from it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopping import infotext
from hopping.infotext import guarded
from hopping.run_options import ROWS, parse_request
from hopping.webui import generation_data, run_entries
from hopping.webui.hopped_run import HoppedRun

from .stand_ins import Processing


def quoted(value):
    """As the host writes a value, and reads it again."""
    text = str(value)
    if any(sign in text for sign in ",:\n"):
        text = json.dumps(text, ensure_ascii=False)
    text = text.strip(" ")
    return json.loads(text) if text[:1] == text[-1:] == '"' and text else text


def begun(story="A dog.\nIt sits.\nIt runs.", options=None, **values):
    p = Processing(story, **values)
    run = HoppedRun(p, parse_request({"enabled": True, **(options or {})}))
    run.begin()
    p.setup_prompts()
    p.extra_generation_params.update(run_entries.run_entries(run))
    return p


def written(p, number, whole_run=True):
    """The entries of one picture, as the host asks for them while sampling or afterwards."""
    p.iteration, within = divmod(number, p.batch_size)
    first = p.iteration * p.batch_size
    p.prompts = p.all_prompts[first : first + p.batch_size]
    prompts, index = (p.all_prompts, number) if whole_run else (p.prompts, within)
    entries = {}
    for key, value in p.extra_generation_params.items():
        if callable(value):
            value = value(p=p, index=index, all_prompts=prompts, prompt_text=prompts[index])
        if value is not None:
            entries[key] = quoted(value)
    return entries


@pytest.mark.parametrize("whole_run", [True, False])
@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_every_picture_has_its_own_number(batch_size, whole_run):
    p = begun(batch_size=batch_size, n_iter=2, options={"compare": True})
    entries = [written(p, n, whole_run) for n in range(12)]
    assert [e["Hopping frame"] for e in entries] == ["1/3", "2/3", "3/3"] * 4
    assert [e["Hopping"] for e in entries] == ["paper"] * 6 + ["baseline"] * 6
    assert ["Hopping compare" in e for e in entries] == [True] * 6 + [False] * 6


def test_a_detailers_own_processing_gets_the_current_pictures_number():
    p = begun(batch_size=2)
    p.iteration, p.batch_index = 1, 0
    entry = p.extra_generation_params["Hopping frame"]
    inner = SimpleNamespace(prompts=["face"])
    assert entry(p=inner, index=0, all_prompts=inner.prompts, prompt_text="face") == "3/3"


def test_defaults_are_not_written():
    assert set(written(begun(), 0)) == {"Hopping", "Hopping frame", "Hopping story"}


SET = {
    "mode": "paper",
    "reach": "all",
    "anchor": True,
    "layout": "windows",
    "carry": "all",
    "share": "subject",
    "start_token": "shared",
    "strength": 0.55,
    "same_noise": False,
    "compare": True,
    "grid": False,
    "captions": False,
    "before": 'a "photo", of:',
    "after": '"film"',
    "save_mask": True,
    "pixels": "subject",
    "frames": "1,3",
    "cast": "seen",
}


def test_every_option_comes_back():
    assert SET.keys() == {row.name for row in ROWS}
    entries = written(begun(options=SET), 1)
    assert {row.name: infotext.value_in(entries, row) for row in ROWS} == SET


def test_what_is_not_there_is_the_default_and_without_hopping_nothing():
    for row in ROWS:
        assert infotext.value_in({"Hopping": "paper"}, row) == row.default
        assert infotext.value_in({"Hopping": "future"}, row) == row.default
        assert infotext.value_in({"Steps": "4"}, row) is None


def test_keys_are_such_as_the_host_reads():
    import re

    host = re.compile(r"\w[\w \-/]+")
    for key in [infotext.STORY, infotext.FRAME, *map(infotext.key, ROWS)]:
        assert host.fullmatch(key)


@given(st.text(min_size=1))
def test_any_text_comes_back(text):
    written_text = quoted(guarded(text))
    assert infotext.story_in({"Hopping story": written_text}) == text


@pytest.mark.parametrize("story", ['"dog"', "dog", " dog", "a, b: c\n\n", "赤い犬\n🐕", 'say "a"'])
def test_pasting_puts_the_story_in_the_prompt_box(story):
    params = {**written(begun(story), 0), "Prompt": "dog", "Seed": "5"}
    generation_data.restore("", params)
    assert params["Prompt"] == story
    assert params["Seed"] == "5"


def test_pasting_counts_back_to_the_first_seed():
    entries = written(begun(options={"same_noise": False}), 2)
    params = {**entries, "Seed": "7"}
    generation_data.restore("", params)
    assert params["Seed"] == "5"
    params = {**entries, "Seed": "7", "Variation seed": "72"}
    generation_data.restore("", params)
    assert (params["Seed"], params["Variation seed"]) == ("7", "70")


def test_pasting_restores_the_hires_story_or_none():
    p = begun(enable_hr=True, hr_prompt="A cat, wet.\nIt rests.\nIt runs.")
    params = written(p, 1)
    assert params["Hires prompt"] == "It rests."
    generation_data.restore("", params)
    assert params["Hires prompt"] == "A cat, wet.\nIt rests.\nIt runs."
    params = written(begun(enable_hr=True), 1)
    assert "Hires prompt" not in params
    generation_data.restore("", params)
    assert params["Hires prompt"] == ""


def test_the_api_is_given_what_the_whole_story_had():
    hires = {"enable_hr": True, "hr_prompt": "A cat.\nA bus.\nIt runs."}
    params = {**written(begun(options={"same_noise": False}, **hires), 1), "Prompt": "It sits."}
    params |= {"Seed": "6", "Hires prompt": "A bus."}
    expected = {
        "Prompt": "A dog.\nIt sits.\nIt runs.",
        "Seed": "5",
        "Variation seed": None,
        "Hires prompt": "A cat.\nA bus.\nIt runs.",
        "Steps": None,
    }
    assert {name: generation_data.to_paste(name)(params) for name in expected} == expected
    generation_data.restore("", params)
    assert all(generation_data.to_paste(name)(params) is None for name in expected)
    assert generation_data.to_paste("Prompt")({"Prompt": "a"}) is None


def test_an_infotext_without_hopping_is_left_alone():
    params = {"Prompt": "a", "Seed": "5", "Hires prompt": "b"}
    generation_data.restore("", params)
    assert params == {"Prompt": "a", "Seed": "5", "Hires prompt": "b"}
