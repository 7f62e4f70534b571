"""What a mask's picture shows, however it is rendered: which tokens, their labels, the cells.

A row is a token that sees, a column one that is seen. A cell has the colour of the frame that is
seen: strong where that is the row's own, pale where it is another, which is what hopping adds.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

import torch
from torch import Tensor

from .layout import NOBODY, Role, TokenLayout
from .mask import Visibility
from .plan import StoryPlan

TokenText = Callable[[Sequence[int]], str]
"""Ids of tokens that follow each other to their text, as a tokenizer decodes them."""

MOST_TOKENS = 280
"""The most tokens that one picture can show, with cells still told apart."""

_LONGEST_LABEL = 14
_NO_TEXT = "·"
_BROKEN = "\ufffd"
_PIECES = 8  # of a character, which has 4 bytes at most, with what they have of its neighbours
_SIGNS = {Role.START: "start", Role.SEPARATOR: "SEP", Role.END: "end"}


class MaskToken(NamedTuple):
    """One token on both axes: what is written for it, its frame (or NOBODY), whether it is text."""

    label: str
    frame: int
    is_text: bool


class Stretch(NamedTuple):
    """Neighbouring columns [start, stop) of one frame that a row sees."""

    row: int
    start: int
    stop: int
    frame: int
    is_own: bool


@dataclass(frozen=True)
class MaskPanel:
    """One mask: its title, and bool, shape (tokens, tokens), True where the row's token sees."""

    title: str
    visible: Tensor


@dataclass(frozen=True)
class MaskDrawing:
    """A picture of one mask or more, of the same tokens.

    Attributes:
        title: over the whole.
        tokens: on both axes.
        panels: the masks, side by side.
        frames, of: how many of the story's frames are shown.

    Raises:
        ValueError: if the tokens are more than MOST_TOKENS, or a mask's size is another.
    """

    title: str
    tokens: tuple[MaskToken, ...]
    panels: tuple[MaskPanel, ...]
    frames: int
    of: int

    def __post_init__(self) -> None:
        count = len(self.tokens)
        if not 1 <= count <= MOST_TOKENS:
            raise ValueError(f"a mask's picture shows 1 to {MOST_TOKENS} tokens, not {count}")
        if any(panel.visible.shape != (count, count) for panel in self.panels):
            raise ValueError("the masks of a picture must be of the same tokens")

    def stretches(self, panel: MaskPanel) -> Iterator[Stretch]:
        """What is seen, row by row."""
        frames = [token.frame for token in self.tokens]
        other = torch.tensor([a != b for a, b in pairwise(frames)], dtype=torch.bool)
        visible = panel.visible
        begins = torch.ones_like(visible)
        begins[:, 1:] = (visible[:, 1:] != visible[:, :-1]) | other
        ends = torch.ones_like(visible)
        ends[:, :-1] = begins[:, 1:]
        starts, lasts = (begins & visible).nonzero().tolist(), (ends & visible).nonzero().tolist()
        for (row, start), (_, last) in zip(starts, lasts, strict=True):
            yield Stretch(row, start, last + 1, frames[start], frames[start] == frames[row])

    def spans(self) -> Iterator[tuple[int, int, int]]:
        """Frame, start and stop of each run of tokens of one frame, along either axis."""
        start = 0
        for frame, tokens in groupby(self.tokens, key=lambda token: token.frame):
            stop = start + sum(1 for _ in tokens)
            yield frame, start, stop
            start = stop


def draw(plan: StoryPlan, token_text: TokenText) -> MaskDrawing:
    """The mask of a planned story, and the plain one for comparison.

    Padding says nothing of its own and is left out. Of a story that is too long for one picture the
    first frames are shown, and the title says so.
    """
    layout = plan.layout
    kept, frames = _shown_tokens(layout)
    if layout.kind == "joint":
        plain = MaskPanel("causal: plain SD, one row", causal(len(kept)))
    else:
        alone = Visibility(layout, plan.options.replace(mode="baseline"))
        plain = MaskPanel("plain SD: causal, each window alone", alone.matrix(kept, kept))
    changed = [
        f"{row.name}={row.format(getattr(plan.options, row.name))}"
        for row in plan.options.rows()
        if row.name not in ("mode", "layout") and row.name in plan.options.changed()
    ]
    what = ", ".join([f"hopping: {plan.options.mode}", layout.kind, *changed])
    of = len(layout.frames)
    part = f" (frames 1 to {frames} of {of})" if frames < of else ""
    return MaskDrawing(
        f"Rows attend, columns are seen{part}",
        tuple(_tokens(layout, kept, token_text)),
        (MaskPanel(what, plan.visibility.matrix(kept, kept)), plain),
        frames,
        of,
    )


def causal(count: int) -> Tensor:
    """The mask of plain Stable Diffusion's text encoder: each token sees those not after it."""
    return torch.ones(count, count, dtype=torch.bool).tril()


def token_labels(ids: Sequence[int], token_text: TokenText) -> list[str]:
    """What is shown for each of some tokens that follow each other.

    A character that takes several of them, as most outside Latin script do, stands at its first.
    """
    labels: list[str] = []
    while (start := len(labels)) < len(ids):
        for pieces in range(1, min(_PIECES, len(ids) - start) + 1):
            text = token_text(ids[start : start + pieces])
            if _BROKEN not in text:
                break
        else:
            pieces, text = 1, token_text(ids[start : start + 1]).replace(_BROKEN, _NO_TEXT)
        labels += [text.strip() or _NO_TEXT, *[_NO_TEXT] * (pieces - 1)]
    return labels


@lru_cache(maxsize=4096)
def frame_colour(frame: int, strong: bool) -> str:
    """A colour for a frame's number, neighbours well apart; grey for tokens of no frame.

    On a strong one white can be read (WCAG 2, contrast 4.5).
    """
    if frame == NOBODY:
        return "#9aa0a6" if strong else "#d0d3d7"
    hue = (0.58 + (frame - 1) * 0.381966) % 1.0  # the golden section never comes round
    lightness = 0.42 if strong else 0.68
    while strong and 1.05 / (_luminance(hue, lightness) + 0.05) < 4.55:  # bytes are rounded
        lightness -= 0.01
    return "#{:02x}{:02x}{:02x}".format(*(round(part * 255) for part in _rgb(hue, lightness)))


def frame_name(number: int) -> str:
    """What a frame or description of the cast is called: "3", "cast 1"."""
    return str(number) if number > NOBODY else f"cast {-number}"


def _rgb(hue: float, lightness: float) -> tuple[float, float, float]:
    return colorsys.hls_to_rgb(hue, lightness, 0.55)


def _luminance(hue: float, lightness: float) -> float:
    """How bright a colour looks, 0 to 1, as WCAG 2 defines it."""
    linear = ((part + 0.055) / 1.055 for part in _rgb(hue, lightness))  # all are over 0.04
    red, green, blue = (part**2.4 for part in linear)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _shown_tokens(layout: TokenLayout) -> tuple[Tensor, int]:
    """Indices of the tokens that one picture can hold, and how many frames they cover."""
    kept = (layout.role != Role.PADDING).nonzero().squeeze(1)
    frames = len(layout.frames)
    if len(kept) > MOST_TOKENS:  # windows only: a joint row has 77
        beyond = int(layout.p_id[kept[MOST_TOKENS]])
        # A first frame too long by itself is cut off.
        frames = max(1, beyond - 1)
        kept = kept[layout.p_id[kept] <= frames][:MOST_TOKENS]
    return kept, frames


def _tokens(layout: TokenLayout, kept: Tensor, token_text: TokenText) -> Iterator[MaskToken]:
    ids, frames = layout.ids.flatten()[kept].tolist(), layout.p_id[kept].tolist()
    roles = [Role(role) for role in layout.role[kept].tolist()]
    for (role, frame), run in groupby(zip(roles, frames, ids, strict=True), itemgetter(0, 1)):
        found = [token for _, _, token in run]
        is_text = role == Role.CONTENT
        labels = token_labels(found, token_text) if is_text else [_SIGNS[role]] * len(found)
        for label in labels:
            if len(label) > _LONGEST_LABEL:
                label = f"{label[: _LONGEST_LABEL - 1]}…"
            yield MaskToken(label, frame, is_text)
