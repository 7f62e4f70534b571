"""What the desk's worker does for a page: a story's run, and what hopping did in one of before."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hopping.errors import HoppingError
from hopping.insight import FrameInsight
from hopping.plan import StoryPlan
from hopping.studio.folder import save_grid
from hopping.studio.pipeline_conditioner import PipelineConditioner
from hopping.studio.record import FrameKey, Record
from hopping.studio.story_run import check_model, memory_note, run_story, start_folder

from .desk import Cancelled, Job
from .keeping import Kept


class RunOnDesk:
    """A run whose frames have cards.

    Attributes:
        record: the run's.
        folder: where the pictures are, once there is one.
        plan, insights: the story's plan, and what hopping did to each frame's words, as far as
            that is known.
        made: the frame of each picture that is there, in the order in which they came; once more
            the frame of each insight that came after them.
        refusal: why nothing can be found out of its words; empty if it can.
    """

    def __init__(self, pipeline: Any, record: Record, folder: Path | None) -> None:
        self.record, self.folder = record, folder
        self.plan: StoryPlan | None = None
        self.insights: list[FrameInsight] = []
        self.made: list[int] = []
        self.refusal = ""
        self._conditioner = PipelineConditioner(pipeline)

    def _make_plans(self) -> list[StoryPlan]:
        """One for each text encoder; the first is the one that is shown."""
        plans = self._conditioner.plan(self.record.story, self.record.options)
        self.plan = plans[0]
        return plans

    def _look_inside(self, plans: list[StoryPlan], job: Job) -> Iterator[int]:
        """Find the insights; gives the frame of each."""
        for insight in self._conditioner.look_inside(plans):
            self.insights.append(insight)
            yield insight.number
            job.check()


class OpenedWork(RunOnDesk):
    """A run of before. Nothing of it is made; what hopping did to its words is found again."""

    def __init__(self, pipeline: Any, record: Record, folder: Path) -> None:
        super().__init__(pipeline, record, folder)
        self.made += [key.number for key in record.files]
        try:
            check_model(record, pipeline)
            self._plans = self._make_plans()
        except HoppingError as error:
            self.refusal = str(error)

    def __call__(self, job: Job) -> None:
        """Do it, in the worker's thread."""
        there = set(self.made)
        for number in self._look_inside(self._plans, job):
            if number in there:
                self.made.append(number)


class StoryWork(RunOnDesk):
    """A story's run, from its folder to its grid. What is done stays, however it ends.

    Args:
        kept: what it has of a run before.

    Attributes:
        key, step, steps: what is being sampled, and how far it is.
        flagged: names of the pictures that the model's safety checker made black.
        memory: what pixels that are kept for later batches take, if any are.
        to_make: how many frames there were to be made when it began.
    """

    def __init__(
        self, pipeline: Any, record: Record, outputs: Path, kept: Kept | None = None
    ) -> None:
        super().__init__(pipeline, record, None)
        self.to_make = len({key.number for key in record.missing()})
        self.key: FrameKey | None = None
        self.step = self.steps = 0
        self.flagged: list[str] = []
        self.memory: str | None = None
        self._pipeline = pipeline
        self._outputs = outputs
        self._kept = kept or Kept()

    def __call__(self, job: Job) -> None:
        """Do it, in the worker's thread."""
        folder = self._kept.folder
        if folder is None:
            now = datetime.datetime.now()
            folder = start_folder(self._outputs, self.record, now, self._kept.pictures)
            self._kept.take_along(folder, self.record)
        self.folder = folder
        plans = self._make_plans()
        self.memory = memory_note(self._pipeline, self.record, plans[0])
        for _ in self._look_inside(plans, job):
            pass
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
