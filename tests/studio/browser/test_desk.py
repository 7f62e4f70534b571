"""Several visitors, one pipeline: order, cancelling, and work that fails."""

from __future__ import annotations

import threading

import pytest

from hopping.errors import HoppingError
from hopping.studio.browser.desk import MOST_WAITING, Desk, State


def finish(job):
    for _ in job.watch(pause=0):
        pass
    return job.state


def test_jobs_are_done_one_by_one_in_their_order():
    desk, gate, done = Desk(), threading.Event(), []
    first = desk.submit("a", lambda job: (gate.wait(10), done.append("a")))
    second = desk.submit("b", lambda job: done.append("b"))
    third = desk.submit("c", lambda job: done.append("c"))
    assert [desk.ahead_of(job) for job in (first, second, third)] == [0, 1, 2]
    assert second.state is third.state is State.WAITING
    gate.set()
    assert [finish(job) for job in (third, second, first)] == [State.DONE] * 3
    assert done == ["a", "b", "c"]


def test_who_waits_is_told_when_the_line_moves():
    desk, gate = Desk(), threading.Event()
    desk.submit("a", lambda job: gate.wait(10))
    blocked = threading.Event()
    desk.submit("b", lambda job: blocked.wait(10))
    last = desk.submit("c", lambda job: None)
    watch = last.watch(pause=0)
    next(watch)
    gate.set()
    next(watch)
    assert desk.ahead_of(last) == 1
    blocked.set()
    assert finish(last) is State.DONE


def test_a_job_that_is_cancelled_while_it_waits_is_never_begun():
    desk, gate, begun = Desk(), threading.Event(), []
    desk.submit("a", lambda job: gate.wait(10))
    waiting = desk.submit("b", lambda job: begun.append("b"))
    waiting.cancel()
    gate.set()
    assert finish(waiting) is State.CANCELLED
    assert begun == []


def test_a_line_that_is_too_long_takes_no_more():
    desk, gate = Desk(), threading.Event()
    begun = threading.Event()
    desk.submit("a", lambda job: (begun.set(), gate.wait(10)))
    begun.wait(10)
    for number in range(MOST_WAITING):
        desk.submit(str(number % 3), lambda job: None)
    with pytest.raises(HoppingError, match="waiting already"):
        desk.submit("b", lambda job: None)
    gate.set()


def test_a_running_job_stops_at_its_next_check():
    desk, running = Desk(), threading.Event()

    def work(job):
        running.set()
        while True:
            job.check()

    job = desk.submit("a", work)
    running.wait(10)
    job.cancel()
    assert finish(job) is State.CANCELLED


def test_a_job_that_fails_keeps_its_error_and_the_desk_goes_on():
    desk = Desk()
    failed = desk.submit("a", lambda job: 1 / 0)
    assert finish(failed) is State.FAILED
    assert isinstance(failed.error, ZeroDivisionError)
    assert finish(desk.submit("b", lambda job: None)) is State.DONE


def test_finished_jobs_are_forgotten_in_time():
    desk = Desk()
    for number in range(60):
        finish(desk.submit(str(number), lambda job: None))
    assert desk.find("0") is None
    assert desk.find("59") is not None
