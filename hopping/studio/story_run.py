"""One run, from its record to its folder of pictures; the command line and the page call it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from hopping.mask_picture import draw_mask
from hopping.options import HoppingOptions
from hopping.pixels import kept_note
from hopping.pixels.graph import limited, with_sources
from hopping.plan import StoryPlan
from hopping.run_options import frames_to_make
from hopping.story import Story

from . import processes
from .folder import (
    keep_pictures,
    kept_pictures,
    new_folder,
    renumber,
    save_frame,
    save_grid,
    save_png,
)
from .generate import OnStep, StoryFrame, generate_story, pixels_kept
from .made_from import pictures_made_from
from .pipeline import fingerprint
from .pipeline_conditioner import PipelineConditioner
from .record import FrameKey, Record, RecordError, read_record
from .saw import save_saw
from .unread_syntax import noted


def plan_for(pipeline: Any, story: Story, options: HoppingOptions) -> StoryPlan:
    """The plan of a story, by the pipeline's (first) tokenizer, with `prompt_notes`."""
    return noted(PipelineConditioner(pipeline).plan(story, options)[0])


def memory_note(pipeline: Any, record: Record, plan: StoryPlan) -> str | None:
    """What is kept of pixels that later batches see, told before anything is sampled."""
    wanted = frames_to_make(record.settings.frames, len(record.story))
    graph = limited(plan.pixels, with_sources(plan.pixels, wanted))
    return kept_note(pixels_kept(pipeline, graph, record.settings) if any(graph) else 0)


def start_folder(
    parent: Path,
    record: Record,
    now: datetime.datetime,
    pictures: Mapping[str, Image.Image] | None = None,
) -> Path:
    """Make the run's folder, with its record in it before anything is sampled.

    Args:
        pictures: those that the story names.
    """
    folder = new_folder(parent, record.story, now)
    record.write(folder)
    keep_pictures(folder, record, pictures or {})
    return folder


def made_now(pipeline: Any, record: Record) -> dict[FrameKey, str]:
    """What each picture of a record would be made from, as `pictures_made_from` has it."""
    conditioner = PipelineConditioner(pipeline)
    plans = {False: conditioner.plan(record.story, record.options)}
    if record.settings.compare:
        plans[True] = conditioner.plan(record.story, HoppingOptions(mode="baseline"))
    return pictures_made_from(plans, record)


def take_stock(pipeline: Any, record: Record, folder: Path) -> None:
    """Find out which of a run's pictures are there as its story is now.

    Where its text has changed since the folder was written, frames that have another number now
    take their pictures along, and the mask is drawn anew by `run_story`.
    """
    record.now = made_now(pipeline, record)
    if read_record(folder).source != record.source:
        (folder / "mask.png").unlink(missing_ok=True)
        renumber(folder, record)


def run_story(
    pipeline: Any,
    record: Record,
    folder: Path,
    on_step: OnStep | None = None,
    on_frame: Callable[[FrameKey, Path, bool], None] | None = None,
) -> None:
    """Make what is missing in a run's folder: frames, then the grid, and the mask before all.

    May be interrupted at any point; called again it goes on, to the same bytes. Pictures that are
    there and as the story is now stay as they are.

    Args:
        on_step: as `generate_story` has it.
        on_frame: called with each picture that was saved, and whether the pipeline's safety
            checker made it black.
    """
    if not record.now:
        take_stock(pipeline, record, folder)
    record.write(folder)
    if not (folder / "mask.png").is_file():
        plan = plan_for(pipeline, record.story, record.options)
        save_png(folder / "mask.png", draw_mask(plan, pipeline.tokenizer.decode))
    given = kept_pictures(folder, record)
    processes.shared((record, given))
    for frame in _frames(pipeline, record, given, on_step):
        if not frame.plain:
            save_saw(folder, record, frame.number, frame.saw)
        path = save_frame(folder, record, frame.key, frame.image)
        if on_frame is not None:
            on_frame(frame.key, path, frame.flagged)
    save_grid(folder, record)


def help_with_story(pipeline: Any) -> None:
    """Sample a share of the story that the first process runs. Nothing is saved here."""
    for _ in _frames(pipeline, *processes.shared(None)):
        pass


def _frames(
    pipeline: Any,
    record: Record,
    given: Mapping[str, Image.Image],
    on_step: OnStep | None = None,
) -> Iterator[StoryFrame]:
    """What is missing of a run's frames."""
    return generate_story(
        pipeline,
        record.story,
        record.options,
        **record.settings.sampling(),
        compare=record.settings.compare,
        pictures=given,
        done=[key for key in record.files if record.is_current(key)],
        on_step=on_step,
    )


def check_model(record: Record, pipeline: Any) -> None:
    """Raises RecordError if the pipeline has other weights than the run was begun with."""
    if fingerprint(pipeline) != record.fingerprint:
        raise RecordError(
            f"the model {record.settings.model!r} has other weights now than when this story was "
            "begun, and its pictures would not match; begin a new story"
        )
