"""`python -m hopping evaluate`: measure what hopping does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from hopping.errors import HoppingError
from hopping.evaluate.methods import METHODS, NAMES, parse_methods

from .checks import check_folder
from .evaluate_suite import suite
from .terminal import STDERR, STDOUT, quiet_libraries, told

app = typer.Typer(
    no_args_is_help=True, help="Measure what hopping does: identity, prompts, leak, cost."
)

_RESULTS = Path("outputs/evaluate-storybook")
_MOST_WORKERS = 8
_GPU_WORKERS = 3  # while one samples, others encode and judge

ModelRun = Annotated[
    Path | None,
    typer.Option(
        "--model-run",
        metavar="DIR",
        help="The folder of a training run, scored by hopping.storybook.score, as the model "
        "(default: the model that comes with this package).",
    ),
]
Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.")
]
Results = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder of results.")]


@app.command(
    epilog="Examples:\n\n"
    "python -m hopping evaluate storybook --stories 60 "
    '--methods "plain,paper,Consistent subject"\n\n'
    "python -m hopping evaluate storybook --model-run outputs/seed2 --out outputs/evaluate-seed2"
)
@told
def storybook(
    stories: Annotated[int, typer.Option("--stories", min=1, help="How many stories.")] = 1000,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Noises for each story.")] = 3,
    methods: Annotated[
        str,
        typer.Option("--methods", metavar="NAMES", help="Separated by commas; all: every one."),
    ] = "all",
    model_run: ModelRun = None,
    out: Results = _RESULTS,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            help="Processes of one thread each (default: one for each core, at most "
            f"{_MOST_WORKERS}; on a GPU {_GPU_WORKERS}).",
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option("--batch", min=1, help="Pictures at once (default: 16; on a GPU 256)."),
    ] = None,
    device: Device = "auto",
    dtype: Annotated[
        str,
        typer.Option(
            "--dtype",
            metavar="NAME",
            help="float32, bfloat16 or float16: where rounding does little harm it computes in "
            "this. Some CPUs need half the time in bfloat16.",
        ),
    ] = "float32",
    below_bars: Annotated[
        bool,
        typer.Option("--below-bars", help="Try it on a model that is no evidence for anything."),
    ] = False,
) -> None:
    """Stories of the storybook world, told by every method and judged by the oracle.

    Called again it goes on where it was, with more stories, seeds or methods if asked for.
    """
    check_folder("--out", out)
    _check_run(model_run)
    chosen = parse_methods(methods, NAMES)
    quiet_libraries()
    from hopping.evaluate.report import scores_table
    from hopping.evaluate.results import write_results
    from hopping.evaluate.workers import Measurement, run_measurement
    from hopping.studio.devices import resolve_device
    from hopping.studio.sampling import precision

    device = resolve_device(device)
    run_measurement(
        Measurement(
            folder=out,
            stories=stories,
            seeds=seeds,
            methods=chosen,
            model_run=model_run,
            device=device,
            dtype=precision(dtype, device),
            batch=batch,
            below_bars=below_bars,
        ),
        workers or (min(os.cpu_count() or 1, _MOST_WORKERS) if device == "cpu" else _GPU_WORKERS),
        quiet_libraries,
    )
    results = write_results(out)
    STDOUT.print(scores_table(results))
    STDOUT.print(f"\n{results['stories']} stories, {results['pictures']:,} pictures; {out}")
    if not results["run"]["passes"]:
        STDERR.print("note: this model is below its bars; its numbers mean nothing", style="yellow")


@app.command(
    epilog="Example:\n\n"
    "python -m hopping evaluate report outputs/evaluate-storybook outputs/evaluate-seed2 "
    "--page docs/evidence.md"
)
@told
def report(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]...",
            help=f"Folders of results, the shipped model's first (default: {_RESULTS}).",
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--page",
            metavar="FILE",
            help="Put the numbers into this page, with plots and strips beside it.",
        ),
    ] = None,
    model_run: ModelRun = None,
    device: Device = "auto",
) -> None:
    """Tables of one or several models' results; with --page also plots and example strips."""
    folders = folders or [_RESULTS]
    for folder in folders:
        _check_results(folder)
    if page is not None and not page.is_file():
        raise HoppingError(f"there is no file {page} to put the numbers into")
    _check_run(model_run)
    quiet_libraries()
    from hopping.evaluate.measurements import Provenance
    from hopping.evaluate.report import numbers, write_page
    from hopping.evaluate.results import write_results
    from hopping.evaluate.strips import save_strips
    from hopping.evaluate.workers import load_model

    if page is None:
        STDOUT.print(numbers([write_results(folder) for folder in folders]))
        return

    def draw(method: str, target: Path) -> dict[str, Path]:
        pipeline, _, run = load_model(model_run, device, Provenance.read(folders[0]).dtype)
        run.begin(folders[0])
        return save_strips(pipeline, folders[0], method, target)

    for file in write_page(folders, page, draw):
        STDOUT.print(str(file))


@app.command()
@told
def strips(
    method: Annotated[str, typer.Argument(metavar="METHOD")],
    model_run: ModelRun = None,
    out: Results = _RESULTS,
    device: Device = "auto",
) -> None:
    """Draw a method's best, median and worst story beside plain and repeated prompts."""
    name, *more = parse_methods(method, METHODS)
    if more:
        raise HoppingError("name one method")
    _check_results(out)
    check_folder("--out", out)
    _check_run(model_run)
    quiet_libraries()
    from hopping.evaluate.measurements import Provenance
    from hopping.evaluate.strips import save_strips
    from hopping.evaluate.workers import load_model

    dtype = Provenance.read(out).dtype
    pipeline, _, run = load_model(model_run, device, dtype, below_bars=True)
    run.begin(out)
    for file in save_strips(pipeline, out, name, out).values():
        STDOUT.print(str(file))


app.command(
    epilog="Examples:\n\n"
    "python -m hopping evaluate suite examples/suite.yaml --model sd15.safetensors "
    '--method "plain,Consistent subject"\n\n'
    "accelerate launch --num_processes 4 -m hopping evaluate suite SUITE --model path/to/sdxl"
)(suite)


def _check_results(folder: Path) -> None:
    if not folder.is_dir():
        raise HoppingError(f"no results in {folder}; run `hopping evaluate storybook` first")


def _check_run(model_run: Path | None) -> None:
    if model_run is not None and not model_run.is_dir():
        raise HoppingError(f"--model-run {model_run} is no folder of a training run")
