"""`python -m hopping evaluate suite`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hopping.errors import HoppingError
from hopping.studio.flags import STDERR, STDOUT, Model, quiet_libraries, setting, told

_WEIGHTS = Path("~/.cache/hopping-metrics")


@told
def suite(
    file: Annotated[
        Path, typer.Argument(metavar="SUITE", help="YAML in the format of ConsiStory+.")
    ],
    model: Model = None,
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
    negative: Annotated[str | None, setting("--negative", help="Negative prompt.")] = None,
    steps: Annotated[int | None, setting("--steps", help="Sampling steps (default: 50).")] = None,
    cfg: Annotated[float | None, setting("--cfg", help="Guidance scale (default: 7.5).")] = None,
    sampler: Annotated[
        str | None, setting("--sampler", metavar="NAME", help="As `hopping story` has them.")
    ] = None,
    width: Annotated[int | None, setting("--width", help="In pixels.")] = None,
    height: Annotated[int | None, setting("--height", help="In pixels.")] = None,
    batch_size: Annotated[int, setting("--batch-size", help="Pictures at once.")] = 1,
    device: Annotated[
        str | None,
        setting("--device", metavar="NAME", help="Default: the process's own GPU, or the CPU."),
    ] = None,
    dtype: Annotated[
        str | None, setting("--dtype", metavar="NAME", help="As `story` has it.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Pictures, scores and table.")
    ] = Path("outputs/evaluate-suite"),
) -> None:
    """Draw a suite of prompts by several methods and compute the metrics of the literature.

    Called again it goes on where it was. Over several GPUs: accelerate launch -m hopping evaluate
    suite …
    """
    quiet_libraries()
    from hopping.evaluate.methods import parse_methods
    from hopping.evaluate.suite.pictures import SUITE_METHODS
    from hopping.evaluate.suite.prompts import NAMINGS, read_suite

    if naming not in NAMINGS:
        raise HoppingError(f"--naming cannot be {naming!r}; allowed: {', '.join(NAMINGS)}")
    asked = {
        "sets": read_suite(file)[:sets],
        "methods": parse_methods(methods, SUITE_METHODS),
        "naming": naming,
        "weights": weights.expanduser(),
        "out": out,
    }
    request = {
        "model": model,
        "negative": negative,
        "steps": steps,
        "cfg": cfg,
        "sampler": sampler,
        "seed": seed,
        "width": width,
        "height": height,
        "batch_size": batch_size,
        "device": device,
        "dtype": dtype,
    }
    _run(asked, request, metrics)


def _run(asked: dict[str, Any], request: dict[str, Any], metrics: str | None) -> None:
    """What one process does, of as many as `accelerate launch` started."""
    from accelerate import PartialState
    from transformers.utils import logging

    from hopping import HoppingOptions
    from hopping.evaluate.suite import metrics as metric
    from hopping.evaluate.suite import run, table
    from hopping.studio.pipeline import fingerprint
    from hopping.studio.run import Request, is_trained

    logging.disable_progress_bar()
    missing = metric.missing(asked["weights"])
    chosen = _chosen(metrics, missing)
    lacking = {name: why for name, why in missing.items() if metrics is None}
    state = PartialState(cpu=request["device"] == "cpu")
    share = slice(state.process_index, None, state.num_processes)
    device = request["device"] or str(state.device)
    try:
        wanted = Request(".", HoppingOptions(), **{**request, "device": device})
        pipeline = wanted.load()
        model = Path(request["model"] or "")
        random = (
            not is_trained(request["model"])
            or (model / metric.RANDOM_MARK).is_file()
            or metric.has_random_weights(asked["weights"], chosen)
        )
        suite = run.Suite(**asked, metrics=chosen, random=random)
        settings = wanted.settings(pipeline)
        with state.main_process_first():
            made_with = run.begin(suite, settings, fingerprint(pipeline))
        run.draw(suite, pipeline, settings, share, told=_tell(state.process_index))
        del pipeline  # its memory is for the metrics' models
        run.score(suite, device, share)
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
    from hopping.evaluate.suite.metrics import METRICS

    if asked is None:
        return tuple(name for name in METRICS if name not in missing)
    if asked.strip().lower() == "none":
        return ()
    known = {name.lower(): name for name in METRICS}
    chosen = []
    for name in (part.strip() for part in asked.split(",") if part.strip()):
        if name.lower() not in known:
            raise HoppingError(f"there is no metric {name!r}; known: {', '.join(METRICS)}, none")
        chosen.append(known[name.lower()])
        if chosen[-1] in missing:
            raise HoppingError(f"{chosen[-1]} cannot be computed: {missing[chosen[-1]]}")
    return tuple(chosen)


def _tell(process: int) -> Any:
    def told(done: int, of: int) -> None:
        STDERR.print(f"process {process + 1}: {done} of {of} sets drawn")

    return told
