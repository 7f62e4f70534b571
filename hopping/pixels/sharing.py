"""A story's frames see each other's pixels: one patch of a U-Net, for one `with` block.

Every call runs as it would without us. Behind each shared self-attention layer, each viewing row
alone is then attended once more, with the shown tokens of its sources as further keys and values,
and takes the result's place. That costs a second attention for those rows, and in return every
other row is bit for bit what it is without us, whatever a device's kernels make of other batch
sizes, and no row depends on what the others see.
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
from .graph import PixelGraph, PixelLink
from .layers import CrossAttention, SelfAttention, UNetLayers
from .subject_masks import Size, attention_maps, cut, level_size, map_level, resample

SHARING_CALLS = 0.8
"""How much of the noise schedule, from its end, shares. At the noise levels before, a picture's
composition is not decided: what is shared there can push the figure out of the frame."""

_TRAINED_STEPS = 1000  # of every SD's noise schedule
# How much the maps of the calls before weigh in a map, call by call.
_MEMORY = 0.8
# A mask that covers less or more of a picture than this has found no subject.
_LEAST, _MOST = 0.01, 0.9


@dataclass(frozen=True)
class Seen:
    """What a frame saw of one earlier frame's pixels.

    Attributes:
        link: of which frame, and by which phrases.
        share: how much of its picture, mean over the calls that shared, from 0 to 1.
        mask: its last mask, bool, shape (height, width) of the maps; None for the whole picture,
            and where nothing was seen.
        found: how much of the picture each phrase's last mask covered, seen or not.
    """

    link: PixelLink
    share: float
    mask: Tensor | None
    found: tuple[float, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about it."""
        return tuple(
            f"{phrase.words!r} covers {'next to nothing' if share < _LEAST else 'nearly all'} of "
            f"frame {self.link.source}'s picture ({share:.1%}), so its pixels are not seen"
            for phrase, share in zip(self.link.phrases, self.found, strict=True)
            if not _LEAST <= share <= _MOST
        )


class PixelSharing:
    """One story's run over a U-Net, batch by batch in story order.

    Args:
        graph: for each frame, what it sees.
        layers: of the U-Net.
        bank: keeps what later batches see.

    Whoever samples a frame with it has sampled the frame's sources with it before.
    """

    def __init__(self, graph: PixelGraph, layers: UNetLayers, bank: Bank) -> None:
        self.graph = graph
        self._layers, self._bank = layers, bank
        self._seen: dict[PixelLink, Seen] = {}

    @contextmanager
    def batch(self, frames: Sequence[int]) -> Iterator[None]:
        """While the block runs, the U-Net samples these frames, from the first step to the last.

        Its rows are the frames in this order, behind as many unconditional ones if there are any.
        """
        last = max(frames)
        later = {link for links in self.graph[last:] for link in links}
        views = {frame: self.graph[frame - 1] for frame in frames}
        wanted = later.union(*views.values())
        shown = {link: _Shown(link) for link in wanted if link.source in frames}
        if shown or any(views.values()):
            levels = {layer.level for layer in self._layers.mapping}
            run = _Batch(list(frames), views, shown, later, self._bank, levels)
            with _patched(self._layers, run):
                yield
            self._seen.update({link: source.seen() for link, source in shown.items()})
        else:
            yield
        self._bank.drop_all_but(later)

    def seen(self, frame: int) -> tuple[Seen, ...]:
        """What a frame that has been sampled saw."""
        return tuple(self._seen[link] for link in self.graph[frame - 1])


class _Shown:
    """A frame of the batch that is being sampled, as one link sees it."""

    def __init__(self, link: PixelLink) -> None:
        self.link = link
        self._maps: Tensor | None = None  # (phrases, height, width)
        self._of_call: list[Tensor] = []
        self._indices: dict[Size, Tensor] = {}
        self._cut: tuple[Tensor, Tensor] | None = None
        self._shares: list[float] = []
        self._mask: Tensor | None = None
        self._found: tuple[float, ...] = ()

    def add(self, maps: Tensor) -> None:
        """Maps of one layer in this call, shape (phrases, height, width)."""
        self._of_call.append(maps)

    def end_call(self) -> None:
        """Take over the call's maps; they serve from the next one on."""
        if self._of_call:
            of_call = torch.stack(self._of_call).mean(dim=0)
            self._maps = of_call if self._maps is None else torch.lerp(of_call, self._maps, _MEMORY)
        self._of_call, self._indices, self._cut = [], {}, None

    def tokens(self, hidden: Tensor, size: Size) -> Tensor | None:
        """Of (pixels, width) what is shown, shape (shown, width); None: nothing."""
        if not self.link.phrases:
            return hidden
        if self._maps is None:
            return None
        if size not in self._indices:
            self._indices[size] = self._masked(self._maps, size).flatten().nonzero().squeeze(1)
        indices = self._indices[size]
        return hidden[indices] if len(indices) else None

    def _masked(self, maps: Tensor, size: Size) -> Tensor:
        if self._cut is None:
            thresholds, shares = cut(maps)
            usable = (shares >= _LEAST) & (shares <= _MOST)
            self._cut = thresholds, usable
            self._found = tuple(shares.tolist())
            self._mask = ((maps > thresholds) & usable[:, None, None]).any(dim=0)
            self._shares.append(float(self._mask.float().mean()))
        thresholds, usable = self._cut
        return ((resample(maps, size) > thresholds) & usable[:, None, None]).any(dim=0)

    def seen(self) -> Seen:
        """What it has shown in the whole run."""
        if not self.link.phrases:
            return Seen(self.link, 1.0, None, ())
        shares = [share for share in self._shares if share]
        share = sum(shares) / len(shares) if shares else 0.0
        mask = self._mask.cpu() if share and self._mask is not None else None
        return Seen(self.link, share, mask, self._found)


class _Batch:
    """The state of one run over one batch: what the hooks ask and tell."""

    def __init__(
        self,
        frames: list[int],
        views: dict[int, tuple[PixelLink, ...]],
        shown: dict[PixelLink, _Shown],
        later: set[PixelLink],
        bank: Bank,
        map_levels: set[int],
    ) -> None:
        self._frames, self._views, self._shown, self._bank = frames, views, shown, bank
        self._map_levels = map_levels
        self._kept = [link for link in shown if link in later]
        self._visits: Counter[float] = Counter()
        self._sharing = False
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
        self._sharing = timestep <= SHARING_CALLS * _TRAINED_STEPS
        for link in self._kept:
            self._bank.begin(link, self._moment)

    def end_call(self) -> None:
        for source in self._shown.values():
            source.end_call()

    def map(self, layer: CrossAttention, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if layer.level != map_level(self._size, self._map_levels):
            return
        projected: dict[int, tuple[Tensor, Tensor]] = {}
        for link, source in self._shown.items():
            if not link.phrases:
                continue
            if link.source not in projected:
                projected[link.source] = layer.project(args, kwargs, self._row(link.source))
            phrases = [phrase.tokens for phrase in link.phrases]
            maps = attention_maps(*projected[link.source], layer.heads, layer.scale, phrases)
            source.add(maps.unflatten(-1, self._checked_size(layer.level, maps.shape[-1])))

    def share(
        self, layer: SelfAttention, hidden: Tensor, kwargs: dict[str, Any], output: Tensor
    ) -> None:
        size = self._checked_size(layer.level, hidden.shape[1])
        if not self._sharing:
            return
        here: dict[PixelLink, Tensor | None] = {}
        for link, source in self._shown.items():
            here[link] = source.tokens(hidden[self._row(link.source)], size)
        for link in self._kept:
            tokens = here[link]
            if tokens is not None:
                self._bank.keep(link, self._moment, layer.name, tokens)
        for frame, links in self._views.items():
            seen = [
                here[link] if link in here else self._bank.recall(link, self._moment, layer.name)
                for link in links
            ]
            others = [tokens.to(hidden) for tokens in seen if tokens is not None]
            if others:
                own = hidden[self._row(frame)]
                again = layer.attend(own[None], torch.cat([own, *others])[None], kwargs)
                output[self._row(frame)] = again[0]

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
