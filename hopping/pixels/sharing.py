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
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from hopping.errors import HoppingError

from .bank import Bank, Moment
from .graph import Phrase, PixelGraph, PixelLink, PixelSource
from .layers import Attention, Call, CrossAttention, Row, SelfAttention, UNetLayers
from .subject_masks import Size, SubjectMap, level_size, map_level, mean_attention, why_not_found

SHARING_CALLS = 0.8
"""How much of the noise schedule, from its end, shares. At the noise levels before, a picture's
composition is not decided: what is shared there can push the figure out of the frame."""

PULL = 1.5
"""How far a viewing pixel is drawn towards what it makes of its subject's pixels, once the figure's
shape is decided: beyond it, since its own still have their part in that. It is drawn in direction
and not in strength (`beyond`)."""

PULLING_CALLS = 0.5
"""How much of the noise schedule, from its end, draws beyond. Before, it would move the figure."""

_RELATING = 3
"""How many self-attention layers at most are asked which pixels belong together: as many as SD 1
has at the level that is asked. Of SDXL's 30 every tenth is, which begins a block."""

_TRAINED_STEPS = 1000  # of every SD's noise schedule
_EPSILON = 1e-6  # of what does not differ at all


def beyond(result: Tensor, again: Tensor) -> Tensor:
    """What pixels are, drawn by `PULL` from `result` towards `again`, no stronger than `again` is.

    Each channel keeps the mean and the standard deviation over the pixels that it has in `again`,
    else some samplers (LMS) overdraw the figure. So does CFG rescale with what a guidance draws
    beyond (Lin et al., arXiv 2305.08891, section 3.4).

    Args:
        result: of a layer, shape (pixels, width).
        again: the same, with others' pixels seen.
    """
    drawn, wanted = torch.lerp(result.float(), again.float(), PULL), again.float()
    spread, mean = torch.std_mean(drawn, dim=0, correction=0)
    wanted_spread, wanted_mean = torch.std_mean(wanted, dim=0, correction=0)
    strength = wanted_spread / spread.clamp(min=_EPSILON)
    return ((drawn - mean) * strength + wanted_mean).to(again)


def asked(layers: UNetLayers, size: Size) -> tuple[Set[CrossAttention], Set[SelfAttention]]:
    """The layers that tell where a subject is, for latents of this size: those whose pixels attend
    to its words, and those whose pixels attend to each other."""
    level = map_level(size, {layer.level for layer in layers.mapping})
    mapping = {layer for layer in layers.mapping if layer.level == level}
    level = map_level(size, {layer.level for layer in layers.sharing})
    relating = [layer for layer in layers.sharing if layer.level == level]
    return mapping, set(relating[:: math.ceil(len(relating) / _RELATING)])


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

    Attributes:
        graphs: `graph` alone, or as many as `layers` tells apart, where prompts change from step
            to step.
        layers: may be exchanged between two batches, for the same U-Net loaded again.
    """

    def __init__(self, graph: PixelGraph, layers: UNetLayers, bank: Bank) -> None:
        self.graphs: tuple[PixelGraph, ...] = (graph,)
        self.layers = layers
        self._bank = bank
        self._maps: dict[tuple[int, Phrase], SubjectMap] = {}

    @property
    def graph(self) -> PixelGraph:
        """For each frame, what it sees, at first."""
        return self.graphs[0]

    @contextmanager
    def batch(self, frames: Sequence[int], before: PixelSharing | None = None) -> Iterator[None]:
        """While the block runs, the U-Net samples these frames, from the first step to the last.

        Args:
            before: by which another U-Net, or this one at another size, has begun these pictures.
        """
        views = [_View(graph, frames) for graph in self.graphs]
        if any(view.shown or any(view.links.values()) for view in views):
            begun = {} if before is None else before._maps
            batch = _Batch(list(frames), views, self._bank, self.layers, begun)
            with _patched(self.layers, batch):
                yield
            for subject in batch.maps.values():
                subject.end_call()
            self._maps.update(batch.maps)
        else:
            yield
        self._bank.drop_all_but(source for view in views for source in view.later)

    def seen(self, frame: int) -> tuple[Seen, ...]:
        """What a frame that has been sampled saw."""
        links = dict.fromkeys(link for graph in self.graphs for link in graph[frame - 1])
        return tuple(self._seen(frame, link) for link in links)

    def _seen(self, frame: int, link: PixelLink) -> Seen:
        source = link.source
        if source.subject is None:
            return Seen(link, 1.0)
        there = self._maps.get((source.frame, source.subject), SubjectMap())
        here = None if link.own is None else self._maps.get((frame, link.own))
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


class _View:
    """What a batch's frames see and show by one graph.

    Attributes:
        links: what each of the frames sees.
        later: what frames of later batches see.
        shown: of the frames, what is seen by them or later ones.
        phrases: for each frame that shows or sees, those whose pixels must be found.
    """

    def __init__(self, graph: PixelGraph, frames: Sequence[int]) -> None:
        self.links = {frame: graph[frame - 1] for frame in frames}
        self.later = {link.source for links in graph[max(frames) :] for link in links}
        seen = {link.source for links in self.links.values() for link in links}
        self.shown = [source for source in seen | self.later if source.frame in frames]
        found = (
            *((source.frame, source.subject) for source in self.shown),
            *((frame, link.own) for frame, links in self.links.items() for link in links),
        )
        self.phrases: dict[int, list[Phrase]] = {}
        for frame, phrase in dict.fromkeys(found):
            if phrase is not None:
                self.phrases.setdefault(frame, []).append(phrase)


class _Batch:
    """The state of one run over one batch: what the hooks ask and tell.

    Args:
        views: of the frames, by each of the story's graphs.
        layers: of the U-Net.
        begun: what was found before in the same pictures.

    Attributes:
        maps: of every phrase of the frames that shows or sees.
    """

    def __init__(
        self,
        frames: list[int],
        views: Sequence[_View],
        bank: Bank,
        layers: UNetLayers,
        begun: Mapping[tuple[int, Phrase], SubjectMap],
    ) -> None:
        self.frames = frames
        self.maps = {
            (frame, phrase): SubjectMap(begun.get((frame, phrase)))
            for view in views
            for frame, phrases in view.phrases.items()
            for phrase in phrases
        }
        self._views, self._bank, self._layers = views, bank, layers
        self._visits: Counter[float] = Counter()
        self._moment = Moment(0.0, 0)
        self._view = views[0]
        self._call = Call(0.0, (0, 0), ())
        self._kept: list[PixelSource] = []
        self._mapping: Set[CrossAttention] = set()
        self._relating: Set[SelfAttention] = set()

    def begin_call(self, call: Call) -> None:
        self._call = call
        if not call.begins:
            return
        self._mapping, self._relating = asked(self._layers, call.size)
        for subject in self.maps.values():
            subject.end_call()
        self._view = self._views[call.graph]
        self._moment = Moment(call.timestep, self._visits[call.timestep])
        self._visits[call.timestep] += 1
        # Where a step is several calls, what one shows another sees.
        self._kept = [s for s in self._view.shown if s in self._view.later or not call.whole]
        for source in self._kept:
            self._bank.begin(source, self._moment)

    def map(self, layer: CrossAttention, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before a cross-attention layer: where its pixels attend to the phrases."""
        if layer in self._mapping:
            for row, told in self._told():
                attention, size = self._attention(layer, args, kwargs, row)
                for map_, tokens in told:
                    map_.add(attention[:, tokens].sum(dim=-1).unflatten(-1, size))

    def relate(self, layer: SelfAttention, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before a self-attention layer: which of its pixels attend to each other."""
        if layer in self._relating:
            for row, told in self._told():
                attention, size = self._attention(layer, args, kwargs, row)
                for map_, _ in told:
                    map_.add_affinity(attention.unflatten(-1, size))

    def _told(self) -> Iterator[tuple[Row, list[tuple[SubjectMap, list[int]]]]]:
        """The rows of this call that are told of phrases, and by which tokens."""
        for row in self._call.rows:
            frame = self.frames[row.frame]
            phrases = self._view.phrases.get(frame, ())
            told = [(self.maps[frame, phrase], _told(row, phrase)) for phrase in phrases]
            told = [(map_, tokens) for map_, tokens in told if tokens]
            if told:
                yield row, told

    def _attention(
        self, layer: Attention, args: tuple[Any, ...], kwargs: dict[str, Any], row: Row
    ) -> tuple[Tensor, Size]:
        """How much a row's pixels attend to each token, and the size of what they are of."""
        queries, keys = layer.project(args, kwargs, row.number)
        size = self._checked_size(layer.level, len(queries))
        return mean_attention(queries, keys, layer.heads, layer.scale), size

    def share(
        self, layer: SelfAttention, hidden: Tensor, kwargs: dict[str, Any], output: Tensor
    ) -> None:
        """Behind a self-attention layer: what its viewing pixels make of what is shown."""
        size = self._checked_size(layer.level, hidden.shape[1])
        if self._moment.timestep > SHARING_CALLS * _TRAINED_STEPS:
            return
        here: dict[PixelSource, Tensor | None] = {}
        for source in self._view.shown:
            showing = self._showing(source)
            if showing is not None:
                pixels = self._pixels(source.frame, source.subject, size)
                here[source] = None if pixels is None else hidden[showing][pixels]
        for source in self._kept:
            tokens = here.get(source)
            if tokens is not None:
                self._bank.keep(source, self._moment, layer.name, tokens)
        pulling = self._moment.timestep <= PULLING_CALLS * _TRAINED_STEPS
        for row in self._call.rows:
            frame = self.frames[row.frame]
            own, result = hidden[row.number], output[row.number]
            drawn, times = torch.zeros_like(result), result.new_zeros(len(result), 1)
            sees = False
            for link in self._view.links[frame]:
                if link.source in here:
                    tokens = here[link.source]
                else:
                    tokens = self._bank.recall(link.source, self._moment, layer.name)
                pixels = self._pixels(frame, link.own, size)
                if tokens is None or pixels is None:
                    continue
                context = torch.cat([own, tokens.to(own)])
                again = layer.attend(own[pixels][None], context[None], kwargs)[0]
                if pulling and link.own is not None:
                    again = beyond(result[pixels], again)
                drawn[pixels] += again - result[pixels]
                times[pixels] += 1
                sees = True
            if sees:
                result += drawn / times.clamp(min=1)

    def _showing(self, source: PixelSource) -> int | None:
        """Which row of this call shows a source: that which is told of its subject first."""
        first = 0 if source.subject is None else source.subject.tokens[0]
        for row in self._call.rows:
            is_told = row.places is None or first in row.places
            if self.frames[row.frame] == source.frame and is_told:
                return row.number
        return None

    def _pixels(self, frame: int, phrase: Phrase | None, size: Size) -> Tensor | slice | None:
        """A phrase's pixels in a layer of this size; all without a phrase."""
        return slice(None) if phrase is None else self.maps[frame, phrase].pixels(size)

    def _checked_size(self, level: int, pixels: int) -> Size:
        size = level_size(self._call.size, level)
        if pixels != math.prod(size):
            raise HoppingError(
                f"a layer of the U-Net attends over {pixels} pixels where {math.prod(size)} were "
                "expected: another extension merges or tiles them; switch it off, or use "
                "pixels=off"
            )
        return size


def _told(row: Row, phrase: Phrase) -> list[int]:
    """The tokens of a frame's phrase that a row is told, by their places there."""
    if row.places is None:
        return list(phrase.tokens)
    return [token - row.places.start for token in phrase.tokens if token in row.places]


@contextmanager
def _patched(layers: UNetLayers, batch: _Batch) -> Iterator[None]:
    def begin(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        batch.begin_call(layers.call(args, kwargs, len(batch.frames)))

    def map_with(layer: CrossAttention) -> Any:
        return lambda _, args, kwargs: batch.map(layer, args, kwargs)

    def relate_with(layer: SelfAttention) -> Any:
        return lambda _, args, kwargs: batch.relate(layer, args, kwargs)

    def share_with(layer: SelfAttention) -> Any:
        return lambda _, args, kwargs, output: batch.share(
            layer, layer.inputs(args, kwargs), kwargs, output
        )

    with ExitStack() as hooks:
        module = layers.module
        hooks.callback(module.register_forward_pre_hook(begin, with_kwargs=True).remove)
        for cross in layers.mapping:
            handle = cross.module.register_forward_pre_hook(map_with(cross), with_kwargs=True)
            hooks.callback(handle.remove)
        for layer in layers.sharing:
            handle = layer.module.register_forward_pre_hook(relate_with(layer), with_kwargs=True)
            hooks.callback(handle.remove)
            handle = layer.module.register_forward_hook(share_with(layer), with_kwargs=True)
            hooks.callback(handle.remove)
        yield
