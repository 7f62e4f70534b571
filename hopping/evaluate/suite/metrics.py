"""The metrics of the One-Prompt-One-Story paper and some more, through their own packages.

Nothing is downloaded: each metric's model is looked for in a folder of the user's, and a metric
whose model or package is not there is named as missing.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from .parts import PARTS

# Names are checked before torch is there.
if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from .metric_models import Clip

RANDOM_MARK = "random-weights"
"""A file of this name in a model's folder says that its weights are random; so do results then."""

_CLIPSCORE_WEIGHT = 2.5
_CLIPSCORE_PREFIX = "A photo depicts"


@dataclass(frozen=True)
class Views:
    """The pictures of a set as metrics see them.

    Attributes:
        whole: As drawn.
        subjects: Everything but the subject replaced by noise.
        backgrounds: The subject replaced by noise.
    """

    whole: Sequence[Image.Image]
    subjects: Sequence[Image.Image] = ()
    backgrounds: Sequence[Image.Image] = ()


Model = Any
Score = Callable[[Model, Views, Sequence[str]], float]
"""A set's score, from the metric's model, its pictures and the benchmark's prompts."""


@dataclass(frozen=True)
class Metric:
    """How one column comes about. `better` is ↑ or ↓."""

    better: str
    parts: tuple[str, ...]
    score: Score


def clip_score(model: Clip, views: Views, prompts: Sequence[str]) -> float:
    """CLIPScore (Hessel et al. 2021): 2.5 · max(cos, 0) of each picture and its prompt."""
    texts = model.embed_texts([f"{_CLIPSCORE_PREFIX} {prompt}" for prompt in prompts])
    cosines = (model.embed(views.whole) * texts).sum(dim=-1)
    return float(_CLIPSCORE_WEIGHT * cosines.clamp(min=0).mean())


def similarity(model: Any, views: Views, _: Sequence[str]) -> float:
    """Mean cosine similarity of all pairs of the subject's pictures."""
    return _pairwise(model.embed(views.subjects))


def distance(model: Any, views: Views, _: Sequence[str], background: bool = False) -> float:
    """Mean cosine distance of all pairs of the subject's, or of the backgrounds' pictures."""
    return 1 - _pairwise(model.embed(views.backgrounds if background else views.subjects))


def perceptual_distance(model: Any, views: Views, _: Sequence[str]) -> float:
    """Mean distance of all pairs of the subject's pictures, for models that compare pairs."""
    return fmean(model(a, b) for a, b in combinations(views.subjects, 2))


METRICS: Mapping[str, Metric] = {
    "CLIP-T": Metric("↑", ("clip",), clip_score),
    "CLIP-I": Metric("↑", ("clip", "mask"), similarity),
    "DreamSim": Metric("↓", ("dreamsim", "mask"), distance),
    "DreamSim-B": Metric("↑", ("dreamsim", "mask"), partial(distance, background=True)),
    "DINO": Metric("↑", ("dino", "mask"), similarity),
    "LPIPS": Metric("↓", ("lpips", "mask"), perceptual_distance),
}


def missing(weights: Path) -> dict[str, str]:
    """For each metric that cannot be computed, what is missing and where it is looked for."""
    lacking = {name: text for name in PARTS if (text := _lack(weights, name))}
    return {
        name: "; ".join(lacking[part] for part in metric.parts if part in lacking)
        for name, metric in METRICS.items()
        if any(part in lacking for part in metric.parts)
    }


def _lack(weights: Path, name: str) -> str:
    part = PARTS[name]
    packages = [package for package in part.packages if importlib.util.find_spec(package) is None]
    if packages:
        return f'not installed: {", ".join(packages)} (pip install ".[evaluate]")'
    folder = weights / part.folder
    files = [file for file in part.files if not (folder / file).is_file()]
    if files:
        return f"{', '.join(files)} not in {folder} (put {part.source} there)"
    return ""


def identity_of(weights: Path, metric: str) -> str:
    """A digest of the files that a metric's models are made of, by name and size."""
    digest = hashlib.sha256()
    for part in METRICS[metric].parts:
        folder = weights / PARTS[part].folder
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(f"{file.relative_to(weights)} {file.stat().st_size};".encode())
    return digest.hexdigest()[:12]


def has_random_weights(weights: Path, metrics: Sequence[str]) -> bool:
    """Whether a model of these metrics is marked as random."""
    folders = {PARTS[part].folder for name in metrics for part in METRICS[name].parts}
    return any((weights / folder / RANDOM_MARK).is_file() for folder in folders)


def load_part(name: str, weights: Path, device: str) -> Model:
    """A metric's own model; the mask is `subject.load_mask`'s."""
    from .metric_models import MODELS

    return MODELS[name](weights / PARTS[name].folder, device)


def _pairwise(embeddings: Tensor) -> float:
    """Mean cosine of all pairs of embeddings of length 1."""
    count = len(embeddings)
    return float((embeddings @ embeddings.T).triu(1).sum() / (count * (count - 1) / 2))
