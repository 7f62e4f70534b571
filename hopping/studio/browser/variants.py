"""One frame with several seeds, side by side: made on demand, and kept with the run on the desk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hopping.errors import OptionError
from hopping.studio.folder import kept_pictures, save_png
from hopping.studio.generate import generate_story
from hopping.studio.record import FrameKey, Record, png_info
from hopping.values import brief

from .desk import Job

MOST_VARIANTS = 8


def read_texts(asked: str) -> list[str]:
    """The story with each of the seeds, as the page's script has written them.

    Raises:
        OptionError: for what is no such text.
    """
    try:
        texts = json.loads(asked)
    except (RecursionError, TypeError, ValueError) as error:
        raise OptionError("no seed was named") from error
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise OptionError(f"no seed was named, but {brief(texts)}")
    if not 1 <= len(texts) <= MOST_VARIANTS:
        raise OptionError(f"{len(texts)} seeds cannot be tried; allowed: 1 to {MOST_VARIANTS}")
    return texts


class VariantWork:
    """The pictures of one frame.

    Args:
        records: of the story with each of the seeds, with `now`.
        folder: of the run on the desk. `keeping.keep` finds there what is chosen.

    Attributes:
        step, steps: how far the next one is.
    """

    def __init__(self, pipeline: Any, records: Sequence[Record], folder: Path, number: int) -> None:
        self.records, self.folder = records, folder
        self.key = FrameKey(False, number)
        self.step = self.steps = 0
        self._pipeline = pipeline

    def name(self, record: Record) -> str:
        """The picture's file name: by it the same picture is never made twice."""
        return f"variant-{self.key.number}-{record.now[self.key]}.png"

    def __call__(self, job: Job) -> None:
        """Make what is missing, in the worker's thread."""
        for record in self.records:
            if not (self.folder / self.name(record)).is_file():
                self._make(record, job)
                job.tell()

    def _make(self, record: Record, job: Job) -> None:
        def on_step(_: FrameKey, step: int, steps: int) -> None:
            self.step, self.steps = step, steps
            job.tell()
            job.check()

        sampling = record.settings.sampling() | {"frames": str(self.key.number)}
        (frame,) = generate_story(
            self._pipeline,
            record.story,
            record.options,
            **sampling,
            pictures=kept_pictures(self.folder, record),
            on_step=on_step,
        )
        save_png(self.folder / self.name(record), frame.image, png_info(record, self.key))
