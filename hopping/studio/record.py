"""What a run leaves in writing: `story.json`, and the generation data inside each picture.

Both hold all that is needed to make the pictures again. The pictures' text is in the form that
WebUIs write and paste ("parameters"), with the keys of the WebUI extension.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, get_type_hints

from PIL.PngImagePlugin import PngInfo

import hopping
from hopping.errors import HoppingError, StoryError
from hopping.infotext import hopping_entries, write_infotext
from hopping.options import ALL, HoppingOptions
from hopping.run_options import RunOptions, frames_to_make
from hopping.story import Story, parse_story
from hopping.tags import check_characters
from hopping.values import brief

SCHEMA = 1
RECORD_NAME = "story.json"
_LARGEST = 2**64


class RecordError(HoppingError):
    """A `story.json` cannot be read, or does not belong to what was asked."""


@dataclass(frozen=True, order=True)
class FrameKey:
    """Which picture of a story: the hopped frame of this number (from 1), or the plain one."""

    plain: bool
    number: int


@dataclass(frozen=True)
class Settings:
    """How a story is sampled, with nothing left to a default.

    Attributes:
        model: a path, a hub name or "storybook".
        negative: the negative prompt; empty for none.
        steps, cfg, sampler, seed, width, height, batch_size: as samplers know them.
        compare: whether every frame is also made without hopping.
        before, after: text put before and after every frame.
        device, dtype: where and in which precision it is computed.
        same_noise: whether all frames start from the seed's noise, or each from the next one's.
        frames: which were last asked for, as the option of this name.
    """

    model: str
    negative: str
    steps: int
    cfg: float
    sampler: str
    seed: int
    width: int
    height: int
    batch_size: int
    compare: bool
    before: str
    after: str
    device: str
    dtype: str
    same_noise: bool = True
    frames: str = ALL

    def sampling(self) -> dict[str, Any]:
        """What `generate_story` is to be told, by the names of its arguments."""
        return {
            "negative_prompt": self.negative or None,
            "num_inference_steps": self.steps,
            "guidance_scale": self.cfg,
            "sampler": self.sampler,
            "seed": self.seed,
            "same_noise": self.same_noise,
            "width": self.width,
            "height": self.height,
            "batch_size": self.batch_size,
            "frames": self.frames,
        }


@dataclass(frozen=True)
class Saw:
    """What a frame saw of one earlier frame's picture.

    Attributes:
        source: the number of the earlier frame.
        words: the phrase by which its subject was found; None where the whole picture was seen.
        share: how much of the picture was seen, from 0 to 1.
        notes: what a user should know about it.
        file: name of the picture that shows what was seen; None for nothing, and for all of it.
    """

    source: int
    words: str | None
    share: float
    notes: tuple[str, ...]
    file: str | None


@dataclass
class Record:
    """A run, from its start to its last frame. Written anew after each frame.

    Attributes:
        source: the story as it was given.
        fingerprint: of the model's weights.
        trained: False where the model's weights are random and its pictures mean nothing.
        files: the finished pictures' file names.
        made_from: for each of them what it was made from, as `pictures_made_from` has it.
        now: what each picture of the story would be made from now; not written, and empty until
            `take_stock` was asked.
        saw: by frame, what it saw of earlier ones' pictures, of the frames with pixels shared.
        pictures: those that the story names, by their names: the files that keep them.
    """

    source: str
    options: HoppingOptions
    settings: Settings
    fingerprint: str
    trained: bool
    created: str
    files: dict[FrameKey, str] = field(default_factory=dict)
    made_from: dict[FrameKey, str] = field(default_factory=dict)
    now: dict[FrameKey, str] = field(default_factory=dict)
    saw: dict[int, tuple[Saw, ...]] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)

    @cached_property
    def story(self) -> Story:
        """The story, parsed."""
        return parse_story(
            self.source, self.settings.before, self.settings.after, cast=self.options.cast
        )

    def keys(self) -> list[FrameKey]:
        """All pictures of the story, in the order in which they are made."""
        rows = (False, True) if self.settings.compare else (False,)
        return [
            FrameKey(plain, number) for plain in rows for number in range(1, len(self.story) + 1)
        ]

    def wanted(self) -> list[FrameKey]:
        """Those of them that were asked for."""
        numbers = set(frames_to_make(self.settings.frames, len(self.story)))
        return [key for key in self.keys() if key.number in numbers]

    def is_current(self, key: FrameKey) -> bool:
        """Whether a picture is there, and as the story would be made now."""
        return key in self.files and self.made_from.get(key, "") == self.now.get(key, "")

    def missing(self) -> list[FrameKey]:
        """Those that were asked for and are still to be made."""
        return [key for key in self.wanted() if not self.is_current(key)]

    def _seen_by(self, key: FrameKey) -> dict[str, Any]:
        seen = () if key.plain else self.saw.get(key.number, ())
        return {"saw": [dataclasses.asdict(one) for one in seen]} if seen else {}

    def write(self, folder: Path) -> None:
        """Write `story.json`, whole or not at all."""
        write_atomically(folder / RECORD_NAME, self._as_json(self.settings))

    def public(self) -> bytes:
        """`story.json` to be given away: a model of this machine is named without its folders."""
        model = self.settings.model
        if Path(model).is_absolute():
            model = model_name(model)
        return self._as_json(dataclasses.replace(self.settings, model=model))

    def _as_json(self, settings: Settings) -> bytes:
        text = json.dumps(self._as_dict(settings), ensure_ascii=False, indent=2) + "\n"
        return text.encode("utf-8")

    def _as_dict(self, settings: Settings) -> dict[str, Any]:
        texts = self.story.texts
        return {
            "schema": SCHEMA,
            "version": hopping.__version__,
            "created": self.created,
            "story": self.source,
            "options": dataclasses.asdict(self.options),
            "settings": dataclasses.asdict(settings),
            "model": {"fingerprint": self.fingerprint, "trained": self.trained},
            **({"pictures": self.pictures} if self.pictures else {}),
            "frames": [
                {
                    "number": key.number,
                    "plain": key.plain,
                    "prompt": texts[key.number - 1],
                    "file": self.files.get(key),
                    "made_from": self.made_from.get(key),
                    **self._seen_by(key),
                }
                for key in self.keys()
            ],
        }


def _saw(data: dict[str, Any]) -> Saw:
    return Saw(**{**data, "notes": tuple(data["notes"])})


def read_record(folder: Path) -> Record:
    """The record of a run, with those of its pictures that are still there.

    Raises:
        RecordError: if there is none, or none that this version can read.
    """
    path = folder / RECORD_NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecordError(f"{folder} has no {RECORD_NAME}; name a folder of a story") from error
    except (OSError, RecursionError, ValueError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise RecordError(
            f"{path} is not a record of schema {SCHEMA}; it was written by another version"
        )
    try:
        record = Record(
            source=checked("story", data["story"], str),
            options=HoppingOptions.from_mapping(data["options"]),
            settings=Settings(**checked_settings(data["settings"])),
            fingerprint=checked("fingerprint", data["model"]["fingerprint"], str),
            trained=checked("trained", data["model"]["trained"], bool),
            created=checked("created", data["created"], str),
        )
        for name, file in data.get("pictures", {}).items():
            record.pictures[name] = Path(checked("picture", file, str)).name
        for frame in data["frames"]:
            file = Path(checked("file", frame["file"] or "", str)).name
            key = FrameKey(
                checked("plain", frame["plain"], bool), checked("number", frame["number"], int)
            )
            if file and (folder / file).is_file():
                record.files[key] = file
                record.made_from[key] = checked("made_from", frame.get("made_from") or "", str)
            if "saw" in frame:
                record.saw[key.number] = tuple(map(_saw, frame["saw"]))
    except RecordError as error:
        raise RecordError(f"{path} is damaged: {error}") from error
    except HoppingError:
        raise
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise RecordError(f"{path} is damaged: {error!r}") from error
    return record


def checked_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `Settings` that are there, each of its type.

    Raises:
        RecordError: naming the one that is not.
    """
    kinds = get_type_hints(Settings)
    return {name: checked(name, values[name], kinds[name]) for name in kinds if name in values}


def checked(name: str, value: Any, kind: type) -> Any:
    """`value`, if it is what a record has under this name.

    Raises:
        RecordError: if it is of another type, no number or no text.
    """
    # By their types: True is an int to isinstance, and no number is less than nan.
    kinds = (int, float) if kind is float else (kind,)
    if type(value) not in kinds or (kind in (int, float) and not abs(value) <= _LARGEST):
        what = f"no text but {brief(value)}" if kind is str else brief(value)
        raise RecordError(f"its {name} is {what}")
    if kind is str:
        check_written(name, value)
    return value


def check_written(name: str, text: str) -> None:
    """Raise RecordError if a text has what is no character, and cannot be written or shown."""
    try:
        check_characters(text)
    except StoryError as error:
        raise RecordError(f"its {name} has {error}") from error


def png_info(record: Record, key: FrameKey) -> PngInfo:
    """The texts of one picture's PNG: "parameters" as WebUIs read them, "hopping" as JSON."""
    info = PngInfo()
    info.add_text("parameters", infotext(record, key))
    info.add_text("hopping", json.dumps(_public(record, key), ensure_ascii=False))
    return info


def infotext(record: Record, key: FrameKey) -> str:
    """One picture's generation data, with the keys of WebUIs and of the extension."""
    settings, options = record.settings, record.options
    run = RunOptions(
        **{name: getattr(settings, name) for name in ("same_noise", "before", "after", "frames")},
        compare=settings.compare and not key.plain,
    )
    frame = record.story.frames[key.number - 1]
    seed = record.story.seeds(settings.seed, settings.same_noise)[key.number - 1]
    return write_infotext(
        frame.text,
        settings.negative,
        {
            "Steps": str(settings.steps),
            "Sampler": settings.sampler,
            "CFG scale": f"{settings.cfg:g}",
            "Seed": str(seed),
            "Size": f"{settings.width}x{settings.height}",
            "Model": model_name(settings.model),
            **hopping_entries(
                "baseline" if key.plain else options.mode,
                f"{key.number}/{len(record.story)}",
                record.source,
                options,
                run,
                None if frame.seed is None else settings.seed,
            ),
            "Version": f"hopping {hopping.__version__}",
        },
    )


def _public(record: Record, key: FrameKey) -> dict[str, Any]:
    """Everything in the picture itself, without this machine's paths."""
    settings = dataclasses.asdict(record.settings)
    settings["model"] = model_name(record.settings.model)
    return {
        "version": hopping.__version__,
        "frame": key.number,
        "plain": key.plain,
        "story": record.source,
        "options": dataclasses.asdict(record.options),
        "settings": settings,
        "model": {"fingerprint": record.fingerprint, "trained": record.trained},
    }


def model_name(model: str) -> str:
    """A model's name as pictures carry it: without folders of this machine."""
    path = Path(model)
    return path.stem if path.suffix in (".safetensors", ".ckpt") else path.name


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that at every moment the old or the new one is there, whole."""
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)
