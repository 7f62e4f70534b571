"""Where Forge and its kin make pictures: on the main thread alone, to which work is handed."""

from __future__ import annotations

from functools import wraps
from typing import Any, cast

from modules_forge import main_thread

from .base import Function


def on_main_thread(function: Function) -> Function:
    """`function`, run on the host's main thread while the caller waits."""

    @wraps(function)
    def handed_over(*args: Any, **kwargs: Any) -> Any:
        return main_thread.run_and_wait_result(function, *args, **kwargs)

    return cast(Function, handed_over)


def main_thread_loses_errors() -> bool:
    """Whether what is raised there is printed alone, and who waits for it gets None."""
    return not hasattr(main_thread.Task(0, None, (), {}), "exception")
