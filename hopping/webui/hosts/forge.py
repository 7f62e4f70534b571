"""Forge and Forge Neo: a text engine for each encoder of a checkpoint, which is loaded with the
first picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from importlib import import_module
from typing import Any

import torch
from backend import args
from backend.text_processing import emphasis, parsing
from modules import sd_models, shared

from hopping.errors import EncoderError, NotLoadedError

from .base import Engine, unsupported
from .forge_kin import ForgeKin


class Forge(ForgeKin):
    """SD 1.x and 2.x have one engine, SDXL has two. SD 3 and Flux have T5 beside them, the other
    kinds of a model none of CLIP's.
    """

    def loaded_model(self) -> Any:
        sd_model = sd_models.model_data.sd_model
        if not hasattr(sd_model, "forge_objects"):  # what stands in until the first picture
            raise NotLoadedError(
                "no checkpoint is loaded yet, Forge loads it with the first picture; the plan "
                "needs its tokenizer"
            )
        return sd_model

    def engines(self, sd_model: Any) -> list[Engine]:
        found = [
            getattr(sd_model, name)
            for name in (
                "text_processing_engine",
                "text_processing_engine_l",
                "text_processing_engine_g",
            )
            if hasattr(sd_model, name)
        ]
        if not found:
            raise unsupported(sd_model)
        _refuse_t5(sd_model)
        return [_engine(engine) for engine in found]

    def emphasised(self, text: str) -> Sequence[tuple[str, float]]:
        pieces: Sequence[tuple[str, float]] = parsing.parse_prompt_attention(
            text, shared.opts.emphasis
        )
        return pieces

    @contextmanager
    def encoding(self, sd_model: Any) -> Iterator[None]:
        sd_model.set_clip_skip(int(shared.opts.CLIP_stop_at_last_layers))
        noted = _noted()
        try:
            yield
            # The engines note for the infotext what they met, once more with each prompt.
            notes = dict(noted.last_extra_generation_params)
            if "TI" in notes:
                notes["TI"] = ", ".join(dict.fromkeys(notes["TI"].split(", ")))
            sd_model.extra_generation_params.update(notes)
        finally:
            noted.last_extra_generation_params = {}

    def hires_arguments(self, cfg_scale: float) -> dict[str, Any]:
        return {"hr_cfg": cfg_scale, "hr_additional_modules": ["Use same choices"]}

    def loses_errors(self) -> bool:
        return False

    def check_attention(self) -> None:
        pass  # what may be in its way here is told with each call


def _noted() -> Any:
    """Where the engines' notes are: with Forge Neo's arguments, or in Forge's module of engines."""
    if hasattr(args.dynamic_args, "last_extra_generation_params"):
        return args.dynamic_args
    return import_module("backend.text_processing.classic_engine")


def _engine(engine: Any) -> Engine:
    cutter = engine
    if "emphasis" in vars(engine):
        # It takes the setting over with each prompt, but the plan may come first. A copy does not
        # disturb an engine that is encoding. Newer ones ask for the setting by themselves.
        cutter = copy(engine)
        cutter.emphasis = emphasis.get_current_option(shared.opts.emphasis)()
    return Engine(
        wrapper=engine,
        module=engine.text_encoder.transformer,
        cutter=cutter,
        inversions=engine.embeddings,
        slot=engine.embeddings,
        device=torch.device("cpu"),  # it moves them itself
        decode=lambda tokens: str(engine.tokenizer.decode(list(tokens))).strip(),
    )


def _refuse_t5(sd_model: Any) -> None:
    """T5 sees a whole prompt at once, in both directions: there is no mask to hop.

    SD 3 without it is told by CLIP alone; Flux takes no more than one pooled vector from CLIP.
    """
    if not hasattr(sd_model, "text_processing_engine_t5"):
        return
    if not hasattr(sd_model, "text_processing_engine_g"):
        raise EncoderError(
            f"{type(sd_model).__name__} reads prompts with T5, which cannot be hopped; load an "
            "SD 1.x, SD 2.x or SDXL checkpoint, or switch hopping off"
        )
    if shared.opts.sd3_enable_t5:
        raise EncoderError(
            "this checkpoint reads prompts with T5 too, which cannot be hopped; switch off "
            "Settings → Stable Diffusion 3 → Enable T5, or hopping"
        )
