"""What a WebUI reads out of a prompt and diffusers does not: refused, or told."""

from __future__ import annotations

import re
from collections.abc import Container

from hopping.errors import StoryError
from hopping.story import Story

# `<lora:name:0.8>`, `<hypernet:name:1>`, `<lyco:…>`: the story's own tags are none of these.
_TAG = re.compile(r"<(?!(?:from|share):)\w+:[^<>]*>", re.IGNORECASE)
_TOLD = {
    "emphasis such as (word:1.2)": re.compile(r"\([^()]*:\s*[\d.]+\s*\)"),
    "prompt editing such as [a:b:0.5]": re.compile(r"\[[^\[\]]*:[\d.]+\]"),
    "BREAK or AND": re.compile(r"\b(?:BREAK|AND)\b"),
}


def refuse_tags_in_source(source: str) -> None:
    """Check a story's text before it is parsed, where line and column are exact.

    Raises:
        StoryError: with line and column, for a tag that only a WebUI understands.
    """
    for number, line in enumerate(source.lstrip("\ufeff").split("\n"), start=1):
        tag = None if line.lstrip().startswith("#") else _TAG.search(line)
        if tag:
            raise StoryError(_refusal(tag.group()), line=number, column=tag.start() + 1)


def refuse_tags(story: Story, known: Container[str] = ()) -> None:
    """Check a parsed story, with what stands before and after every frame.

    Args:
        known: tokens of the tokenizer, among them the names of textual inversions; a tag that is
            one of them is text.

    Raises:
        StoryError: for a tag that only a WebUI understands.
    """
    for frame in story.frames:
        for tag in _TAG.finditer(frame.text):
            if tag.group() in known:
                continue
            if frame.own[0] <= tag.start() < frame.own[1]:
                message = f"frame {frame.number}: {_refusal(tag.group())}"
                raise StoryError(message, line=frame.line, column=frame.column)
            raise StoryError(f"the text before or after every frame: {_refusal(tag.group())}")


def prompt_notes(story: Story) -> tuple[str, ...]:
    """What a WebUI would act on in these prompts, and is encoded here as the text it is."""
    notes = []
    for what, pattern in _TOLD.items():
        frames = [str(frame.number) for frame in story.frames if pattern.search(frame.text)]
        if frames:
            where = f"frame{'s' * (len(frames) > 1)} {', '.join(frames)}"
            notes.append(f"{what} ({where}) is encoded as text here; only a WebUI acts on it")
    return tuple(notes)


def _refusal(tag: str) -> str:
    return (
        f"{tag} is a WebUI's tag, which diffusers cannot read; remove it (in Python, load what it "
        "names into the pipeline with load_lora_weights before generate_story)"
    )
