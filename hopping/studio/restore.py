"""A story out of a PNG or a `story.json`, whichever door made it: command line, page or WebUI."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from hopping.errors import HoppingError
from hopping.options import HoppingOptions, Value
from hopping.page import infotext
from hopping.page.options import ROWS, RunOptions

from .record import SCHEMA
from .samplers import SAMPLERS, sampler_name
from .sampling import SAMPLING

MOST_BYTES = 64 * 2**20

_PNG = b"\x89PNG\r\n\x1a\n"
_SETTINGS: dict[str, type | tuple[type, ...]] = {
    setting.name: (int, float) if setting.kind is float else setting.kind for setting in SAMPLING
}
_RUN = ("compare", "before", "after", "same_noise")
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
        options: for every option of ROWS its value.
        settings: the sampling settings that it names, as `run.Request` names them.
        model: the name of the model that it was made with; empty where it is not said.
        notes: what it names and cannot be done here.
    """

    source: str
    options: Mapping[str, Value]
    settings: Mapping[str, Any]
    model: str
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
    except HoppingError as error:
        raise OpenError(f"the file holds what this version does not know: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OpenError(f"the file's story is damaged: {error!r}") from error


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
    settings = data["settings"]
    hopping = asdict(HoppingOptions.from_mapping(data["options"]))
    run = RunOptions.from_mapping({name: settings[name] for name in _RUN if name in settings})
    return OpenedStory(
        _text(data["story"]),
        {**hopping, **asdict(run)},
        {name: _checked(name, settings[name]) for name in _SETTINGS if name in settings},
        Path(str(settings.get("model", ""))).name,
    )


def _from_infotext(text: str) -> OpenedStory:
    entries = infotext.parse_infotext(text)
    story = infotext.story_in(entries)
    if not infotext.is_hopped(entries) or story is None:
        raise OpenError("the picture was made without hopping; there is no story in it")
    options = {row.name: infotext.value_in(entries, row) for row in ROWS}
    settings: dict[str, Any] = {"negative": entries["Negative prompt"]}
    for name, entry in (("steps", "Steps"), ("seed", "Seed"), ("batch_size", "Batch size")):
        if entry in entries:
            settings[name] = int(entries[entry])
    if not options["same_noise"] and "seed" in settings:
        settings["seed"] -= infotext.frames_before(entries)
    if "CFG scale" in entries:
        settings["cfg"] = float(entries["CFG scale"])
    if "Size" in entries:
        width, _, height = entries["Size"].partition("x")
        settings |= {"width": int(width), "height": int(height)}
    notes = dict.fromkeys(
        f"it was made with {what}, which is not done here"
        for entry, what in _WEBUI_ONLY.items()
        if entries.get(entry, "1" if entry == "Clip skip" else "") not in ("", "1")
    )
    sampler = _sampler(entries)
    if sampler is not None:
        settings["sampler"] = sampler
    elif "Sampler" in entries:
        notes[f"its sampler {entries['Sampler']!r} is not known here"] = None
    return OpenedStory(
        story,
        {name: value for name, value in options.items() if value is not None},
        settings,
        entries.get("Model", ""),
        tuple(notes),
    )


def _sampler(entries: Mapping[str, str]) -> str | None:
    """The sampler's name here, where WebUIs' newer ones say the schedule apart."""
    name, schedule = entries.get("Sampler", ""), entries.get("Schedule type", "")
    for candidate in (f"{name} {schedule}", name):
        for known in SAMPLERS:
            if known.lower() == candidate.strip().lower():
                return known
    return None


def _checked(name: str, value: Any) -> Any:
    if not isinstance(value, _SETTINGS[name]) or isinstance(value, bool):
        raise OpenError(f"the file is damaged: its {name} is {value!r}")
    return sampler_name(str(value)) if name == "sampler" else value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise OpenError("the file's story is no text")
    return value
