"""A run's pictures: which story and which frame each is, in what order, from which seed."""

from __future__ import annotations

from dataclasses import dataclass


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
