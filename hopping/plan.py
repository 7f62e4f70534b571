"""What hopping will do with a story, told before anything is encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from .layout import CONTENT, FrameTokens, SpecialIds, TokenLayout, lay_out
from .mask import Visibility
from .options import HoppingOptions
from .story import Story


@dataclass(frozen=True)
class FramePlan:
    """What happens to one frame.

    Attributes:
        number, line, text: the frame.
        tokens: its content tokens; windows: how many windows of 75 hold them.
        sources: the earlier frames that it may see.
        shown: for each of them, the words that it shows; empty where it shows nothing.
    """

    number: int
    line: int
    text: str
    tokens: int
    windows: int
    sources: tuple[int, ...]
    shown: Mapping[int, tuple[str, ...]]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about this frame."""
        return tuple(
            f"frame {source} shows it nothing: no word of its subject recurs; "
            "name it again, or mark what is shared with <share:…>"
            for source in self.sources
            if not self.shown[source]
        )


@dataclass(frozen=True, eq=False)
class StoryPlan:
    """A laid-out story: who sees whom, and why."""

    layout: TokenLayout
    options: HoppingOptions
    visibility: Visibility
    frames: tuple[FramePlan, ...]

    @cached_property
    def visible(self) -> torch.Tensor:
        """The whole mask: bool, shape (tokens, tokens), True where row i sees column j."""
        return self.visibility.matrix()

    @property
    def shares_subject(self) -> bool:
        """Whether it must be said what each frame shows: not everything."""
        marked = any(frame.marks for frame in self.layout.story.frames)
        return marked or self.options.share == "subject"

    def summary(self) -> str:
        """The plan in words, a line per frame."""
        lines = [f"{len(self.frames)} frames, layout {self.layout.kind} ({self.layout.reason})"]
        for frame in self.frames:
            windows = f" in {frame.windows} windows" if frame.windows > 1 else ""
            fit = f"{frame.tokens}/{CONTENT * frame.windows} tokens{windows}"
            lines.append(f"{frame.number}. [{fit}, {self._sees(frame)}] {frame.text}")
            lines += [f"   note: {note}" for note in frame.notes]
        return "\n".join(lines)

    def _sees(self, frame: FramePlan) -> str:
        if not frame.sources:
            return "sees no other frame"
        if not self.shares_subject:
            return f"sees {', '.join(map(str, frame.sources))}"
        shown = (
            f"{source} ({', '.join(repr(words) for words in frame.shown[source]) or 'nothing'})"
            for source in frame.sources
        )
        return f"sees {', '.join(shown)}"

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain data (JSON): layout, reason, frames."""
        return {
            "layout": self.layout.kind,
            "reason": self.layout.reason,
            "frames": [
                {
                    "number": frame.number,
                    "line": frame.line,
                    "text": frame.text,
                    "tokens": frame.tokens,
                    "windows": frame.windows,
                    "sources": list(frame.sources),
                    "shown": {str(n): list(words) for n, words in frame.shown.items()},
                    "notes": list(frame.notes),
                }
                for frame in self.frames
            ],
        }


def plan_frames(
    story: Story, frames: Sequence[FrameTokens], special: SpecialIds, options: HoppingOptions
) -> StoryPlan:
    """Plan a story whose frames a host has tokenised.

    Raises:
        HoppingError: if the story cannot be done as asked.
    """
    layout = lay_out(story, frames, special, options)
    visibility = Visibility(layout, options)
    return StoryPlan(
        layout,
        options,
        visibility,
        tuple(
            FramePlan(
                number=frame.number,
                line=frame.line,
                text=frame.text,
                tokens=layout.frames[frame.number - 1].count,
                windows=len(layout.frames[frame.number - 1].windows),
                sources=earlier,
                shown={
                    source: tuple(
                        story.frames[source - 1].text[start:end]
                        for start, end in visibility.shown_spans(source, frame.number)
                    )
                    for source in earlier
                },
            )
            for frame, earlier in zip(story.frames, visibility.sources, strict=True)
        ),
    )
