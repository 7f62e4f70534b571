"""The host's text encoders as the core's `TextEncoder`, and the host's tokens as its `FrameTokens`.

All that makes an embedding the host's own stays the host's: which layer CLIP skip takes, SDXL's
rules, emphasis, chunks, textual inversion. Here the tokens are only read from its chunks, and its
`encode_with_transformers` is called on them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from hopping.attention import attention_depth
from hopping.encoder import Embedding
from hopping.errors import EncoderError
from hopping.layout import FrameTokens, SpecialIds, align_tokens
from hopping.patch import patched
from hopping.story import Span

from .host_types import Chunk, Inversion
from .hosts import Engine, host
from .neighbours import who_hooks_the_text_encoder
from .texts import PromptReading, clean

# A textual inversion's vectors stand in the host's rows as placeholders. In the layout each has an
# id of its own, far above any vocabulary, which tells what is to be put there.
_VIRTUAL = 10_000_000
_PLACEHOLDER = 0


def text_encoders(sd_model: Any) -> list[HostTextEncoder]:
    """The text encoders of a loaded checkpoint: one, or SDXL's two.

    Raises:
        EncoderError: if they are not CLIP's, or a setting puts another path in their place.
    """
    return [HostTextEncoder(engine) for engine in host().engines(sd_model)]


class HostTextEncoder:
    """One of the host's text encoders.

    Attributes:
        module: the CLIP text model inside it.
        special: its start, end and padding id.

    Raises:
        EncoderError: if it is not CLIP's.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.module = engine.module
        attention_depth(self.module)
        wrapper = engine.wrapper
        self.special = SpecialIds(wrapper.id_start, wrapper.id_end, wrapper.id_pad)
        self._first_ids: dict[int, Inversion] = {}  # first virtual id → textual inversion
        self._known: dict[str, int] = {}
        self._next = _VIRTUAL

    def windows(self, text: str) -> list[tuple[int, ...]]:
        """The content ids of a text, as the host cuts it into chunks of 75.

        Raises:
            EncoderError: if a control token stands in it.
        """
        chunks, _ = self._engine.cutter.tokenize_line(text)
        return [self._content(chunk, text) for chunk in chunks]

    def spans(self, reading: PromptReading) -> list[Span]:
        """For each content token of a text, the span of `reading.text` that it comes from."""
        spans: list[Span] = []
        for start, end in reading.pieces:
            text = reading.text[start:end]
            ids = self._tokenize(text)
            aligned = align_tokens(self._tokenize, text, ids)
            position = 0
            while position < len(ids):
                found, length = self._inversion_at(ids, position)
                count = 1 if found is None else int(found.vectors)
                covered = aligned[position : position + length]
                spans += [(start + covered[0][0], start + covered[-1][1])] * count
                position += length
        return spans

    def words(self, tokens: Sequence[int]) -> str:
        """The text of tokens that follow each other, or the textual inversion that one is of.

        "\ufffd" where they have no text together.
        """
        if all(token < _VIRTUAL for token in tokens):
            return self._engine.decode(tokens)
        for first, inversion in self._first_ids.items():
            if first <= tokens[0] < first + int(inversion.vectors) and len(tokens) == 1:
                return str(inversion.name)
        return "\ufffd"

    def encode(self, ids: Tensor) -> Embedding:
        """ids of shape (windows, 77) → what the host's own pass makes of them."""
        rows, fixes = self._host_rows(ids)
        engine = self._engine
        # Fixes serve one pass, and a row may be encoded twice.
        engine.slot.fixes = fixes
        try:
            hidden = engine.wrapper.encode_with_transformers(rows.to(engine.device))
        finally:
            engine.slot.fixes = None
        return Embedding(hidden, getattr(hidden, "pooled", None))

    @contextmanager
    def delivering(self, passes: Sequence[tuple[Tensor, Embedding]]) -> Iterator[None]:
        """While the block runs, the host's passes give these embeddings, one after the other.

        Args:
            passes: for each chunk that the host will encode, the ids of its rows, shape (rows,
                77), and what it gets for them.

        Raises:
            EncoderError: if the host asks for other tokens, or for more or fewer passes.
        """
        waiting = deque(passes)
        engine = self._engine

        def deliver(tokens: Tensor) -> Tensor:
            engine.slot.fixes = None
            if not waiting:
                raise _disagreement()
            ids, embedding = waiting.popleft()
            if not torch.equal(self._host_rows(ids)[0], tokens.cpu()):
                raise _disagreement()
            hidden = embedding.hidden.clone()
            if embedding.pooled is not None:
                hidden.pooled = embedding.pooled  # type: ignore[attr-defined]
            return hidden

        try:
            with patched(engine.wrapper, "encode_with_transformers", deliver):
                yield
        finally:
            engine.slot.fixes = None
        if waiting:
            raise _disagreement()

    def _tokenize(self, text: str) -> list[int]:
        return list(self._engine.cutter.tokenize([text])[0])

    def _inversion_at(self, ids: list[int], position: int) -> tuple[Inversion | None, int]:
        found, length = self._engine.inversions.find_embedding_at_position(ids, position)
        return found, length or 1

    def _content(self, chunk: Chunk, text: str) -> tuple[int, ...]:
        """A chunk's tokens without start, end and what fills it up, inversions by their own ids."""
        ids = list(chunk.tokens[1:-1])
        for offset, inversion in chunk.fixes:
            first = self._first_id(inversion)
            for n in range(int(inversion.vectors)):
                ids[offset + n] = first + n
        while ids and ids[-1] == self.special.end:
            ids.pop()
        if self.special.end in ids:
            raise EncoderError(
                f"an end-of-text token stands within {clean(text)!r}; remove it, also from styles"
            )
        return tuple(ids)

    def _first_id(self, inversion: Inversion) -> int:
        first = self._known.get(inversion.name)
        if first is None:
            first = self._known[inversion.name] = self._next
            self._first_ids[first] = inversion
            self._next += int(inversion.vectors)
        return first

    def _host_rows(self, ids: Tensor) -> tuple[Tensor, list[list[tuple[int, Inversion]]]]:
        """ids as the host writes them, and for each row the inversions that go into it."""
        fixes = [
            [
                # The host counts without the start token.
                (position - 1, self._first_ids[token])
                for position, token in enumerate(row)
                if token in self._first_ids
            ]
            for row in ids.tolist()
        ]
        return ids.masked_fill(ids >= _VIRTUAL, _PLACEHOLDER), fixes


def frame_tokens(
    encoder: HostTextEncoder,
    readings: Sequence[PromptReading],
    windows: Sequence[Sequence[tuple[int, ...]]],
) -> FrameTokens:
    """The tokens of a frame's sub-prompts as one frame of the core's.

    Args:
        readings: each sub-prompt's text; the frame's is `joined(readings)`.
        windows: each sub-prompt's windows of content ids.
    """

    def align() -> list[Span]:
        spans: list[Span] = []
        shift = 0
        for reading in readings:
            spans += [(start + shift, end + shift) for start, end in encoder.spans(reading)]
            shift += len(reading.text) + len(JOINER)
        return spans

    return FrameTokens(tuple(window for part in windows for window in part), align)


JOINER = "; "
"""What stands between sub-prompts in a frame's text: a sign that ends a phrase."""


def _disagreement() -> EncoderError:
    return EncoderError(
        f"other tokens are encoded than were laid out; {who_hooks_the_text_encoder()} changes "
        "prompts while they are encoded: switch it off, or hopping"
    )
