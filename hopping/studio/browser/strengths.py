"""One frame at several strengths, from plain to hopped: made on demand, and kept with its run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from hopping.errors import OptionError
from hopping.studio.folder import kept_pictures, save_png
from hopping.studio.generate import generate_story
from hopping.studio.record import FrameKey, Record, png_info
from hopping.studio.story_run import check_model

from .desk import Job

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


class StrengthWork:
    """The strip of one frame of a run that is there.

    Attributes:
        files: for each strength that is done the picture's file name.
        step, steps: how far the next one is.

    Raises:
        HoppingError: if the run was made with another model, or has no such frame.
    """

    def __init__(self, pipeline: Any, record: Record, folder: Path, number: int) -> None:
        check_model(record, pipeline)
        if not 1 <= number <= len(record.story):
            raise OptionError(f"the story has no frame {number}")
        self.record, self.folder, self.number = record, folder, number
        self.files: dict[float, str] = {}
        self.step = self.steps = 0
        self._pipeline = pipeline
        own = {record.options.strength: record.files.get(FrameKey(False, number))}
        if record.options.pixels == "off":  # else strength 0 sees earlier pictures all the same
            own[0.0] = record.files.get(FrameKey(True, number))
        for strength in STRENGTHS:
            name = own.get(strength) or f"strength-{number}-{round(100 * strength)}.png"
            if (folder / name).is_file():
                self.files[strength] = name

    def __call__(self, job: Job) -> None:
        """Make what is missing, in the worker's thread."""
        for strength in STRENGTHS:
            if strength not in self.files:
                self._make(strength, job)
                job.tell()

    def _make(self, strength: float, job: Job) -> None:
        record = dataclasses.replace(
            self.record, options=self.record.options.replace(strength=strength)
        )
        key = FrameKey(False, self.number)

        def on_step(_: FrameKey, step: int, steps: int) -> None:
            self.step, self.steps = step, steps
            job.tell()
            job.check()

        (frame,) = generate_story(
            self._pipeline,
            record.story,
            record.options,
            **{**record.settings.sampling(), "frames": str(self.number)},
            pictures=kept_pictures(self.folder, record),
            on_step=on_step,
        )
        name = f"strength-{self.number}-{round(100 * strength)}.png"
        save_png(self.folder / name, frame.image, png_info(record, key))
        self.files[strength] = name
