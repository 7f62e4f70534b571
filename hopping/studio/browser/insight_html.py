"""What hopping did to a frame, for its card: how far each word moved, and what it attended to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from hopping.insight import FrameInsight
from hopping.layout import TokenLayout

_LEAST_WEIGHT = 0.005
_END_OF_WORD = "</w>"  # ends the last token of each, in CLIP's vocabulary


class WordInsight(NamedTuple):
    """One word: by how much of its length it moved, and the frames, words and weights it saw."""

    label: str
    change: float
    attended: list[tuple[int, str, float]]


def insight_values(insight: FrameInsight, layout: TokenLayout, tokenizer: Any) -> Mapping[str, Any]:
    """What `insight.html` is filled with: `change` and `words`, none where no frame is seen.

    Args:
        tokenizer: CLIP's, by which the ids of `insight` and `layout` are.
    """
    if not len(insight.seen):
        return {"change": 0.0, "words": []}
    seen = layout.ids.flatten()[insight.seen].tolist()
    frames = layout.p_id[insight.seen].tolist()
    numbers = _word_numbers(tokenizer, insight.ids, [0] * len(insight.ids))
    others = _word_numbers(tokenizer, seen, frames)
    by_words = insight.by_words(numbers, others)
    earlier = dict(zip(by_words.seen.tolist(), _labels(tokenizer, seen, others), strict=True))
    words = [
        WordInsight(
            label,
            change,
            [
                (int(layout.p_id[token]), earlier[token], weight)
                for token, weight in by_words.most_attended(word)
                if weight >= _LEAST_WEIGHT
            ],
        )
        for word, (label, change) in enumerate(
            zip(_labels(tokenizer, insight.ids, numbers), by_words.changes, strict=True)
        )
    ]
    return {"change": insight.change, "words": words}


def _word_numbers(tokenizer: Any, ids: Sequence[int], frames: Sequence[int]) -> list[int]:
    """For each token the number of its word, from 0; no word goes on into another frame."""
    tokens = tokenizer.convert_ids_to_tokens(list(ids))
    ends = [
        token.endswith(_END_OF_WORD) or frame != after
        for token, (frame, after) in zip(tokens, pairwise([*frames, None]), strict=True)
    ]
    return [0, *accumulate(ends)][:-1]


def _labels(tokenizer: Any, ids: Sequence[int], numbers: Sequence[int]) -> list[str]:
    """What each word reads."""
    words: list[list[int]] = [[] for _ in range(numbers[-1] + 1)]
    for token, number in zip(ids, numbers, strict=True):
        words[number].append(token)
    return [str(tokenizer.decode(word)).strip() for word in words]
