"""The training corpus: scenes drawn once and kept on disk, captions written anew each time."""

from __future__ import annotations

from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random

import numpy as np
import torch

from hopping.storybook.captions import caption
from hopping.storybook.scene import Scene, scenes
from hopping.storybook.world import draw

_CHUNK = 512


class Corpus:
    """Scenes, and their pictures as one uint8 tensor of shape (count, 3, height, width).

    `name` tells corpora apart.

    Args:
        cache: Folder where the pictures are kept between runs.
        seed, count: Which scenes of the stream, and how many.
        resolution: Width and height of the pictures in pixels.
        held_out: Take the scenes that training never shows.
        workers: How many processes draw.
    """

    def __init__(
        self,
        cache: Path,
        *,
        seed: int,
        count: int,
        resolution: int,
        held_out: bool = False,
        workers: int = 1,
    ) -> None:
        self.scenes: list[Scene] = list(islice(scenes(seed, held_out=held_out), count))
        kind = "held_out" if held_out else "training"
        self.name = f"{kind}-{seed}-{count}-{resolution}"
        file = cache / f"{self.name}.npy"
        if not file.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".part.npy")
            np.save(unfinished, _draw_all(self.scenes, resolution, workers))
            unfinished.rename(file)
        self.images = torch.from_numpy(np.load(file))

    def __len__(self) -> int:
        return len(self.scenes)

    def pictures(self, indices: torch.Tensor, device: torch.device) -> torch.Tensor:
        """Pictures as floats from -1 to 1, shape (batch, 3, height, width)."""
        return self.images[indices].to(device).float() / 127.5 - 1

    def captions(self, indices: torch.Tensor, random: Random) -> list[str]:
        """A new caption for each picture."""
        return [caption(self.scenes[i], random) for i in indices.tolist()]


def _draw_all(todo: list[Scene], resolution: int, workers: int) -> np.ndarray:
    jobs = [(todo[i : i + _CHUNK], resolution) for i in range(0, len(todo), _CHUNK)]
    if workers <= 1:
        return np.concatenate([_draw_chunk(job) for job in jobs])
    with get_context("spawn").Pool(workers) as pool:
        return np.concatenate(pool.map(_draw_chunk, jobs, chunksize=1))


def _draw_chunk(job: tuple[list[Scene], int]) -> np.ndarray:
    part, resolution = job
    pictures = [np.asarray(draw(scene, resolution).image) for scene in part]
    return np.stack(pictures).transpose(0, 3, 1, 2)
