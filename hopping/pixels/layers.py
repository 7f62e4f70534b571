"""The attention layers of a U-Net, as diffusers builds it, and what of it cannot be shared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from hopping.errors import HoppingError

from .subject_masks import Size


@dataclass(frozen=True)
class Attention(ABC):
    """One attention layer, whichever library it is of.

    Attributes:
        module: the library's own.
        level: how many times the latents' size is halved.
    """

    module: Any
    level: int

    @property
    def width(self) -> int:
        """Of the hidden states of the pixels."""
        return int(self.module.to_q.in_features)

    @property
    def heads(self) -> int:
        """Into how many queries and keys are cut."""
        return int(self.module.heads)

    @property
    @abstractmethod
    def scale(self) -> float:
        """By which q·kᵀ is multiplied before the softmax."""

    @abstractmethod
    def inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """The hidden states of the pixels, shape (rows, pixels, width)."""

    @abstractmethod
    def context(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """What the keys are made of, shape (rows, tokens, its width)."""

    def project(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], row: int
    ) -> tuple[Tensor, Tensor]:
        """One row's queries (pixels, width) and keys (tokens, width)."""
        hidden, context = self.inputs(args, kwargs), self.context(args, kwargs)
        return self.module.to_q(hidden[row]), self.module.to_k(context[row])


class CrossAttention(Attention):
    """One cross-attention layer: its keys are the text's tokens."""


@dataclass(frozen=True)
class SelfAttention(Attention):
    """One self-attention layer: its keys are the pixels again.

    Attributes:
        name: tells layers of one U-Net apart, and is the same in every run.
    """

    name: str

    def context(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """The pixels' own hidden states."""
        return self.inputs(args, kwargs)

    @abstractmethod
    def attend(self, hidden: Tensor, context: Tensor, kwargs: dict[str, Any]) -> Tensor:
        """The layer once more, over `hidden` (1, pixels, width) with other keys and values."""


@dataclass(frozen=True)
class Row:
    """A row of a call that draws a frame as its prompt says.

    Attributes:
        number: of the call's rows, from 0.
        frame: of the batch's frames, from 0.
        places: those of the frame's embedding that it is told; None: all. A frame with several
            prompts, each for a part of its embedding, has a row for each.
    """

    number: int
    frame: int
    places: range | None = None


@dataclass(frozen=True)
class Call:
    """One call of a U-Net.

    Attributes:
        timestep: as the U-Net is given it.
        size: of its latents.
        rows: all that are conditional.
        begins: whether it is the first of its step; a sampler may divide a step's rows into calls.
        whole: whether a call of this step that has any of them has all conditional rows.
        graph: which of the story's graphs holds; prompts may change from step to step.
    """

    timestep: float
    size: Size
    rows: tuple[Row, ...]
    begins: bool = True
    whole: bool = True
    graph: int = 0


class UNetLayers(Protocol):
    """What of a U-Net sharing has to do with."""

    @property
    def module(self) -> nn.Module: ...

    @property
    def sharing(self) -> list[SelfAttention]:
        """The self-attention layers of the upward half, which draw what the downward half found."""

    @property
    def mapping(self) -> list[CrossAttention]:
        """The cross-attention layers, which know where a subject is."""

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any], frames: int) -> Call:
        """What one call draws.

        Args:
            frames: how many there are in the batch.

        Raises:
            HoppingError: if it cannot be told whose its rows are.
        """


class _Diffusers(Attention):
    @property
    def scale(self) -> float:
        return float(self.module.scale)

    def inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        return kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]


class _DiffusersSelf(_Diffusers, SelfAttention):
    def attend(self, hidden: Tensor, context: Tensor, kwargs: dict[str, Any]) -> Tensor:
        if kwargs.get("attention_mask") is not None:
            raise HoppingError("the U-Net's self-attention is masked; use pixels=off")
        kept = {
            k: v for k, v in kwargs.items() if k not in ("hidden_states", "encoder_hidden_states")
        }
        # Not the module itself: its hooks, ours among them, have run.
        return self.module.forward(hidden, encoder_hidden_states=context, **kept)


class _DiffusersCross(_Diffusers, CrossAttention):
    def context(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        text = kwargs["encoder_hidden_states"] if "encoder_hidden_states" in kwargs else args[1]
        # With an IP-Adapter its image tokens come behind.
        return text[0] if isinstance(text, tuple) else text


@dataclass(frozen=True)
class DiffusersUNet:
    """diffusers' `UNet2DConditionModel` of SD 1.x, SD 2.x or SDXL."""

    module: Any
    sharing: list[SelfAttention]
    mapping: list[CrossAttention]

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any], frames: int) -> Call:
        given = dict(zip(("sample", "timestep"), args, strict=False)) | kwargs
        sample, timestep = given["sample"], given["timestep"]
        unconditional = len(sample) - frames
        if unconditional not in (0, frames):
            raise HoppingError(
                f"the U-Net is called with {len(sample)} rows for {frames} frames, which are "
                "neither the prompts alone nor the negative prompts before them; use pixels=off"
            )
        return Call(
            timestep=float(torch.as_tensor(timestep).flatten()[0]),
            size=(sample.shape[-2], sample.shape[-1]),
            rows=tuple(Row(unconditional + n, n) for n in range(frames)),
        )


# diffusers' processors that take keys of any length from encoder_hidden_states.
_PROCESSORS = frozenset(
    "AttnProcessor AttnProcessor2_0 XFormersAttnProcessor SlicedAttnProcessor AttnProcessorNPU "
    "XLAFlashAttnProcessor2_0".split()
)
_ADAPTERS = frozenset(
    "IPAdapterAttnProcessor IPAdapterAttnProcessor2_0 IPAdapterXFormersAttnProcessor".split()
)


def unet_layers(unet: Any) -> DiffusersUNet:
    """Finds the layers of a U-Net by what its modules offer; no library is imported.

    Raises:
        HoppingError: naming the cause, if its attention cannot be shared.
    """
    if hasattr(unet, "_orig_mod"):
        raise HoppingError("the U-Net is compiled, which hides its layers; use it as it is loaded")
    if not all(hasattr(unet, part) for part in ("down_blocks", "mid_block", "up_blocks")):
        raise HoppingError(
            f"{type(unet).__name__} is not a U-Net whose pixels can be shared; known is diffusers' "
            "UNet2DConditionModel (SD 1.x, SD 2.x and SDXL)"
        )
    sharing: list[SelfAttention] = []
    crossing: list[CrossAttention] = []
    for name, block in unet.named_modules():
        if not (hasattr(block, "attn1") and hasattr(block, "attn2")):
            continue
        _check(name, block)
        level = _level(name, len(unet.down_blocks))
        if name.startswith("up_blocks."):
            sharing.append(_DiffusersSelf(block.attn1, level, f"{name}.attn1"))
        crossing.append(_DiffusersCross(block.attn2, level))
    if not sharing:
        raise HoppingError(f"{type(unet).__name__} has no attention whose pixels could be shared")
    return DiffusersUNet(unet, sharing, crossing)


def _level(name: str, levels: int) -> int:
    part, _, rest = name.partition(".")
    if part == "mid_block":
        return levels - 1
    number = int(rest.partition(".")[0])
    return number if part == "down_blocks" else levels - 1 - number


def _check(name: str, block: Any) -> None:
    if getattr(block, "only_cross_attention", False) or block.attn2 is None:
        raise HoppingError(f"{name} of the U-Net has no self-attention of the kind that is shared")
    if type(block).__name__ == "ToMeBlock":  # what else it leaves there, it leaves for good
        raise HoppingError("ToMe merges the U-Net's pixels, so none can be found; remove its patch")
    for attention, known in ((block.attn1, _PROCESSORS), (block.attn2, _PROCESSORS | _ADAPTERS)):
        if getattr(attention, "fused_projections", False):
            raise HoppingError(
                "the U-Net's projections are fused, so its keys cannot be given alone; call "
                "unfuse_qkv_projections() first"
            )
        processor = type(getattr(attention, "processor", None)).__name__
        if processor not in known:
            raise HoppingError(
                f"the U-Net attends with {processor}, which is not known to take an earlier "
                "frame's pixels; use diffusers' own attention, or pixels=off"
            )
