"""Train the storybook model from nothing: ``python -m hopping.storybook.train [FOLDER]``.

The stages follow one another, each from the checkpoints that the ones before left in FOLDER; a
stopped run goes on where it was when the same command is given again.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from hopping.storybook.data import Corpus
from hopping.storybook.loop import Plan
from hopping.storybook.model import RESOLUTION
from hopping.storybook.oracle import train_oracle
from hopping.storybook.team import Team, run_team
from hopping.storybook.train_text import train_text
from hopping.storybook.train_unet import train_unet
from hopping.storybook.train_vae import train_vae

_HELD_OUT_SEED = 2
_GPU_BATCHES = 4


@dataclass(frozen=True)
class Stage:
    """One part of the model: how it is trained and on how many pictures at a time."""

    train: Callable[..., nn.Module]
    plan: Plan
    batch: int  # of each worker; a GPU takes _GPU_BATCHES times as many


@dataclass(frozen=True)
class Settings:
    """A training run.

    Attributes:
        folder: Where checkpoints, logs and sample grids are kept.
        cache: Where drawn pictures are kept; runs with different seeds may share it.
        seed: Seed of weights and batches.
        corpus_seed, pictures: Which scenes are drawn for training, and how many.
        held_out: How many held-out scenes are drawn.
        workers: Processes that train together; 1 on a GPU.
        device: "cpu" or "cuda".
    """

    folder: Path
    cache: Path
    seed: int = 1
    corpus_seed: int = 3
    pictures: int = 40960
    held_out: int = 2048
    workers: int = 2
    device: str = "cpu"


STAGES = {
    "vae": Stage(train_vae, Plan("vae", 9000, 1e-3, save_every=100, decay=0.995), batch=16),
    "text": Stage(train_text, Plan("text", 1500, 1e-3, save_every=100, decay=0.99), batch=256),
    "oracle": Stage(train_oracle, Plan("oracle", 2000, 1e-3, save_every=200, decay=0.99), batch=64),
    "unet": Stage(train_unet, Plan("unet", 12000, 1e-3, save_every=500, decay=0.998), batch=32),
}


def train(settings: Settings, stages: list[str], minutes: float = 0.0) -> None:
    """Train `stages` one after the other, each for at most `minutes` (0: no limit)."""
    draw_corpora(settings)
    for name in stages:
        stage = replace(STAGES[name], plan=replace(STAGES[name].plan, minutes=minutes))
        run_team(partial(_run_stage, settings, stage), settings.workers)


def draw_corpora(settings: Settings) -> tuple[Corpus, Corpus]:
    """The training and the held-out corpus, drawn now if they are not in the cache."""
    drawing = os.cpu_count() or 1
    draw = partial(Corpus, settings.cache, resolution=RESOLUTION, workers=drawing)
    return (
        draw(seed=settings.corpus_seed, count=settings.pictures),
        draw(seed=_HELD_OUT_SEED, count=settings.held_out, held_out=True),
    )


def _run_stage(settings: Settings, stage: Stage, team: Team) -> None:
    corpus, held_out = draw_corpora(settings)
    stage.train(
        stage.plan,
        corpus,
        held_out,
        settings.folder,
        batch=stage.batch * (_GPU_BATCHES if settings.device == "cuda" else 1),
        seed=settings.seed,
        team=team,
        device=torch.device(settings.device),
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path("outputs/storybook"),
        help="for checkpoints, logs and sample grids (default: %(default)s)",
    )
    parser.add_argument("--cache", type=Path, help="drawn pictures (default: FOLDER/pictures)")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--minutes", type=float, default=0.0, help="limit for each stage")
    parser.add_argument("--pictures", type=int, default=Settings.pictures)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, help="default: 1 on a GPU, 2 on CPUs")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    settings = Settings(
        folder=given.folder,
        cache=given.cache or given.folder / "pictures",
        seed=given.seed,
        pictures=given.pictures,
        workers=given.workers or (1 if given.device == "cuda" else 2),
        device=given.device,
    )
    train(settings, given.stages, given.minutes)
    print(f"next: python -m hopping.storybook.score {given.folder}, then hopping.storybook.ship")


if __name__ == "__main__":
    main()
