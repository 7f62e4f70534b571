"""A plan's mask as a picture: which tokens are worth showing, and the plain mask beside it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from PIL import Image

from .figure import MASK_TOKENS, MaskPanel, causal, mask_figure
from .layout import Role, TokenLayout
from .mask import Visibility
from .plan import StoryPlan

Decode = Callable[[int], str]
"""A token's id to its text."""

_SIGNS = {Role.START: "start", Role.SEPARATOR: "<SEP>", Role.END: "end"}


def draw_mask(plan: StoryPlan, decode: Decode) -> Image.Image:
    """The mask of a planned story beside the causal one, with the tokens on both axes.

    Padding is left out. Of a story that is too long for one picture the first frames are shown,
    and the title says so.
    """
    layout = plan.layout
    tokens, frames = _shown_tokens(layout)
    labels = [_label(layout, token, decode) for token in tokens.tolist()]
    mask = plan.visibility.matrix(tokens, tokens)
    if layout.kind == "joint":
        plain = MaskPanel("causal: plain SD, one row", causal(len(tokens)))
    else:
        alone = Visibility(layout, plan.options.replace(mode="baseline"))
        plain = MaskPanel("plain SD: causal, each window alone", alone.matrix(tokens, tokens))
    changed = [
        f"{row.name}={row.format(getattr(plan.options, row.name))}"
        for row in plan.options.rows()
        if row.name != "mode" and row.name in plan.options.changed()
    ]
    what = ", ".join([f"hopping: {plan.options.mode}", layout.kind, *changed])
    part = f" (frames 1 to {frames} of {len(layout.frames)})" if frames < len(layout.frames) else ""
    return mask_figure(
        [MaskPanel(what, mask), plain],
        labels,
        layout.p_id[tokens].tolist(),
        f"Rows attend, columns are seen{part}",
    )


def _shown_tokens(layout: TokenLayout) -> tuple[torch.Tensor, int]:
    """Indices of the tokens that one picture can hold, and how many frames they cover."""
    kept = (layout.role != Role.PADDING).nonzero().squeeze(1)
    frames = len(layout.frames)
    if len(kept) > MASK_TOKENS:  # windows only: a joint row has 77
        beyond = int(layout.p_id[kept[MASK_TOKENS]])
        # A first frame too long by itself is cut off.
        frames = max(1, beyond - 1)
        kept = kept[layout.p_id[kept] <= frames][:MASK_TOKENS]
    return kept, frames


def _label(layout: TokenLayout, token: int, decode: Decode) -> str:
    role = Role(int(layout.role[token]))
    if role != Role.CONTENT:
        return _SIGNS[role]
    # Pieces of a character have no text of their own.
    return decode(int(layout.ids.flatten()[token])).replace("\ufffd", "·").strip() or "·"
