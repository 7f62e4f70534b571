"""reForge and forge-classic: AUTOMATIC1111's wrappers around encoders that Forge's memory moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modules import processing
from torch import nn

from hopping.errors import EncoderError

from .a1111 import A1111
from .base import Function
from .threads import main_thread_loses_errors, on_main_thread
from .unet_rows import RowOf, rows_in_chunks


class ReForge(A1111):
    """Its encoders are transformers' or ldm_patched's; the wrappers call both."""

    def loaded_model(self) -> Any:
        sd_model = super().loaded_model()
        # Where a checkpoint cannot be loaded, reForge has torn down the one before already.
        if getattr(sd_model, "_modules", {}) is None:
            raise EncoderError(
                "no checkpoint is loaded: the last one that was chosen failed to load; the plan "
                "needs the tokenizer of one, choose another"
            )
        return sd_model

    def hires_arguments(self, cfg_scale: float) -> dict[str, Any]:
        # reForge's name and forge-classic's. The latter cannot sample without it.
        known = processing.StableDiffusionProcessingTxt2Img
        return {name: cfg_scale for name in ("hr_cfg", "hr_cfg_scale") if hasattr(known, name)}

    def on_its_thread(self, function: Function) -> Function:
        return on_main_thread(function)

    def loses_errors(self) -> bool:
        return main_thread_loses_errors()

    def unet(self, sd_model: Any) -> nn.Module:
        return sd_model.forge_objects.unet.model.diffusion_model

    def rows(
        self, sampler: Any, kwargs: dict[str, Any], count: int, earlier: Sequence[RowOf]
    ) -> list[RowOf]:
        return rows_in_chunks(sampler, kwargs["transformer_options"], count, earlier)
