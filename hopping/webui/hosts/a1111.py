"""AUTOMATIC1111's WebUI: wrappers around transformers' CLIP and OpenCLIP, tied to one hijack."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from modules import devices, prompt_parser, sd_hijack_clip, sd_models, sd_unet, shared
from torch import nn

from hopping.errors import EncoderError, HoppingError, NotLoadedError

from .base import Engine, Function, unsupported
from .unet_rows import RowOf, merged_pixels, rows_in_turn


class A1111:
    """The host from which the others descend."""

    def loaded_model(self) -> Any:
        # Not shared.sd_model: that would load a checkpoint, and typing must not wait for one.
        sd_model = sd_models.model_data.sd_model
        if sd_model is None:
            raise NotLoadedError("no checkpoint is loaded yet; the plan needs its tokenizer")
        return sd_model

    def engines(self, sd_model: Any) -> list[Engine]:
        # forge-classic has no such setting.
        if getattr(shared.opts, "use_old_emphasis_implementation", False):
            raise EncoderError(
                "the old emphasis implementation encodes on a way of its own that cannot be "
                "hopped; switch off Settings → Compatibility → Use old emphasis implementation"
            )
        conditioner = getattr(sd_model, "conditioner", None)
        if conditioner is None:
            embedders = [getattr(sd_model, "cond_stage_model", None)]
        else:
            embedders = [e for e in conditioner.embedders if getattr(e, "input_key", None) == "txt"]
        if not embedders:
            raise unsupported(conditioner)
        return [_engine(embedder) for embedder in embedders]

    def emphasised(self, text: str) -> Sequence[tuple[str, float]]:
        pieces: Sequence[tuple[str, float]] = prompt_parser.parse_prompt_attention(text)
        return pieces

    def encoding(self, sd_model: Any) -> AbstractContextManager[None]:
        return devices.autocast()

    def hires_arguments(self, cfg_scale: float) -> dict[str, Any]:
        return {}

    def on_its_thread(self, function: Function) -> Function:
        return function

    def loses_errors(self) -> bool:
        return False

    def unet(self, sd_model: Any) -> nn.Module:
        return sd_model.model.diffusion_model

    def rows(
        self, sampler: Any, kwargs: dict[str, Any], count: int, earlier: Sequence[RowOf]
    ) -> list[RowOf]:
        return rows_in_turn(sampler, count, earlier)

    def check_attention(self) -> None:
        if sd_unet.current_unet is not None:
            raise HoppingError(
                f"{type(sd_unet.current_unet).__name__} samples in the U-Net's place (TensorRT, "
                "say), and pixels cannot be shared in it; set Settings → SD Unet to None, or use "
                "pixels=off"
            )
        names = ("hypertile_enable_unet", "hypertile_enable_unet_secondpass")
        if any(shared.opts.data.get(name, False) for name in names):
            raise merged_pixels("Settings → Hypertile")


def _engine(embedder: Any) -> Engine:
    return Engine(
        wrapper=embedder,
        module=_clip_module(embedder),
        cutter=embedder,
        inversions=embedder.hijack.embedding_db,
        slot=embedder.hijack,
        device=devices.device,
        decode=lambda tokens: _decode(embedder, tokens),
    )


def _clip_module(embedder: Any) -> nn.Module:
    if not isinstance(embedder, sd_hijack_clip.FrozenCLIPEmbedderWithCustomWordsBase):
        raise unsupported(embedder)
    wrapped = embedder.wrapped
    for name in ("transformer", "model"):  # transformers' CLIP, OpenCLIP
        module = getattr(wrapped, name, None)
        if isinstance(module, nn.Module) and not hasattr(wrapped, "roberta"):
            return module
    raise unsupported(wrapped)


def _decode(embedder: Any, tokens: Sequence[int]) -> str:
    tokenizer = getattr(embedder.wrapped, "tokenizer", None)
    if tokenizer is not None:
        return str(tokenizer.decode(list(tokens))).strip()
    import open_clip.tokenizer

    return str(open_clip.tokenizer._tokenizer.decode(list(tokens))).strip()
