"""The models that metrics need, where each is looked for, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A model that metrics need.

    Attributes:
        folder: Its place in the folder of weights.
        files: What must be there.
        packages: What must be installed.
        source: What to put there.
    """

    folder: str
    files: tuple[str, ...]
    packages: tuple[str, ...]
    source: str


PARTS: Mapping[str, Part] = {
    "mask": Part(
        "rembg", ("u2net.onnx",), ("rembg", "onnxruntime"), "u2net.onnx of rembg's releases"
    ),
    "clip": Part(
        "clip",
        ("config.json", "preprocessor_config.json"),
        ("transformers",),
        "the files of openai/clip-vit-base-patch16 on the hub",
    ),
    "dino": Part(
        "dino",
        ("config.json", "preprocessor_config.json"),
        ("transformers",),
        "the files of facebook/dino-vitb16 on the hub",
    ),
    "dreamsim": Part(
        "dreamsim",
        (
            "ensemble_lora/adapter_config.json",
            "dino_vitb16_pretrain.pth",
            "clip_vitb16_pretrain.pth.tar",
            "open_clip_vitb16_pretrain.pth.tar",
            # DINO's own code, which the package runs through torch.hub.
            "facebookresearch_dino_main/hubconf.py",
            "checkpoints/dino_vitbase16_pretrain.pth",
        ),
        ("dreamsim",),
        "what dreamsim.dreamsim(cache_dir=…) leaves, called once where there is a connection",
    ),
    "lpips": Part(
        "lpips",
        ("alexnet-owt-7be5be79.pth",),
        ("lpips", "torchvision"),
        "torchvision's weights of AlexNet",
    ),
}
