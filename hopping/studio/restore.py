"""A story out of a PNG or a `story.json`, whichever door made it: command line, page or WebUI."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from hopping import infotext
from hopping.errors import HoppingError
from hopping.options import HoppingOptions, Value
from hopping.run_options import ROWS, RunOptions
from hopping.values import brief, whole_number

from .record import SCHEMA, RecordError, check_written, checked, checked_settings
from .samplers import SAMPLERS, sampler_name
from .sampling import RUN, SAMPLING

MOST_BYTES = 64 * 2**20

_PNG = b"\x89PNG\r\n\x1a\n"
# What a WebUI writes beside, and does while sampling.
_WEBUI_ONLY = {
    "Hires upscale": "the hires pass",
    "Hires upscaler": "the hires pass",
    "Clip skip": "clip skip",
    "Variation seed": "the variation seed",
    "Refiner": "the refiner",
    "Denoising strength": "img2img",
}


class OpenError(HoppingError):
    """A file holds no story that can be opened. The message says why."""


@dataclass(frozen=True)
class OpenedStory:
    """What a file says of its story.

    Attributes:
        source: the story's text.
        options: for every option of ROWS its value; `frames` is that of all, whichever of them were
            made along with the picture.
        settings: the sampling settings that it names, as `StoryRequest` names them.
        model: the name of the model that it was made with; empty where it is not said.
        dtype: the precision that it was computed in; empty where it is not said.
        notes: what it names and cannot be done here.
    """

    source: str
    options: Mapping[str, Value]
    settings: Mapping[str, Any]
    model: str
    dtype: str = ""
    notes: tuple[str, ...] = ()


def open_story(data: bytes) -> OpenedStory:
    """The story in a file's bytes.

    Raises:
        OpenError: for anything that is not a PNG with a story in it or a `story.json`.
    """
    if len(data) > MOST_BYTES:
        raise OpenError(
            f"the file is too large ({len(data) >> 20} MB; allowed: {MOST_BYTES >> 20})"
        )
    try:
        if data.startswith(_PNG):
            return _from_png(data)
        return _from_json(_parsed(data))
    except OpenError:
        raise
    except RecordError as error:
        raise OpenError(f"the file is damaged: {error}") from error
    except HoppingError as error:
        raise OpenError(f"the file holds what this version does not know: {error}") from error
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise OpenError(f"the file's story is damaged: {brief(error)}") from error


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise OpenError(
            "the file is neither a PNG nor a story.json; open a frame that hopping made, or the "
            "story.json beside it"
        ) from error


def _from_png(data: bytes) -> OpenedStory:
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.verify()
            texts = {str(name): str(text) for name, text in image.info.items()}
    except Exception as error:  # Pillow raises what comes
        raise OpenError(f"the PNG is damaged: {error}") from error
    if "hopping" in texts:
        return _from_json(_parsed(texts["hopping"].encode()), is_picture=True)
    if "parameters" in texts:
        return _from_infotext(texts["parameters"])
    raise OpenError(
        "the PNG has no generation data; open a frame as it was saved: grids, masks and pictures "
        "that were edited or sent through a messenger carry none"
    )


def _from_json(data: Any, is_picture: bool = False) -> OpenedStory:
    if not isinstance(data, dict) or (not is_picture and data.get("schema") != SCHEMA):
        raise OpenError(f"the file is JSON, but no story.json of schema {SCHEMA}")
    written = data["settings"]
    hopping = asdict(HoppingOptions.from_mapping(data["options"]))
    run = RunOptions.from_mapping(
        {row.name: written[row.name] for row in RUN if row.name in written}
    )
    settings = checked_settings(written)
    return OpenedStory(
        checked("story", data["story"], str),
        _checked_options({**hopping, **asdict(run)}),
        _sampling(settings),
        Path(settings.get("model", "")).name,
        settings.get("dtype", ""),
    )


def _from_infotext(text: str) -> OpenedStory:
    entries = infotext.parse_infotext(text)
    story = infotext.story_in(entries)
    if not infotext.is_hopped(entries) or story is None:
        raise OpenError("the picture was made without hopping; there is no story in it")
    options = {row.name: infotext.value_in(entries, row) for row in ROWS}
    settings: dict[str, Any] = {"negative": entries["Negative prompt"]}
    for row in SAMPLING:
        if row.kind is not str and row.entry in entries:
            text = entries[row.entry]
            settings[row.name] = whole_number(text) if row.kind is int else float(text)
    if "Seed" in entries:
        settings["seed"] = infotext.story_seed(entries)
    if "Size" in entries:
        width, _, height = entries["Size"].partition("x")
        settings |= {"width": whole_number(width), "height": whole_number(height)}
    notes = dict.fromkeys(
        f"its {entry!r} is not known here" for entry in infotext.unknown_values(entries)
    )
    notes |= dict.fromkeys(
        f"it was made with {what}, which is not done here"
        for entry, what in _WEBUI_ONLY.items()
        if entries.get(entry, "1" if entry == "Clip skip" else "") not in ("", "1")
    )
    sampler = _sampler(entries)
    if sampler is not None:
        settings["sampler"] = sampler
    elif "Sampler" in entries:
        notes[f"its sampler {brief(entries['Sampler'])} is not known here"] = None
    return OpenedStory(
        checked("story", story, str),
        _checked_options({name: value for name, value in options.items() if value is not None}),
        checked_settings(settings),
        checked("model", entries.get("Model", ""), str),
        notes=tuple(notes),
    )


def _sampler(entries: Mapping[str, str]) -> str | None:
    """The sampler's name here, where WebUIs' newer ones say the schedule apart."""
    name, schedule = entries.get("Sampler", ""), entries.get("Schedule type", "")
    for candidate in (f"{name} {schedule}", name):
        for known in SAMPLERS:
            if known.lower() == candidate.strip().lower():
                return known
    return None


def _checked_options(options: dict[str, Value]) -> dict[str, Value]:
    options["frames"] = RunOptions.row("frames").default
    for name, value in options.items():
        if isinstance(value, str):
            check_written(name, value)
    return options


def _sampling(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The sampling settings among them, the sampler as it is named here."""
    known = {row.name: settings[row.name] for row in SAMPLING if row.name in settings}
    if "sampler" in known:
        known["sampler"] = sampler_name(known["sampler"])
    return known
