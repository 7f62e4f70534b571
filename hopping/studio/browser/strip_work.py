"""One frame several times side by side, at several strengths or with several seeds: made on demand,
and kept with its run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hopping.errors import OptionError
from hopping.studio.folder import kept_pictures, save_png
from hopping.studio.generate import generate_story
from hopping.studio.record import FrameKey, Record, png_info
from hopping.studio.story_run import check_model
from hopping.values import brief

from .desk import Job

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_SEEDS = 8


@dataclass(frozen=True)
class StripPicture:
    """One picture of a strip.

    Attributes:
        label: what it differs by, a strength or a seed.
        record: of the story as it is drawn for it.
        name: its file's, in the run's folder; by it the same picture is never made twice.
    """

    label: str
    record: Record
    name: str


class StripWork:
    """The strip of one frame.

    Args:
        folder: of the frame's run. `keeping.keep` finds there what is chosen.

    Attributes:
        step, steps: how far the next picture is.
    """

    def __init__(
        self, pipeline: Any, folder: Path, number: int, pictures: Sequence[StripPicture]
    ) -> None:
        self.folder, self.pictures = folder, pictures
        self.key = FrameKey(False, number)
        self.step = self.steps = 0
        self._pipeline = pipeline

    def is_there(self, picture: StripPicture) -> bool:
        return (self.folder / picture.name).is_file()

    def __call__(self, job: Job) -> None:
        """Make what is missing, in the worker's thread."""
        for picture in self.pictures:
            if not self.is_there(picture):
                self._make(picture, job)
                job.tell()

    def _make(self, picture: StripPicture, job: Job) -> None:
        def on_step(_: FrameKey, step: int, steps: int) -> None:
            self.step, self.steps = step, steps
            job.tell()
            job.check()

        record = picture.record
        (frame,) = generate_story(
            self._pipeline,
            record.story,
            record.options,
            **{**record.settings.sampling(), "frames": str(self.key.number)},
            pictures=kept_pictures(self.folder, record),
            on_step=on_step,
        )
        save_png(self.folder / picture.name, frame.image, png_info(record, self.key))


def strength_strip(pipeline: Any, record: Record, folder: Path, number: int) -> StripWork:
    """A frame of a run that is there, from plain to hopped.

    Raises:
        HoppingError: if the run was made with another model, or has no such frame.
    """
    check_model(record, pipeline)
    if not 1 <= number <= len(record.story):
        raise OptionError(f"the story has no frame {number}")
    made = {record.options.strength: record.files.get(FrameKey(False, number))}
    if record.options.pixels == "off":  # else strength 0 sees earlier pictures all the same
        made[0.0] = record.files.get(FrameKey(True, number))
    pictures = []
    for strength in STRENGTHS:
        name = made.get(strength)
        if name is None or not (folder / name).is_file():
            name = f"strength-{number}-{round(100 * strength)}.png"
        options = record.options.replace(strength=strength)
        pictures.append(StripPicture(f"{strength:g}", replace(record, options=options), name))
    return StripWork(pipeline, folder, number, pictures)


def seed_strip(pipeline: Any, records: Sequence[Record], folder: Path, number: int) -> StripWork:
    """A frame of the run on the desk with other seeds.

    Args:
        records: of the story with each of the seeds, with `now`.
    """
    pictures = []
    for record in records:
        settings = record.settings
        seed = record.story.seeds(settings.seed, settings.same_noise)[number - 1]
        digest = record.now[FrameKey(False, number)]
        pictures.append(StripPicture(str(seed), record, f"variant-{number}-{digest}.png"))
    return StripWork(pipeline, folder, number, pictures)


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
    if not 1 <= len(texts) <= MOST_SEEDS:
        raise OptionError(f"{len(texts)} seeds cannot be tried; allowed: 1 to {MOST_SEEDS}")
    return texts
