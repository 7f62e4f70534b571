"""Example strips to look at: the best, the median and the worst story of a method.

Each strip has the method's row between plain prompts and the attribute repeated, from one noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from hopping.errors import HoppingError
from hopping.evaluate.measurements import Provenance, read_lines
from hopping.evaluate.methods import METHODS, pixels_seen
from hopping.evaluate.results import Scored, score_lines, stories_of
from hopping.evaluate.stories import AMBIGUOUS, StoryCase
from hopping.evaluate.storybook import first_given, noises, sample_frames, shifted, text_side
from hopping.figure import story_grid
from hopping.pixels import PixelGraph

_ABOVE, _BELOW = "plain", "attribute repeated"


def telling(scores: Mapping[str, float]) -> float:
    """One number by which stories are ranked: the more identity and prompt, the less leak."""
    return scores["identity"] + scores["prompt"] - scores["leak"]


def best_median_worst(
    scored: Scored, cases: Mapping[int, StoryCase], method: str
) -> dict[str, tuple[int, int]]:
    """Story and seed of a method's best, median and worst story.

    Stories with one scored frame only, which would fill both ends, are left out. Equal stories
    stand in the order of their numbers.

    Raises:
        HoppingError: There is no score of such a story.
    """
    keys = [key for key in scored if key[0] == method and cases[key[1]].kind != AMBIGUOUS]
    if not keys:
        raise HoppingError(
            f"no scores of {method!r} yet; run `hopping evaluate storybook` with it first"
        )
    ranked = sorted(keys, key=lambda key: (-telling(scored[key]), key[1:]))
    chosen = {"best": ranked[0], "median": ranked[len(ranked) // 2], "worst": ranked[-1]}
    return {name: key[1:] for name, key in chosen.items()}


def draw_strip(
    pipeline: Any, case: StoryCase, method: str, seed: int, dtype: torch.dtype = torch.float32
) -> Image.Image:
    """Rows of plain prompts, `method` and the attribute repeated, under the story's texts."""
    side = text_side(pipeline)
    names = list(dict.fromkeys((_ABOVE, method, _BELOW)))
    embeddings = torch.cat([METHODS[name](side, case.shots) for name in names])
    seeds = [noise for name in names for noise in noises(name, case, seed)]
    graph: PixelGraph = ()
    for name in names:
        graph += shifted(pixels_seen(METHODS[name], side, case.shots), len(graph))
    given = [scene for name in names for scene in first_given(name, case)]
    sampled = sample_frames(pipeline, embeddings, seeds, graph, dtype, given)
    pictures = [_image(picture) for picture in sampled]
    frames = len(case.shots)
    rows = [pictures[row * frames : (row + 1) * frames] for row in range(len(names))]
    return story_grid(rows, case.texts, names)


def save_strips(pipeline: Any, folder: Path, method: str, target: Path) -> dict[str, Path]:
    """Draw a method's strips with the model that made the results in `folder`.

    Returns:
        The pictures' paths in `target` by "best", "median" and "worst".
    """
    lines = list(read_lines(folder))
    cases = stories_of(lines)
    dtype = getattr(torch, Provenance.read(folder).dtype)
    target.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, (story, seed) in best_median_worst(score_lines(lines), cases, method).items():
        files[name] = target / f"{_slug(method)}-{name}.png"
        draw_strip(pipeline, cases[story], method, seed, dtype).save(files[name])
    return files


def _image(picture: Tensor) -> Image.Image:
    pixels = ((picture.cpu() + 1) * 127.5).round().clamp(0, 255).byte()
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())


def _slug(method: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in method.lower()).split())
