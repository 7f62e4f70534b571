"""What Forge and its kin have in common: whose thread makes pictures, and how a U-Net is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from .base import Function
from .threads import on_main_thread
from .unet_rows import RowOf, rows_in_chunks


class ForgeKin:
    """Forge, Forge Neo, reForge and forge-classic."""

    def on_its_thread(self, function: Function) -> Function:
        return on_main_thread(function)

    def unet(self, sd_model: Any) -> nn.Module:
        return sd_model.forge_objects.unet.model.diffusion_model

    def rows(
        self, sampler: Any, kwargs: dict[str, Any], count: int, earlier: Sequence[RowOf]
    ) -> list[RowOf]:
        return rows_in_chunks(sampler, kwargs["transformer_options"], count, earlier)
