"""A frame's text through the host's own parsers, with its marks kept in place.

Styles, `<lora:…>` tags, AND, prompt editing and emphasis are read by the host. What the core has
to know of a text beside its tokens, which part the story wrote and which words it shares, travels
through those parsers as pairs of sentinels: private-use characters that none of them reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from modules import extra_networks, prompt_parser, scripts, shared

from hopping.errors import StoryError
from hopping.story import Frame, Span, without_comment
from hopping.values import brief

from .hosts import host

_OWN, _OWN_END, _SHARED, _SHARED_END = "\U000f8a10", "\U000f8a11", "\U000f8a12", "\U000f8a13"
_SENTINELS = re.compile(f"[{_OWN}-{_SHARED_END}]")
# The host takes whitespace off a sub-prompt's end, such as a network's tag leaves; a sentinel
# behind it would keep it there.
_CLOSED_BEHIND_SPACE = re.compile(f"(\\s+)([{_OWN_END}{_SHARED_END}]+)")
# A sub-prompt's weight must stay the last thing of its text to be read as one.
_WEIGHT = re.compile(r"\s*:\s*[-+]?(?:\d+\.?|\d*\.\d+)\s*$")

Segment = tuple[str, float]
"""A piece of text and its emphasis, as the host's parser gives them."""


def clean(text: str) -> str:
    """`text` without sentinels."""
    return _SENTINELS.sub("", text)


def hides_comments() -> bool:
    """Whether the host leaves out of prompts what stands behind a #."""
    return bool(shared.opts.data.get("enable_prompt_comments", True))


def without_comments(text: str) -> str:
    """A text that is no story without what the host hides behind `#`, its lines kept."""
    return "\n".join(map(without_comment, text.split("\n"))) if hides_comments() else text


def check_comments(frame: Frame) -> None:
    """Raise StoryError if the host would take a part of the frame's prompt for a comment.

    It does so after it was given the frames; reForge takes // and /* for one, too.
    """
    if not hides_comments():
        return
    loaded = (getattr(data.module, "strip_comments", None) for data in scripts.scripts_data)
    strip = next(filter(None, loaded), without_comment)
    if strip(frame.text).strip() != frame.text.strip():
        raise StoryError(
            f"the WebUI would leave out a part of frame {frame.number}, as a comment: its #, // or "
            "/*; remove that, or if it is a # switch off the setting Enable comments (Remove "
            "Comments from Prompts in Forge Neo)",
            line=frame.line,
            column=frame.column,
        )


def without_networks(text: str) -> str:
    """`text` without `<lora:…>` and its kin, as the host takes them out."""
    return extra_networks.parse_prompt(text)[0]


def marked(frame: Frame) -> str:
    """The frame's text with sentinels around what the story wrote and around each mark.

    Raises:
        StoryError: if the text itself has one of the characters that serve as sentinels.
    """
    if _SENTINELS.search(frame.text):
        raise StoryError(
            "the text has a private-use character that hopping needs; remove it",
            line=frame.line,
            column=frame.column,
        )
    weight = _WEIGHT.search(frame.text, *frame.own)
    own_end = weight.start() if weight and weight.end() == frame.own[1] else frame.own[1]
    placed = [(frame.own[0], 0, _OWN), (own_end, 3, _OWN_END)]
    for start, end in frame.marks:
        placed += [(start, 2, _SHARED), (end, 1, _SHARED_END)]
    text, last = "", 0
    for position, _, sentinel in sorted(placed):
        text += frame.text[last:position] + sentinel
        last = position
    return text + frame.text[last:]


def place(frame: Frame, actual: str, style: Callable[[str], str]) -> str:
    """The prompt that is to be encoded, with the frame's sentinels in it.

    Args:
        actual: the prompt as it reaches the encoder: styles added, networks taken out.
        style: adds the run's styles to a text.

    Raises:
        StoryError: if the frame has marks and its text is no part of the prompt any more.
    """
    return _CLOSED_BEHIND_SPACE.sub(r"\2\1", _placed(frame, actual, style))


def _placed(frame: Frame, actual: str, style: Callable[[str], str]) -> str:
    own = marked(frame)
    styled = without_networks(style(own))
    if clean(styled) == actual:
        return styled
    bare = without_networks(own)
    if actual.count(clean(bare)) == 1:
        return actual.replace(clean(bare), bare)
    if frame.marks:
        raise StoryError(
            f"frame {frame.number} has <share:…> marks, but another extension has rewritten its "
            f"text to {actual!r}; remove the marks, or what rewrites it",
            line=frame.line,
            column=frame.column,
        )
    # The text was rewritten; what stands between the styles is still the story's part.
    before, _, after = without_networks(style(_OWN)).partition(_OWN)
    if actual.startswith(before) and actual.endswith(after):
        end = len(actual) - len(after)
        return f"{before}{_OWN}{actual[len(before) : end]}{_OWN_END}{after}"
    return f"{_OWN}{actual}{_OWN_END}"


def sub_prompts(frame: Frame, text: str) -> list[tuple[str, float]]:
    """The sub-prompts that AND joins in a frame's text, each with its weight.

    Raises:
        StoryError: if a mark cuts through the host's syntax, or the host cannot read it.
    """
    parts = _split(frame, text)
    if [(clean(part), weight) for part, weight in parts] != _split(frame, clean(text)):
        raise _cut(frame)
    within = False
    own: list[tuple[str, float]] = []
    for part, weight in parts:
        part = _OWN + part if within else part
        within = part.count(_OWN) > part.count(_OWN_END)
        own.append((part, weight))
    return own


def _split(frame: Frame, text: str) -> list[tuple[str, float]]:
    indexes, flat, _ = _by_host(frame, prompt_parser.get_multicond_prompt_list, [text])
    return [(flat[index], weight) for index, weight in indexes[0]]


def _by_host(frame: Frame, parse: Callable[..., Any], *arguments: Any) -> Any:
    """What one of the host's parsers makes of a frame's text.

    Raises:
        StoryError: where it fails, as AUTOMATIC1111's does at (dog:1.2.3) and [cat:dog:1e999].
    """
    try:
        return parse(*arguments)
    except (ArithmeticError, RecursionError, ValueError) as error:
        raise StoryError(
            f"the WebUI cannot read frame {frame.number} ({type(error).__name__}: "
            f"{brief(str(error))}); look at its brackets and the numbers in them",
            line=frame.line,
            column=frame.column,
        ) from error


@dataclass(frozen=True)
class Timing:
    """For how many steps a prompt is scheduled."""

    steps: int
    hires_steps: int | None = None
    old: bool = False

    @property
    def arguments(self) -> tuple[Any, ...]:
        """As the host's functions take them; Forge Neo's know no old way."""
        return (self.steps, self.hires_steps, *([True] if self.old else []))

    def schedule(self, frame: Frame, text: str) -> list[tuple[int, str]]:
        """The texts that prompt editing makes of `text`, each with the last step it holds for.

        Raises:
            StoryError: if a mark cuts through the host's syntax, or the host cannot read it.
        """
        parts = self._parse(frame, text)
        if [(end, clean(part)) for end, part in parts] != self._parse(frame, clean(text)):
            raise _cut(frame)
        return parts

    def _parse(self, frame: Frame, text: str) -> list[tuple[int, str]]:
        parse = prompt_parser.get_learned_conditioning_prompt_schedules
        schedules = _by_host(frame, parse, [text], *self.arguments)
        return [(end, part) for end, part in schedules[0]]


def text_at(schedule: Sequence[tuple[int, str]], step: int) -> str:
    """The text of a schedule at a step; behind its end the host goes back to the first."""
    return next((text for end, text in schedule if step <= end), schedule[0][1])


@dataclass(frozen=True)
class PromptReading:
    """A text as the tokenizer is given it, piece by piece, with what the sentinels told.

    Attributes:
        text: the pieces joined, without emphasis and sentinels.
        pieces: for each piece that is tokenised, its span of `text`.
        own: the span that the story wrote.
        marks: the spans that it shares.
    """

    text: str
    pieces: tuple[Span, ...]
    own: Span
    marks: tuple[Span, ...]


def read(frame: Frame, text: str) -> PromptReading:
    """Take emphasis and sentinels out of one scheduled text.

    Raises:
        StoryError: if a mark cuts through emphasis, or is edited away.
    """
    segments = _segments(frame, text)
    if [(clean(part), weight) for part, weight in segments] != _segments(frame, clean(text)):
        raise _cut(frame)
    joined = ""
    pieces: list[Span] = []
    found: dict[str, list[int]] = {sentinel: [] for sentinel in (_OWN, _OWN_END)}
    marks: list[list[int]] = []
    for part, weight in segments:
        if _is_break(part, weight):
            joined += " "
            continue
        start = len(joined)
        last = 0
        for sentinel in _SENTINELS.finditer(part):
            joined += part[last : sentinel.start()]
            last = sentinel.end()
            if sentinel.group() in found:
                found[sentinel.group()].append(len(joined))
            elif sentinel.group() == _SHARED:
                marks.append([len(joined)])
            elif marks and len(marks[-1]) == 1:
                marks[-1].append(len(joined))
            else:
                raise _cut(frame)
        joined += part[last:]
        pieces.append((start, len(joined)))
    if len(marks) != text.count(_SHARED) or any(len(mark) != 2 for mark in marks):
        raise _cut(frame)
    own = (0, 0)
    if found[_OWN] or found[_OWN_END]:
        own = (min(found[_OWN], default=0), max(found[_OWN_END], default=len(joined)))
    return PromptReading(joined, tuple(pieces), own, tuple((a, b) for a, b in marks))


def check_marks_stay(frame: Frame, placed: str, texts: Sequence[str]) -> None:
    """Raise StoryError if prompt editing takes one of the marks in `placed` away."""
    if sum(text.count(_SHARED) for text in texts) != placed.count(_SHARED):
        raise _cut(frame)


def _segments(frame: Frame, text: str) -> list[Segment]:
    """The host's pieces of a text, those without letters left out.

    A sentinel behind a bracket is a piece of its own to the host; it joins a neighbour here, and
    pieces of one weight that it stood between become one, as they are without it.
    """
    if shared.opts.emphasis == "None":
        return [(text, 1.0)]
    found: list[Segment] = []
    sentinels = ""
    for part, weight in _by_host(frame, host().emphasised, text):
        if not clean(part):
            sentinels += part
        elif _is_break(part, weight):
            found.append((part, weight))
        elif found and found[-1][1] == weight:
            found[-1] = (found[-1][0] + sentinels + part, weight)
            sentinels = ""
        else:
            found.append((sentinels + part, weight))
            sentinels = ""
    words = [n for n, segment in enumerate(found) if not _is_break(*segment)]
    if sentinels and words:
        part, weight = found[words[-1]]
        found[words[-1]] = (part + sentinels, weight)
    return found


def _is_break(part: str, weight: float) -> bool:
    return part == "BREAK" and weight == -1


def _cut(frame: Frame) -> StoryError:
    return StoryError(
        f"a <share:…> mark of frame {frame.number} cuts through emphasis, prompt editing or AND; "
        "put it around the whole bracket, or around words inside it that always stand there",
        line=frame.line,
        column=frame.column,
    )
