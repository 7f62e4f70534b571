"""The mask as a heat map in the page: an SVG that takes its colours from the theme.

What a frame sees of itself is strong, what it sees of others pale.
"""

from __future__ import annotations

import html

from hopping.layout import NOBODY
from hopping.mask_drawing import MaskDrawing, MaskToken, TokenText, draw
from hopping.plan import StoryPlan

from .plan_html import frame_style

PART_TEXT = "The first frames of the story:"

_CELL = 13
_LETTER = 6
_STRIP = 7


def render_mask(plan: StoryPlan, token_text: TokenText) -> str:
    """The mask of a planned story as HTML.

    Args:
        token_text: gives the text of tokens' ids, as the host's tokenizer has it.
    """
    drawing = draw(plan, token_text)
    part = ""
    if drawing.frames < drawing.of:
        part = (
            f'<p class="hopping-hint"><span>{PART_TEXT}</span> '
            f"1–{drawing.frames} / {drawing.of}</p>"
        )
    return part + _svg(drawing)


def _svg(drawing: MaskDrawing) -> str:
    tokens = drawing.tokens
    count = len(tokens)
    margin = _LETTER * max(len(token.label) for token in tokens) + _STRIP + 8
    side = margin + count * _CELL + 2
    opening = (
        f'<svg class="hopping-mask" viewBox="0 0 {side} {side}" width="{side}" height="{side}" '
        'role="img" aria-label="Which tokens see which" xmlns="http://www.w3.org/2000/svg">'
    )
    cells = [""] * count
    for run in drawing.runs(drawing.panels[0]):
        cells[run.row] += (
            f'<rect class="hopping-{"own" if run.is_own else "other"}" {frame_style(run.frame)} '
            f'x="{margin + run.start * _CELL}" y="{margin + run.row * _CELL}" '
            f'width="{(run.stop - run.start) * _CELL}" height="{_CELL}"/>'
        )
    parts = [opening]
    edge = margin - _STRIP
    for index, token in enumerate(tokens):
        at = margin + index * _CELL
        middle = at + _CELL / 2
        kind = "hopping-token" if token.is_text else "hopping-special"
        label = html.escape(token.label)
        parts.append(
            f'<text class="{kind}" x="{middle}" y="{edge - 3}" '
            f'transform="rotate(-90 {middle} {edge - 3})">{label}</text>'
            f'<g class="hopping-row"><title>{_row_title(token)}</title>'
            f'<rect class="hopping-ground" x="{margin}" y="{at}" '
            f'width="{count * _CELL}" height="{_CELL}"/>'
            f'<text class="{kind} hopping-end" x="{edge - 3}" y="{middle}">{label}</text>'
            f"{cells[index]}</g>"
        )
    parts += _strips(drawing, margin)
    return f'<div class="hopping-mask-scroll">{"".join(parts)}</svg></div>'


def _row_title(token: MaskToken) -> str:
    where = f"{token.frame}: " if token.frame != NOBODY else ""
    return html.escape(where + token.label)


def _strips(drawing: MaskDrawing, margin: int) -> list[str]:
    """A strip of each frame's colour along both axes, and a line where a frame ends."""
    parts = []
    end = margin + len(drawing.tokens) * _CELL
    edge, wide = margin - _STRIP + 2, _STRIP - 3
    for frame, first, stop in drawing.spans():
        start, length = margin + first * _CELL, (stop - first) * _CELL
        if frame != NOBODY:
            colour = frame_style(frame)
            parts.append(
                f'<rect class="hopping-own" {colour} x="{edge}" y="{start}" width="{wide}" '
                f'height="{length}"/>'
                f'<rect class="hopping-own" {colour} x="{start}" y="{edge}" width="{length}" '
                f'height="{wide}"/>'
            )
        if first:
            parts.append(
                f'<path class="hopping-line" d="M{margin} {start}H{end}M{start} {margin}V{end}"/>'
            )
    return parts
