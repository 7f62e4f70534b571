"""The methods that are measured against each other: a story in, one text embedding a frame out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from hopping import HoppingOptions, encode_story, parse_story
from hopping.evaluate.stories import StoryCase

# Singular-value reweighting (Liu et al., One-Prompt-One-Story, ICLR 2025). The exponents act on
# singular values as shares of the largest, so that they mean the same for encoders of any scale.
_ENHANCE = 1.0
_WEAKEN = 2.0


@dataclass(frozen=True)
class TextSide:
    """A text encoder with its tokenizer."""

    encoder: nn.Module
    tokenizer: Any

    @torch.no_grad()
    def encode(self, texts: list[str]) -> Tensor:
        """Plain embeddings of texts, each alone, shape (texts, 77, width)."""
        ids = self.tokenizer(
            texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        ).input_ids
        return self.encoder(ids.to(next(self.encoder.parameters()).device))[0]

    def count(self, text: str) -> int:
        """How many content tokens a text has."""
        return len(self.tokenizer(text, add_special_tokens=False).input_ids)


Method = Callable[[TextSide, StoryCase], Tensor]
"""Embeddings of a story's frames, shape (frames, 77, width)."""


def hopping(side: TextSide, case: StoryCase, *, marks: bool = False, **options: Any) -> Tensor:
    """This project's method with some options, on the story as it is or with marks by hand."""
    lines = [shot.marked if marks else shot.text for shot in case.shots]
    story = parse_story("\n".join(lines))
    return encode_story(side.encoder, side.tokenizer, story, HoppingOptions(**options))


def repeated(side: TextSide, case: StoryCase) -> Tensor:
    """The attribute written into every prompt."""
    return side.encode([shot.repeated for shot in case.shots])


def concatenated(side: TextSide, case: StoryCase) -> Tensor:
    """All other prompts before the frame's own, as one text."""
    texts = list(case.texts)
    return side.encode(
        [" ".join([*texts[:n], *texts[n + 1 :], text]) for n, text in enumerate(texts)]
    )


def one_prompt_one_story(side: TextSide, case: StoryCase) -> Tensor:
    """All prompts in one text; for each frame its own part enhanced, the others weakened.

    Text side only: the paper's identity-preserving cross-attention is not part of it. The first
    frame's subject stands for the paper's identity prompt, and is left as it is.
    """
    identity = case.shots[0].marked.partition("<share:")[2].partition(">")[0]
    joined = side.encode([" ".join([identity, *case.texts])])[0]
    spans, at = [], 1 + side.count(identity)
    for text in case.texts:
        spans.append(torch.arange(at, at + side.count(text)))
        at += len(spans[-1])
    ends = torch.arange(at, len(joined))
    frames = []
    for own in spans:
        frame = joined.clone()
        _reweight(frame, torch.cat([own, ends]), _ENHANCE)
        for other in spans:
            if other is not own:
                _reweight(frame, torch.cat([other, ends]), -_WEAKEN)
        frames.append(frame)
    return torch.stack(frames)


def _reweight(frame: Tensor, rows: Tensor, exponent: float) -> None:
    """Multiply the singular values of some rows of `frame` by exp(exponent · share), in place.

    The share is that of the largest singular value. Enhanced values are scaled back so that the
    largest keeps its size: the strong directions gain on the weak ones.
    """
    u, values, vh = torch.linalg.svd(frame[rows].float(), full_matrices=False)
    factors = (exponent * values / values[0]).exp()
    if exponent > 0:
        factors = factors / factors[0]
    frame[rows] = (u @ torch.diag(values * factors) @ vh).to(frame.dtype)


_CONSISTENT: dict[str, Any] = dict(HoppingOptions.PRESETS["Consistent subject"])
_ALL: dict[str, Any] = {"layout": "windows", "carry": "all"}

METHODS: Mapping[str, Method] = {
    "plain": partial(hopping, mode="baseline"),
    "reference": partial(hopping, mode="reference"),
    "paper": partial(hopping, layout="joint"),
    "paper in windows": partial(hopping, layout="windows"),
    "start_token=shared": partial(hopping, layout="joint", start_token="shared"),
    "reach=2": partial(hopping, reach=2),
    "reach=all": partial(hopping, reach="all"),
    "anchor": partial(hopping, anchor=True),
    "share=subject": partial(hopping, share="subject"),
    "marks by hand": partial(hopping, marks=True),
    "carry=all": partial(hopping, **_ALL),
    "carry=all + reach=all": partial(hopping, reach="all", **_ALL),
    "carry=all + anchor": partial(hopping, anchor=True, **_ALL),
    "carry=all + share=subject": partial(hopping, share="subject", **_ALL),
    "carry=all + marks by hand": partial(hopping, marks=True, **_ALL),
    "Consistent subject": partial(hopping, **_CONSISTENT),
    "Consistent subject × 0.75": partial(hopping, strength=0.75, **_CONSISTENT),
    "Consistent subject × 0.5": partial(hopping, strength=0.5, **_CONSISTENT),
    "Consistent subject × 0.25": partial(hopping, strength=0.25, **_CONSISTENT),
    "attribute repeated": repeated,
    "prompts concatenated": concatenated,
    "One-Prompt-One-Story": one_prompt_one_story,
}
"""Every method by name. Without other words hopping has the paper's options; the number behind a
preset is its strength; One-Prompt-One-Story is its text side."""
