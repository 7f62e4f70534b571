"""Train the storybook model from nothing: ``python -m hopping.storybook.train [FOLDER]``.

The stages follow one another, each from the checkpoints that the ones before left in FOLDER; a
stopped run goes on where it was when the same command is given again. The defaults are those of the
shipped model: half an hour on one large GPU (an H200) with 16 CPU cores, about thirty hours on two
CPU cores with bfloat16 instructions. --minutes makes it shorter, and the model worse.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from hopping.storybook.data import Corpus, world_fingerprint
from hopping.storybook.loop import Recipe
from hopping.storybook.oracle import train_oracle
from hopping.storybook.team import Team, default_workers, run_team
from hopping.storybook.train_text import train_text
from hopping.storybook.train_unet import train_unet
from hopping.storybook.train_vae import train_vae
from hopping.storybook.world import RESOLUTION

RUN_FILE = "run.json"
_HELD_OUT_SEED = 2


@dataclass(frozen=True)
class Stage:
    """One part of the model: how it is trained, and on how many pictures at a time."""

    train: Callable[..., nn.Module]
    recipe: Recipe
    batch: int  # of all workers together


@dataclass(frozen=True)
class Data:
    """What a run's model depends on beside the stages: seeds, and what is drawn and written.

    Attributes:
        seed: Of weights and batches.
        corpus_seed, pictures: Which scenes are drawn for training, and how many.
        captions: How many each picture has.
        held_out: How many held-out scenes are drawn.
    """

    seed: int = 1
    corpus_seed: int = 3
    pictures: int = 49_152
    captions: int = 12
    held_out: int = 2_048

    def begin(self, folder: Path, device: str) -> None:
        """Write this, and the device's name, into ``folder/run.json``, unless it stands there.

        Raises:
            ValueError: The folder holds a run with other data, or of another world.
        """
        file = folder / RUN_FILE
        run = {**asdict(self), "world": world_fingerprint()}
        if file.is_file():
            before = json.loads(file.read_text(encoding="utf-8"))
            for name, value in run.items():
                if before[name] != value:
                    raise ValueError(
                        f"{folder} was begun with {name} {before[name]}, not {value}: go on as "
                        "before, or name another folder"
                    )
            return
        folder.mkdir(parents=True, exist_ok=True)
        run["device"] = _device_name(device)
        file.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class TrainingRun:
    """A training run.

    Attributes:
        folder: Where checkpoints, logs and sample grids are kept.
        cache: Where pictures and captions are kept; runs with different seeds may share it.
        data: What is drawn and written.
        workers: Processes that train together; 1 on a GPU.
        device: "cpu" or "cuda".
    """

    folder: Path
    cache: Path
    data: Data = Data()
    workers: int = 2
    device: str = "cpu"


STAGES = {
    "vae": Stage(train_vae, Recipe("vae", 5_424, 1e-3, warmup=300, decay=0.998), batch=64),
    "text": Stage(train_text, Recipe("text", 616, 1e-3, decay=0.99, save_every=100), batch=1_024),
    "oracle": Stage(train_oracle, Recipe("oracle", 1_600, 1e-3, decay=0.995), batch=192),
    "unet": Stage(train_unet, Recipe("unet", 9_480, 1e-3, warmup=500, decay=0.9995), batch=512),
}


def train(settings: TrainingRun, stages: list[str], minutes: float = 0.0) -> None:
    """Train `stages` one after the other, each for at most `minutes` (0: no limit)."""
    settings.data.begin(settings.folder, settings.device)
    make_corpora(settings)
    for name in stages:
        stage = replace(STAGES[name], recipe=replace(STAGES[name].recipe, minutes=minutes))
        run_team(partial(_run_stage, settings, stage), settings.workers)


def make_corpora(settings: TrainingRun) -> tuple[Corpus, Corpus]:
    """The training and the held-out corpus, made now if they are not in the cache."""
    data = settings.data
    make = partial(Corpus, settings.cache, resolution=RESOLUTION, workers=os.cpu_count() or 1)
    return (
        make(seed=data.corpus_seed, count=data.pictures, captions=data.captions),
        make(seed=_HELD_OUT_SEED, count=data.held_out, held_out=True),
    )


def _run_stage(settings: TrainingRun, stage: Stage, team: Team) -> None:
    device = torch.device(settings.device)
    torch.backends.cudnn.benchmark = True  # all batches of a stage have one shape
    corpus, held_out = make_corpora(settings)
    stage.train(
        stage.recipe,
        corpus.to(device),
        held_out.to(device),
        settings.folder,
        batch=max(1, stage.batch // team.size),
        seed=settings.data.seed,
        team=team,
    )


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} machine of {os.cpu_count()} CPU cores"


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
    parser.add_argument(
        "--cache", type=Path, help="drawn pictures, captions (default: FOLDER/pictures)"
    )
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--minutes", type=float, default=0.0, help="limit for each stage")
    parser.add_argument("--pictures", type=int, default=Data.pictures)
    parser.add_argument("--seed", type=int, default=Data.seed)
    parser.add_argument("--workers", type=int, help="default: 1 on a GPU, 2 on CPUs")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    if given.device == "cpu" and not given.minutes:
        print("two CPU cores take about thirty hours; --minutes limits each stage", flush=True)
    settings = TrainingRun(
        folder=given.folder,
        cache=given.cache or given.folder / "pictures",
        data=Data(seed=given.seed, pictures=given.pictures),
        workers=given.workers or default_workers(given.device),
        device=given.device,
    )
    try:
        train(settings, given.stages, given.minutes)
    except ValueError as error:
        parser.error(str(error))
    print(f"next: python -m hopping.storybook.score {given.folder}, then hopping.storybook.ship")


if __name__ == "__main__":
    main()
