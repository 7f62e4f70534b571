"""A picture's generation data as WebUIs write it ("infotext"), and our entries in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .errors import OptionError
from .options import HoppingOptions, Option, Value
from .run_options import ROWS, RunOptions
from .values import clipped, whole_number

MODE = "Hopping"
"""The key that says that a picture hopped, and how."""
FRAME = "Hopping frame"
STORY = "Hopping story"
SEED = "Hopping seed"
"""The story's seed, where the frame's own noise has another: infotext's "Seed" is the picture's."""

# A name has at most 60 letters here, so that what is no infotext is not searched for ever.
_ENTRY = re.compile(r'\s*(\w[\w \-/]{1,60}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
_FEWEST_ENTRIES = 3
_NEGATIVE = "Negative prompt:"


def parse_infotext(text: str) -> dict[str, str]:
    """Prompt, negative prompt and the entries of the last line, by their names."""
    *lines, last = text.strip().split("\n")
    entries = _ENTRY.findall(last)
    if len(entries) < _FEWEST_ENTRIES:
        lines, entries = [*lines, last], []
    starts = [n for n, line in enumerate(lines) if line.startswith(_NEGATIVE)]
    start = starts[0] if starts else len(lines)
    params = {
        "Prompt": "\n".join(lines[:start]),
        "Negative prompt": "\n".join(lines[start:]).removeprefix(_NEGATIVE).strip(),
    }
    return params | {name: _unquoted(value) for name, value in entries}


def write_infotext(prompt: str, negative: str, entries: Mapping[str, str]) -> str:
    """What `parse_infotext` reads, in the form that WebUIs write and paste."""
    lines = [prompt, *([f"{_NEGATIVE} {negative}"] if negative else [])]
    lines.append(", ".join(f"{name}: {_quoted(value)}" for name, value in entries.items()))
    return "\n".join(lines)


def hopping_entries(
    mode: str,
    frame: str,
    story: str,
    hopping: HoppingOptions,
    run: RunOptions,
    seed: int | None = None,
) -> dict[str, str]:
    """A picture's entries that are ours: what was made, and each option that is not its default.

    Args:
        mode: "baseline" for a picture that is only compared with, the options' own else.
        frame: its number and how many there are, "2/4".
        story: its whole text.
        seed: the story's, for a frame that has its own.
    """
    entries = {MODE: mode, FRAME: frame, STORY: guarded(story)}
    if seed is not None:
        entries[SEED] = str(seed)
    changed = {**hopping.changed(), **run.changed()}
    for row in ROWS:
        if row.name in changed and row.name != "mode":
            text = row.format(changed[row.name])
            entries[key(row)] = guarded(text) if row.kind == "text" else text
    return entries


def key(row: Option) -> str:
    """The infotext's key of an option."""
    return MODE if row.name == "mode" else f"Hopping {row.name.replace('_', ' ')}"


def is_hopped(params: Mapping[str, Any]) -> bool:
    """Whether a parsed infotext is of a picture that hopped."""
    return MODE in params


def own_entries(parameters: Mapping[str, Any]) -> list[str]:
    """The names of those entries that are ours."""
    return [name for name in parameters if name == MODE or name.startswith(f"{MODE} ")]


def without_own(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without our entries."""
    own = own_entries(parameters)
    return {name: value for name, value in parameters.items() if name not in own}


def story_in(params: Mapping[str, Any]) -> str | None:
    """The whole story in a parsed infotext."""
    return unguarded(params[STORY]) if STORY in params else None


def value_in(params: Mapping[str, Any], row: Option) -> Value | None:
    """An option's value in a parsed infotext; None if the picture did not hop.

    What is not there, or not a value of this version, is the default.
    """
    if not is_hopped(params):
        return None
    value = _parsed(params, row) if key(row) in params else None
    return row.default if value is None else value


def unknown_values(params: Mapping[str, Any]) -> list[str]:
    """Our options in a parsed infotext that have a value which this version does not know."""
    return [
        f"{key(row)}: {clipped(str(params[key(row)]))}"
        for row in ROWS
        if key(row) in params and _parsed(params, row) is None
    ]


def _parsed(params: Mapping[str, Any], row: Option) -> Value | None:
    text = params[key(row)]
    try:
        return row.parse(unguarded(text) if row.kind == "text" else text)
    except OptionError:
        return None


def frame_in(params: Mapping[str, Any]) -> int | None:
    """Which frame of its story a picture is, from 1; None for a grid, and if it did not hop."""
    return whole_number(str(params.get(FRAME, "")).partition("/")[0])


def frames_before(params: Mapping[str, Any]) -> int:
    """How many frames of its story come before a picture's own."""
    return (frame_in(params) or 1) - 1


def story_seed(params: Mapping[str, Any], entry: str = "Seed") -> int | None:
    """The seed of a picture's story, in its parsed infotext; None where there is none.

    Args:
        entry: by which the picture's own noise is known.
    """
    if SEED in params:
        return whole_number(params[SEED])
    seed = whole_number(params.get(entry))
    counts = value_in(params, RunOptions.row("same_noise")) is False
    return seed - frames_before(params) if counts and seed is not None else seed


def guarded(text: str) -> str:
    """`text` so that a WebUI quotes it, which alone keeps blanks and quotation marks."""
    is_quoted = any(sign in text for sign in ",:\n")
    return text if is_quoted and not text.endswith("\n") else f"{text}\n"


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text.removesuffix("\n")


def _quoted(value: str) -> str:
    """JSON where a comma, colon or line end would end the value too soon."""
    if value.startswith('"') or any(sign in value for sign in ",:\n"):
        return json.dumps(value, ensure_ascii=False)
    return value


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value.strip()
    try:
        return str(json.loads(value))
    except ValueError:
        return value
