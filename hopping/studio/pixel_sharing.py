"""`pixels` for a pipeline: what is shared, where it is kept, and what a batch needs before it.

A frame sees what its sources were while they were sampled, call by call. So whoever samples a frame
has sampled its sources: on one device in story order; where several processes divide a story, or a
run goes on and only later frames are missing, the sources are sampled again, to the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from hopping.errors import HoppingError
from hopping.pixels import Bank, PixelGraph, PixelSharing, story_bytes, unet_layers
from hopping.pixels.layers import UNetLayers
from hopping.pixels.sharing import SHARING_CALLS


def pixel_sharing(
    pipeline: Any,
    graph: PixelGraph,
    *,
    batch_size: int,
    calls: int,
    pixels: tuple[int, int],
) -> PixelSharing | None:
    """What shares pixels between a story's frames; None where no frame sees any.

    Args:
        graph: for each frame, whose pixels it sees.
        batch_size: frames that are sampled at once.
        calls: of the U-Net, for each batch.
        pixels: width and height of a picture, as far as it is known before.

    Raises:
        HoppingError: naming the cause, if this pipeline's U-Net cannot share them.
    """
    if not any(graph):
        return None
    if hasattr(type(pipeline), "do_perturbed_attention_guidance"):
        raise HoppingError(
            f"{type(pipeline).__name__} perturbs the attention in which pixels would be shared; "
            "use a pipeline without PAG, or pixels=off"
        )
    layers = unet_layers(pipeline.unet)
    needed = _needed(pipeline, layers, graph, batch_size, calls, pixels)
    return PixelSharing(graph, layers, Bank.holding(needed))


def kept_bytes(
    pipeline: Any, graph: PixelGraph, *, batch_size: int, calls: int, pixels: tuple[int, int]
) -> int:
    """How much memory the pixels take that are kept for later batches, with a subject's usual size.

    Arguments as `pixel_sharing` has them.
    """
    return _needed(pipeline, unet_layers(pipeline.unet), graph, batch_size, calls, pixels)


def _needed(
    pipeline: Any,
    layers: UNetLayers,
    graph: PixelGraph,
    batch_size: int,
    calls: int,
    pixels: tuple[int, int],
) -> int:
    width, height = pixels
    size = height // pipeline.vae_scale_factor, width // pipeline.vae_scale_factor
    calls = round(SHARING_CALLS * calls)
    return story_bytes(graph, layers, batch_size, size, calls, pipeline.unet.dtype.itemsize)


class HasFrames(Protocol):
    """A batch."""

    @property
    def frames(self) -> Sequence[int]: ...


B = TypeVar("B", bound=HasFrames)


class Prerequisites(Generic[B]):
    """Which batches the process that gets a batch must sample before it.

    Batches are given out in turn: the first to the first process, the second to the second, and so
    on around.

    Args:
        graph: for each frame, what it sees.
        processes: how many there are.
    """

    def __init__(self, graph: PixelGraph, processes: int) -> None:
        self._sources = [{link.source.frame for link in links} for links in graph]
        self._shown = set[int]().union(*self._sources)
        self._batches: dict[int, B] = {}  # by the frames that are shown to others
        self._sampled: list[set[int]] = [set() for _ in range(processes)]
        self._turn = 0

    def add(self, batch: B) -> None:
        """Say that there is a batch, whether or not it will be given out. In story order."""
        for frame in self._shown.intersection(batch.frames):
            self._batches[frame] = batch

    def give_out(self, batch: B, *, sharing: bool = True) -> list[B]:
        """What must be sampled before `batch`, in story order, by the process whose turn it is.

        Args:
            sharing: False for frames that see no other, made to compare with.
        """
        sampled = self._sampled[self._turn]
        self._turn = (self._turn + 1) % len(self._sampled)
        if not sharing:
            return []
        before: list[B] = []
        self._collect(batch, sampled, before)
        return before[:-1]

    def _collect(self, batch: B, sampled: set[int], found: list[B]) -> None:
        sampled.update(batch.frames)
        for frame in batch.frames:
            for source in sorted(self._sources[frame - 1] - sampled):
                if source not in sampled:
                    self._collect(self._batches[source], sampled, found)
        found.append(batch)
