"""What the page's events and addresses may carry: see `tests/test_fuzz.py`."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hopping.errors import HoppingError
from hopping.studio.browser import answers
from hopping.studio.browser.answers import PAGE_ROWS
from hopping.studio.sampling import SAMPLING

from ...strategies import any_texts, any_values
from ...test_fuzz import told

OPTIONS = [row.default for row in PAGE_ROWS]
option_values = st.lists(any_values, min_size=len(OPTIONS), max_size=len(OPTIONS))
texts = st.none() | any_texts


@given(texts, texts, option_values | st.just(OPTIONS))
def test_fuzz_plans(studio, monkeypatch, serial, story, values):
    monkeypatch.setattr(answers._log, "exception", pytest.fail)
    plan, mask, _ = studio.plan(serial, story, *values)
    (plan + mask).encode()


page_settings = st.just([None] * 8) | st.lists(any_values, min_size=8, max_size=8)


@given(texts, page_settings, option_values | st.just(OPTIONS))
@example("a", [None, float("inf"), None, None, None, None, None, None], OPTIONS)
def test_fuzz_beginnings(studio, story, settings, options):
    assert len(settings) == len(SAMPLING)
    told(studio.begin, story, [*settings, *options])


@given(texts | any_values.map(lambda value: json.dumps({"run": value, "frame": value})))
@example('{"run": "\\u0000", "frame": Infinity}')
@example("[" * 100_000)
def test_fuzz_strengths(studio, asked):
    with pytest.raises(HoppingError):
        studio._strength_work(asked)


@given(texts)
def test_fuzz_opening(studio, payload):
    *_, told_of_it = studio.open(payload)
    assert "This cannot be opened" in told_of_it


@given(any_texts, any_texts | st.just("frame-" + "1" * 5000 + ".png"))
@example("a" * 5000, "grid.png")
@example("\0", "grid.png")
def test_fuzz_addresses(studio, run, name):
    assert studio.files.answer(run, name, {}) is None
