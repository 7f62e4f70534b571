"""What the desk's worker does for a page: a story's run."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from hopping.insight import FrameInsight
from hopping.layout import TokenLayout
from hopping.studio.folder import keep_pictures, save_grid
from hopping.studio.pipeline_conditioner import PipelineConditioner
from hopping.studio.record import FrameKey, Record
from hopping.studio.story_run import memory_note, run_story, start_folder

from .desk import Cancelled, Job
from .keeping import Kept


class StoryWork:
    """A story's run, from its folder to its grid. What is done stays, however it ends.

    Args:
        kept: what it has of a run before.

    Attributes:
        folder: where the pictures are, once there is one.
        key, step, steps: what is being sampled, and how far it is.
        flagged: names of the pictures that the model's safety checker made black.
        memory: what pixels that are kept for later batches take, if any are.
        layout, insights: the story's tokens, and what hopping did to each frame's.
        made: the frame of each picture that is there, in the order in which they came.
        to_make: how many frames there were to be made when it began.
    """

    def __init__(
        self, pipeline: Any, record: Record, outputs: Path, kept: Kept | None = None
    ) -> None:
        self.record = record
        self.folder: Path | None = None
        self.to_make = len({key.number for key in record.missing()})
        self.key: FrameKey | None = None
        self.step = self.steps = 0
        self.flagged: list[str] = []
        self.memory: str | None = None
        self.layout: TokenLayout | None = None
        self.insights: list[FrameInsight] = []
        self.made: list[int] = []
        self._pipeline = pipeline
        self._outputs = outputs
        self._kept = kept or Kept()

    def __call__(self, job: Job) -> None:
        """Do it, in the worker's thread."""
        folder = self._kept.folder
        if folder is None:
            folder = start_folder(self._outputs, self.record, datetime.datetime.now())
            keep_pictures(folder, self._kept.pictures)
            self._kept.take_along(folder, self.record)
        self.folder = folder
        self._look_inside(job)
        self.made += [key.number for key in self.record.files]
        job.tell()

        def on_step(key: FrameKey, step: int, steps: int) -> None:
            self.key, self.step, self.steps = key, step, steps
            job.tell()
            job.check()

        def on_frame(key: FrameKey, path: Path, flagged: bool) -> None:
            if flagged:
                self.flagged.append(path.name)
            self.made.append(key.number)
            job.tell()

        try:
            run_story(self._pipeline, self.record, self.folder, on_step, on_frame)
        except Cancelled:
            if self.record.files:
                save_grid(self.folder, self.record)
            raise

    def _look_inside(self, job: Job) -> None:
        conditioner = PipelineConditioner(self._pipeline)
        plans = conditioner.plan(self.record.story, self.record.options)
        self.memory = memory_note(self._pipeline, self.record, plans[0])
        self.layout = plans[0].layout
        for insight in conditioner.look_inside(plans):
            self.insights.append(insight)
            job.check()
