"""A story's tokens to one embedding per frame: plain pass, hopped pass, splice, strength.

The text encoder is a small protocol that each host fulfils; nothing here loads a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor, nn

from .attention import MeanWeights, attend, attention_depth, rows_apart
from .chunks import Chunk, Memory, chunks, sights
from .layout import Role, TokenLayout
from .mask import Visibility


@dataclass(frozen=True)
class Embedding:
    """What a text encoder makes of some windows.

    hidden: shape (windows, 77, width). pooled: shape (windows, width'), or None if it has none.
    """

    hidden: Tensor
    pooled: Tensor | None = None

    def at(self, windows: Sequence[int] | slice) -> Embedding:
        """Some of the windows, by their numbers from 0."""
        pooled = None if self.pooled is None else self.pooled[windows]
        return Embedding(self.hidden[windows], pooled)


class TextEncoder(Protocol):
    """One text encoder of a host.

    `module` is what `attention.attend` can hook; `encode` runs it over ids of shape (windows, 77)
    exactly as the host does for plain prompts (layer skipped to, final norm, textual inversion).
    """

    @property
    def module(self) -> nn.Module: ...

    def encode(self, ids: Tensor) -> Embedding: ...


def encode_frames(encoder: TextEncoder, visibility: Visibility) -> Iterator[Embedding]:
    """Encode the frames of a story in order, many at once; of a long one only a part is kept.

    A frame that sees no other is what `encoder.encode` gives for it, and so is each at strength 0:
    bit for bit on a CPU, where `rows_apart` sees to it that no row depends on the others. On a GPU
    the last bits are those of a batch, whose size chooses the kernels.

    Raises:
        EncoderError: before anything is computed.
    """
    return (embedding for embedding, _ in encode_and_watch(encoder, visibility, watching=False))


@torch.no_grad()
def encode_and_watch(
    encoder: TextEncoder, visibility: Visibility, watching: bool = True
) -> Iterator[tuple[Embedding, Tensor]]:
    """`encode_frames`, each with what its content tokens attended to.

    Yields, beside the embedding, the weight of each token that the frame sees, mean over layers and
    heads, shape (content tokens, seen); nothing of use unless `watching`.
    """
    attention_depth(encoder.module)
    layout, options = visibility.layout, visibility.options
    if options.strength == 0 and not watching:
        visibility = Visibility(layout, options.replace(mode="baseline"))
    hop = _hop_joint if layout.kind == "joint" else _hop_windows
    windows = hop(encoder, visibility, watching)
    for _ in islice(windows, sum(len(description.windows) for description in layout.cast)):
        pass  # no frames
    for frame in layout.frames:
        embeddings, attended = zip(*islice(windows, len(frame.windows)), strict=True)
        yield _joined(embeddings), torch.cat(attended)


def _hop_joint(
    encoder: TextEncoder, visibility: Visibility, watching: bool
) -> Iterator[tuple[Embedding, Tensor]]:
    """The paper's way: a pass over each prompt alone, one over the joint row, then splice."""
    layout = visibility.layout
    numbers = range(1, len(layout.frames) + 1)
    ids = torch.cat([layout.alone(n) for n in numbers])
    first, kind = _kinds(ids)
    with rows_apart(encoder.module):
        plain = encoder.encode(ids[first]).at(kind)
    if any(len(visibility.context(n)) for n in numbers):
        watch = MeanWeights() if watching else None
        with attend(encoder.module, visibility.matrix(), watch=watch):
            joint = encoder.encode(layout.ids).hidden[0]
    for n in numbers:
        alone, content, seen = plain.at(slice(n - 1, n)), layout.content(n), visibility.context(n)
        if not len(seen):
            yield alone, torch.zeros(len(content), 0)
            continue
        hopped = alone.hidden.clone()
        hopped[0, 1 : 1 + len(content)] = joint[content]
        embedding = _mix(alone, Embedding(hopped, alone.pooled), visibility.options.strength)
        yield embedding, torch.zeros(0) if watch is None else watch.of(0)[content][:, seen]


def _hop_windows(
    encoder: TextEncoder, visibility: Visibility, watching: bool
) -> Iterator[tuple[Embedding, Tensor]]:
    """Each frame in windows of its own, whose tokens see those of earlier frames as well.

    Attention is all that joins tokens, and in each layer the inputs of all frames are there at
    once: what a frame sees is gathered from the batch itself, or from what is remembered of an
    earlier one. The result is that of one big mask.
    """
    ids, options, memory = visibility.layout.ids.flatten(), visibility.options, Memory()
    spliced = options.carry == "tokens" or options.strength < 1
    for chunk in chunks(visibility):
        free, hopping, parts = len(chunk.free), chunk.hopping, []
        watch = MeanWeights() if watching else None
        windows = torch.cat([chunk.free, hopping]) if spliced else chunk.free
        if len(windows):
            first, kind = _kinds(ids[windows])
            recorded = memory.attend(encoder.module, windows[first], chunk.shown)
            with recorded, rows_apart(encoder.module):
                plain = encoder.encode(ids[windows[first]]).at(kind)
            parts.append(plain.at(slice(free)))
        if len(hopping):
            seen = sights(visibility, chunk, memory.tokens)
            with memory.attend(encoder.module, hopping, chunk.seen_later, seen, watch):
                hopped = encoder.encode(ids[hopping])
            if spliced:
                alone = plain.at(slice(free, None))
                if options.carry == "tokens":
                    own = visibility.contextual(hopping)[:, :, None].to(hopped.hidden.device)
                    hidden = torch.where(own, hopped.hidden, alone.hidden)
                    hopped = Embedding(hidden, alone.pooled)
                hopped = _mix(alone, hopped, options.strength)
            parts.append(hopped)
        memory.keep(chunk.seen_later)
        embeddings = _joined(parts)
        for row in chunk.order:
            attended = _attended(visibility.layout, chunk, row, watch)
            yield embeddings.at(slice(row, row + 1)), attended


def _attended(layout: TokenLayout, chunk: Chunk, row: int, watch: MeanWeights | None) -> Tensor:
    hopping = row - len(chunk.free)
    window = chunk.free[row] if hopping < 0 else chunk.hopping[hopping]
    content = layout.role[window] == Role.CONTENT
    if hopping < 0 or watch is None:
        return torch.zeros(int(content.sum()), 0)
    return watch.of(hopping)[content, : len(chunk.contexts[hopping])]


def _kinds(rows: Tensor) -> tuple[list[int], list[int]]:
    """The first of the rows of each kind, and for each row its kind."""
    kinds: dict[tuple[int, ...], int] = {}
    kind = [kinds.setdefault(tuple(row), len(kinds)) for row in rows.tolist()]
    return [kind.index(n) for n in range(len(kinds))], kind


def _mix(plain: Embedding, hopped: Embedding, strength: float) -> Embedding:
    if strength == 1:
        return hopped
    pooled = plain.pooled
    if pooled is not None and hopped.pooled is not None:
        pooled = torch.lerp(pooled, hopped.pooled, strength)
    return Embedding(torch.lerp(plain.hidden, hopped.hidden, strength), pooled)


def _joined(parts: Sequence[Embedding]) -> Embedding:
    pooled = [part.pooled for part in parts if part.pooled is not None]
    return Embedding(
        torch.cat([part.hidden for part in parts]), torch.cat(pooled) if pooled else None
    )
