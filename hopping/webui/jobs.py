"""A run's pictures: which story and which frame each is, in what order, from which seed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from PIL.Image import Image


@dataclass(frozen=True)
class PictureJob:
    """One picture of a run: which story (from 0), which frame (from 1), with hopping or without."""

    story: int
    frame: int
    plain: bool = False


@dataclass(frozen=True)
class OneFrame:
    """One frame of a gallery that is made again.

    Attributes:
        number: which.
        others: the gallery's other frames, counted from its own story.
        texts: what they say, by their numbers.
    """

    number: int
    others: Mapping[PictureJob, Image]
    texts: Mapping[int, str]


class PictureJobs:
    """The pictures of a run in their order: all stories, then what is compared with.

    Where only some frames are wanted, the others follow for their texts alone. Those before the
    last wanted one are made too, and not shown, if the wanted ones may have to see them.

    Args:
        wanted: numbers of frames; None is all.
        seen: whether frames see each other's pixels.
        enlarged: the picture that alone is wanted, where one of a gallery is enlarged.

    Attributes:
        all: one for each of the host's prompts.
        made: how many of them the host is asked for.
        stories: how many whole stories.
        frames: how many frames each has.
        wanted: numbers of the frames that are shown.
        enlarged: as it was given.
    """

    def __init__(
        self,
        stories: int,
        frames: int,
        compare: bool = False,
        *,
        wanted: Collection[int] | None = None,
        seen: bool = False,
        enlarged: PictureJob | None = None,
    ) -> None:
        self.stories, self.frames, self.enlarged = stories, frames, enlarged
        self.wanted = sorted(self._numbers if wanted is None else wanted)
        hopped = [PictureJob(story, frame) for story in range(stories) for frame in self._numbers]
        if enlarged is None:
            shown = [job for job in hopped if job.frame in self.wanted]
            shown += [replace(job, plain=True) for job in shown if compare]
        else:
            self.wanted, shown = [enlarged.frame], [enlarged]
        self._shown = set(shown)
        last = self.wanted[-1] if seen and not shown[0].plain else 0
        made = [job for job in hopped if job in self._shown or job.frame <= last]
        made += [job for job in shown if job.plain]
        self.made = len(made)
        self.all = made + [job for job in hopped if job not in made]
        self._places = {job: place for place, job in enumerate(self.all)}

    @property
    def _numbers(self) -> range:
        return range(1, self.frames + 1)

    @property
    def numbers(self) -> list[int]:
        """Which frame each is."""
        return [job.frame for job in self.all]

    @property
    def shows_all(self) -> bool:
        """Whether all that the host makes is shown."""
        return self.made == len(self._shown)

    def is_shown(self, job: PictureJob) -> bool:
        """Whether a picture is saved, and in the result."""
        return job in self._shown

    def story(self, story: int, plain: bool = False) -> list[PictureJob]:
        """One story's frames in their order."""
        return [PictureJob(story, frame, plain) for frame in self._numbers]

    def place(self, job: PictureJob) -> int:
        """Where the same frame with hopping stands among all."""
        return self._places[PictureJob(job.story, job.frame)]

    def counted(self, seed: int, same_noise: bool) -> list[int]:
        """Seeds as the host would count them: over stories, or over frames without same_noise.

        Args:
            seed: the enlarged picture's, or else the first story's first frame's.
        """

        def count(job: PictureJob) -> int:
            return job.story if same_noise else job.story * self.frames + job.frame - 1

        first = 0 if self.enlarged is None else count(self.enlarged)
        return [seed + count(job) - first for job in self.all]
