"""One run, from a request to its folder of pictures; the command line and the page call it."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hopping.mask_picture import draw_mask
from hopping.options import HoppingOptions
from hopping.page.limits import check_setting, check_story, check_text
from hopping.plan import StoryPlan
from hopping.story import Story, parse_story

from . import processes
from .conditioning import PipelineConditioner
from .folder import new_folder, save_frame, save_grid, save_png
from .generate import (
    FrameKey,
    OnStep,
    StoryFrame,
    check_pixels,
    generate_story,
    picture_size,
)
from .pipeline import fingerprint, load_pipeline, resolve_device, resolve_dtype
from .prompts import refuse_tags, refuse_tags_in_source
from .record import Record, RecordError, Settings, read_record
from .samplers import sampler_name
from .tokenizer import STORYBOOK

# The paper's setting, for any model but the embedded one, which has its own.
SAMPLER, STEPS, CFG = "LMS", 50, 7.5
RANDOM_SEED = -1
_SEEDS = 2**32


@dataclass(frozen=True)
class Request:
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

    def __post_init__(self) -> None:
        for text in (self.source, self.negative, self.before, self.after):
            check_text(text or "")
        refuse_tags_in_source(self.source)
        check_story(self.story)
        refuse_tags(self.story)
        if self.sampler is not None:
            sampler_name(self.sampler)
        for name in ("steps", "cfg", "seed", "width", "height", "batch_size"):
            if (number := getattr(self, name)) is not None:
                check_setting(name, number)
        for name in ("width", "height"):
            if (pixels := getattr(self, name)) is not None:
                check_pixels(name, pixels)

    @cached_property
    def story(self) -> Story:
        """The story, parsed."""
        return parse_story(self.source, self.before or "", self.after or "")

    def load(self) -> Any:
        """The pipeline that was asked for."""
        return load_pipeline(self.model, self.device or "auto", self.dtype or "auto")

    def settings(self, pipeline: Any) -> Settings:
        """Every setting, with the defaults that this model has."""
        steps, cfg = _own_steps_and_cfg(self.model)
        width, height = picture_size(pipeline, self.width, self.height)
        device = resolve_device(self.device or "auto")
        seed = RANDOM_SEED if self.seed is None else self.seed
        return Settings(
            model=STORYBOOK if self.model is None else model_identity(self.model),
            negative=self.negative or "",
            steps=self.steps or steps,
            cfg=cfg if self.cfg is None else self.cfg,
            sampler=sampler_name(self.sampler or SAMPLER),
            seed=random.SystemRandom().randrange(_SEEDS) if seed == RANDOM_SEED else seed,
            width=width,
            height=height,
            batch_size=self.batch_size or 1,
            compare=True if self.compare is None else self.compare,
            before=self.before or "",
            after=self.after or "",
            device=device,
            dtype=str(resolve_dtype(self.dtype or "auto", device)).removeprefix("torch."),
            same_noise=True if self.same_noise is None else self.same_noise,
        )

    def begin(self, pipeline: Any, now: datetime.datetime) -> Record:
        """The record of a new run; nothing is written yet."""
        return Record(
            source=self.source,
            options=self.options,
            settings=self.settings(pipeline),
            fingerprint=fingerprint(pipeline),
            trained=is_trained(self.model),
            created=now.isoformat(timespec="seconds"),
        )


def model_identity(model: str) -> str:
    """A model's name as it is found again from anywhere: a path made absolute, or a hub name."""
    path = Path(model).expanduser()
    return str(path.resolve()) if path.exists() else model


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


def plan_for(pipeline: Any, story: Story, options: HoppingOptions) -> StoryPlan:
    """The plan of a story, by the pipeline's (first) tokenizer."""
    return PipelineConditioner(pipeline).plan(story, options)[0]


def start_folder(parent: Path, record: Record, now: datetime.datetime) -> Path:
    """Make the run's folder, with its record in it before anything is sampled."""
    folder = new_folder(parent, record.story, now)
    record.write(folder)
    return folder


def run_story(
    pipeline: Any,
    record: Record,
    folder: Path,
    on_step: OnStep | None = None,
    on_frame: Callable[[FrameKey, Path, bool], None] | None = None,
) -> None:
    """Make what is missing in a run's folder: frames, then the grid, and the mask before all.

    May be interrupted at any point; called again it goes on, to the same bytes.

    Args:
        on_step: as `generate_story` has it.
        on_frame: called with each picture that was saved, and whether the pipeline's safety
            checker made it black.
    """
    if not (folder / "mask.png").is_file():
        decode = pipeline.tokenizer.decode
        plan = plan_for(pipeline, record.story, record.options)
        save_png(folder / "mask.png", draw_mask(plan, lambda token: decode([token])))
    processes.shared(record)
    for frame in _frames(pipeline, record, on_step):
        path = save_frame(folder, record, frame.key, frame.image)
        if on_frame is not None:
            on_frame(frame.key, path, frame.flagged)
    save_grid(folder, record)


def help_with_story(pipeline: Any) -> None:
    """Sample a share of the story that the first process runs. Nothing is saved here."""
    for _ in _frames(pipeline, processes.shared(None)):
        pass


def _frames(pipeline: Any, record: Record, on_step: OnStep | None = None) -> Iterator[StoryFrame]:
    """What is missing of a run's frames."""
    return generate_story(
        pipeline,
        record.story,
        record.options,
        **record.settings.sampling(),
        compare=record.settings.compare,
        done=tuple(record.files),
        on_step=on_step,
    )


def resume(folder: Path, given: Mapping[str, Any], preset: str | None) -> Record:
    """The record of an interrupted run, checked against what the user says beside it.

    Args:
        given: what was said again: `source`, settings and options by name, without those that
            were not given.

    Raises:
        RecordError: if anything contradicts the record, whose pictures were made with it.
    """
    record = read_record(folder)
    recorded = {"source": record.source, **asdict(record.settings), **asdict(record.options)}
    said = dict(given)
    if preset is not None:
        said = {**asdict(HoppingOptions.from_mapping({}, preset)), **said}
    for name, value in said.items():
        if name in {row.name for row in HoppingOptions.rows()}:
            value = HoppingOptions.row(name).parse(value)
        elif name == "model":
            value = model_identity(value)
        elif name == "sampler":
            value = sampler_name(value)
        elif name == "dtype" and value != "auto":
            value = str(resolve_dtype(value, record.settings.device)).removeprefix("torch.")
        if value != recorded[name] and not (name in ("device", "dtype") and value == "auto"):
            was = recorded[name]
            shown = ("on" if was else "off") if isinstance(was, bool) else repr(was)
            what = "its story is another" if name == "source" else f"{name} was {shown}"
            raise RecordError(
                f"{folder} cannot go on like that: {what}; leave it out to go on, or begin a new "
                "story without --resume"
            )
    return record


def check_model(record: Record, pipeline: Any) -> None:
    """Raises RecordError if the pipeline has other weights than the run was begun with."""
    if fingerprint(pipeline) != record.fingerprint:
        raise RecordError(
            f"the model {record.settings.model!r} has other weights now than when this story was "
            "begun, and its pictures would not match; begin a new story"
        )
