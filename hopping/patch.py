"""An object's attribute exchanged for a while, and put back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NOTHING = object()


@contextmanager
def patched(owner: Any, name: str, value: Any) -> Iterator[None]:
    """While the block runs, the attribute `name` of `owner` is `value`.

    After it what was there before is there again: on the object itself, where somebody else may
    have put something too, or in its class alone.
    """
    before = vars(owner).get(name, _NOTHING)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is _NOTHING:
            delattr(owner, name)
        else:
            setattr(owner, name, before)
