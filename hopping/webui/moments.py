"""A story at one step of sampling: prompt editing may give each step other texts.

A frame's context is what the earlier frames say at that step, all their sub-prompts together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hopping.layout import NOBODY, FrameTokens
from hopping.story import Frame, Story

from .encoders import JOINER, HostTextEncoder, frame_tokens
from .texts import (
    PromptReading,
    Timing,
    check_marks_stay,
    clean,
    place,
    read,
    sub_prompts,
    text_at,
)


@dataclass(frozen=True)
class SubPrompt:
    """One of the prompts that AND joins: its weight and its texts, each with its last step."""

    weight: float
    schedule: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class ScheduledFrame:
    """A frame as the host will encode it: its whole prompt, and that prompt's parts over time."""

    frame: Frame
    prompt: str
    parts: tuple[SubPrompt, ...]

    @property
    def is_frame(self) -> bool:
        """Whether a picture is made of it: a description of the cast is none."""
        return self.frame.number > NOBODY


def schedule_frames(
    frames: Sequence[Frame],
    prompts: Sequence[str],
    style: Callable[[str], str],
    timing: Timing,
) -> list[ScheduledFrame]:
    """Read each frame's prompt with the host's parsers.

    Args:
        prompts: for each frame what is to be encoded, networks taken out.
        style: adds the run's styles to a text.

    Raises:
        StoryError: if a frame's marks cannot be followed through them.
    """
    scheduled = []
    for frame, prompt in zip(frames, prompts, strict=True):
        text = place(frame, prompt, style)
        parts = tuple(
            SubPrompt(weight, tuple(timing.schedule(frame, part)))
            for part, weight in sub_prompts(frame, text)
        )
        scheduled.append(ScheduledFrame(frame, text, parts))
    return scheduled


def last_steps(scheduled: Sequence[ScheduledFrame]) -> list[int]:
    """The steps at which any frame's text is about to change, and the last one."""
    return sorted({end for f in scheduled for part in f.parts for end, _ in part.schedule})


class StepTexts:
    """The texts of a whole story at one step.

    Attributes:
        texts: for each frame its sub-prompts, without sentinels.
        story: the frames with those texts, emphasis taken out, as the core lays them out.

    Raises:
        StoryError: if a mark is edited away at this step.
    """

    def __init__(self, scheduled: Sequence[ScheduledFrame], step: int) -> None:
        self._readings: list[list[PromptReading]] = []
        texts: list[tuple[str, ...]] = []
        frames = []
        for scheduled_frame in scheduled:
            frame = scheduled_frame.frame
            now = [text_at(part.schedule, step) for part in scheduled_frame.parts]
            check_marks_stay(frame, scheduled_frame.prompt, now)
            readings = [read(frame, text) for text in now]
            self._readings.append(readings)
            texts.append(tuple(clean(text) for text in now))
            frames.append(_as_read(frame, readings))
        self.texts = tuple(texts)
        split = sum(each.is_frame for each in scheduled)
        self.story = Story(tuple(frames[:split]), descriptions=tuple(frames[split:]))

    def tokens(
        self, encoder: HostTextEncoder, windows: Sequence[Sequence[Sequence[tuple[int, ...]]]]
    ) -> list[FrameTokens]:
        """Each frame's tokens, given each of its sub-prompts' windows of content ids."""
        return [
            frame_tokens(encoder, readings, parts)
            for readings, parts in zip(self._readings, windows, strict=True)
        ]


def _as_read(frame: Frame, readings: Sequence[PromptReading]) -> Frame:
    """The frame with the text, the own span and the marks of its sub-prompts, joined."""
    own = []
    marks = []
    shift = 0
    for reading in readings:
        if reading.own[0] < reading.own[1]:
            own.append((reading.own[0] + shift, reading.own[1] + shift))
        marks += [(start + shift, end + shift) for start, end in reading.marks]
        shift += len(reading.text) + len(JOINER)
    return replace(
        frame,
        text=JOINER.join(reading.text for reading in readings),
        own=(own[0][0], own[-1][1]) if own else (0, 0),
        marks=tuple(marks),
    )
