"""What a WebUI reads out of a prompt and diffusers does not: refused, or told."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace
from typing import TYPE_CHECKING

from hopping.cast import Cast
from hopping.errors import StoryError
from hopping.story import Frame, Story, check_plain, parse_story, story_lines
from hopping.tags import FOREIGN
from hopping.values import clipped, listed

if TYPE_CHECKING:
    from hopping.plan import StoryPlan

_TOLD = {
    "emphasis such as (word:1.2)": r"(?<!\\)\([^()]+\)|(?<!\\)\[[^\[\]:|]+\]",
    "prompt editing such as [a:b:0.5]": r"\[[^\[\]]*:\s*[\d.]+\s*\]",
    "alternation such as [a|b]": r"\[[^\[\]]*\|[^\[\]]*\]",
    "BREAK or AND": r"\b(?:BREAK|AND)\b",
    "an escaped bracket such as \\(": r"\\[()\[\]]",
    "a choice such as {a|b}": r"\{[^{}]+\}",
    "a wildcard such as __animal__": r"__[\w./*-]+?__",
    "a flag such as --steps 20": r"(?:^|\s)--[a-z]\w",
    "generation data such as Steps: 20": r"^\s*Negative prompt:|\bSteps: \d+, \w",
}


def read_plain_story(source: str, before: str = "", after: str = "", cast: Cast = "said") -> Story:
    """Parse a story that diffusers is to make; arguments as of `parse_story`.

    Raises:
        StoryError: as `parse_story`, and for a tag that only a WebUI understands.
    """
    story = parse_story(source, before, after, cast=cast)
    # In the text as it was written, line and column are exact.
    for number, line in enumerate(story_lines(source), start=1):
        if tag := FOREIGN.search(line):
            raise StoryError(_refusal(tag.group()), line=number, column=tag.start() + 1)
    refuse_tags(story)
    return story


def refuse_tags(story: Story, known: Container[str] = ()) -> None:
    """Check a parsed story, with what stands before and after every frame.

    Args:
        known: tokens of the tokenizer, among them the names of textual inversions; a tag that is
            one of them is text.

    Raises:
        StoryError: for a tag that only a WebUI understands.
    """
    for frame in story.frames:
        for tag in FOREIGN.finditer(frame.text):
            if tag.group() in known:
                continue
            if frame.own[0] <= tag.start() < frame.own[1]:
                message = f"frame {frame.number}: {_refusal(tag.group())}"
                raise StoryError(message, line=frame.line, column=frame.column)
            raise StoryError(f"the text before or after every frame: {_refusal(tag.group())}")


def check_negative(text: str, known: Container[str] = ()) -> None:
    """Check a negative prompt, which serves all frames. Arguments as of `refuse_tags`.

    Raises:
        StoryError: for a tag of the story's, or one that only a WebUI understands.
    """
    check_plain("the negative prompt", text)
    for tag in FOREIGN.finditer(text):
        if tag.group() not in known:
            raise StoryError(f"the negative prompt: {_refusal(tag.group())}")


def prompt_notes(story: Story) -> tuple[str, ...]:
    """What a WebUI would act on in these prompts, and is encoded here as the text it is."""
    notes = []
    for what, pattern in _TOLD.items():
        frames = [
            frame.number
            for frame in story.frames
            if any(re.search(pattern, text) for text in (frame.text, *_seen_by(frame, story)))
        ]
        if frames:
            where = f"frame{'s' * (len(frames) > 1)} {listed(frames)}"
            notes.append(f"{what} ({where}) is encoded as text here; only a WebUI acts on it")
    return tuple(notes)


def _seen_by(frame: Frame, story: Story) -> list[str]:
    """The descriptions of those of the cast whom a frame names, where they are not said in it."""
    return [each.text for each in story.descriptions if each.cast[0] in frame.cast]


def noted(plan: StoryPlan) -> StoryPlan:
    """The plan, its notes with `prompt_notes` behind them."""
    return replace(plan, notes=(*plan.notes, *prompt_notes(plan.layout.story)))


def _refusal(tag: str) -> str:
    return (
        f"{clipped(tag)} is a WebUI's tag, which diffusers cannot read; remove it (in Python, load "
        "what it names into the pipeline with load_lora_weights before generate_story)"
    )
