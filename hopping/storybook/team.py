"""Worker processes that train one model together by averaging their weights every few steps.

On small CPUs one thread in each of two processes learns faster than two threads in one: the layers
are small, and threads would wait for each other in every one of them. A GPU takes one worker.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier

import torch
from torch import multiprocessing, nn
from torch.multiprocessing.spawn import spawn

# Between steps glibc hands large blocks back to the kernel and asks for them anew, page by page,
# which can take longer than the arithmetic. Read at a process's start, so set for the workers.
_KEEP_MEMORY = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "134217728",
    "MALLOC_ARENA_MAX": "1",
}
_MAX_PARAMETERS = 16_000_000


@dataclass(frozen=True)
class Team:
    """One worker's view of all: its `rank`, their number, and what they share."""

    rank: int = 0
    size: int = 1
    weights: torch.Tensor | None = None  # (size, parameters), in shared memory
    progress: torch.Tensor | None = None  # (1,), rank 0's
    barrier: Barrier | None = None

    @property
    def leads(self) -> bool:
        """Whether this worker logs and saves."""
        return self.rank == 0

    def agree(self, progress: float) -> float:
        """Rank 0's `progress`, the same for all, so that all stop at the same step."""
        if self.progress is None or self.barrier is None:
            return progress
        if self.leads:
            self.progress[0] = progress
        self.barrier.wait()
        agreed = float(self.progress[0])
        self.barrier.wait()
        return agreed

    @torch.no_grad()
    def average(self, module: nn.Module) -> None:
        """Set every worker's parameters to the mean over the workers."""
        if self.weights is None or self.barrier is None:
            return
        parameters = list(module.parameters())
        flat = nn.utils.parameters_to_vector(parameters)
        self.weights[self.rank, : len(flat)] = flat
        self.barrier.wait()
        mean = self.weights[:, : len(flat)].mean(dim=0)
        self.barrier.wait()
        nn.utils.vector_to_parameters(mean, parameters)


def default_workers(device: str) -> int:
    """How many workers `device` takes best: a GPU one."""
    return 2 if device == "cpu" else 1


def run_team(task: Callable[[Team], None], workers: int, threads: int = 1) -> None:
    """Run the picklable `task` in `workers` new processes of `threads` threads each."""
    before = {name: os.environ.get(name) for name in _KEEP_MEMORY}
    os.environ.update(_KEEP_MEMORY)
    try:
        context = multiprocessing.get_context("spawn")
        shared = (
            (torch.zeros(workers, _MAX_PARAMETERS).share_memory_(), torch.zeros(1).share_memory_())
            if workers > 1
            else (None, None)
        )
        barrier = context.Barrier(workers) if workers > 1 else None
        spawn(_worker, args=(workers, shared, barrier, task, threads), nprocs=workers)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _worker(
    rank: int,
    size: int,
    shared: tuple[torch.Tensor | None, torch.Tensor | None],
    barrier: Barrier | None,
    task: Callable[[Team], None],
    threads: int,
) -> None:
    torch.set_num_threads(threads)
    task(Team(rank, size, *shared, barrier))
