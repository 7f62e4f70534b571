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
    assert (jobs.made, jobs.wanted, jobs.shows_all) == (1, [2], True)
    assert jobs.counted(6, same_noise=False) == [6, 5, 7]
    assert [jobs.place(job) for job in jobs.story(0)] == [1, 0, 2]


def test_a_plain_one_that_is_enlarged_leaves_the_whole_story_behind_it():
    jobs = PictureJobs(1, 2, enlarged=PictureJob(0, 2, plain=True))
    assert jobs.all == [PictureJob(0, 2, plain=True), PictureJob(0, 1), PictureJob(0, 2)]
    assert jobs.place(jobs.all[0]) == 2


def test_some_frames_leave_the_others_behind_them():
    jobs = PictureJobs(2, 3, compare=True, wanted=(3, 1))
    shown = [PictureJob(story, frame) for story in (0, 1) for frame in (1, 3)]
    shown += [PictureJob(job.story, job.frame, plain=True) for job in shown]
    assert jobs.all == [*shown, PictureJob(0, 2), PictureJob(1, 2)]
    assert (jobs.made, jobs.wanted, jobs.shows_all) == (8, [1, 3], True)
    assert jobs.counted(5, same_noise=False) == [5, 7, 8, 10] * 2 + [6, 9]


def test_what_they_may_see_is_made_before_them_and_not_shown():
    jobs = PictureJobs(1, 4, compare=True, wanted=(2, 3), seen=True)
    assert jobs.numbers == [1, 2, 3, 2, 3, 4]
    assert (jobs.made, jobs.shows_all) == (5, False)
    shown = [jobs.is_shown(job) for job in jobs.all]
    assert shown == [False, True, True, True, True, False]
    assert PictureJobs(1, 4, seen=True).shows_all
    enlarged = PictureJobs(1, 4, seen=True, enlarged=PictureJob(0, 3))
    assert (enlarged.numbers, enlarged.made) == ([1, 2, 3, 4], 3)
    assert enlarged.counted(7, same_noise=False) == [5, 6, 7, 8]
    plain = PictureJobs(1, 4, seen=True, enlarged=PictureJob(0, 3, plain=True))
    assert (plain.numbers, plain.made) == ([3, 1, 2, 3, 4], 1)
