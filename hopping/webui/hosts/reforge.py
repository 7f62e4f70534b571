"""reForge and forge-classic: AUTOMATIC1111's wrappers around encoders that Forge's memory moves."""

from __future__ import annotations

from typing import Any

from modules import processing

from hopping.errors import EncoderError

from .a1111 import A1111
from .forge_kin import ForgeKin
from .threads import main_thread_loses_errors


class ReForge(ForgeKin, A1111):
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

    def loses_errors(self) -> bool:
        return main_thread_loses_errors()
