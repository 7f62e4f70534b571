"""Files that claim to be stories, and what the page sends: see `tests/test_fuzz.py`."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from hopping import HoppingOptions
from hopping.run_options import ROWS
from hopping.studio.record import RECORD_NAME, Settings, read_record
from hopping.studio.restore import open_story
from hopping.studio.story_request import StoryRequest
from hopping.studio.unread_syntax import check_negative, prompt_notes, read_plain_story

from ..strategies import any_texts, mappings
from ..test_fuzz import NAMES, told
from .saved import SETTINGS, png

RECORD = {
    "schema": 1,
    "story": "A dog.",
    "options": {},
    "settings": SETTINGS,
    "model": {"fingerprint": "f", "trained": True},
    "created": "today",
    "frames": [{"plain": False, "number": 1, "file": "frame-01.png"}],
}
frames = st.lists(mappings(("plain", "number", "file")), max_size=2)
records = st.builds(
    lambda outer, settings, options, frames: json.dumps(
        {**RECORD, "options": options, "settings": {**SETTINGS, **settings}, "frames": frames}
        | outer
    ),
    mappings(RECORD),
    mappings(SETTINGS),
    mappings(NAMES[:8]),
    frames | st.just(RECORD["frames"]),
)


def check_opened(data):
    opened = told(open_story, data)
    if opened is not None:
        shown = [opened.source, opened.model, *opened.notes, opened.options, opened.settings]
        json.dumps(shown, ensure_ascii=False, allow_nan=False).encode()
        assert all(len(note) < 300 for note in opened.notes)
        assert all(row.parse(opened.options[row.name]) is not None for row in ROWS)


@given(records)
@example('{"schema": 1, "settings": {"cfg": NaN}}')
@example("[" * 100_000)
def test_fuzz_opening_records(text):
    check_opened(text.encode())
    check_opened(png(hopping=text))


@given(st.lists(any_texts, max_size=8).map(", ".join), any_texts)
def test_fuzz_opening_infotexts(entries, prompt):
    text = f"{prompt}\nSteps: 1, Hopping: paper, Hopping story: a, {entries}"
    check_opened(png(parameters=text.encode("utf-8", "replace").decode()))


@given(st.binary(max_size=200))
def test_fuzz_opening_files(data):
    check_opened(data)
    check_opened(png(parameters="a")[:60] + data)


@given(records)
def test_fuzz_resuming(tmp_path, text):
    (tmp_path / RECORD_NAME).write_text(text)
    record = told(read_record, tmp_path)
    if record is not None:
        assert isinstance(record.settings, Settings)
        if told(lambda: record.story):
            record.public()


@given(any_texts, st.just("") | any_texts, any_texts)
def test_fuzz_requests_of_the_command_line(source, before, negative):
    told(StoryRequest, source, HoppingOptions(), before=before, negative=negative)
    story = told(read_plain_story, source, before)
    told(check_negative, negative)
    for note in prompt_notes(story) if story else ():
        assert len(note.encode()) < 300
