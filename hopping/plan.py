"""What hopping will do with a story, told before anything is encoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch

from .layout import CONTENT, FrameTokens, SpecialIds, TokenLayout, lay_out
from .mask import Visibility
from .options import HoppingOptions
from .pixels.graph import PixelGraph, PixelLink, pixel_graph
from .story import Span, Story
from .values import listed

MOST_GROUPS = 12
"""How many groups of a frame's sources a plan writes out at most."""


class Group(NamedTuple):
    """Earlier frames that show a frame the same: their numbers, and the words."""

    sources: tuple[int, ...]
    words: tuple[str, ...]


class Who(NamedTuple):
    """Somebody whom a frame names.

    Attributes:
        words: with which words; empty where they are only spoken of.
        frame, introduced_as: the frame that first named them, and how; None where this one does.
    """

    words: tuple[str, ...]
    frame: int | None = None
    introduced_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class FramePlan:
    """What happens to one frame.

    Attributes:
        number, line, text: the frame.
        tokens: its content tokens; windows: how many windows of 75 hold them.
        sources: the earlier frames that it may see.
        shown: for each of them, the words that it shows; empty where it shows nothing.
        cast: whose description it sees, by their first names.
        who: with share=subject, whom it names.
        pixels: whose pixels it sees.
        notes: what a user should know about this frame.
    """

    number: int
    line: int
    text: str
    tokens: int
    windows: int
    sources: tuple[int, ...]
    shown: Mapping[int, tuple[str, ...]]
    cast: tuple[str, ...]
    who: tuple[Who, ...]
    pixels: tuple[PixelLink, ...]
    notes: tuple[str, ...]

    @property
    def recognised(self) -> tuple[Who, ...]:
        """Those whom an earlier frame named."""
        return tuple(who for who in self.who if who.frame is not None)

    @property
    def new(self) -> tuple[str, ...]:
        """The words for those whom none did."""
        return tuple(word for who in self.who if who.frame is None for word in who.words)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The sources by what they show, in the order of the first of each; last what is empty."""
        sources: dict[tuple[str, ...], list[int]] = {}
        for source, words in self.shown.items():
            sources.setdefault(words, []).append(source)
        groups = [Group(tuple(numbers), words) for words, numbers in sources.items()]
        return tuple(sorted(groups, key=lambda group: not group.words))


@dataclass(frozen=True, eq=False)
class StoryPlan:
    """A laid-out story: who sees whom, and why.

    Attributes:
        notes: what a user should know about the story's text as a whole.
    """

    layout: TokenLayout
    options: HoppingOptions
    visibility: Visibility
    frames: tuple[FramePlan, ...]
    notes: tuple[str, ...] = ()

    @property
    def pixels(self) -> PixelGraph:
        """For each frame, whose pixels it sees."""
        return tuple(frame.pixels for frame in self.frames)

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
        lines += [f"note: {note}" for note in self.notes]
        for frame in self.frames:
            windows = f" in {frame.windows} windows" if frame.windows > 1 else ""
            cast = f", the cast's {_quoted(frame.cast)}" if frame.cast else ""
            fit = f"{frame.tokens}/{CONTENT * frame.windows} tokens{windows}"
            sees = f"{self._sees(frame)}{cast}{_sees_pixels(frame)}"
            lines.append(f"{frame.number}. [{fit}, {sees}] {frame.text}")
            lines += _who(frame)
            lines += [f"   note: {note}" for note in frame.notes]
        return "\n".join(lines)

    def _sees(self, frame: FramePlan) -> str:
        if not frame.sources:
            return "sees no other frame"
        if not self.shares_subject:
            return f"sees {listed(frame.sources)}"
        groups = [
            f"{listed(group.sources)} ({', '.join(map(repr, group.words)) or 'nothing'})"
            for group in frame.groups[:MOST_GROUPS]
        ]
        others = sum(len(group.sources) for group in frame.groups[MOST_GROUPS:])
        groups += [f"and {others} more frames"] if others else []
        # Between lists of numbers a comma could not be told from one in them.
        is_list = any(len(group.sources) > 1 for group in frame.groups)
        return f"sees {('; ' if is_list else ', ').join(groups)}"

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain data (JSON): layout, reason, notes, frames."""
        return {
            "layout": self.layout.kind,
            "reason": self.layout.reason,
            "notes": list(self.notes),
            "frames": [
                {
                    "number": frame.number,
                    "line": frame.line,
                    "text": frame.text,
                    "tokens": frame.tokens,
                    "windows": frame.windows,
                    "sources": list(frame.sources),
                    "shown": {str(n): list(words) for n, words in frame.shown.items()},
                    "cast": list(frame.cast),
                    "who": [
                        {"words": list(words), "frame": number, "introduced_as": list(before)}
                        for words, number, before in frame.who
                    ],
                    "pixels": {str(n): list(words) for n, words in _words_by_source(frame)},
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
    return plan_of(Visibility(lay_out(story, frames, special, options), options))


def plan_of(visibility: Visibility) -> StoryPlan:
    """The plan of a story that is laid out."""
    layout, options = visibility.layout, visibility.options
    plans = (
        _plan_frame(layout, visibility, frame.number, pixels)
        for frame, pixels in zip(layout.story.frames, pixel_graph(visibility), strict=True)
    )
    return StoryPlan(layout, options, visibility, tuple(plans), layout.story.notes)


def _who(frame: FramePlan) -> list[str]:
    """A line that says who was recognised in a frame, and who was not."""
    told = [
        f"{_quoted(who.words)} is {_quoted(who.introduced_as)} of frame {who.frame}"
        for who in frame.recognised[:MOST_GROUPS]
    ]
    told += [f"new {_quoted(frame.new[:MOST_GROUPS])}"] if frame.new else []
    return [f"   who: {'; '.join(told)}"] if told and frame.number > 1 else []


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words)) or "who speaks"


def _words_by_source(frame: FramePlan) -> Iterable[tuple[int, tuple[str, ...]]]:
    """The frames whose pixels one sees, and by which words; none for the whole picture."""
    found: dict[int, tuple[str, ...]] = {}
    for link in frame.pixels:
        words = () if link.source.subject is None else (link.source.subject.words,)
        found[link.source.frame] = found.get(link.source.frame, ()) + words
    return found.items()


def _sees_pixels(frame: FramePlan) -> str:
    shown = [
        f"{source} ({', '.join(map(repr, words)) or 'all'})"
        for source, words in _words_by_source(frame)
    ]
    return f", pixels of {', '.join(shown)}" if shown else ""


def _plan_frame(
    layout: TokenLayout, visibility: Visibility, number: int, pixels: tuple[PixelLink, ...]
) -> FramePlan:
    frame, tokens = layout.story.frames[number - 1], layout.frames[number - 1]
    sources = visibility.sources[number - 1]
    shown = {source: visibility.shown_words(source, number) for source in sources}
    who = _named(visibility, number)
    empty = [source for source in sources if not shown[source]]
    # That some show nothing is what share=subject is for; not so where none does, or a link asks.
    cast = tuple(seen.cast[0].names[0] for seen in visibility.cast(number))
    alone = len(empty) == len(sources) and not cast
    is_noted = empty and (frame.links is not None or alone)
    return FramePlan(
        number=number,
        line=frame.line,
        text=frame.text,
        tokens=tokens.count,
        windows=len(tokens.windows),
        sources=sources,
        shown=shown,
        cast=cast,
        who=who,
        pixels=pixels,
        notes=(_nothing_shown(empty),) if is_noted else (),
    )


def _named(visibility: Visibility, number: int) -> tuple[Who, ...]:
    if visibility.options.share != "subject":
        return ()

    def words(frame: int, spans: Iterable[Span]) -> tuple[str, ...]:
        text = visibility.layout.story.frames[frame - 1].text
        return tuple(text[start:end] for start, end in spans)

    found = []
    for spans, first in visibility.named(number):
        before = words(first.frame, first.spans) if first else ()
        found.append(Who(words(number, spans), first.frame if first else None, before))
    return tuple(found)


def _nothing_shown(sources: Sequence[int]) -> str:
    who = f"frames {listed(sources)} show" if len(sources) > 1 else f"frame {sources[0]} shows"
    return (
        f"{who} it nothing: nobody whom it names is recognised there; say who is meant as before "
        "(“the dog”, a name), or mark what is shared with <share:…>"
    )
