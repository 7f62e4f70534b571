"""The story editor, on the real gradio."""

from __future__ import annotations

import pytest

gr = pytest.importorskip("gradio", reason="the page's tests need gradio, as the WebUI has it")

from hopping.page.story_editor import build_story_editor  # noqa: E402


def test_a_host_can_paste_into_it():
    """It casts what it pastes to the type of a component's value: a text, never None."""
    with gr.Blocks():
        editor = build_story_editor()
    assert editor.story.value == ""
