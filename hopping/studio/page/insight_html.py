"""What hopping did to a frame, as HTML: how far each token moved, and what it attended to."""

from __future__ import annotations

import html

from hopping.insight import FrameInsight
from hopping.layout import TokenLayout
from hopping.mask_drawing import TokenText, token_label
from hopping.page.plan_html import frame_style

_FULL = 1.0
"""The change at which a token's colour is full."""

_PLAIN = "It sees no other frame: its embedding is the plain one."
_LEAST_WEIGHT = 0.005


def render_insight(insight: FrameInsight, layout: TokenLayout, token_text: TokenText) -> str:
    """The frame's tokens coloured by their change, and a table of what they attended to.

    Args:
        token_text: gives the text of a token's id.
    """
    if not len(insight.seen):
        return f'<div class="studio-moved">{_PLAIN}</div>'
    words = [html.escape(token_label(token_text(token))) for token in insight.ids]
    changes = insight.changes
    strip = "".join(_word(word, change) for word, change in zip(words, changes, strict=True))
    rows = "".join(
        f'<tr><th scope="row">{word}</th><td>{_percent(change)}</td>'
        f"<td>{_sources(insight, index, layout, token_text)}</td></tr>"
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


def _sources(insight: FrameInsight, index: int, layout: TokenLayout, token_text: TokenText) -> str:
    ids = layout.ids.flatten()
    chips = [
        f'<span class="hopping-chip" {frame_style(int(layout.p_id[token]))}>'
        f"<b>{int(layout.p_id[token])}</b> {html.escape(token_label(token_text(int(ids[token]))))} "
        f"{_percent(weight)}</span>"
        for token, weight in insight.most_attended(index)
        if weight >= _LEAST_WEIGHT
    ]
    return " ".join(chips) or "hardly any"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"
