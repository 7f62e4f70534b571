"""What hopping did to a frame, as HTML: how far each token moved, and what it attended to."""

from __future__ import annotations

import html
from collections.abc import Mapping
from itertools import groupby

from hopping.insight import FrameInsight
from hopping.layout import TokenLayout
from hopping.mask_drawing import TokenText, token_labels
from hopping.page.plan_html import frame_style

_FULL = 1.0
"""The change at which a token's colour is full."""

_PLAIN = "It sees no other frame: its embedding is the plain one."
_LEAST_WEIGHT = 0.005


def render_insight(insight: FrameInsight, layout: TokenLayout, token_text: TokenText) -> str:
    """The frame's tokens coloured by their change, and a table of what they attended to.

    Args:
        token_text: gives the text of the ids of tokens.
    """
    if not len(insight.seen):
        return f'<div class="studio-moved">{_PLAIN}</div>'
    words = [html.escape(label) for label in token_labels(insight.ids, token_text)]
    earlier = _labels_of(insight, layout, token_text)
    changes = insight.changes
    strip = "".join(_word(word, change) for word, change in zip(words, changes, strict=True))
    rows = "".join(
        f'<tr><th scope="row">{word}</th><td>{_percent(change)}</td>'
        f"<td>{_sources(insight, index, layout, earlier)}</td></tr>"
        for index, (word, change) in enumerate(zip(words, changes, strict=True))
    )
    return (
        '<div class="studio-moved"><span>Hopping moved this frame\'s embedding by</span> '
        f"<b>{_percent(insight.change)}</b></div>"
        f'<div class="studio-strip">{strip}</div>'
        "<details><summary>What its tokens attended to</summary>"
        '<div class="studio-scroll" tabindex="0" role="region" '
        f'aria-label="What the tokens of frame {insight.number} attended to">'
        '<table class="studio-attended"><thead><tr><th scope="col">Token</th>'
        '<th scope="col">Moved</th><th scope="col">Attended most to, of earlier frames</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _word(word: str, change: float) -> str:
    strong = round(100 * min(1.0, change / _FULL))
    return (
        f'<span class="studio-word" style="--studio-change:{strong}%">{word}'
        f"<small>{_percent(change)}</small></span> "
    )


def _labels_of(insight: FrameInsight, layout: TokenLayout, token_text: TokenText) -> dict[int, str]:
    """Of the tokens that the frame sees, by their indices in the layout."""
    labels: dict[int, str] = {}
    ids = layout.ids.flatten()
    for _, seen in groupby(insight.seen.tolist(), key=lambda index: int(layout.p_id[index])):
        indices = list(seen)
        labels |= zip(indices, token_labels(ids[indices].tolist(), token_text), strict=True)
    return labels


def _sources(
    insight: FrameInsight, index: int, layout: TokenLayout, earlier: Mapping[int, str]
) -> str:
    chips = [
        f'<span class="hopping-chip" {frame_style(int(layout.p_id[token]))}>'
        f"<b>{int(layout.p_id[token])}</b> {html.escape(earlier[token])} {_percent(weight)}</span>"
        for token, weight in insight.most_attended(index)
        if weight >= _LEAST_WEIGHT
    ]
    return " ".join(chips) or "hardly any"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"
