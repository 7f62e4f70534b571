"""A story a bounded number of windows at a time, and what later ones still see of earlier ones.

Windows of equal tokens that see the same of equal contexts come out alike and are encoded once:
wherever the tokens of such a window are meant, those of the first one stand for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .attention import Sight, Watch, attend
from .layout import WINDOW
from .mask import Visibility

CHUNK = 64
"""Windows that are encoded at once: enough to fill a GPU, few enough for its memory."""


@dataclass(frozen=True)
class Chunk:
    """Windows that follow each other in a story, of those that are alike the first.

    Attributes:
        free: the windows that see no other frame: indices of their tokens, shape (free, 77).
        hopping: those that do, shape (hopping, 77).
        contexts: for each of these the tokens that it sees of earlier frames.
        strangers: for each of these which of its tokens do not see which of its context and then of
            its own: bool, shape (77, context + 77). None: they see what they see elsewhere.
        order: for each of the story's windows in turn, which of `free` and `hopping` it is.
        shown: the tokens of `free` that these or later windows see.
        seen_later: the tokens, of all windows so far, that later ones see.
    """

    free: Tensor
    hopping: Tensor
    contexts: Sequence[Tensor]
    strangers: Sequence[Tensor | None]
    order: Sequence[int]
    shown: Tensor
    seen_later: Tensor


def chunks(visibility: Visibility) -> Iterator[Chunk]:
    """The windows of a windows layout in order, chunk by chunk."""
    layout = visibility.layout
    ids, stands_for = layout.ids.flatten(), torch.arange(layout.ids.numel())
    rows: dict[tuple[Sequence[int], Sequence[int], Sequence[int]], int] = {}
    windows: list[Tensor] = []
    contexts: list[Tensor] = []
    strangers: list[Tensor | None] = []
    order: list[int] = []
    begun, end = 1, 0

    def chunk(following: int) -> Chunk:
        viewer = visibility.last_viewer[:end]
        seen, later = (stands_for[:end][viewer >= frame] for frame in (begun, following))
        hops = torch.tensor([len(context) > 0 for context in contexts])
        place = hops.argsort(stable=True).argsort()
        free, hopping = (torch.stack(windows)[which] for which in (~hops, hops))
        return Chunk(
            free,
            hopping,
            [context for context in contexts if len(context)],
            [apart for context, apart in zip(contexts, strangers, strict=True) if len(context)],
            place[order].tolist(),
            seen[torch.isin(seen, free)],
            later,
        )

    for frame in layout.numbers:
        context = stands_for[visibility.context(frame)]
        sees = tuple(context.tolist())
        for window in layout.windows(frame):
            apart = None
            if visibility.tells_apart(frame):
                seen = torch.cat([visibility.context(frame), window])
                apart = visibility.strangers(frame, window, seen)
            unseen = () if apart is None else tuple(apart.nonzero().flatten().tolist())
            key = (tuple(ids[window].tolist()), sees, unseen)
            if key not in rows and len(rows) == CHUNK:
                following = max(1, frame)  # a description stands before frame 1
                yield chunk(following)
                rows, windows, contexts, strangers, order, begun = {}, [], [], [], [], following
            if key not in rows:
                rows[key] = len(rows)
                windows.append(window)
                contexts.append(context)
                strangers.append(apart)
            order.append(rows[key])
            stands_for[window] = windows[rows[key]]
            end += len(window)
    yield chunk(following=len(layout.frames) + 1)


class Memory:
    """Per layer the attention inputs of earlier tokens, for as long as a later one sees them.

    Attributes:
        tokens: which, as indices in the layout.
    """

    def __init__(self) -> None:
        self.tokens = torch.empty(0, dtype=torch.long)
        self._inputs: list[Tensor] = []  # per layer (tokens, width)

    @contextmanager
    def attend(
        self,
        text_encoder: nn.Module,
        batch: Tensor,
        shown: Tensor,
        sights: Sequence[Sight] | None = None,
        watch: Watch | None = None,
    ) -> Iterator[None]:
        """While the block runs, the encoder attends by `sights`, and what goes in is remembered.

        Args:
            batch: indices of the tokens that are encoded in the block, shape (rows, 77).
            shown: tokens, of which those of the batch are remembered.
        """
        (places,) = torch.isin(batch.flatten(), shown).nonzero(as_tuple=True)
        with attend(text_encoder, sights, self._inputs or None, places, watch) as record:
            yield
        self.tokens = torch.cat([self.tokens, batch.flatten()[places]])
        layers = zip(self._inputs, record, strict=True)
        self._inputs = [torch.cat(parts) for parts in layers] if self._inputs else record

    def keep(self, tokens: Tensor) -> None:
        """Forget all but these tokens."""
        (kept,) = torch.isin(self.tokens, tokens).nonzero(as_tuple=True)
        self.tokens = self.tokens[kept]
        self._inputs = [layer[kept.to(layer.device)] for layer in self._inputs]


def sights(visibility: Visibility, chunk: Chunk, remembered: Tensor) -> list[Sight]:
    """What the hopping windows of a chunk see: remembered tokens, their own, and each other's."""
    tokens = torch.cat([remembered, chunk.hopping.flatten()])
    place = torch.empty(visibility.layout.ids.numel(), dtype=torch.long)
    place[tokens] = torch.arange(len(tokens))
    by_size: dict[int, list[int]] = {}
    for row, context in enumerate(chunk.contexts):
        by_size.setdefault(_filled_up(len(context)), []).append(row)
    found = []
    for size, rows in by_size.items():
        own, contexts = chunk.hopping[rows], [chunk.contexts[row] for row in rows]
        fits = torch.arange(size) < torch.tensor(list(map(len, contexts)))[:, None]
        context = own[:, :1].repeat(1, size)  # fills up; nobody sees it
        context[fits] = torch.cat(contexts)
        keys = place[torch.cat([context, own], dim=1)]
        visible = visibility.in_windows(own, fits)
        for row, sees in zip(rows, visible, strict=True):
            apart = chunk.strangers[row]
            if apart is not None:
                count = len(chunk.contexts[row])
                sees[:, :count] &= ~apart[:, :count]
                sees[:, size:] &= ~apart[:, count:]
        found.append(Sight(torch.tensor(rows), keys, visible))
    return found


def _filled_up(count: int) -> int:
    """The size up to which a context is filled.

    It follows from this context alone, so that no other frame changes how a frame's sums are made.
    There are few sizes, so that many rows are computed together; of their keys a quarter at most,
    or 31, are for nothing.
    """
    keys = count + WINDOW
    step = 1 << max(5, keys.bit_length() - 3)
    return -(-keys // step) * step - WINDOW
