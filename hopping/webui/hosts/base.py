"""What is asked of every host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import nn

from hopping.errors import EncoderError
from hopping.webui.host_types import Cutter, FixSlot, Inversions, TextWrapper

from .unet_rows import RowOf

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Engine:
    """One text encoder as a host wraps it.

    All hosts' wrappers descend from one, so that their calls are the same; what differs is which
    of their objects has them.

    Attributes:
        wrapper: by it the host itself encodes a chunk.
        module: the CLIP text model inside it.
        cutter, inversions, slot: as their types say.
        device: where the wrapper takes its tokens.
        decode: gives the text of the ids of tokens that follow each other.
    """

    wrapper: TextWrapper
    module: nn.Module
    cutter: Cutter
    inversions: Inversions
    slot: FixSlot
    device: torch.device
    decode: Callable[[Sequence[int]], str]


class Host(Protocol):
    """In what the hosts differ."""

    def loaded_model(self) -> Any:
        """The checkpoint in memory; never loads one.

        Raises:
            EncoderError: if there is none; NotLoadedError where that is no fault.
        """

    def engines(self, sd_model: Any) -> list[Engine]:
        """The CLIP text encoders of a loaded checkpoint: one, or SDXL's two.

        Raises:
            EncoderError: if hopping them would not be what was asked, with the reason.
        """

    def emphasised(self, text: str) -> Sequence[tuple[str, float]]:
        """A text's pieces with their emphasis, as the text encoders take it."""

    def encoding(self, sd_model: Any) -> AbstractContextManager[None]:
        """What the host does around the encoding of prompts, where hopping takes its place."""

    def hires_arguments(self, cfg_scale: float) -> dict[str, Any]:
        """What a processing object needs for a hires pass like the first, beside A1111's own."""

    def on_its_thread(self, function: Function) -> Function:
        """`function` so that it runs where the host makes pictures."""

    def loses_errors(self) -> bool:
        """Whether the host's page cannot tell what is raised while it makes pictures."""

    def unet(self, sd_model: Any) -> nn.Module:
        """The network of a loaded checkpoint by which it samples."""

    def rows(
        self, sampler: Any, kwargs: dict[str, Any], count: int, earlier: Sequence[RowOf]
    ) -> list[RowOf]:
        """Which picture's each of the rows is in a call of the U-Net.

        Args:
            sampler: the host's, that samples.
            kwargs: the call's.
            count: of its rows.
            earlier: those of the same step's calls before.

        Raises:
            HoppingError: if it is no call that the host's own sampler makes.
        """

    def check_attention(self) -> None:
        """Raise HoppingError if a setting keeps the U-Net's attention from being shared."""


def unsupported(model: Any) -> EncoderError:
    """The error for a text encoder that is not one of CLIP's."""
    return EncoderError(
        f"the checkpoint's text encoder ({type(model).__name__}) cannot be hopped; load an "
        "SD 1.x, SD 2.x or SDXL checkpoint, or switch hopping off"
    )
