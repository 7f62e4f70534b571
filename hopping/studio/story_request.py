"""What a user asks for, checked before anything that takes seconds is imported or loaded."""

from __future__ import annotations

import datetime
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopping.options import ALL, HoppingOptions
from hopping.page.limits import check_story, check_text
from hopping.run_options import RunOptions, frames_to_make
from hopping.story import Story
from hopping.tags import check_characters

from .picture_files import check_pictures
from .record import Record, RecordError, Settings, read_record
from .samplers import sampler_name
from .sampling import RANDOM_SEED, RUN, SAMPLING, STORYBOOK, model_identity, precision
from .unread_syntax import check_negative, read_plain_story

if TYPE_CHECKING:
    from PIL import Image

# The paper's setting, for any model but the embedded one, which has its own.
SAMPLER, STEPS, CFG = "LMS", 50, 7.5
_SEEDS = 2**32


@dataclass(frozen=True)
class StoryRequest:
    """What a user asks for. None is the default, which may depend on the model.

    Attributes:
        source: the story's text.
        options: how frames see each other.
        others: as `Settings` has them.

    Raises:
        HoppingError: as far as that can be told without the model.
    """

    source: str
    options: HoppingOptions
    model: str | None = None
    negative: str | None = None
    steps: int | None = None
    cfg: float | None = None
    sampler: str | None = None
    seed: int | None = None
    width: int | None = None
    height: int | None = None
    batch_size: int | None = None
    compare: bool | None = None
    before: str | None = None
    after: str | None = None
    device: str | None = None
    dtype: str | None = None
    same_noise: bool | None = None
    frames: str | None = None

    def __post_init__(self) -> None:
        for text in (self.source, self.negative, self.before, self.after):
            check_text(text or "")
        check_story(self.story)
        check_pictures(self.story, self.story.pictures.values(), self.options.pixels)
        frames_to_make(self.frames or ALL, len(self.story))
        check_negative(self.negative or "")
        check_characters(self.model or "", where="the model's name: ")
        for setting in SAMPLING:
            if (value := getattr(self, setting.name)) is not None:
                setting.check(value)
        precision(self.dtype or "auto", self.device or "auto")

    @cached_property
    def story(self) -> Story:
        """The story, parsed."""
        return read_plain_story(self.source, self.before or "", self.after or "", self.options.cast)

    def load(self) -> Any:
        """The pipeline that was asked for."""
        from .pipeline import load_pipeline

        return load_pipeline(self.model, self.device or "auto", self.dtype or "auto")

    def settings(self, pipeline: Any) -> Settings:
        """Every setting, with the defaults that this model has."""
        from .devices import resolve_device
        from .pipeline_calls import picture_size

        steps, cfg = _own_steps_and_cfg(self.model)
        width, height = picture_size(pipeline, self.width, self.height)
        device = resolve_device(self.device or "auto")
        seed = _or_default(self.seed, RANDOM_SEED)
        run: dict[str, Any] = {
            row.name: row.parse(_or_default(getattr(self, row.name), row.default)) for row in RUN
        }
        return Settings(
            model=STORYBOOK if self.model is None else model_identity(self.model),
            negative=self.negative or "",
            steps=self.steps or steps,
            cfg=_or_default(self.cfg, cfg),
            sampler=sampler_name(self.sampler or SAMPLER),
            seed=random.SystemRandom().randrange(_SEEDS) if seed == RANDOM_SEED else seed,
            width=width,
            height=height,
            batch_size=self.batch_size or 1,
            device=device,
            dtype=precision(self.dtype or "auto", device),
            **run,
        )

    def begin(
        self,
        pipeline: Any,
        now: datetime.datetime,
        pictures: Mapping[str, Image.Image] | None = None,
    ) -> Record:
        """The record of a new run; nothing is written yet.

        Args:
            pictures: those that the story names.
        """
        from .folder import files_of_pictures
        from .pipeline import fingerprint

        return Record(
            source=self.source,
            options=self.options,
            settings=self.settings(pipeline),
            fingerprint=fingerprint(pipeline),
            trained=is_trained(self.model),
            created=now.isoformat(timespec="seconds"),
            pictures=files_of_pictures(pictures or {}),
        )


def resume(folder: Path, given: Mapping[str, Any], preset: str | None) -> Record:
    """The record of a run that goes on, checked against what the user says beside it.

    Its story may be another, and other frames of it may be asked for: what is there and unchanged
    stays.

    Args:
        given: what was said again: `source`, settings and options by name, without those that
            were not given.

    Raises:
        RecordError: if anything else contradicts the record, whose pictures were made with it.
        HoppingError: if the story cannot be done.
    """
    record = read_record(folder)
    recorded = {**asdict(record.settings), **asdict(record.options)}
    said = dict(given)
    if preset is not None:
        said = {**asdict(HoppingOptions.from_mapping({}, preset)), **said}
    source = said.pop("source", record.source)
    frames = RunOptions.row("frames").parse(said.pop("frames", record.settings.frames))
    for name, value in said.items():
        if name in {row.name for row in HoppingOptions.rows()}:
            value = HoppingOptions.row(name).parse(value)
        elif name == "model":
            value = model_identity(value)
        elif name == "sampler":
            value = sampler_name(value)
        elif name == "dtype" and value != "auto":
            value = precision(value, record.settings.device)
        if value != recorded[name] and not (name in ("device", "dtype") and value == "auto"):
            was = recorded[name]
            shown = ("on" if was else "off") if isinstance(was, bool) else repr(was)
            raise RecordError(
                f"{folder} cannot go on like that: {name} was {shown}; leave it out to go on, "
                "or begin a new story without --resume"
            )
    settings = replace(record.settings, frames=str(frames))
    StoryRequest(
        source,
        record.options,
        before=settings.before,
        after=settings.after,
        frames=settings.frames,
    )
    return replace(record, source=source, settings=settings)


def _or_default(value: Any, default: Any) -> Any:
    return default if value is None else value


def _own_steps_and_cfg(model: str | None) -> tuple[int, float]:
    if model not in (None, STORYBOOK):
        return STEPS, CFG
    from hopping.storybook.model import GUIDANCE
    from hopping.storybook.model import STEPS as STORYBOOK_STEPS

    return STORYBOOK_STEPS, GUIDANCE


def is_trained(model: str | None) -> bool:
    """False for the embedded model as long as it has random weights."""
    if model not in (None, STORYBOOK):
        return True
    from hopping.storybook.model import storybook_is_trained

    return storybook_is_trained()
