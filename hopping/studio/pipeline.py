"""Models from wherever a user keeps them: embedded, a folder, a single file, or the hub."""

from __future__ import annotations

import hashlib
import json
import struct
import textwrap
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers.utils import deprecation_utils

from .devices import resolve_device, resolve_dtype
from .sampling import MODEL_FILES, STORYBOOK, ModelError, check_model

# diffusers renamed the argument; the old name still works there, with a warning.
_DTYPE = "dtype" if hasattr(deprecation_utils, "_resolve_dtype") else "torch_dtype"
# A weight that SDXL checkpoints have and those of SD 1.x and 2.x have not.
_SDXL_KEY = "conditioner.embedders.1."


def load_pipeline(
    model: str | Path | None = None,
    device: str = "auto",
    dtype: str | torch.dtype = "auto",
) -> Any:
    """A diffusers pipeline for text-to-image.

    Args:
        model: a diffusers folder, a single .safetensors or .ckpt file, or a hub name
            ("owner/name"). None or "storybook" is the small model that comes with the package.
        device: "cpu", "cuda", "cuda:1", "mps"; "auto" takes a GPU where there is one.
        dtype: "float32", "float16" or "bfloat16"; "auto" is float16 on a GPU, else float32.

    Raises:
        ModelError: that says what is missing and what to do.
    """
    check_model(model)
    device = resolve_device(device)
    precision = resolve_dtype(dtype, device)
    pipeline: Any
    if model is None or str(model) == STORYBOOK:
        from hopping.storybook.model import load_storybook

        pipeline = load_storybook(device, precision)
    else:
        path = Path(model).expanduser()
        if path.is_dir():
            pipeline = _load_folder(path, precision)
        elif path.suffix.lower() in MODEL_FILES:
            pipeline = _load_file(path, precision)
        else:
            pipeline = _load_from_hub(str(model), precision)
        pipeline = pipeline.to(device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def fingerprint(pipeline: Any) -> str:
    """A short hash of the pipeline's weights, from the first values of each.

    It tells whether a story goes on with the model that it was begun with.
    """
    digest = hashlib.sha256()
    for name in ("text_encoder", "text_encoder_2", "unet", "vae"):
        module = getattr(pipeline, name, None)
        if module is None:
            continue
        for key, weight in module.state_dict().items():
            digest.update(f"{name}.{key} {tuple(weight.shape)}".encode())
            values = weight.detach().flatten()[:16].to("cpu", torch.float32)
            digest.update(struct.pack(f"<{len(values)}f", *values.tolist()))
    return digest.hexdigest()[:12]


def _load_folder(path: Path, dtype: torch.dtype) -> Any:
    try:
        return diffusers.DiffusionPipeline.from_pretrained(
            path, local_files_only=True, **{_DTYPE: dtype}
        )
    except Exception as error:
        raise ModelError(f"the model in {path} cannot be loaded: {_cause(error)}") from error


def _load_file(path: Path, dtype: torch.dtype) -> Any:
    kind = (
        diffusers.StableDiffusionXLPipeline if _is_sdxl(path) else diffusers.StableDiffusionPipeline
    )
    try:
        return kind.from_single_file(str(path), **{_DTYPE: dtype})
    except Exception as error:
        raise ModelError(
            f"{path.name} cannot be loaded: {_cause(error)}. A single file holds weights alone; "
            "diffusers takes the matching configuration and tokenizer from the hub, once. Without "
            "a connection, give the folder that save_pretrained wrote"
        ) from error


def _is_sdxl(path: Path) -> bool:
    try:
        if path.suffix.lower() == ".safetensors":
            with path.open("rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                keys = json.loads(file.read(length))
        else:
            keys = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
            keys = keys.get("state_dict", keys)
    except Exception as error:
        raise ModelError(
            f"{path.name} is not a checkpoint that can be read: {_cause(error)}"
        ) from error
    return any(key.startswith(_SDXL_KEY) for key in keys)


def _load_from_hub(name: str, dtype: torch.dtype) -> Any:
    try:
        return diffusers.DiffusionPipeline.from_pretrained(name, **{_DTYPE: dtype})
    except Exception as error:
        raise ModelError(
            f"there is no folder {name}, and it cannot be had from the hub: {_cause(error)}"
        ) from error


def _cause(error: BaseException) -> str:
    """The first line of what a library said, cut short."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return textwrap.shorten(lines[0] if lines else type(error).__name__, 200).rstrip(".")
