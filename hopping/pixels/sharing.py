"""A story's frames see each other's pixels: one patch of a U-Net, for one `with` block.

Every call runs as it would without us. Behind each shared self-attention layer, the viewing pixels
of each viewing row are then attended once more, with the shown tokens of a source as further keys
and values, and the row's result is drawn towards that. That costs a second attention for those
pixels, and in return every other row is bit for bit what it is without us, whatever a device's
kernels make of other batch sizes, and no row depends on what the others see.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from hopping.errors import HoppingError

from .bank import Bank, Moment
from .graph import Phrase, PixelGraph, PixelLink, PixelSource
from .layers import CrossAttention, SelfAttention, UNetLayers
from .subject_masks import Size, SubjectMap, attention_maps, level_size, map_level, why_not_found

SHARING_CALLS = 0.8
"""How much of the noise schedule, from its end, shares. At the noise levels before, a picture's
composition is not decided: what is shared there can push the figure out of the frame."""

PULL = 1.5
"""How far a viewing pixel is drawn towards what it makes of its subject's pixels, once the figure's
shape is decided: beyond it, since its own still have their part in that."""

PULLING_CALLS = 0.5
"""How much of the noise schedule, from its end, draws beyond. Before, it would move the figure."""

_TRAINED_STEPS = 1000  # of every SD's noise schedule


@dataclass(frozen=True)
class Seen:
    """What a frame saw by one link.

    Attributes:
        link: which one.
        share: how much of the source's picture it saw, mean over the calls, from 0 to 1.
        mask: what of it in the end, bool, shape (height, width); None for the whole picture, and
            where nothing was seen.
        notes: what a user should know about it.
    """

    link: PixelLink
    share: float
    mask: Tensor | None = None
    notes: tuple[str, ...] = ()


class PixelSharing:
    """One story's run over a U-Net, batch by batch in story order.

    Whoever samples a frame with it has sampled the frame's sources with it before.

    Args:
        graph: for each frame, what it sees.
        layers: of the U-Net.
        bank: keeps what later batches see.
    """

    def __init__(self, graph: PixelGraph, layers: UNetLayers, bank: Bank) -> None:
        self.graph = graph
        self._layers, self._bank = layers, bank
        self._maps: dict[tuple[int, Phrase], SubjectMap] = {}

    @contextmanager
    def batch(self, frames: Sequence[int]) -> Iterator[None]:
        """While the block runs, the U-Net samples these frames, from the first step to the last.

        Its rows are the frames in this order, behind as many unconditional ones if there are any.
        """
        later = {link.source for links in self.graph[max(frames) :] for link in links}
        links = {frame: self.graph[frame - 1] for frame in frames}
        seen = {link.source for links_of in links.values() for link in links_of}
        shown = [source for source in seen | later if source.frame in frames]
        if shown or seen:
            maps = {
                (frame, phrase): SubjectMap()
                for frame, phrase in (
                    *((source.frame, source.subject) for source in shown),
                    *((frame, link.own) for frame, own in links.items() for link in own),
                )
                if phrase is not None
            }
            levels = {layer.level for layer in self._layers.mapping}
            kept = [source for source in shown if source in later]
            with _patched(
                self._layers, _Batch(list(frames), links, shown, kept, maps, self._bank, levels)
            ):
                yield
            self._maps.update(maps)
        else:
            yield
        self._bank.drop_all_but(later)

    def seen(self, frame: int) -> tuple[Seen, ...]:
        """What a frame that has been sampled saw."""
        return tuple(self._seen(frame, link) for link in self.graph[frame - 1])

    def _seen(self, frame: int, link: PixelLink) -> Seen:
        source = link.source
        if source.subject is None:
            return Seen(link, 1.0)
        there = self._maps[source.frame, source.subject]
        here = None if link.own is None else self._maps[frame, link.own]
        notes = [
            *_notes(source.subject, there, f"frame {source.frame}'s picture", "are not seen"),
            *_notes(link.own, here, "this picture", f"do not see frame {source.frame}"),
        ]
        if notes or there.mask is None:
            return Seen(link, 0.0, None, tuple(notes))
        return Seen(link, sum(there.shares) / len(there.shares), there.mask.cpu())


def _notes(phrase: Phrase | None, found: SubjectMap | None, where: str, what: str) -> list[str]:
    if phrase is None or found is None or found.share is None:
        return []
    much = why_not_found(found.share)
    told = f"{phrase.words!r} covers {much} of {where} ({found.share:.1%}), so its pixels {what}"
    return [told] if much else []


class _Batch:
    """The state of one run over one batch: what the hooks ask and tell.

    Args:
        links: for each of the frames.
        shown: of the frames, what is seen by them or later ones; kept: by later ones.
        maps: of every phrase of the frames that shows or sees.
        map_levels: those of the U-Net that have cross-attention.
    """

    def __init__(
        self,
        frames: list[int],
        links: dict[int, tuple[PixelLink, ...]],
        shown: Sequence[PixelSource],
        kept: Sequence[PixelSource],
        maps: dict[tuple[int, Phrase], SubjectMap],
        bank: Bank,
        map_levels: set[int],
    ) -> None:
        self._frames, self._links, self._shown, self._kept = frames, links, shown, kept
        self._maps, self._bank, self._map_levels = maps, bank, map_levels
        self._visits: Counter[float] = Counter()
        self._first_row = 0
        self._moment = Moment(0.0, 0)
        self._size: Size = (0, 0)

    def begin_call(self, timestep: float, size: Size, rows: int) -> None:
        count = len(self._frames)
        if rows not in (count, 2 * count):
            raise HoppingError(
                f"the U-Net is called with {rows} rows for {count} frames, which are neither the "
                "prompts alone nor the negative prompts before them; use pixels=off"
            )
        self._first_row, self._size = rows - count, size
        self._moment = Moment(timestep, self._visits[timestep])
        self._visits[timestep] += 1
        for source in self._kept:
            self._bank.begin(source, self._moment)

    def end_call(self) -> None:
        for subject in self._maps.values():
            subject.end_call()

    def map(self, layer: CrossAttention, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before a cross-attention layer: where its pixels attend to the phrases."""
        if layer.level != map_level(self._size, self._map_levels):
            return
        for frame in dict.fromkeys(frame for frame, _ in self._maps):
            phrases = [phrase for of, phrase in self._maps if of == frame]
            queries, keys = layer.project(args, kwargs, self._row(frame))
            size = self._checked_size(layer.level, len(queries))
            tokens = [phrase.tokens for phrase in phrases]
            maps = attention_maps(queries, keys, layer.heads, layer.scale, tokens)
            for phrase, map_ in zip(phrases, maps.unflatten(-1, size), strict=True):
                self._maps[frame, phrase].add(map_)

    def share(
        self, layer: SelfAttention, hidden: Tensor, kwargs: dict[str, Any], output: Tensor
    ) -> None:
        """Behind a self-attention layer: what its viewing pixels make of what is shown."""
        size = self._checked_size(layer.level, hidden.shape[1])
        if self._moment.timestep > SHARING_CALLS * _TRAINED_STEPS:
            return
        here: dict[PixelSource, Tensor | None] = {}
        for source in self._shown:
            pixels = self._pixels(source.frame, source.subject, size)
            row = hidden[self._row(source.frame)]
            here[source] = None if pixels is None else row[pixels]
        for source in self._kept:
            tokens = here[source]
            if tokens is not None:
                self._bank.keep(source, self._moment, layer.name, tokens)
        pulling = self._moment.timestep <= PULLING_CALLS * _TRAINED_STEPS
        for frame, links in self._links.items():
            own, result = hidden[self._row(frame)], output[self._row(frame)]
            drawn, times = torch.zeros_like(result), result.new_zeros(len(result), 1)
            sees = False
            for link in links:
                if link.source in here:
                    tokens = here[link.source]
                else:
                    tokens = self._bank.recall(link.source, self._moment, layer.name)
                pixels = self._pixels(frame, link.own, size)
                if tokens is None or pixels is None:
                    continue
                context = torch.cat([own, tokens.to(own)])
                again = layer.attend(own[pixels][None], context[None], kwargs)[0]
                pull = PULL if pulling and link.own is not None else 1.0
                drawn[pixels] += pull * (again - result[pixels])
                times[pixels] += 1
                sees = True
            if sees:
                result += drawn / times.clamp(min=1)

    def _pixels(self, frame: int, phrase: Phrase | None, size: Size) -> Tensor | slice | None:
        """A phrase's pixels in a layer of this size; all without a phrase."""
        return slice(None) if phrase is None else self._maps[frame, phrase].pixels(size)

    def _checked_size(self, level: int, pixels: int) -> Size:
        size = level_size(self._size, level)
        if pixels != math.prod(size):
            raise HoppingError(
                f"a layer of the U-Net attends over {pixels} pixels where {math.prod(size)} were "
                "expected: another extension merges or tiles them; switch it off, or use "
                "pixels=off"
            )
        return size

    def _row(self, frame: int) -> int:
        return self._first_row + self._frames.index(frame)


@contextmanager
def _patched(layers: UNetLayers, batch: _Batch) -> Iterator[None]:
    def begin(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        batch.begin_call(*layers.call(args, kwargs))

    def end(*_: Any) -> None:
        batch.end_call()

    def map_with(layer: CrossAttention) -> Any:
        return lambda _, args, kwargs: batch.map(layer, args, kwargs)

    def share_with(layer: SelfAttention) -> Any:
        return lambda _, args, kwargs, output: batch.share(
            layer, layer.inputs(args, kwargs), kwargs, output
        )

    with ExitStack() as hooks:
        module = layers.module
        hooks.callback(module.register_forward_pre_hook(begin, with_kwargs=True).remove)
        hooks.callback(module.register_forward_hook(end).remove)
        for cross in layers.mapping:
            handle = cross.module.register_forward_pre_hook(map_with(cross), with_kwargs=True)
            hooks.callback(handle.remove)
        for layer in layers.sharing:
            handle = layer.module.register_forward_hook(share_with(layer), with_kwargs=True)
            hooks.callback(handle.remove)
        yield
