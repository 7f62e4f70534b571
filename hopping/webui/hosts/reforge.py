"""reForge and forge-classic: AUTOMATIC1111's wrappers around encoders that Forge's memory moves."""

from __future__ import annotations

from typing import Any

from modules import processing

from .a1111 import A1111
from .base import Function
from .threads import on_main_thread


class ReForge(A1111):
    """Its encoders are transformers' or ldm_patched's; the wrappers call both."""

    def hires_arguments(self, cfg_scale: float) -> dict[str, Any]:
        known = hasattr(processing.StableDiffusionProcessingTxt2Img, "hr_cfg")
        return {"hr_cfg": cfg_scale} if known else {}

    def on_its_thread(self, function: Function) -> Function:
        return on_main_thread(function)
