"""Every method's pictures of a suite, on disk: a folder for each method and set."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from hopping.evaluate.methods import METHODS, Hopping
from hopping.evaluate.suite.prompts import PromptSet
from hopping.studio.generate import generate_story
from hopping.studio.record import Settings

_RECORD = "pictures.json"
_GIB = 2**30


@dataclass(frozen=True)
class Drawn:
    """The pictures of one set by one method, and what they cost.

    Attributes:
        prompts: The benchmark's prompts, whatever words the method was given.
        seconds: Per picture, text encoding and decoding included.
        memory: Peak in GiB, of the GPU's memory; without one, of the whole process.
    """

    images: tuple[Image.Image, ...]
    prompts: tuple[str, ...]
    seconds: float
    memory: float | None


def folder_of(out: Path, method: str, prompts: PromptSet) -> Path:
    """Where the pictures of a set by a method are kept."""
    words = "".join(c if c.isalnum() or c in ".=" else " " for c in method).split()
    return out / "-".join(words) / prompts.name


def is_drawn(folder: Path) -> bool:
    """Whether all pictures of a set are there."""
    return (folder / _RECORD).is_file()


def draw_set(
    pipeline: Any, method: str, prompts: PromptSet, naming: str, settings: Settings, folder: Path
) -> None:
    """Draw the pictures of a set, from one noise or several; its record is written last."""
    hop = METHODS[method]
    assert isinstance(hop, Hopping)
    cuda = settings.device.startswith("cuda")
    if cuda:
        torch.cuda.reset_peak_memory_stats(settings.device)
    began = time.perf_counter()
    frames = list(
        generate_story(
            pipeline,
            hop.story(prompts.wordings(naming)),
            hop.options,
            **{**settings.sampling(), "same_noise": hop.same_noise},
        )
    )
    seconds = (time.perf_counter() - began) / len(frames)
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        frame.image.save(folder / f"{frame.number:02d}.png")
    record = {
        "prompts": prompts.prompts,
        "texts": [frame.text for frame in frames],
        "seconds": seconds,
        "memory": _peak_memory(settings.device if cuda else None),
    }
    (folder / _RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def read_set(folder: Path) -> Drawn:
    """The pictures that `draw_set` left."""
    record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    images = []
    for number in range(1, len(record["prompts"]) + 1):
        with Image.open(folder / f"{number:02d}.png") as image:
            images.append(image.convert("RGB"))
    return Drawn(tuple(images), tuple(record["prompts"]), record["seconds"], record["memory"])


def cost_of(folders: Sequence[Path]) -> tuple[float, float | None]:
    """Median seconds per picture and highest peak memory in GiB of some sets."""
    records = [json.loads((f / _RECORD).read_text(encoding="utf-8")) for f in folders]
    seconds = sorted(record["seconds"] for record in records)
    memory = [record["memory"] for record in records if record["memory"] is not None]
    return seconds[len(seconds) // 2], max(memory, default=None)


def _peak_memory(cuda_device: str | None) -> float | None:
    if cuda_device:
        return torch.cuda.max_memory_allocated(cuda_device) / _GIB
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _GIB
