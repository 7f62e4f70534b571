"""`python -m hopping evaluate suite`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from hopping import HoppingOptions
from hopping.errors import HoppingError
from hopping.evaluate.methods import SUITE_METHODS, parse_methods
from hopping.evaluate.suite import metrics as metric
from hopping.evaluate.suite.prompts import NAMINGS, read_suite
from hopping.studio.sampling import check_model
from hopping.studio.story_request import StoryRequest, is_trained

from .checks import check_folder
from .flags import MACHINE, MODEL, PICTURES, setting, takes
from .terminal import STDERR, STDOUT, quiet_libraries, told

_WEIGHTS = Path("~/.cache/hopping-metrics")
# Two settings have defaults of their own here: one noise for everything, one picture at once.
_PICTURES = [flag for flag in PICTURES if flag.name not in ("seed", "batch_size")]


@told
@takes(MODEL, *_PICTURES, *MACHINE)
def suite(
    given: dict[str, Any],
    file: Annotated[
        Path, typer.Argument(metavar="SUITE", help="YAML in the format of ConsiStory+.")
    ],
    methods: Annotated[
        str,
        typer.Option(
            "--method", "--methods", metavar="NAMES", help="Separated by commas; all: every one."
        ),
    ] = "plain,paper,Consistent subject",
    naming: Annotated[
        str,
        typer.Option(
            "--naming",
            metavar="NAME",
            help="How prompts after the first name the subject: full, as the benchmark does, or "
            "once, later by its bare name (the fox).",
        ),
    ] = "full",
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics",
            metavar="NAMES",
            help="CLIP-T, CLIP-I, DreamSim, DreamSim-B, DINO, LPIPS, or none (default: those "
            "whose models are there; the others are named).",
        ),
    ] = None,
    weights: Annotated[
        Path,
        typer.Option(
            "--weights",
            metavar="DIR",
            help="The metrics' models, in folders clip, dino, dreamsim, lpips and rembg.",
        ),
    ] = _WEIGHTS,
    sets: Annotated[
        int | None, typer.Option("--sets", min=1, help="So many sets only, from the first.")
    ] = None,
    seed: Annotated[int, setting("--seed", help="One noise for all pictures.")] = 0,
    batch_size: Annotated[int, setting("--batch-size", help="Pictures at once.")] = 1,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Pictures, scores and table.")
    ] = Path("outputs/evaluate-suite"),
) -> None:
    """Draw a suite of prompts by several methods and compute the metrics of the literature.

    Called again it goes on where it was. Over several GPUs: accelerate launch -m hopping evaluate
    suite …
    """
    if naming not in NAMINGS:
        raise HoppingError(f"--naming cannot be {naming!r}; allowed: {', '.join(NAMINGS)}")
    weights = weights.expanduser()
    missing = metric.missing(weights)
    asked = {
        "sets": read_suite(file)[:sets],
        "methods": parse_methods(methods, SUITE_METHODS),
        "naming": naming,
        "metrics": _chosen(metrics, missing),
        "weights": weights,
        "out": out,
    }
    request = StoryRequest(".", HoppingOptions(), seed=seed, batch_size=batch_size, **given)
    check_model(request.model)
    check_folder("--out", out)
    _run(asked, request, missing if metrics is None else {})


def _run(asked: dict[str, Any], request: StoryRequest, lacking: dict[str, str]) -> None:
    """What one process does, of as many as `accelerate launch` started."""
    quiet_libraries()
    from accelerate import PartialState

    from hopping.evaluate.suite import measure, table
    from hopping.studio.pipeline import fingerprint

    state = PartialState(cpu=request.device == "cpu")
    share = slice(state.process_index, None, state.num_processes)
    device = request.device or str(state.device)
    try:
        wanted = replace(request, device=device)
        pipeline = wanted.load()
        random = (
            not is_trained(request.model)
            or (Path(request.model or "") / metric.RANDOM_MARK).is_file()
            or metric.has_random_weights(asked["weights"], asked["metrics"])
        )
        suite = measure.Suite(**asked, random=random)
        settings = wanted.settings(pipeline)
        with state.main_process_first():
            made_with = measure.begin(suite, settings, fingerprint(pipeline))
        measure.draw(suite, pipeline, settings, share, told=_tell(state.process_index))
        del pipeline  # its memory is for the metrics' models
        measure.score(suite, device, share)
        state.wait_for_everyone()
        if state.is_main_process:
            results = table.summarise(suite, made_with, lacking)
            table.write(results, suite.out)
            STDOUT.print(table.markdown(results))
            STDOUT.print(f"\n{suite.out}")
    finally:
        state.destroy_process_group()


def _chosen(asked: str | None, missing: dict[str, str]) -> tuple[str, ...]:
    """The metrics to compute.

    Raises:
        HoppingError: One that was asked for is unknown, or its model is missing.
    """
    if asked is None:
        return tuple(name for name in metric.METRICS if name not in missing)
    if asked.strip().lower() == "none":
        return ()
    known = {name.lower(): name for name in metric.METRICS}
    chosen = []
    for name in (part.strip() for part in asked.split(",") if part.strip()):
        if name.lower() not in known:
            raise HoppingError(
                f"there is no metric {name!r}; known: {', '.join(metric.METRICS)}, none"
            )
        chosen.append(known[name.lower()])
        if chosen[-1] in missing:
            raise HoppingError(f"{chosen[-1]} cannot be computed: {missing[chosen[-1]]}")
    return tuple(chosen)


def _tell(process: int) -> Any:
    def told(done: int, of: int) -> None:
        STDERR.print(f"process {process + 1}: {done} of {of} sets drawn")

    return told
