"""A story's tokens to one embedding per frame: plain pass, contextual pass, splice, strength.

The text encoder is a small protocol that each host fulfils; nothing here loads a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from .attention import attend, attention_depth
from .layout import TokenLayout
from .mask import Visibility
from .options import HoppingOptions


@dataclass(frozen=True)
class Embedding:
    """What a text encoder makes of some windows.

    hidden: shape (windows, 77, width). pooled: shape (windows, width'), or None if it has none.
    """

    hidden: Tensor
    pooled: Tensor | None = None


class TextEncoder(Protocol):
    """One text encoder of a host.

    `module` is what `attention.attend` can hook; `encode` runs it over ids of shape (windows, 77)
    exactly as the host does for a plain prompt (layer skipped to, final norm, textual inversion).
    """

    @property
    def module(self) -> nn.Module: ...

    def encode(self, ids: Tensor) -> Embedding: ...


@torch.no_grad()
def encode_frames(
    encoder: TextEncoder, layout: TokenLayout, options: HoppingOptions
) -> Iterator[Embedding]:
    """Encode the frames of a laid-out story in order, each when it is asked for; none is kept.

    Yields, for each frame, its windows' hidden states and pooled outputs. A frame that sees no
    other is exactly what `encoder.encode` gives for it alone. So it is with strength 0.

    Raises:
        EncoderError, StoryError: before anything is computed.
    """
    attention_depth(encoder.module)
    visibility = Visibility(layout, options)
    if options.strength == 0:
        for frame in range(1, len(layout.frames) + 1):
            yield encoder.encode(layout.alone(frame))
    elif layout.kind == "joint":
        yield from _encode_joint(encoder, layout, visibility, options.strength)
    else:
        yield from _encode_windows(encoder, layout, visibility, options)


def _encode_joint(
    encoder: TextEncoder, layout: TokenLayout, visibility: Visibility, strength: float
) -> Iterator[Embedding]:
    """The paper's way: one pass over the joint row, one over each prompt alone, then splice."""
    joint: Tensor | None = None
    for frame in range(1, len(layout.frames) + 1):
        plain = encoder.encode(layout.alone(frame))
        if not len(visibility.context(frame)):
            yield plain
            continue
        if joint is None:
            with attend(encoder.module, visibility.matrix()):
                joint = encoder.encode(layout.ids).hidden[0]
        content = layout.content(frame)
        hidden = plain.hidden.clone()
        hidden[0, 1 : 1 + len(content)] = joint[content.to(joint.device)]
        yield _mix(plain, Embedding(hidden, plain.pooled), strength)


def _encode_windows(
    encoder: TextEncoder, layout: TokenLayout, visibility: Visibility, options: HoppingOptions
) -> Iterator[Embedding]:
    """Frame by frame: each attends to what earlier frames' attention layers were given.

    That is one big mask's result exactly, since attention is all that joins tokens: an earlier
    frame's part of each layer does not depend on a later one and is kept instead of made again.
    What no later frame will see is dropped, so memory follows the reach and not the story.
    """
    for done in windows_passes(encoder, layout, visibility):
        if done.context is None or (options.carry == "all" and options.strength == 1):
            yield done.embedding
            continue
        plain, hopped = encoder.encode(layout.alone(done.frame)), done.embedding
        if options.carry == "tokens":
            content = layout.content(done.frame)
            own = torch.isin(layout.windows(done.frame), content).to(plain.hidden.device)
            hidden = torch.where(own[:, :, None], hopped.hidden, plain.hidden)
            hopped = Embedding(hidden, plain.pooled)
        yield _mix(plain, hopped, options.strength)


@dataclass(frozen=True)
class WindowsPass:
    """The text encoder's run over one frame's windows, in the windows layout.

    Attributes:
        frame: which one, from 1.
        seen: indices of the earlier frames' tokens that it sees.
        visible: bool, shape (windows, 77, seen + 77), as `attend` takes it; None for a frame that
            sees no other.
        context: per layer the attention inputs of the tokens seen; None where `visible` is.
        record: per layer the attention inputs of its own tokens, shape (windows, 77, width).
        embedding: what came out.
    """

    frame: int
    seen: Tensor
    visible: Tensor | None
    context: list[Tensor] | None
    record: list[Tensor]
    embedding: Embedding


@torch.no_grad()
def windows_passes(
    encoder: TextEncoder, layout: TokenLayout, visibility: Visibility
) -> Iterator[WindowsPass]:
    """Run over every frame in order, each when it is asked for."""
    memory = _Memory(layout, visibility)
    for frame in range(1, len(layout.frames) + 1):
        seen = visibility.context(frame)
        visible = context = None
        if len(seen):
            windows = layout.windows(frame)
            rows = [visibility.matrix(window, torch.cat([seen, window])) for window in windows]
            visible, context = torch.stack(rows), memory.recall(seen)
        with attend(encoder.module, visible, context) as record:
            embedding = encoder.encode(layout.alone(frame))
        memory.keep(frame, record)
        yield WindowsPass(frame, seen, visible, context, record, embedding)


class _Memory:
    """Per layer, the attention inputs of the tokens that a later frame will still see."""

    def __init__(self, layout: TokenLayout, visibility: Visibility) -> None:
        self._layout = layout
        self._last_viewer: dict[int, int] = {}
        for viewer in range(1, len(layout.frames) + 1):
            seen = visibility.context(viewer).tolist()
            self._last_viewer.update(dict.fromkeys(seen, viewer))
        # token index → its attention inputs, shape (layers, width)
        self._kept: dict[int, Tensor] = {}

    def keep(self, frame: int, record: list[Tensor]) -> None:
        """Take from a frame's record what is seen later; drop what no frame after it sees."""
        for token in [token for token in self._kept if self._last_viewer[token] <= frame]:
            del self._kept[token]
        tokens = self._layout.windows(frame).flatten().tolist()
        wanted = [n for n, token in enumerate(tokens) if self._last_viewer.get(token, 0) > frame]
        if wanted:
            layers = torch.stack([layer.flatten(0, 1)[wanted] for layer in record], dim=1)
            self._kept.update(zip((tokens[n] for n in wanted), layers, strict=True))

    def recall(self, indices: Tensor) -> list[Tensor]:
        """Per layer, the attention inputs of these tokens, shape (tokens, width)."""
        return list(torch.stack([self._kept[index] for index in indices.tolist()], dim=1))


def _mix(plain: Embedding, hopped: Embedding, strength: float) -> Embedding:
    if strength == 1:
        return hopped
    pooled = plain.pooled
    if pooled is not None and hopped.pooled is not None:
        pooled = torch.lerp(pooled, hopped.pooled, strength)
    return Embedding(torch.lerp(plain.hidden, hopped.hidden, strength), pooled)
