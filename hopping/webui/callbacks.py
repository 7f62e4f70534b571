"""Where the host calls us: its callbacks, registered without searching the stack."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from modules import script_callbacks


def register(event: str, callback: Callable[..., Any], file: str) -> None:
    """Have the host call `callback` at `event` ("ui_tabs", as in its `on_ui_tabs`).

    Args:
        file: that of the caller. The host's own `on_…` finds it by inspecting its whole stack,
            sources included: 50 ms for each callback, most of what an extension adds to its start.
    """
    if _takes_file():
        callbacks = script_callbacks.callback_map[f"callbacks_{event}"]
        script_callbacks.add_callback(callbacks, callback, category=event, filename=file)
    else:  # older hosts
        getattr(script_callbacks, f"on_{event}")(callback)


def _takes_file() -> bool:
    add = getattr(script_callbacks, "add_callback", None)
    return add is not None and "filename" in inspect.signature(add).parameters
