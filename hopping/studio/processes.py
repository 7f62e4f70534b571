"""One story over several processes, as `accelerate launch` starts them: GPUs or whole machines.

The first process reads the story, encodes it and saves what comes; the others sample with it. A
batch holds the same frames as on one device, so the pictures are the same, bit for bit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def count() -> int:
    """How many processes there are; 1 where nobody has launched several."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_helper() -> bool:
    """Whether this process is one of several, and not the first."""
    return count() > 1 and not _state().is_main_process


def local_index() -> int:
    """The number of this process on its machine, from 0: that of its GPU."""
    return int(_state().local_process_index) if count() > 1 else 0


def shared(value: Any) -> Any:
    """What the first process gives here, in every process."""
    if count() == 1:
        return value
    _state()
    from accelerate.utils import broadcast_object_list

    return broadcast_object_list([value])[0]


def divide(items: Iterator[Item], work: Callable[[Item], Result]) -> Iterator[Result]:
    """`work` of every item, in order, each done by one of the processes.

    Args:
        items: taken from in the first process alone. They travel, and must be picklable; so must
            the results.

    Yields:
        All results, in every process.
    """
    processes = count()
    if processes == 1:
        yield from map(work, items)
        return
    from accelerate.utils import gather_object

    index = _state().process_index
    while True:
        batch = shared(None if is_helper() else list(islice(items, processes)))
        if not batch:
            return
        own = [work(batch[index])] if index < len(batch) else []
        yield from gather_object(own)


@cache
def _state() -> Any:
    from accelerate import PartialState

    return PartialState()
