"""What gradio calls otherwise from version to version: 3.41, which WebUIs pin, to the newest."""

from __future__ import annotations

from typing import Any

import gradio as gr

MAJOR = int(gr.__version__.partition(".")[0])


def in_page(script: str) -> dict[str, Any]:
    """The argument of an event that runs `script` in the page, before its function is called."""
    return {"js" if MAJOR >= 4 else "_js": script}


def out_of_sight() -> dict[str, Any]:
    """Arguments of a component that the page's script uses and nobody sees.

    Newest gradio leaves `visible=False` out of the page altogether, so that a style hides it.
    """
    return {"elem_classes": ["hopping-hidden"]}


def triggered(mode: str) -> dict[str, Any]:
    """The argument of an event that says which clicks count while one is still being answered:
    `multiple` or `always_last`. Without it newer gradio drops them; 3.41 knows none."""
    return {"trigger_mode": mode} if MAJOR >= 4 else {}
