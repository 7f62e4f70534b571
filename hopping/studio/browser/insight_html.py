"""What hopping did to a frame, for its card: how far each token moved, and what it attended to."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, NamedTuple

from hopping.insight import FrameInsight
from hopping.layout import TokenLayout
from hopping.mask_drawing import TokenText, token_labels

_LEAST_WEIGHT = 0.005

NO_INSIGHT: Mapping[str, Any] = {"change": None, "tokens": []}
"""As `insight_values` gives them, of a frame that was not looked into."""


class TokenInsight(NamedTuple):
    """One token: by how much of its length it moved, and the frames, labels and weights it saw."""

    label: str
    change: float
    attended: list[tuple[int, str, float]]


def insight_values(
    insight: FrameInsight, layout: TokenLayout, token_text: TokenText
) -> dict[str, Any]:
    """What `insight.html` is filled with: `change` and `tokens`, none where no frame is seen.

    Args:
        token_text: gives the text of the ids of tokens.
    """
    if not len(insight.seen):
        return {"change": 0.0, "tokens": []}
    labels, earlier = token_labels(insight.ids, token_text), _labels_of(insight, layout, token_text)
    tokens = [
        TokenInsight(
            label,
            change,
            [
                (int(layout.p_id[token]), earlier[token], weight)
                for token, weight in insight.most_attended(index)
                if weight >= _LEAST_WEIGHT
            ],
        )
        for index, (label, change) in enumerate(zip(labels, insight.changes, strict=True))
    ]
    return {"change": insight.change, "tokens": tokens}


def _labels_of(insight: FrameInsight, layout: TokenLayout, token_text: TokenText) -> dict[int, str]:
    """Of the tokens that the frame sees, by their indices in the layout."""
    labels: dict[int, str] = {}
    ids = layout.ids.flatten()
    for _, seen in groupby(insight.seen.tolist(), key=lambda index: int(layout.p_id[index])):
        indices = list(seen)
        labels |= zip(indices, token_labels(ids[indices].tolist(), token_text), strict=True)
    return labels
