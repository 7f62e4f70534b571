"""The attention layers of a host's U-Net, all of which descend from CompVis' latent diffusion.

A1111's `ldm` and `sgm`, Forge's `backend` and reForge's `ldm_patched` have the same blocks under
the same names. Nothing of them is imported: layers are found by what they offer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from hopping.errors import HoppingError
from hopping.pixels.layers import Attention, CrossAttention, SelfAttention

from .hosts.unet_rows import merged_pixels

_NAMES = ("input_blocks", "middle_block", "output_blocks")


class _Host(Attention):
    @property
    def scale(self) -> float:
        return float((self.module.to_q.out_features / self.heads) ** -0.5)

    def inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        return kwargs["x"] if "x" in kwargs else args[0]


class HostSelf(_Host, SelfAttention):
    """Self-attention of one of the host's blocks."""

    def attend(self, hidden: Tensor, context: Tensor, kwargs: dict[str, Any]) -> Tensor:
        if kwargs.get("mask") is not None:
            raise HoppingError("the U-Net's self-attention is masked; use pixels=off")
        kept = {k: v for k, v in kwargs.items() if k not in ("x", "context", "value", "mask")}
        # Not the module itself: its hooks, ours among them, have run. Its forward is whichever
        # optimisation the host has chosen; all take longer keys, and none takes a mask.
        return self.module.forward(hidden, context=context, **kept)


class HostCross(_Host, CrossAttention):
    """Cross-attention of one of the host's blocks."""

    def context(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        return kwargs["context"] if "context" in kwargs else args[1]


def find_layers(unet: nn.Module) -> tuple[list[SelfAttention], list[CrossAttention]]:
    """The self-attention of the upward half, and all cross-attention.

    Raises:
        HoppingError: naming the cause, if its attention cannot be shared.
    """
    if hasattr(unet, "_orig_mod"):
        raise HoppingError("the U-Net is compiled, which hides its layers; use pixels=off")
    if not all(hasattr(unet, name) for name in _NAMES):
        raise HoppingError(
            f"the checkpoint's {type(unet).__name__} is not a U-Net whose pixels can be shared; "
            "load an SD 1.x, SD 2.x or SDXL checkpoint, or use pixels=off"
        )
    sharing: list[SelfAttention] = []
    mapping: list[CrossAttention] = []
    for part, level, name, block in _blocks(unet):
        if type(block).__name__ == "ToMeBlock":  # what else it leaves there, it leaves for good
            raise merged_pixels("ToMe")
        if getattr(block, "disable_self_attn", False) or block.attn2 is None:
            continue
        if part == "output_blocks":
            sharing.append(HostSelf(block.attn1, level, f"{name}.attn1"))
        mapping.append(HostCross(block.attn2, level))
    if not sharing:
        raise HoppingError("the checkpoint's U-Net has no attention whose pixels could be shared")
    return sharing, mapping


def _blocks(unet: Any) -> Iterator[tuple[str, int, str, Any]]:
    """Each block with self- and cross-attention: its part of the U-Net, level, name and module."""
    level = 0
    for part in _NAMES:
        stages = [unet.middle_block] if part == "middle_block" else list(getattr(unet, part))
        for number, stage in enumerate(stages):
            for name, block in stage.named_modules():
                if hasattr(block, "attn1") and hasattr(block, "attn2"):
                    yield part, level, f"{part}.{number}.{name}", block
            kinds = {type(module).__name__ for module in stage.children()}
            level += ("Downsample" in kinds) - ("Upsample" in kinds)
