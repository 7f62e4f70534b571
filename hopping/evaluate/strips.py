"""Example strips to look at: the best, the median and the worst story of a method.

``python -m hopping.evaluate.strips "Consistent subject"`` after `hopping.evaluate.storybook`. Each
strip has the method's row between plain prompts and the attribute repeated, from the same noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from hopping.evaluate.methods import METHODS, TextSide
from hopping.evaluate.stories import StoryCase, make_stories
from hopping.evaluate.storybook import OUT, draw_frames, noise_seed, read_scores
from hopping.figure import story_grid
from hopping.storybook.model import load_storybook

_BESIDE = ("plain", "attribute repeated")


def telling(line: Mapping[str, Any]) -> float:
    """One number by which stories are ranked: the more identity and prompt, the less leak."""
    return float(line["identity"] + line["prompt"] - line["leak"])


def best_median_worst(lines: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Three lines of a result file by `telling`; equal ones in the order of their stories.

    Raises:
        ValueError: There is no line.
    """
    if not lines:
        raise ValueError("no scores yet: run hopping.evaluate.storybook first")
    ranked = sorted(lines, key=lambda line: (-telling(line), line["story"], line["seed"]))
    return {"best": ranked[0], "median": ranked[len(ranked) // 2], "worst": ranked[-1]}


def draw_strip(pipeline: Any, case: StoryCase, method: str, seed: int) -> Image.Image:
    """Rows of plain prompts, `method` and the attribute repeated, under the story's texts."""
    side = TextSide(pipeline.text_encoder, pipeline.tokenizer)
    names = list(dict.fromkeys((_BESIDE[0], method, _BESIDE[1])))
    rows = [
        [
            _image(picture)
            for picture in draw_frames(
                pipeline, METHODS[name](side, case), noise_seed(case.number, seed)
            )
        ]
        for name in names
    ]
    return story_grid(rows, case.texts, names)


def _image(picture: Tensor) -> Image.Image:
    pixels = ((picture + 1) * 127.5).round().clamp(0, 255).byte()
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("--out", type=Path, default=OUT, help="the measurement's folder")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    lines = read_scores(given.out / f"{given.method}.jsonl")
    pipeline = load_storybook(given.device)
    for name, line in best_median_worst(lines).items():
        *_, case = make_stories(line["story"] + 1)
        file = given.out / f"{given.method} {name}.png"
        draw_strip(pipeline, case, given.method, line["seed"]).save(file)
        print(file)


if __name__ == "__main__":
    main()
