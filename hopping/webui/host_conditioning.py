"""One story's conditionings, as the host's sampler takes them.

A frame that sees no other is the host's own conditioning, made by its own function. For the others
the core computes what the text encoder gives, and the host's own classes make of that what they
make of any prompt: emphasis, chunks, SDXL's vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import torch
from modules import prompt_parser
from torch import Tensor

from hopping.encoder import Embedding, encode_frames
from hopping.layout import WINDOW, lay_out
from hopping.mask import Visibility
from hopping.options import HoppingOptions
from hopping.pixels import pixel_graph
from hopping.plan import StoryPlan, plan_of

from .encoders import HostTextEncoder, text_encoders
from .moments import ScheduledFrame, StepTexts, last_steps
from .neighbours import check_reading
from .pixels import StoryPixels
from .texts import Timing, clean

HostFunction = Callable[..., Any]
"""The host's `get_multicond_learned_conditioning`, or what an extension put in its place."""


@dataclass(frozen=True)
class HostCall:
    """How the host asks for conditionings.

    Attributes:
        function: what it would call.
        sd_model: the loaded checkpoint.
        prompts: its own list of prompts, which carries the picture's size.
        timing: for how many steps.
    """

    function: HostFunction
    sd_model: Any
    prompts: Any
    timing: Timing

    def plain(self, text: str) -> list[Any]:
        """One prompt's conditioning without hopping: its sub-prompts' schedules and weights."""
        return self.function(self.sd_model, self._one(text), *self.timing.arguments).batch[0]

    def check(self, frame: ScheduledFrame) -> None:
        """Raise StoryError if the function is not the host's, and reads the frame otherwise."""
        texts = (clean(text) for part in frame.parts for _, text in part.schedule)
        prompts = self._one(clean(frame.prompt))
        check_reading(
            self.function, self.sd_model, frame.frame, prompts, texts, self.timing.arguments
        )

    def _one(self, text: str) -> Any:
        return prompt_parser.SdConditioning([text], copy_from=self.prompts)


class HostStory:
    """One story as a checkpoint reads it, from the first step to the last; laid out once.

    What is asked of it raises HoppingError if the story cannot be done as asked.
    """

    def __init__(
        self, call: HostCall, scheduled: Sequence[ScheduledFrame], options: HoppingOptions
    ) -> None:
        self._call, self._scheduled, self._options = call, scheduled, options
        self._steps, self._moments = _moments(scheduled)

    @cached_property
    def _tracks(self) -> list[_Track]:
        encoders = text_encoders(self._call.sd_model)
        return [_Track(encoder, self._moments, self._options) for encoder in encoders]

    def plan(self) -> StoryPlan:
        """The story as it is at the first step."""
        return plan_of(next(iter(self._tracks[0].visibility.values())))

    def pixels(self) -> StoryPixels:
        """Who sees whose pixels, at each step and for each frame's sub-prompts."""
        # Both encoders of SDXL cut a text alike.
        track = self._tracks[0]
        graphs = {texts: pixel_graph(visibility) for texts, visibility in track.visibility.items()}
        return StoryPixels(
            tuple(self._steps),
            tuple(graphs[texts] for texts in self._steps.values()),
            tuple(track.places()),
        )

    def conditionings(self) -> list[list[Any]]:
        """For each frame its `ComposableScheduledPromptConditioning`s; nothing is encoded before
        all are known to be possible."""
        if self._options.keeps_words_plain:
            return [
                self._call.plain(clean(frame.prompt)) for frame in self._scheduled if frame.is_frame
            ]
        return _conditionings(self._call, self._scheduled, self._steps, self._tracks)


def _conditionings(
    call: HostCall,
    scheduled: Sequence[ScheduledFrame],
    steps: dict[int, Texts],
    tracks: Sequence[_Track],
) -> list[list[Any]]:
    contextual = {frame for track in tracks for frame in track.contextual}
    # Plain ones first: with --medvram and --lowvram the host's own call moves the text encoder to
    # the device, and the first frame is plain, or a description that it sees.
    conditionings = [
        [] if frame.frame.number in contextual else call.plain(clean(frame.prompt))
        for frame in scheduled
    ]
    if contextual:
        for frame in scheduled:
            call.check(frame)
        encoded = [track.encode() for track in tracks]
    for number in sorted(contextual):
        for part, sub_prompt in enumerate(scheduled[number - 1].parts):
            entries = _entries(steps, encoded, number - 1, part)
            schedule = _schedule(call, tracks, entries)
            conditionings[number - 1].append(
                prompt_parser.ComposableScheduledPromptConditioning(schedule, sub_prompt.weight)
            )
    return [made for made, frame in zip(conditionings, scheduled, strict=True) if frame.is_frame]


Texts = tuple[tuple[str, ...], ...]
"""What a story says at one step: for each frame, its sub-prompts."""


def _moments(
    scheduled: Sequence[ScheduledFrame],
) -> tuple[dict[int, Texts], dict[Texts, StepTexts]]:
    """For each step that ends something what the story says until then, and each said once."""
    moments: dict[Texts, StepTexts] = {}
    steps: dict[int, Texts] = {}
    for step in last_steps(scheduled):
        moment = StepTexts(scheduled, step)
        steps[step] = moment.texts
        moments.setdefault(moment.texts, moment)
    return steps, moments


@dataclass(frozen=True)
class _Chunk:
    """One window that the host will ask for: its ids, and what the core made of it."""

    ids: tuple[int, ...]
    hidden: Tensor
    pooled: Tensor | None

    def same_as(self, other: _Chunk) -> bool:
        return self.ids == other.ids and torch.equal(self.hidden, other.hidden)


Parts = list[list[_Chunk]]
"""A frame's chunks, sub-prompt by sub-prompt."""


class _Track:
    """What one text encoder makes of a story, whatever it says at some step.

    Attributes:
        encoder: that text encoder.
        contextual: the numbers of the frames that see an earlier one at any step.
        visibility: who sees what, for each of the story's texts.

    Raises:
        HoppingError: if the story cannot be laid out as asked.
    """

    def __init__(
        self, encoder: HostTextEncoder, moments: dict[Texts, StepTexts], options: HoppingOptions
    ) -> None:
        self.encoder = encoder
        cut = {
            text: encoder.windows(text) for texts in moments for frame in texts for text in frame
        }
        # The host fills a sub-prompt's texts up to the longest of its schedule with empty chunks.
        self._counts = [
            [max(len(cut[text]) for text in part) for part in zip(*frame, strict=True)]
            for frame in zip(*moments, strict=True)
        ]
        self.visibility: dict[Texts, Visibility] = {}
        for texts, moment in moments.items():
            windows = [
                [
                    [*cut[text], *[()] * (count - len(cut[text]))]
                    for text, count in zip(parts, counts, strict=True)
                ]
                for parts, counts in zip(texts, self._counts, strict=True)
            ]
            tokens = moment.tokens(encoder, windows)
            layout = lay_out(moment.story, tokens, encoder.special, options)
            self.visibility[texts] = Visibility(layout, options)
        self.contextual = {
            number
            for visibility in self.visibility.values()
            for number in range(1, len(visibility.layout.frames) + 1)
            if len(visibility.context(number))
        }

    def encode(self) -> dict[Texts, list[Parts]]:
        """For each set of texts, the chunks of each frame."""
        return {
            texts: [
                self._parts(visibility.layout.alone(n), embedding, self._counts[n - 1])
                for n, embedding in enumerate(encode_frames(self.encoder, visibility), start=1)
            ]
            for texts, visibility in self.visibility.items()
        }

    def places(self) -> Iterator[tuple[range, ...]]:
        """For each frame, which places of its embedding each of its sub-prompts has."""
        for counts in self._counts:
            ends = [WINDOW * end for end in accumulate(counts)]
            yield tuple(map(range, [0, *ends[:-1]], ends))

    @staticmethod
    def _parts(ids: Tensor, embedding: Embedding, counts: Sequence[int]) -> Parts:
        pooled = embedding.pooled
        chunks = [
            _Chunk(tuple(row), embedding.hidden[n], None if pooled is None else pooled[n])
            for n, row in enumerate(ids.tolist())
        ]
        ends = list(accumulate(counts))
        return [chunks[end - count : end] for count, end in zip(counts, ends, strict=True)]


@dataclass(frozen=True)
class _Entry:
    """A sub-prompt up to a step: its text and, for each encoder, its chunks."""

    last_step: int
    text: str
    chunks: tuple[tuple[_Chunk, ...], ...]

    def same_as(self, other: _Entry) -> bool:
        return self.text == other.text and all(
            a.same_as(b)
            for ours, theirs in zip(self.chunks, other.chunks, strict=True)
            for a, b in zip(ours, theirs, strict=True)
        )


def _entries(
    steps: dict[int, Texts], encoded: Sequence[dict[Texts, list[Parts]]], frame: int, part: int
) -> list[_Entry]:
    """The schedule of one sub-prompt, equal neighbours as one. `frame` counts from 0."""
    entries: list[_Entry] = []
    for step, texts in steps.items():
        chunks = tuple(tuple(track[texts][frame][part]) for track in encoded)
        entry = _Entry(step, texts[frame][part], chunks)
        if entries and entries[-1].same_as(entry):
            entries.pop()
        entries.append(entry)
    return entries


def _schedule(call: HostCall, tracks: Sequence[_Track], entries: Sequence[_Entry]) -> list[Any]:
    """The host's schedule of conditionings for one sub-prompt.

    As in the host, all texts of a schedule are one batch: it encodes chunk after chunk, and its
    emphasis takes the mean over the batch.
    """
    texts = prompt_parser.SdConditioning([e.text for e in entries], copy_from=call.prompts)
    with ExitStack() as deliveries:
        for n, track in enumerate(tracks):
            rows = zip(*(entry.chunks[n] for entry in entries), strict=True)
            passes = [_stacked(chunks) for chunks in rows]
            deliveries.enter_context(track.encoder.delivering(passes))
        found = call.sd_model.get_learned_conditioning(texts)
    return [
        prompt_parser.ScheduledPromptConditioning(
            entry.last_step,
            {key: value[n] for key, value in found.items()}
            if isinstance(found, dict)
            else found[n],
        )
        for n, entry in enumerate(entries)
    ]


def _stacked(chunks: Sequence[_Chunk]) -> tuple[Tensor, Embedding]:
    pooled = [chunk.pooled for chunk in chunks if chunk.pooled is not None]
    return torch.tensor([chunk.ids for chunk in chunks]), Embedding(
        torch.stack([chunk.hidden for chunk in chunks]), torch.stack(pooled) if pooled else None
    )
