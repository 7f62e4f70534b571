"""The sampling settings: the one list of them, and what a value must be, told without a model."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hopping.errors import HoppingError, OptionError
from hopping.options import Option
from hopping.page.limits import LIMITS, check_setting
from hopping.run_options import RunOptions

from .samplers import sampler_name

STORYBOOK = "storybook"
"""The name of the model that comes with the package."""

RANDOM_SEED = -1
MODEL_FILES = (".safetensors", ".ckpt")
DTYPES = {
    "float32": "float32",
    "fp32": "float32",
    "float16": "float16",
    "fp16": "float16",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
}
"""Precisions as users name them, by torch's names."""


class ModelError(HoppingError):
    """A model cannot be loaded, or not in the way that was asked for."""


@dataclass(frozen=True)
class Setting:
    """One row of the list. No value, None, stands for the model's own or the machine's.

    Attributes:
        name: as `StoryRequest` and `Settings` have it.
        kind: the type of its values.
        label: what the page calls it.
        help: what the command line says of it.
        metavar: what stands for a value in the command line's help.
        entry: what infotext calls it; empty where it has no entry of its own.
    """

    name: str
    kind: type[str] | type[int] | type[float]
    label: str
    help: str
    metavar: str | None = None
    entry: str = ""

    def check(self, value: Any) -> None:
        """Raises OptionError for a value that no model takes."""
        if self.name in LIMITS:
            check_setting(self.name, value)
        if self.name in ("width", "height"):
            check_pixels(self.name, value)
        elif self.name == "sampler":
            sampler_name(value)


SAMPLING: tuple[Setting, ...] = (
    Setting("negative", str, "Negative prompt", "Negative prompt of every frame.", metavar="TEXT"),
    Setting(
        "steps",
        int,
        "Steps",
        "Sampling steps (default: 50; this package's model: 20).",
        entry="Steps",
    ),
    Setting(
        "cfg",
        float,
        "CFG scale",
        "Guidance scale (default: 7.5; this package's model: 3).",
        entry="CFG scale",
    ),
    Setting(
        "sampler",
        str,
        "Sampler",
        "LMS, the paper's and the default; Euler, Euler a, Heun, DPM++ 2M, DDIM, PNDM, UniPC, …: "
        "an unknown name lists them all.",
        metavar="NAME",
        entry="Sampler",
    ),
    Setting(
        "seed",
        int,
        "Seed (-1: a random one)",
        "One for all frames (default: -1, a random one, which is noted).",
        entry="Seed",
    ),
    Setting("width", int, "Width", "In pixels, a multiple of 8 (default: the model's own)."),
    Setting("height", int, "Height", "As the width."),
    Setting(
        "batch_size",
        int,
        "Batch size",
        "Frames that are sampled at once (default: 1).",
        entry="Batch size",
    ),
)
"""How a picture is sampled, in the order in which interfaces show it."""

MACHINE: tuple[Setting, ...] = (
    Setting("device", str, "Device", "auto (default), cpu, cuda, cuda:1, mps.", metavar="NAME"),
    Setting(
        "dtype",
        str,
        "Precision",
        "float32, float16 or bfloat16 (default: float16 on CUDA, else float32).",
        metavar="NAME",
    ),
)
"""Where and in which precision it is computed."""

RUN: tuple[Option, ...] = tuple(
    replace(RunOptions.row(name), default=True) if name == "compare" else RunOptions.row(name)
    for name in ("same_noise", "compare", "before", "after", "frames")
)
"""Those options of a run that are known here, where the plain pictures are made unless told not."""


def check_pixels(name: str, pixels: int, factor: int = 8) -> None:
    """Raises OptionError if a width or height is no multiple of `factor`."""
    if pixels < factor or pixels % factor:
        below = max(factor, pixels // factor * factor)
        raise OptionError(
            f"{name} cannot be {pixels}; it must be a multiple of {factor}, "
            f"{below} or {below + factor} for instance"
        )


def precision(dtype: str, device: str) -> str:
    """A precision by torch's name for it; "auto" is what suits the device.

    Raises:
        ModelError: for an unknown name, and for float16 on the CPU.
    """
    if dtype == "auto":
        return "float16" if device.startswith("cuda") else "float32"
    if dtype.lower() not in DTYPES:
        raise ModelError(f"unknown dtype {dtype!r}; known: auto, {', '.join(DTYPES)}")
    if DTYPES[dtype.lower()] == "float16" and device == "cpu":
        raise ModelError("the CPU does not compute in float16; use --dtype float32 or bfloat16")
    return DTYPES[dtype.lower()]


def check_model(model: str | Path | None) -> None:
    """Raises ModelError if there is no such model, as far as that can be told on this machine."""
    if model is None or str(model) == STORYBOOK:
        return
    path = Path(model).expanduser()
    if path.is_dir():
        if not (path / "model_index.json").is_file():
            raise ModelError(
                f"{path} is not a diffusers model: it has no model_index.json; give the folder "
                "that save_pretrained wrote, or a .safetensors file"
            )
    elif path.suffix.lower() in MODEL_FILES:
        if not path.is_file():
            raise ModelError(f"there is no file {path}")
    elif not re.fullmatch(r"[\w.-]+/[\w.-]+", str(model)):
        raise ModelError(
            f"there is no model {str(model)!r}; give a diffusers folder, a .safetensors or .ckpt "
            "file, or a hub name such as owner/name"
        )


def model_identity(model: str) -> str:
    """A model's name as it is found again from anywhere: a path made absolute, or a hub name."""
    path = Path(model).expanduser()
    return str(path.resolve()) if path.exists() else model
