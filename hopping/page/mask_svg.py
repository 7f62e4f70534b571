"""The mask as a heat map in the page: an SVG that takes its colours from the theme.

A row is a token that sees, a column a token that is seen, and its colour tells whose it is. What a
frame sees of itself is strong, what it sees of others, which is what hopping adds, pale.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch

from hopping.layout import NOBODY, Role, TokenLayout
from hopping.plan import StoryPlan

from .plan_html import frame_style

MOST_TOKENS = 280
"""Beyond this the cells could not be told apart, and the page would grow slow."""

_CELL = 13
_LETTER = 6
_LONGEST_LABEL = 14
_STRIP = 7
_ROLE_NAMES = {Role.START: "start", Role.SEPARATOR: "SEP", Role.END: "end"}

TokenText = Callable[[int], str]
"""A token's id to what is written for it."""


@dataclass(frozen=True)
class _Token:
    label: str
    frame: int
    special: bool


def render_mask(plan: StoryPlan, token_text: TokenText) -> str:
    """The visibility of all tokens but padding, which says nothing of its own.

    Args:
        token_text: gives the text of a token's id, as the host's tokenizer has it.
    """
    layout = plan.layout
    kept = (layout.role != Role.PADDING).nonzero().squeeze(1)
    if len(kept) > MOST_TOKENS:
        return (
            '<p class="hopping-hint">'
            "<span>This story has too many tokens for a readable map:</span> "
            f"{len(kept)} &gt; {MOST_TOKENS}</p>"
        )
    tokens = _tokens(layout, kept, token_text)
    visible = plan.visibility.matrix(kept, kept).tolist()
    return _svg(tokens, visible)


def _tokens(layout: TokenLayout, kept: torch.Tensor, token_text: TokenText) -> list[_Token]:
    ids = layout.ids.flatten()[kept].tolist()
    roles = [Role(role) for role in layout.role[kept].tolist()]
    frames = layout.p_id[kept].tolist()
    return [
        _Token(_ROLE_NAMES.get(role) or _short(token_text(token)), frame, role != Role.CONTENT)
        for token, role, frame in zip(ids, roles, frames, strict=True)
    ]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"


def _svg(tokens: Sequence[_Token], visible: Sequence[Sequence[bool]]) -> str:
    count = len(tokens)
    margin = _LETTER * max(len(token.label) for token in tokens) + _STRIP + 8
    side = margin + count * _CELL + 2
    opening = (
        f'<svg class="hopping-mask" viewBox="0 0 {side} {side}" width="{side}" height="{side}" '
        'role="img" aria-label="Which tokens see which" xmlns="http://www.w3.org/2000/svg">'
    )
    parts = [opening]
    edge = margin - _STRIP
    for index, token in enumerate(tokens):
        at = margin + index * _CELL
        middle = at + _CELL / 2
        kind = "hopping-special" if token.special else "hopping-token"
        label = html.escape(token.label)
        parts.append(
            f'<text class="{kind}" x="{middle}" y="{edge - 3}" '
            f'transform="rotate(-90 {middle} {edge - 3})">{label}</text>'
            f'<g class="hopping-row"><title>{_row_title(token)}</title>'
            f'<rect class="hopping-ground" x="{margin}" y="{at}" '
            f'width="{count * _CELL}" height="{_CELL}"/>'
            f'<text class="{kind} hopping-end" x="{edge - 3}" y="{middle}">{label}</text>'
            f"{_row_cells(token, tokens, visible[index], margin, at)}</g>"
        )
    parts += _strips(tokens, margin)
    return f'<div class="hopping-mask-scroll">{"".join(parts)}</svg></div>'


def _row_title(token: _Token) -> str:
    where = f"{token.frame}: " if token.frame != NOBODY else ""
    return html.escape(where + token.label)


def _row_cells(
    row: _Token, tokens: Sequence[_Token], sees: Sequence[bool], margin: int, at: int
) -> str:
    """One rectangle for each run of neighbouring columns of one frame that the row sees."""
    cells = []
    position = 0
    for (seen, frame), run in groupby(
        zip(sees, (token.frame for token in tokens), strict=True), key=lambda pair: pair
    ):
        length = sum(1 for _ in run)
        if seen:
            whose = "hopping-own" if frame == row.frame else "hopping-other"
            cells.append(
                f'<rect class="{whose}" {frame_style(frame)} '
                f'x="{margin + position * _CELL}" y="{at}" '
                f'width="{length * _CELL}" height="{_CELL}"/>'
            )
        position += length
    return "".join(cells)


def _strips(tokens: Sequence[_Token], margin: int) -> list[str]:
    """A strip of each frame's colour along both axes, and a line where a frame ends."""
    parts = []
    position = 0
    whole = len(tokens) * _CELL
    for frame, run in groupby(tokens, key=lambda token: token.frame):
        length = sum(1 for _ in run) * _CELL
        start = margin + position
        if frame != NOBODY:
            colour = frame_style(frame)
            edge = margin - _STRIP + 2
            wide = _STRIP - 3
            parts.append(
                f'<rect class="hopping-own" {colour} x="{edge}" y="{start}" width="{wide}" '
                f'height="{length}"/>'
                f'<rect class="hopping-own" {colour} x="{start}" y="{edge}" width="{length}" '
                f'height="{wide}"/>'
            )
        if position:
            end = margin + whole
            parts.append(
                f'<path class="hopping-line" d="M{margin} {start}H{end}M{start} {margin}V{end}"/>'
            )
        position += length
    return parts
