"""One measurement by several processes, which take different stories."""

# diffusers' classes come without types: mypy cannot see what they have.
# mypy: disable-error-code="attr-defined"
from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from hopping.errors import HoppingError
from hopping.evaluate.measurements import Provenance
from hopping.evaluate.stories import make_stories
from hopping.evaluate.storybook import BATCH, GPU_BATCH, Progress, measure
from hopping.storybook.model import load_storybook, storybook_is_trained
from hopping.storybook.oracle import Oracle, build_oracle, load_oracle, trained_oracle
from hopping.storybook.score import BARS
from hopping.storybook.team import Team, run_team
from hopping.storybook.train_unet import trained_pipeline
from hopping.storybook.world import RESOLUTION
from hopping.studio.devices import resolve_device, resolve_dtype
from hopping.studio.pipeline import fingerprint

SHIPPED = "shipped"


@dataclass(frozen=True)
class Measurement:
    """What is asked for; see the command's flags."""

    folder: Path
    stories: int
    seeds: int
    methods: tuple[str, ...]
    model_run: Path | None = None
    device: str = "cpu"
    dtype: str = "float32"
    batch: int | None = None
    below_bars: bool = False


def load_model(
    model_run: Path | None,
    device: str = "auto",
    dtype: str = "float32",
    *,
    below_bars: bool = False,
) -> tuple[Any, Oracle, Provenance]:
    """The pipeline to measure with, its oracle, and what a folder of results says of it.

    Args:
        model_run: The folder of a training run; None is the shipped model.
        device: Where both shall be.
        dtype: What the pipeline will compute in.
        below_bars: Take a model that does not reach its bars, or is not trained at all.

    Raises:
        HoppingError: The model is not there or, unless `below_bars`, not good enough.
    """
    device = resolve_device(device)
    pipeline: Any
    if model_run is None:
        passes = storybook_is_trained()
        if not (passes or below_bars):
            raise HoppingError(
                "the storybook model is not trained yet, and scores would mean nothing; name a "
                "training run with --model-run, or try the code with --below-bars"
            )
        pipeline = load_storybook(device)
        oracle = load_oracle() if passes else build_oracle(RESOLUTION).eval()
        return (
            pipeline,
            oracle.to(device),
            Provenance(SHIPPED, fingerprint(pipeline), passes, dtype),
        )
    passes = _passes(model_run)
    if not (passes or below_bars):
        raise HoppingError(
            f"{model_run} has no score.json that reaches the bars "
            f"({', '.join(f'{name} {100 * bar:.0f} %' for name, bar in BARS.items())}); score it "
            f"with python -m hopping.storybook.score {model_run}, or try the code with "
            "--below-bars"
        )
    try:
        pipeline = trained_pipeline(model_run).to(device)
        oracle = trained_oracle(model_run, RESOLUTION).to(device)
    except FileNotFoundError as error:
        raise HoppingError(str(error)) from error
    run = Provenance(model_run.resolve().name, fingerprint(pipeline), passes, dtype)
    return pipeline, oracle, run


def run_measurement(
    asked: Measurement, workers: int, first: Callable[[], None] = lambda: None
) -> None:
    """Measure what is missing in the folder, in `workers` processes of one thread each.

    Args:
        first: Called in each process before anything else.

    Raises:
        HoppingError: As `load_model`, or the folder holds results of another run.
    """
    _, _, run = load_model(asked.model_run, "cpu", asked.dtype, below_bars=asked.below_bars)
    run.begin(asked.folder)
    run_team(partial(_measure_share, asked, first), workers)


def _measure_share(asked: Measurement, first: Callable[[], None], team: Team) -> None:
    first()
    pipeline, oracle, _ = load_model(asked.model_run, asked.device, below_bars=asked.below_bars)
    cases = list(islice(make_stories(asked.stories), team.rank, None, team.size))

    def told(progress: Progress) -> None:
        print(
            f"worker {team.rank + 1}: {progress.stories} of {len(cases)} stories, "
            f"{progress.pictures} pictures, {progress.pace:.2g} a second",
            file=sys.stderr,
            flush=True,
        )

    measure(
        pipeline,
        oracle,
        cases,
        asked.methods,
        asked.seeds,
        asked.folder,
        rank=team.rank,
        batch=asked.batch or (BATCH if asked.device == "cpu" else GPU_BATCH),
        dtype=resolve_dtype(asked.dtype, asked.device),
        told=told,
    )


def _passes(model_run: Path) -> bool:
    file = model_run / "score.json"
    return file.is_file() and bool(json.loads(file.read_text(encoding="utf-8"))["passes"])
