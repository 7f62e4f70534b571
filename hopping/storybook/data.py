"""The training corpus: scenes, their pictures, and captions in tokens; made once, kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

from hopping.storybook.captions import caption
from hopping.storybook.loop import pick
from hopping.storybook.model import build_tokenizer
from hopping.storybook.scene import Scene, scenes
from hopping.storybook.sources import PACKAGE, fingerprint
from hopping.storybook.word_tokenizer import MAX_LENGTH
from hopping.storybook.world import draw

_CHUNK = 512
_MAKERS = ("scene", "captions", "world", "coats", "figures", "pen", "places")

_Make = Callable[[tuple[int, list[Scene]]], np.ndarray]


class Corpus:
    """Scenes, their pictures and captions, as tensors that a GPU can hold.

    Attributes:
        scenes: The ground truth.
        images: uint8, shape (count, 3, height, width).
        captions: Token ids as int16, shape (count, captions, 77).
        name: Tells corpora apart, those of other code among them.

    Args:
        cache: Folder where pictures and captions are kept between runs.
        seed, count: Which scenes of the stream, and how many.
        resolution: Width and height of the pictures in pixels.
        captions: How many each picture has.
        held_out: Take the scenes that training never shows.
        workers: How many processes draw and write.
    """

    def __init__(
        self,
        cache: Path,
        *,
        seed: int,
        count: int,
        resolution: int,
        captions: int = 0,
        held_out: bool = False,
        workers: int = 1,
    ) -> None:
        self.scenes: list[Scene] = list(islice(scenes(seed, held_out=held_out), count))
        kind = "held_out" if held_out else "training"
        self.name = f"{kind}-{seed}-{count}-{resolution}-{world_fingerprint()}"
        self.images = self._kept(cache / f"{self.name}.npy", partial(_draw, resolution), workers)
        file = cache / f"{self.name}-captions-{captions}.npy"
        self.captions = self._kept(file, partial(_write, captions), workers)

    def __len__(self) -> int:
        return len(self.scenes)

    def to(self, device: torch.device) -> Corpus:
        """This corpus, with its tensors moved to `device`, where its batches will be."""
        self.images, self.captions = self.images.to(device), self.captions.to(device)
        return self

    def pictures(self, indices: Tensor) -> Tensor:
        """Pictures as floats from -1 to 1, shape (batch, 3, height, width)."""
        return self.images[indices].float() / 127.5 - 1

    def caption_ids(self, indices: Tensor, generator: torch.Generator) -> Tensor:
        """The token ids of one caption of each picture, shape (batch, 77)."""
        chosen = pick(generator, self.captions.shape[1], len(indices))
        return self.captions[indices, chosen].long()

    def _kept(self, file: Path, make: _Make, workers: int) -> Tensor:
        """What `make` makes of the scenes, part by part; of earlier runs, if `file` is there."""
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            starts = range(0, len(self), _CHUNK)
            jobs = [(start, self.scenes[start : start + _CHUNK]) for start in starts]
            if workers > 1:
                with get_context("spawn").Pool(workers) as pool:
                    parts = pool.map(make, jobs, chunksize=1)
            else:
                parts = [make(job) for job in jobs]
            unfinished = file.with_suffix(".part.npy")
            np.save(unfinished, np.concatenate(parts))
            unfinished.rename(file)
        # Mapped, so that several workers read one copy.
        return torch.from_numpy(np.load(file, mmap_mode="c"))


def world_fingerprint() -> str:
    """A short hash of the code that makes scenes, pictures and captions."""
    return fingerprint(PACKAGE / "storybook" / f"{name}.py" for name in _MAKERS)


def _draw(resolution: int, job: tuple[int, list[Scene]]) -> np.ndarray:
    _, part = job
    pictures = [np.asarray(draw(scene, resolution).image) for scene in part]
    return np.stack(pictures).transpose(0, 3, 1, 2)


def _write(captions: int, job: tuple[int, list[Scene]]) -> np.ndarray:
    start, part = job
    random = Random(start)
    texts = [caption(scene, random) for scene in part for _ in range(captions)]
    shape = (len(part), captions, MAX_LENGTH)
    if not texts:
        return np.empty(shape, np.int16)
    ids = build_tokenizer()(texts, padding="max_length", truncation=True, return_tensors="np")
    return ids.input_ids.astype(np.int16).reshape(shape)
