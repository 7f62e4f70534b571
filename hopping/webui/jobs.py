"""A run's pictures: which story and which frame each is, in what order, from which seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hopping.errors import StoryError

from .generation_data import MODE, frame_in, of_picture

NO_FRAME = (
    "the picture's generation data names no frame of a story; choose a frame, or switch hopping "
    "off to enlarge this picture with the prompt as it stands"
)


@dataclass(frozen=True)
class PictureJob:
    """One picture of a run: which story (from 0), which frame (from 1), with hopping or without."""

    story: int
    frame: int
    plain: bool = False


class PictureJobs:
    """The pictures of a run in their order: all stories, then what is compared with.

    Where one picture of a gallery is enlarged, that one's first, and it alone is made; the other
    frames follow for their texts alone.

    Attributes:
        all: one for each of the host's prompts.
        made: how many of them are made.
        stories: how many whole stories.
        frames: how many frames each has.
        enlarges: whether it is one picture of a gallery.
    """

    def __init__(
        self, stories: int, frames: int, compare: bool = False, enlarged: PictureJob | None = None
    ) -> None:
        self.stories, self.frames, self.enlarges = stories, frames, enlarged is not None
        hopped = [PictureJob(story, frame) for story in range(stories) for frame in self._numbers]
        if enlarged is None:
            plain = [PictureJob(job.story, job.frame, plain=True) for job in hopped if compare]
            self.all = hopped + plain
        else:
            self.all = [enlarged, *(job for job in hopped if job != enlarged)]
        self.made = len(self.all) if enlarged is None else 1
        self._places = {job: place for place, job in enumerate(self.all)}

    @property
    def _numbers(self) -> range:
        return range(1, self.frames + 1)

    @property
    def numbers(self) -> list[int]:
        """Which frame each is."""
        return [job.frame for job in self.all]

    def story(self, story: int, plain: bool = False) -> list[PictureJob]:
        """One story's frames in their order."""
        return [PictureJob(story, frame, plain) for frame in self._numbers]

    def place(self, job: PictureJob) -> int:
        """Where the same frame with hopping stands among all."""
        return self._places[PictureJob(job.story, job.frame)]

    def counted(self, seed: int, same_noise: bool) -> list[int]:
        """Seeds as the host would count them: over stories, or over frames without same_noise.

        Args:
            seed: the first picture's.
        """
        places = [
            job.story if same_noise else job.story * self.frames + job.frame - 1 for job in self.all
        ]
        return [seed + place - places[0] for place in places]


def job_of(picture: Any, frames: int, mode: str) -> PictureJob:
    """The job by which a picture of a gallery was made.

    Args:
        picture: with its infotext, as the host reads it.
        frames: how many the story has.
        mode: the run's mode. A baseline picture was only compared with, unless that is it.

    Raises:
        StoryError: if it is no frame of this story.
    """
    params = of_picture(picture)
    frame = frame_in(params)
    if frame is None:
        raise StoryError(NO_FRAME)
    if frame > frames:
        raise StoryError(
            f"the picture is frame {frame} of its story, but the prompt has {frames}; paste the "
            "picture's generation data, then enlarge it"
        )
    return PictureJob(0, frame, plain=params.get(MODE) == "baseline" != mode)
