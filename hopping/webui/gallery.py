"""What was made stays in the host's own galleries where a story is wrong.

At an error the host gives its page empty outputs, by which the pictures of the last run would be
lost. So its buttons' events ask, behind the host's own function and whatever that caught, whether
their run failed for its story's sake. Then the page keeps all but the log, which says why.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr
from modules import progress

_EVENTS = {"generate": "click", "upscale": "click", "prompt": "submit"}
"""By what the end of their ids says, the components that run the host, and the events of theirs."""

_failed: deque[str] = deque(maxlen=16)
"""The page's ids of such runs, until their events have ended."""


def note_failure() -> None:
    """Say that the run which the host is making fails for its story's sake."""
    _failed.append(str(progress.current_task))


def keep_at_failure(component: Any, name: str) -> None:
    """If a component of the host's page runs the host, let its event keep what was made.

    Args:
        name: the component's id, without the page's.
    """
    event = _EVENTS.get(name)
    if event is None:
        return
    connect = getattr(component, event)

    def connect_keeping(fn: Any, *args: Any, **kwargs: Any) -> Any:
        return connect(fn and _keeping(fn), *args, **kwargs)

    setattr(component, event, connect_keeping)


def _keeping(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def keeping(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        if not args or args[0] not in _failed:
            return made
        _failed.remove(args[0])
        *shown, log = made
        return *(gr.update() for _ in shown), log

    return keeping
