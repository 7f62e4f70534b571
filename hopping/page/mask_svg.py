"""The mask as a heat map in the page: an SVG that takes its colours from the theme.

What a frame sees of itself is strong, what it sees of others pale.
"""

from __future__ import annotations

from itertools import groupby

from hopping.mask_drawing import TokenText, draw
from hopping.plan import StoryPlan

from .templates import render

PART_TEXT = "The first frames of the story:"

# In the SVG's pixels.
_CELL, _LETTER, _STRIP = 13, 6, 7


def render_mask(plan: StoryPlan, token_text: TokenText) -> str:
    """The mask of a planned story as HTML.

    Args:
        token_text: gives the text of tokens' ids, as the host's tokenizer has it.
    """
    drawing = draw(plan, token_text)
    runs = groupby(drawing.stretches(drawing.panels[0]), key=lambda run: run.row)
    seen = {row: list(parts) for row, parts in runs}
    return render(
        "mask.html",
        drawing=drawing,
        rows=[(token, seen.get(row, [])) for row, token in enumerate(drawing.tokens)],
        part_text=PART_TEXT,
        cell=_CELL,
        strip=_STRIP,
        margin=_LETTER * max(len(token.label) for token in drawing.tokens) + _STRIP + 8,
    )
