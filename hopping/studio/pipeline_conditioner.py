"""A pipeline's text encoders as the engine's: one conditioning per frame for any diffusers U-Net.

SD 1.x and 2.x have one text encoder, SDXL two whose hidden states stand side by side; the pooled
output is the last one's. Everything is computed as the pipeline computes it for a plain prompt.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hopping.attention import attention_depth
from hopping.clip import ClipTextEncoder, content_tokenize, special_ids
from hopping.encoder import Embedding, encode_frames
from hopping.errors import EncoderError
from hopping.insight import FrameInsight, joined, look_inside
from hopping.layout import WINDOW, Tokenize, tokenize_frame, windows_layout
from hopping.options import HoppingOptions
from hopping.plan import StoryPlan, plan_frames
from hopping.story import Story, parse_story


@dataclass(frozen=True)
class Conditioning:
    """What the U-Net is given for one text.

    hidden: shape (77 · windows, width). pooled: shape (width',), or None where there is none.
    """

    hidden: Tensor
    pooled: Tensor | None

    def __getstate__(self) -> dict[str, Tensor | None]:
        # Another process has other devices.
        pooled = None if self.pooled is None else self.pooled.cpu()
        return {"hidden": self.hidden.cpu(), "pooled": pooled}


class _PipelineTextEncoder(ClipTextEncoder):
    """One text encoder, with the LoRA scale that the pipeline would set for it."""

    def __init__(self, module: Any, layers_skipped: int, final_norm: bool, scale: float) -> None:
        super().__init__(module, clip_skip=layers_skipped + 1, final_norm=final_norm)
        self._scale = scale

    def encode(self, ids: Tensor) -> Embedding:
        with _lora_scaled(self.module, self._scale):
            return super().encode(ids)


class PipelineConditioner:
    """Plans and encodes stories with a pipeline's own tokenizers and text encoders.

    Args:
        pipeline: a diffusers pipeline for SD 1.x, SD 2.x or SDXL.
        clip_skip: how many layers are skipped, as the pipeline's own argument counts them. As
            there, the negative prompt is not affected.
        lora_scale: strength of LoRA layers in the text encoders.

    Raises:
        EncoderError: for a pipeline whose text encoders cannot be hopped.
    """

    def __init__(
        self, pipeline: Any, clip_skip: int | None = None, lora_scale: float = 1.0
    ) -> None:
        self._pipeline = pipeline
        self._tokenizers = _parts(pipeline, "tokenizer")
        modules = _parts(pipeline, "text_encoder")
        if not modules or len(modules) != len(self._tokenizers) or not hasattr(pipeline, "unet"):
            raise EncoderError(
                f"{type(pipeline).__name__} has no CLIP text encoder and U-Net to hop with; known "
                "are the pipelines of SD 1.x, SD 2.x and SDXL"
            )
        for module in modules:
            attention_depth(module)
        # SDXL conditions on the layer before the last, without the final norm.
        self._pooled = hasattr(pipeline, "text_encoder_2")
        base = 1 if self._pooled else 0
        norm = not self._pooled
        skipped = base + (clip_skip or 0)
        self._encoders = [_PipelineTextEncoder(m, skipped, norm, lora_scale) for m in modules]
        self._negative_encoders = [_PipelineTextEncoder(m, base, norm, lora_scale) for m in modules]

    @property
    def known_tokens(self) -> set[str]:
        """Tokens added to a tokenizer: its control tokens and textual inversions."""
        return {token for tokenizer in self._tokenizers for token in tokenizer.added_tokens_encoder}

    def plan(self, story: Story, options: HoppingOptions) -> list[StoryPlan]:
        """One plan for each text encoder, all of the same layout.

        Raises:
            HoppingError: if the story cannot be done as asked.
        """
        plans = [self._plan(tokenizer, story, options) for tokenizer in self._tokenizers]
        if len({plan.layout.kind for plan in plans}) > 1:
            # Textual inversions can make a story fit one tokenizer's row and not the other's.
            plans = self.plan(story, options.replace(layout="windows"))
        return plans

    def encode(self, plans: list[StoryPlan], windows: int = 1) -> Iterator[Conditioning]:
        """Conditionings in story order, each made when it is asked for.

        Args:
            windows: the least number of windows that each is filled up to with empty ones.
        """
        streams = [
            encode_frames(encoder, plan.visibility)
            for encoder, plan in zip(self._encoders, plans, strict=True)
        ]
        while True:
            # No scope of no_grad around a yield: it would leak into the caller's code.
            with torch.no_grad():
                embeddings = [next(stream, None) for stream in streams]
                if embeddings[0] is None:
                    return
                conditioning = self._join(self._encoders, embeddings, windows)
            yield conditioning

    def look_inside(self, plans: list[StoryPlan]) -> Iterator[FrameInsight]:
        """For each frame what hopping did to its embedding, all text encoders together."""
        streams = [
            look_inside(encoder, plan.visibility)
            for encoder, plan in zip(self._encoders, plans, strict=True)
        ]
        for insights in zip(*streams, strict=True):
            yield joined(insights)

    @torch.no_grad()
    def encode_negative(self, text: str | None, windows: int = 1) -> Conditioning:
        """The negative prompt, filled up to at least so many windows.

        None is the pipeline's default: an empty prompt, or zeros where SDXL asks for them.
        """
        zeros = text is None and getattr(
            self._pipeline.config, "force_zeros_for_empty_prompt", False
        )
        layouts = [self._alone(tokenizer, text or "") for tokenizer in self._tokenizers]
        embeddings = [
            encoder.encode(ids)
            for encoder, ids in zip(self._negative_encoders, layouts, strict=True)
        ]
        negative = self._join(self._negative_encoders, embeddings, windows)
        if not (self._pooled and zeros) or negative.pooled is None:
            return negative
        return Conditioning(torch.zeros_like(negative.hidden), torch.zeros_like(negative.pooled))

    def negative_windows(self, text: str | None) -> int:
        """How many windows a negative prompt takes."""
        return max(len(self._alone(tokenizer, text or "")) for tokenizer in self._tokenizers)

    def _plan(self, tokenizer: Any, story: Story, options: HoppingOptions) -> StoryPlan:
        tokenize = self._tokenize(tokenizer)
        frames = [tokenize_frame(tokenize, frame.text) for frame in story.encoded]
        return plan_frames(story, frames, special_ids(tokenizer), options)

    def _tokenize(self, tokenizer: Any) -> Tokenize:
        tokenize = content_tokenize(tokenizer)
        convert = getattr(self._pipeline, "maybe_convert_prompt", None)
        if convert is None:
            return tokenize
        # A textual inversion of several vectors is one name in the prompt, several tokens.
        return lambda text: tokenize(convert(text, tokenizer))

    def _alone(self, tokenizer: Any, text: str) -> Tensor:
        """Ids of a text by itself, shape (windows, 77)."""
        frame = tokenize_frame(self._tokenize(tokenizer), text)
        return windows_layout(_EMPTY_STORY, [frame], special_ids(tokenizer)).ids

    def _join(
        self, encoders: list[_PipelineTextEncoder], embeddings: list[Any], windows: int
    ) -> Conditioning:
        longest = max(windows, *(len(embedding.hidden) for embedding in embeddings))
        hidden = [
            self._filled(encoder, tokenizer, embedding.hidden, longest)
            for encoder, tokenizer, embedding in zip(
                encoders, self._tokenizers, embeddings, strict=True
            )
        ]
        # One pooled output for all windows: the first's, as WebUIs have it.
        pooled = embeddings[-1].pooled[0] if self._pooled else None
        return Conditioning(torch.cat(hidden, dim=-1).flatten(0, 1), pooled)

    def _filled(
        self, encoder: _PipelineTextEncoder, tokenizer: Any, hidden: Tensor, windows: int
    ) -> Tensor:
        """(n, 77, width) → (windows, 77, width), with windows of an empty prompt behind."""
        missing = windows - len(hidden)
        if not missing:
            return hidden
        empty = encoder.encode(self._alone(tokenizer, "")).hidden
        return torch.cat([hidden, *[empty] * missing])


_EMPTY_STORY = parse_story(".")


def windows_of(conditioning: Conditioning) -> int:
    """How many windows of 77 tokens a conditioning has."""
    return len(conditioning.hidden) // WINDOW


def _parts(pipeline: Any, name: str) -> list[Any]:
    """The pipeline's one or two parts of this name that are there."""
    parts = [getattr(pipeline, name, None), getattr(pipeline, f"{name}_2", None)]
    return [part for part in parts if part is not None]


@contextmanager
def _lora_scaled(module: Any, scale: float) -> Iterator[None]:
    if scale == 1.0:
        yield
        return
    from diffusers.utils.peft_utils import scale_lora_layers, unscale_lora_layers

    scale_lora_layers(module, scale)
    try:
        yield
    finally:
        unscale_lora_layers(module, scale)
