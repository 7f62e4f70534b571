"""The engine over transformers' CLIP classes: a tokenizer and a text model, as they are loaded."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .encoder import Embedding, encode_frames
from .errors import EncoderError
from .layout import WINDOW, SpecialIds, Tokenize, tokenize_frame
from .options import HoppingOptions
from .plan import StoryPlan, plan_frames
from .story import Story


def special_ids(tokenizer: Any) -> SpecialIds:
    """Start, end and padding id of a CLIPTokenizer."""
    return SpecialIds(tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)


def content_tokenize(tokenizer: Any) -> Tokenize:
    """A CLIPTokenizer as a function from text to content ids: no start, end or truncation."""

    def tokenize(text: str) -> list[int]:
        # verbose=False: a long text is no mistake here, it takes further windows.
        return tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)[
            "input_ids"
        ]

    return tokenize


def plan_story(tokenizer: Any, story: Story, options: HoppingOptions | None = None) -> StoryPlan:
    """Lay out a story and say what each frame will see. Nothing is encoded.

    Args:
        tokenizer: a CLIPTokenizer, slow or fast.

    Raises:
        HoppingError: if the story cannot be done as asked.
    """
    tokenize = content_tokenize(tokenizer)
    frames = [tokenize_frame(tokenize, frame.text) for frame in story.encoded]
    return plan_frames(story, frames, special_ids(tokenizer), options or HoppingOptions())


class ClipTextEncoder:
    """A CLIPTextModel or CLIPTextModelWithProjection as the engine's `TextEncoder`.

    Args:
        module: the text model.
        clip_skip: from which layer the hidden states come: 1 the last, 2 the one before, ….
        final_norm: whether the final layer norm follows a skipped-to layer, as SD 1.x has it and
            SDXL has not. The last layer always has it.
    """

    def __init__(self, module: nn.Module, clip_skip: int = 1, final_norm: bool = True) -> None:
        depth = int(module.config.num_hidden_layers)  # type: ignore[union-attr, arg-type]
        if not 1 <= clip_skip <= depth:
            raise EncoderError(
                f"clip_skip cannot be {clip_skip}; this text encoder has layers 1 to {depth}"
            )
        self.module = module
        self._clip_skip = clip_skip
        self._final_norm = final_norm

    def encode(self, ids: Tensor) -> Embedding:
        """ids of shape (windows, 77) → hidden states and pooled output."""
        ids = ids.to(execution_device(self.module))
        output = self.module(ids, output_hidden_states=self._clip_skip > 1)
        hidden = output.last_hidden_state
        if self._clip_skip > 1:
            hidden = output.hidden_states[-self._clip_skip]
            if self._final_norm:
                tower: Any = getattr(self.module, "text_model", self.module)
                hidden = tower.final_layer_norm(hidden)
        pooled = getattr(output, "text_embeds", None)
        return Embedding(hidden, output.pooler_output if pooled is None else pooled)


def execution_device(module: nn.Module) -> torch.device:
    """The device that a model computes on, wherever accelerate keeps its weights meanwhile."""
    for part in module.modules():
        device = getattr(getattr(part, "_hf_hook", None), "execution_device", None)
        if device is not None:
            return torch.device(device)
    return next(module.parameters()).device


def encode_story(
    text_encoder: nn.Module,
    tokenizer: Any,
    story: Story,
    options: HoppingOptions | None = None,
    clip_skip: int = 1,
) -> Tensor:
    """One embedding per frame, for any sampler that takes text embeddings.

    Args:
        text_encoder: transformers' CLIPTextModel (or with projection).
        tokenizer: its CLIPTokenizer.
        clip_skip: from which layer the hidden states come, 1 being the last; the final layer norm
            follows, as AUTOMATIC1111's WebUI has it.

    Returns:
        Tensor of shape (frames, 77 · windows, width), where windows is that of the longest frame:
        the others are filled up with windows of an empty prompt.

    Raises:
        HoppingError: if the story cannot be done as asked, before anything is computed.
    """
    options = options or HoppingOptions()
    encoder = ClipTextEncoder(text_encoder, clip_skip)
    plan = plan_story(tokenizer, story, options)
    frames = [e.hidden.flatten(0, 1) for e in encode_frames(encoder, plan.visibility)]
    return torch.stack(fill_windows(encoder, plan.layout.special, frames))


@torch.no_grad()
def fill_windows(
    encoder: ClipTextEncoder, special: SpecialIds, frames: list[Tensor]
) -> list[Tensor]:
    """Bring embeddings of shape (77 · windows, width) to one length, with empty windows behind."""
    longest = max(len(frame) for frame in frames)
    if all(len(frame) == longest for frame in frames):
        return frames
    ids = torch.tensor([[special.start, special.end] + [special.pad] * (WINDOW - 2)])
    empty = encoder.encode(ids).hidden[0]
    return [torch.cat([frame, *[empty] * ((longest - len(frame)) // WINDOW)]) for frame in frames]
