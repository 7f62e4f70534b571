"""The story editor, on the real gradio."""

from __future__ import annotations

import pytest

gr = pytest.importorskip("gradio", reason="the page's tests need gradio, as the WebUI has it")

from hopping.page.story_editor import build_story_editor, converted  # noqa: E402


def test_a_host_can_paste_into_it():
    """It casts what it pastes to the type of a component's value: a text, never None."""
    with gr.Blocks():
        editor = build_story_editor()
    assert editor.story.value == ""


def test_a_story_diffusion_story_is_converted_and_another_is_kept():
    written = converted("[Bob] A man\n[Bob] runs. # Off he goes")
    assert written == "<cast:Bob: A man>\nBob runs. # Off he goes"
    with pytest.raises(gr.Error, match="no StoryDiffusion story"):
        converted(written)
