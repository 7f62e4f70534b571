"""What the page's events and addresses may carry: see `tests/test_fuzz.py`."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hopping.errors import HoppingError
from hopping.run_options import frames_to_make
from hopping.studio.browser import answers
from hopping.studio.browser.answers import PAGE_ROWS
from hopping.studio.browser.keeping import OnDesk, read_desk
from hopping.studio.browser.strip_work import MOST_SEEDS
from hopping.studio.sampling import SAMPLING

from ...strategies import any_texts, any_values
from ...test_fuzz import told
from .asking import OWN, values
from .conftest import STORY

OPTIONS = [row.default for row in PAGE_ROWS]
option_values = st.lists(any_values, min_size=len(OPTIONS), max_size=len(OPTIONS))
texts = st.none() | any_texts


@given(texts, texts, option_values | st.just(OPTIONS))
def test_fuzz_plans(studio, monkeypatch, serial, story, values):
    monkeypatch.setattr(answers._log, "exception", pytest.fail)
    plan, mask, _ = studio.plan(serial, story, *values)
    (plan + mask).encode()


SETTINGS = list(OWN.values())
page_settings = st.just(SETTINGS) | st.lists(any_values, min_size=8, max_size=8)


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
        studio._strength_strip(asked)


numbers = st.lists(st.none() | st.integers(-1, 4), max_size=4) | any_values
desks = st.fixed_dictionaries(
    {"run": st.just("RUN") | any_values, "anew": st.booleans() | any_values},
    optional={"was": numbers, "locked": numbers, "only": numbers},
)


@pytest.fixture
def run(studio):
    """The name of a run of three frames."""
    *_, _ = studio.generate("token", STORY, *values(steps=1))
    (folder,) = studio.outputs.iterdir()
    return folder.name


@given(any_texts | any_values.map(json.dumps) | desks.map(json.dumps))
@example('{"run": "", "was": "", "locked": [], "only": [], "anew": false}')
@example('{"run": "", "was": {}, "locked": [true], "only": [], "anew": false}')
@example('{"run": 1, "was": [], "locked": [], "only": [], "anew": false}')
@example('{"run": "", "was": [], "locked": [], "only": [], "anew": 1}')
@example('{"run": "", "was": [], "locked": [null], "only": [], "anew": false}')
def test_fuzz_desks(text):
    desk = told(read_desk, text)
    if desk:
        assert isinstance(desk.run, str)
        assert isinstance(desk.anew, bool)
        assert all(type(number) is int for number in (*desk.locked, *desk.only))
        assert all(number is None or type(number) is int for number in desk.was)


@given(desks)
@example({"run": "RUN", "was": [1, 2, 3], "locked": [1, 2, 3], "only": [], "anew": False})
@example({"run": "RUN", "was": [9, -1, None, 4], "locked": [7], "only": [2], "anew": True})
@example({"run": "RUN", "was": [], "locked": [], "only": [10**400], "anew": False})
def test_fuzz_what_a_run_keeps(studio, run, desk):
    begun = told(_begun, studio, json.dumps(desk).replace("RUN", run))
    if begun is None:
        return
    record, kept = begun
    frames = frames_to_make(record.settings.frames, len(record.story))
    assert {key.number for key in record.missing()} <= set(frames)
    assert all(picture.is_file() for picture, _ in kept.files.values())
    assert all(1 <= key.number <= 3 for key in kept.files)


def _begun(studio, desk):
    return studio.begin(STORY, values(), read_desk(desk))


some_stories = st.lists(st.just(STORY) | st.just(STORY + "\nIt runs.") | any_values, max_size=9)


@given(st.integers(-1, 4), any_texts | (some_stories | any_values).map(json.dumps))
@example(1, "[]")
@example(1, '"abc"')
@example(1, '{"a": 1}')
@example(1, "[" * 100_000)
@example(2, json.dumps([STORY] * 8))
@example(2, json.dumps([STORY] * 9))
@example(4, json.dumps([STORY]))
def test_fuzz_seeds(studio, run, number, texts):
    desk = OnDesk(run=run, was=(1, 2, 3), only=(number,))
    work = told(studio._seed_strip, desk, texts, values())
    if work is not None:
        assert [picture.record.source for picture in work.pictures] == json.loads(texts)
        assert 1 <= len(work.pictures) <= MOST_SEEDS
        assert all(work.key in picture.record.now for picture in work.pictures)


@given(texts)
def test_fuzz_opening(studio, payload):
    *_, told_of_it = studio.open(payload)
    assert "This cannot be opened" in told_of_it


@given(any_texts, any_texts | st.just("frame-" + "1" * 5000 + ".png"))
@example("a" * 5000, "grid.png")
@example("\0", "grid.png")
def test_fuzz_addresses(studio, run, name):
    assert studio.files.answer(run, name, {}) is None
