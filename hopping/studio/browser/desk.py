"""The one pipeline that all visitors share: their jobs wait in a line, and one worker does them."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from enum import Enum

from hopping.errors import HoppingError

_log = logging.getLogger(__name__)

_KEPT = 50
"""Finished jobs that are still remembered."""

MOST_WAITING = 100
"""Jobs in the line at a time."""


class State(Enum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Cancelled(Exception):  # noqa: N818  (nothing went wrong)
    """The job's owner wants no more of it."""


class Job:
    """One piece of work, watched while it is done.

    Attributes:
        work: what is to be done; it is called with the job.
        state: where it stands.
        error: what went wrong, once it has failed.
        change: counts up whenever there is something new to show.
    """

    def __init__(self, work: Callable[[Job], None]) -> None:
        self.work = work
        self.state = State.WAITING
        self.error: Exception | None = None
        self.change = 0
        self._news = threading.Condition()
        self._cancel = threading.Event()

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state not in (State.WAITING, State.RUNNING)

    def cancel(self) -> None:
        """Ask it to stop; it does at its next `check`, and one that waits never starts."""
        self._cancel.set()
        self.tell()

    @property
    def is_cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancel.is_set()

    def check(self) -> None:
        """Called by the work wherever it can stop. Raises Cancelled."""
        if self._cancel.is_set():
            raise Cancelled

    def tell(self) -> None:
        """Say that there is something new to show."""
        with self._news:
            self.change += 1
            self._news.notify_all()

    def watch(self, pause: float = 0.1) -> Iterator[None]:
        """Comes round at every change, though not more often than every `pause` seconds."""
        seen = -1
        while True:
            with self._news:
                while self.change == seen and not self.finished:
                    self._news.wait()
                last, seen = self.finished, self.change
            yield
            if last:
                return
            time.sleep(pause)

    def run(self) -> None:
        """Do the work, in the worker's thread. Nothing that it raises gets out."""
        try:
            self.check()
            self.state = State.RUNNING
            self.tell()
            self.work(self)
            state = State.DONE
        except Cancelled:
            state = State.CANCELLED
        except Exception as error:
            _log.exception("a job of the page failed")
            self.error = error
            state = State.FAILED
        self.state = state
        self.tell()


class Desk:
    """Takes jobs and does them one by one, in the order in which they came."""

    def __init__(self) -> None:
        self._line: queue.Queue[Job | None] = queue.Queue()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._worker = threading.Thread(target=self._serve, name="hopping-desk", daemon=True)
        self._worker.start()

    def close(self, patience: float = 60.0) -> None:
        """Stop all jobs, and wait for the worker: torch takes it ill to be left in the middle."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel()
        self._line.put(None)
        self._worker.join(patience)

    def submit(self, token: str, work: Callable[[Job], None]) -> Job:
        """Put work at the end of the line.

        Args:
            token: by which its owner finds it again; whoever knows it may cancel it.

        Raises:
            HoppingError: if the line is too long already.
        """
        job = Job(work)
        with self._lock:
            if self._line.qsize() >= MOST_WAITING:
                raise HoppingError(f"{MOST_WAITING} stories are waiting already; try again later")
            self._jobs[token] = job
            self._jobs.move_to_end(token)
            finished = [name for name, old in self._jobs.items() if old.finished]
            for name in finished[:-_KEPT]:
                del self._jobs[name]
        self._line.put(job)
        return job

    def find(self, token: str) -> Job | None:
        """The job that was submitted with this token."""
        with self._lock:
            return self._jobs.get(token)

    def drop(self, token: str) -> None:
        """Cancel a job, if there is one of this token, and forget it."""
        with self._lock:
            job = self._jobs.pop(token, None)
        if job is not None:
            job.cancel()

    def ahead_of(self, job: Job) -> int:
        """How many jobs are done before this one."""
        with self._lock:
            jobs = list(self._jobs.values())
        return sum(not other.finished for other in jobs[: jobs.index(job)]) if job in jobs else 0

    def _serve(self) -> None:
        while (job := self._line.get()) is not None:
            job.run()
            with self._lock:
                waiting = [other for other in self._jobs.values() if not other.finished]
            for other in waiting:
                other.tell()  # their place in the line is another
