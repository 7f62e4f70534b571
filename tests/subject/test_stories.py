"""Stories as people write them, of many kinds: what a frame shows to a later one, word by word."""

import re
from pathlib import Path

import pytest

from hopping import parse_story
from hopping.subject import read_story

_PAIR = re.compile(r"(\d)<(\d)( wanted)?: ?(.*)")


def _pairs():
    text = Path(__file__).with_name("stories.txt").read_text(encoding="utf-8")
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        frames = [line for line in lines if not _PAIR.fullmatch(line)]
        for line in lines[len(frames) :]:
            viewer, source, wanted, shown = _PAIR.fullmatch(line).groups()
            yield pytest.param(
                frames,
                int(source),
                int(viewer),
                [words for words in shown.split(" | ") if words],
                id=f"{frames[0][:40]} {viewer}<{source}",
                marks=[pytest.mark.xfail(strict=True)] if wanted else [],
            )


@pytest.mark.parametrize(("frames", "source", "viewer", "shown"), list(_pairs()))
def test_what_is_shown(frames, source, viewer, shown):
    reading = read_story(parse_story("\n".join(frames)))
    who = {mention.individual for mention in reading.mentions[viewer - 1]}
    text = frames[source - 1]
    assert [text[a:b] for a, b in reading.spans(source, who)] == shown
