"""A model's tokenizer alone: a plan needs no weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hopping.storybook.word_tokenizer import FOLDER

from .sampling import STORYBOOK


def load_tokenizer(model: str | None) -> Any:
    """The (first) tokenizer of a model, as `load_pipeline` takes its name.

    Raises:
        ModelError: if there is no such model.
    """
    from transformers import CLIPTokenizer

    if model in (None, STORYBOOK):
        return CLIPTokenizer.from_pretrained(str(FOLDER))
    folder = Path(str(model)).expanduser()
    if _is_stable_diffusion(folder):
        return CLIPTokenizer.from_pretrained(str(folder / "tokenizer"))
    from .pipeline import load_pipeline

    # Of a single file or a hub name diffusers knows where the tokenizer is; it refuses all else.
    return load_pipeline(model, "cpu").tokenizer


def _is_stable_diffusion(folder: Path) -> bool:
    """Whether a folder is a diffusers model with a U-Net and CLIP's tokenizer."""
    try:
        parts = json.loads((folder / "model_index.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    kind = parts.get("tokenizer") or [None, None]
    return "unet" in parts and str(kind[1]).startswith("CLIPTokenizer")
