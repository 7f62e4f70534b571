"""A run's pictures: their order and their seeds."""

from __future__ import annotations

from hopping.webui.jobs import PictureJob, PictureJobs


def test_all_stories_come_before_what_is_compared_with():
    jobs = PictureJobs(stories=2, frames=2, compare=True)
    hopped = [PictureJob(0, 1), PictureJob(0, 2), PictureJob(1, 1), PictureJob(1, 2)]
    assert jobs.all[:4] == hopped
    assert jobs.all[4:] == [PictureJob(job.story, job.frame, plain=True) for job in hopped]
    assert jobs.made == 8
    assert jobs.numbers == [1, 2] * 4
    assert [jobs.place(job) for job in jobs.all] == [0, 1, 2, 3] * 2
    assert jobs.story(1, plain=True) == jobs.all[6:]


def test_seeds_are_counted_over_stories_or_frames():
    jobs = PictureJobs(stories=2, frames=3, compare=True)
    assert jobs.counted(5, same_noise=True) == [5, 5, 5, 6, 6, 6] * 2
    assert jobs.counted(5, same_noise=False) == [5, 6, 7, 8, 9, 10] * 2


def test_one_that_is_enlarged_comes_first_and_keeps_its_seed():
    jobs = PictureJobs(1, 3, compare=True, enlarged=PictureJob(0, 2))
    assert jobs.all == [PictureJob(0, 2), PictureJob(0, 1), PictureJob(0, 3)]
    assert (jobs.made, jobs.enlarges) == (1, True)
    assert jobs.counted(6, same_noise=False) == [6, 5, 7]
    assert [jobs.place(job) for job in jobs.story(0)] == [1, 0, 2]


def test_a_plain_one_that_is_enlarged_leaves_the_whole_story_behind_it():
    jobs = PictureJobs(1, 2, enlarged=PictureJob(0, 2, plain=True))
    assert jobs.all == [PictureJob(0, 2, plain=True), PictureJob(0, 1), PictureJob(0, 2)]
    assert jobs.place(jobs.all[0]) == 2
