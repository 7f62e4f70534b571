"""What earlier batches leave for later ones: the tokens that sources have shown, call by call."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from torch import Tensor

from hopping.errors import HoppingError

from .graph import PixelGraph, PixelSource
from .layers import UNetLayers
from .subject_masks import Size, level_size

SUBJECT = 1 / 3
"""How much of its picture a subject covers, more or less."""

_MOST_ON_DEVICE = 512 * 2**20  # a larger bank is kept in the computer's own memory


@dataclass(frozen=True)
class Moment:
    """One call of the U-Net within a run, the same for every frame.

    It is known by the noise level that the U-Net is told and not by a count, so that a run that is
    cut short or goes on matches. Some samplers come to a level twice.

    Attributes:
        timestep: as the U-Net is given it.
        visit: how many calls of this run had this timestep before, from 0.
    """

    timestep: float
    visit: int


@dataclass
class Bank:
    """Shown tokens by source, moment and layer.

    Attributes:
        device: where they are kept; None is where they are.
    """

    device: str | None = None
    _kept: dict[PixelSource, dict[Moment, dict[str, Tensor]]] = field(default_factory=dict)

    @classmethod
    def holding(cls, nbytes: int) -> Bank:
        """An empty one, where so much has room."""
        return cls("cpu" if nbytes > _MOST_ON_DEVICE else None)

    def begin(self, source: PixelSource, moment: Moment) -> None:
        """Note that the source's frame is sampled now, whether or not it shows anything."""
        self._kept.setdefault(source, {})[moment] = {}

    def keep(self, source: PixelSource, moment: Moment, layer: str, tokens: Tensor) -> None:
        """Keep a copy of the tokens, shape (shown, width), that a source shows in a layer."""
        copied = tokens.clone() if self.device is None else tokens.to(self.device)
        self._kept[source][moment][layer] = copied

    def recall(self, source: PixelSource, moment: Moment, layer: str) -> Tensor | None:
        """What was kept; None where the source showed nothing.

        Raises:
            HoppingError: if its frame was not sampled at this moment.
        """
        moments = self._kept.get(source, {})
        if moment not in moments:
            raise HoppingError(
                f"frame {source.frame} was never sampled at timestep {moment.timestep:g}, where a "
                "later frame would see its pixels: this sampler takes other steps for every "
                "batch; use another, sample all frames in one batch, or use pixels=off"
            )
        return moments[moment].get(layer)

    def drop_all_but(self, sources: Iterable[PixelSource]) -> None:
        """Free what no later frame will see."""
        wanted = set(sources)
        for source in [source for source in self._kept if source not in wanted]:
            del self._kept[source]

    @property
    def nbytes(self) -> int:
        """How much is kept."""
        return sum(
            tokens.numel() * tokens.element_size()
            for moments in self._kept.values()
            for layers in moments.values()
            for tokens in layers.values()
        )


def bank_bytes(
    layers: UNetLayers, size: Size, calls: int, itemsize: int, share: float = SUBJECT
) -> int:
    """What one source's tokens take in the bank, told before anything is sampled.

    Args:
        layers: of the U-Net.
        size: of its latents.
        calls: of the U-Net that share, for one batch.
        itemsize: bytes of one number, 2 in half precision.
        share: how much of its picture the source shows.
    """
    numbers = sum(
        math.prod(level_size(size, layer.level)) * layer.width for layer in layers.sharing
    )
    return round(numbers * calls * itemsize * share)


def story_bytes(
    graph: PixelGraph, layers: UNetLayers, batch_size: int, size: Size, calls: int, itemsize: int
) -> int:
    """What a story takes in the bank at most, told before anything is sampled.

    Args:
        graph: for each frame, whose pixels it sees.
        batch_size: frames that are sampled at once.

    The others are those of `bank_bytes`.
    """
    whole = any(link.source.subject is None for links in graph for link in links)
    of_one = bank_bytes(layers, size, calls, itemsize, 1 if whole else SUBJECT)
    return most_kept(graph, batch_size) * of_one


def kept_note(nbytes: int) -> str | None:
    """What a user should know of so much before anything is sampled; None of nothing."""
    if not nbytes:
        return None
    much = f"about {nbytes / 2**20:,.0f}" if nbytes >= 2**20 else "less than 1"
    return f"pixels that later frames see take {much} MiB; with all frames in one batch, none"


def most_kept(graph: PixelGraph, batch_size: int) -> int:
    """How many sources' tokens must be kept at once, between two batches of this size."""
    most = 0
    for made in range(batch_size, len(graph), batch_size):
        later = {link.source for links in graph[made:] for link in links}
        most = max(most, sum(source.frame <= made for source in later))
    return most
