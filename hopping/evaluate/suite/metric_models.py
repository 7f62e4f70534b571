"""The metrics' models, each out of its folder, as its own package has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as nnf

from .parts import PARTS


class Clip:
    """CLIP's image and text embeddings, of length 1."""

    def __init__(self, folder: Path, device: str) -> None:
        from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

        self._model: Any = CLIPModel.from_pretrained(folder, local_files_only=True)
        self._model.eval().to(device)
        self._images = CLIPImageProcessor.from_pretrained(folder, local_files_only=True)
        self._tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        self._device = device

    @torch.no_grad()
    def embed(self, images: Sequence[Image.Image]) -> Tensor:
        """Shape (images, width)."""
        pixels = self._images(images=list(images), return_tensors="pt")["pixel_values"]
        pooled = self._model.vision_model(pixels.to(self._device)).pooler_output
        return nnf.normalize(self._model.visual_projection(pooled), dim=-1)

    @torch.no_grad()
    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Shape (texts, width); what CLIP cannot read any more is cut off."""
        inputs = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=77, return_tensors="pt"
        )
        pooled = self._model.text_model(**inputs.to(self._device)).pooler_output
        return nnf.normalize(self._model.text_projection(pooled), dim=-1)


class Dino:
    """The class token of a DINO or DINOv2, of length 1."""

    def __init__(self, folder: Path, device: str) -> None:
        from transformers import AutoImageProcessor, AutoModel

        self._model: Any = AutoModel.from_pretrained(folder, local_files_only=True)
        self._model.eval().to(device)
        self._images = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
        self._device = device

    @torch.no_grad()
    def embed(self, images: Sequence[Image.Image]) -> Tensor:
        """Shape (images, width)."""
        pixels = self._images(images=list(images), return_tensors="pt")["pixel_values"]
        tokens = self._model(pixels.to(self._device)).last_hidden_state
        return nnf.normalize(tokens[:, 0], dim=-1)


class DreamSim:
    """DreamSim's ensemble (Fu et al. 2023); its distance is the cosine distance of embeddings."""

    def __init__(self, folder: Path, device: str) -> None:
        from dreamsim import dreamsim

        self._model, self._preprocess = dreamsim(cache_dir=str(folder), device=device)
        self._device = device

    @torch.no_grad()
    def embed(self, images: Sequence[Image.Image]) -> Tensor:
        """Shape (images, width)."""
        parts = [self._model.embed(self._preprocess(i).to(self._device)) for i in images]
        return nnf.normalize(torch.cat(parts), dim=-1)


class Lpips:
    """LPIPS (Zhang et al. 2018) over AlexNet; the package has its linear layers."""

    def __init__(self, folder: Path, device: str) -> None:
        import lpips

        # pnet_rand: nothing is downloaded. The trunk's slices hold torchvision's layers.
        model = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
        file = folder / PARTS["lpips"].files[0]
        theirs = torch.load(file, map_location="cpu", weights_only=True)
        layers = {name: name.split(".", 1)[1] for name, _ in model.net.named_parameters()}
        model.net.load_state_dict({n: theirs[f"features.{there}"] for n, there in layers.items()})
        self._model = model.to(device)
        self._device = device

    @torch.no_grad()
    def __call__(self, first: Image.Image, second: Image.Image) -> float:
        """Distance of two pictures of one size."""
        import numpy as np

        a, b = (
            torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 127.5 - 1
            for image in (first, second)
        )
        return float(self._model(a.to(self._device), b.to(self._device)))


MODELS: Mapping[str, Callable[[Path, str], Any]] = {
    "clip": Clip,
    "dino": Dino,
    "dreamsim": DreamSim,
    "lpips": Lpips,
}
"""By the names of `parts.PARTS`; the mask is `foreground.load_mask`'s."""
