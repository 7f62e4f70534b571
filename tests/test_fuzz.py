"""Whatever comes in, the answer is a value or the project's own error, which can be shown.

The other rooms' parsers are in the files of this name beside their tests. For 100,000 inputs each:
pytest --hypothesis-profile=fuzz tests -k fuzz
"""

from __future__ import annotations

import json
import re

from hypothesis import example, given
from hypothesis import strategies as st

from hopping import HoppingError, HoppingOptions, StoryError, infotext, parse_story
from hopping.page.plan_answer import answer_plan
from hopping.run_options import ROWS, RunOptions, parse_request
from hopping.story import check_plain

from .strategies import any_texts, any_values, mappings

NAMES = tuple(row.name for row in ROWS)
PRESETS = st.none() | st.sampled_from(("Paper", "consistent subject", "")) | any_values


def told(parse, *arguments, **named):
    """What `parse` gives, or None and the project's error, checked to be one that can be shown."""
    try:
        return parse(*arguments, **named)
    except HoppingError as error:
        message = str(error)
        message.encode()
        assert 0 < len(message) < 1500
        return None


@given(mappings(NAMES[:8]), PRESETS)
@example({"reach": 10**400}, None)
@example({"reach": float("nan")}, None)
def test_fuzz_options(values, preset):
    options = told(HoppingOptions.from_mapping, values, preset)
    if options is not None:
        written = {row.name: row.format(getattr(options, row.name)) for row in options.rows()}
        json.dumps(written, allow_nan=False)
        assert HoppingOptions.from_mapping(written) == options.replace(
            strength=float(written["strength"])
        )


@given(mappings((*NAMES, "enabled", "preset")))
def test_fuzz_requests(values):
    request = told(parse_request, values)
    assert request is None or isinstance(request.run, RunOptions)


@given(any_texts, st.just("") | any_texts, st.just("") | any_texts, st.booleans())
def test_fuzz_stories(text, before, after, inline):
    error = story = None
    try:
        story = parse_story(text, before, after, inline_comments=inline)
    except StoryError as wrong:
        error = wrong
    if error is None:
        check_story(story)
    elif error.line is None:
        assert "every frame" in str(error)
    else:
        lines = re.split("\r\n?|\n", text.lstrip("\ufeff"))
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
    assert len(str(error).encode()) < 1500


def check_story(story):
    for frame in story.frames:
        frame.text.encode()
        assert frame.text[slice(*frame.own)].strip()
        assert all(frame.own[0] <= a < b <= frame.own[1] for a, b in frame.marks)
        assert all(1 <= link < frame.number for link in frame.links or ())
    assert len(" ".join(story.notes).encode()) < 1500


@given(any_texts)
def test_fuzz_plain_texts(text):
    told(check_plain, "the negative prompt", text)


@given(any_values, any_values)
@example("²", "a")
@example("9" * 5000, "a\n\ud800")
def test_fuzz_serials(serial, story):
    def make():
        parse_story(story)
        raise HoppingError("no plan")

    def report(error):
        raise error

    plan, mask, counts = answer_plan(serial, story, make, report)
    plan.encode()
    assert 'data-serial="' in plan
    assert mask == ""
    counts.encode()


entries = st.lists(any_texts, max_size=8).map(", ".join)


@given(any_texts, entries)
def test_fuzz_infotexts(prompt, last):
    params = infotext.parse_infotext(f"{prompt}\nSteps: 1, Seed: 1, Hopping: paper, {last}")
    for row in ROWS:
        value = infotext.value_in(params, row)
        assert value is None if "Hopping" not in params else row.parse(value) == value
    assert isinstance(infotext.story_in(params), str | None)
    assert infotext.frames_before(params) < 10**18
    assert all(len(told) < 200 for told in infotext.unknown_values(params))
    infotext.parse_infotext(prompt)
