"""The seeds of a run's pictures: as the host counts them, and those that frames have themselves."""

from __future__ import annotations

from modules import processing

from hopping.infotext import SEED, story_seed
from hopping.story import Story

from .generation_data import of_picture
from .host_types import Processing
from .jobs import PictureJob, PictureJobs


class RunSeeds:
    """The seeds of a run, for the host's lists.

    Attributes:
        seeds, subseeds: one for each of the run's pictures.
    """

    def __init__(self, p: Processing, jobs: PictureJobs, story: Story, same_noise: bool) -> None:
        seed, subseed = (
            int(processing.get_fixed_seed(value[0] if isinstance(value, list) else value))
            for value in (p.seed, p.subseed)
        )
        enlarged = jobs.enlarged
        if enlarged is not None and (told := of_picture(p.firstpass_image)).get(SEED):
            # The host has taken the seed that the frame alone has.
            seed = (story_seed(told) or 0) + (0 if same_noise else enlarged.frame - 1)
        counted, self.subseeds = (jobs.counted(value, same_noise) for value in (seed, subseed))
        self._step = 1 if same_noise else len(story)  # from story to story
        if p.subseed_strength != 0:  # then the host counts in the variation seed alone
            counted, self._step = [seed] * len(counted), 0
        self._first = counted[jobs.place(PictureJob(0, 1))]
        own = (story.frames[number - 1].seed for number in jobs.numbers)
        self.seeds = [seed if has is None else has for seed, has in zip(counted, own, strict=True)]

    def of_story(self, story: int) -> int:
        """From which seed a story begins, whatever seeds frames have of their own."""
        return self._first + story * self._step
