"""What hopping did to each frame: how far its tokens moved, and what they attended to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .encoder import TextEncoder, encode_and_watch, encode_frames
from .mask import Visibility


@dataclass(frozen=True)
class FrameInsight:
    """One frame, plain and hopped.

    Attributes:
        number: which one, from 1.
        ids: its content tokens' ids.
        moved, size: for each of them the squared distance between its hopped and its plain
            embedding, and the plain one's squared length. Float, shape (content tokens,).
        whole: both for all tokens of its windows together.
        seen: indices in the layout of the earlier frames' tokens that it sees.
        attended: what each content token attended to each of them, mean over layers and heads.
            Float, shape (content tokens, seen).
    """

    number: int
    ids: tuple[int, ...]
    moved: Tensor
    size: Tensor
    whole: tuple[float, float]
    seen: Tensor
    attended: Tensor

    @property
    def changes(self) -> list[float]:
        """For each content token, by how much of its length its embedding moved."""
        return (self.moved / self.size).sqrt().tolist()

    @property
    def change(self) -> float:
        """By how much of its length the frame's whole embedding moved."""
        return float((self.whole[0] / self.whole[1]) ** 0.5)

    def most_attended(self, token: int, count: int = 3) -> list[tuple[int, float]]:
        """The earlier tokens that content token `token` (from 0) attended to most.

        Returns:
            Indices in the layout with their weights, the greatest first.
        """
        weights = self.attended[token]
        best = weights.argsort(descending=True, stable=True)[:count].tolist()
        return [(int(self.seen[index]), float(weights[index])) for index in best]

    def by_words(self, own: Sequence[int], seen: Sequence[int]) -> FrameInsight:
        """The same of words: what the tokens of each, known by its first, do together. What a word
        attended to is the mean over its tokens.

        Args:
            own, seen: for each content token, and for each of those that it sees, the number of its
                word; they count up from 0.
        """
        mine, others = torch.tensor(own), torch.tensor(seen)
        first = [own.index(word) for word in range(own[-1] + 1)]
        pieces = mine.bincount()
        to_words = torch.zeros(len(own), seen[-1] + 1).index_add(1, others, self.attended.float())
        by_words = torch.zeros(len(first), seen[-1] + 1).index_add(0, mine, to_words)
        return replace(
            self,
            ids=tuple(self.ids[token] for token in first),
            moved=torch.zeros(len(first)).index_add(0, mine, self.moved),
            size=torch.zeros(len(first)).index_add(0, mine, self.size),
            seen=self.seen[[seen.index(word) for word in range(seen[-1] + 1)]],
            attended=by_words / pieces[:, None],
        )


def look_inside(encoder: TextEncoder, visibility: Visibility) -> Iterator[FrameInsight]:
    """Encode the frames of a story again, plain and hopped, and compare. None is kept.

    Raises:
        EncoderError: before anything is computed.
    """
    layout, options = visibility.layout, visibility.options
    alone = Visibility(layout, options.replace(mode="baseline"))
    pairs = zip(encode_frames(encoder, alone), encode_and_watch(encoder, visibility), strict=True)
    for number, (plain, (hopped, attended)) in enumerate(pairs, start=1):
        before, after = plain.hidden.float().cpu(), hopped.hidden.float().cpu()
        moved = (after - before).square().sum(-1)  # (windows, 77)
        size = before.square().sum(-1)
        windows = layout.frames[number - 1].windows
        own = [len(window) for window in windows]
        yield FrameInsight(
            number,
            tuple(token for window in windows for token in window),
            _contents(moved, own),
            _contents(size, own),
            (float(moved.sum()), float(size.sum())),
            visibility.context(number),
            attended.cpu(),
        )


def joined(insights: Sequence[FrameInsight]) -> FrameInsight:
    """One frame as several text encoders have it whose hidden states stand side by side (SDXL).

    Where their tokens are not the same, the first one's.
    """
    first = insights[0]
    if any(other.ids != first.ids or len(other.seen) != len(first.seen) for other in insights):
        return first
    return FrameInsight(
        first.number,
        first.ids,
        torch.stack([one.moved for one in insights]).sum(0),
        torch.stack([one.size for one in insights]).sum(0),
        (sum(one.whole[0] for one in insights), sum(one.whole[1] for one in insights)),
        first.seen,
        torch.stack([one.attended for one in insights]).mean(0),
    )


def _contents(values: Tensor, counts: Sequence[int]) -> Tensor:
    """(windows, 77) → the content tokens' values, shape (content tokens,)."""
    return torch.cat([row[1 : 1 + count] for row, count in zip(values, counts, strict=True)])
