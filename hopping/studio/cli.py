"""`python -m hopping`: stories, plans and masks from the command line."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hopping.errors import HoppingError
from hopping.evaluate.cli import app as evaluate_app
from hopping.options import HoppingOptions
from hopping.storybook.cli import app as storybook_app

from .flags import (
    FILE,
    INTERRUPTED,
    STDERR,
    STDOUT,
    After,
    Anchor,
    Before,
    Carry,
    Layout,
    Mode,
    Model,
    Pixels,
    Preset,
    Reach,
    Share,
    StartToken,
    Strength,
    loading,
    quiet_libraries,
    setting,
    told,
)
from .page.command import ui

if TYPE_CHECKING:
    from .record import Record

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Picture sequences with Stable Diffusion, whose prompts see the prompts before them.\n\n"
    "A story is a text file with one prompt per line; lines that start with # are comments.",
)


@app.command(
    epilog="Examples:\n\n"
    "python -m hopping story dog.txt\n\n"
    'python -m hopping story dog.txt --preset "Consistent subject" --seed 7\n\n'
    "python -m hopping story dog.txt --model sd15.safetensors --steps 30 --sampler Euler\n\n"
    "python -m hopping story --resume outputs/20261122-161500-a-dog-is-swimming"
)
@told
def story(
    file: Annotated[str | None, FILE] = None,
    model: Model = None,
    preset: Preset = None,
    mode: Mode = None,
    reach: Reach = None,
    anchor: Anchor = None,
    layout: Layout = None,
    carry: Carry = None,
    share: Share = None,
    start_token: StartToken = None,
    strength: Strength = None,
    pixels: Pixels = None,
    compare: Annotated[
        bool | None,
        setting(
            "--compare/--no-compare",
            help="Also make every frame without hopping, as a second row of the grid "
            "(default: compare).",
        ),
    ] = None,
    negative: Annotated[
        str | None,
        setting("--negative", metavar="TEXT", help="Negative prompt of every frame."),
    ] = None,
    steps: Annotated[
        int | None,
        setting("--steps", help="Sampling steps (default: 50; this package's model: 20)."),
    ] = None,
    cfg: Annotated[
        float | None,
        setting("--cfg", help="Guidance scale (default: 7.5; this package's model: 3)."),
    ] = None,
    sampler: Annotated[
        str | None,
        setting(
            "--sampler",
            metavar="NAME",
            help="LMS, the paper's and the default; Euler, Euler a, Heun, DPM++ 2M, DDIM, PNDM, "
            "UniPC, …: an unknown name lists them all.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        setting("--seed", help="One for all frames (default: -1, a random one, which is noted)."),
    ] = None,
    same_noise: Annotated[
        bool | None,
        setting(
            "--same-noise/--no-same-noise",
            help="All frames start from the seed's noise, as the paper's do, or each from the next "
            "seed's (default: same noise).",
        ),
    ] = None,
    width: Annotated[
        int | None,
        setting("--width", help="In pixels, a multiple of 8 (default: the model's own)."),
    ] = None,
    height: Annotated[int | None, setting("--height", help="As the width.")] = None,
    batch_size: Annotated[
        int | None,
        setting("--batch-size", help="Frames that are sampled at once (default: 1)."),
    ] = None,
    before: Before = None,
    after: After = None,
    device: Annotated[
        str | None,
        setting("--device", metavar="NAME", help="auto (default), cpu, cuda, cuda:1, mps."),
    ] = None,
    dtype: Annotated[
        str | None,
        setting(
            "--dtype",
            metavar="NAME",
            help="float32, float16 or bfloat16 (default: float16 on CUDA, else float32).",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where the story's folder is made (default: outputs)."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="DIR", help="Go on with an interrupted story's folder."),
    ] = None,
) -> None:
    """Make the pictures of a story: frames, a captioned grid, the mask, and a record of it all."""
    given = {
        name: value
        for name, value in locals().items()
        if value is not None and name not in ("file", "preset", "out", "resume")
    }
    quiet_libraries()
    from . import processes, run
    from .pipeline import load_pipeline

    if processes.is_helper():  # the first process says everything
        STDOUT.quiet = STDERR.quiet = True

    if resume is not None:
        if out is not None:
            raise HoppingError("--resume goes on in its own folder; leave out --out")
        if file is not None:
            given["source"] = read_source(file)
        record = run.resume(resume, given, preset)
        settings = record.settings
        pipeline = loading(
            settings.model,
            lambda: load_pipeline(settings.model, settings.device, settings.dtype),
        )
        run.check_model(record, pipeline)
        if processes.is_helper():
            run.help_with_story(pipeline)
            return
        _make(pipeline, record, resume)
        return
    if file is None:
        raise HoppingError("no story; name a text file, - for standard input, or --resume DIR")
    request = run.Request(read_source(file), _options(given, preset), **given)
    pipeline = loading(request.model, request.load)
    if processes.is_helper():
        run.help_with_story(pipeline)
        return
    now = datetime.datetime.now()
    record = request.begin(pipeline, now)
    _print_plan(run.plan_for(pipeline, record.story, record.options))
    _make(pipeline, record, run.start_folder(out or Path("outputs"), record, now))


@app.command()
@told
def plan(
    file: Annotated[str, FILE],
    model: Model = None,
    preset: Preset = None,
    mode: Mode = None,
    reach: Reach = None,
    anchor: Anchor = None,
    layout: Layout = None,
    carry: Carry = None,
    share: Share = None,
    start_token: StartToken = None,
    strength: Strength = None,
    pixels: Pixels = None,
    before: Before = None,
    after: After = None,
) -> None:
    """Say what will be done with a story, without a picture: tokens, layout, who sees whom."""
    given = {name: value for name, value in locals().items() if value is not None}
    _, planned = _planned(given)
    STDOUT.print(f"tokens as the model {model or 'storybook'} counts them")
    _print_plan(planned)


@app.command()
@told
def mask(
    file: Annotated[str, FILE],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="PNG", help="The picture to write.")],
    model: Model = None,
    preset: Preset = None,
    mode: Mode = None,
    reach: Reach = None,
    anchor: Anchor = None,
    layout: Layout = None,
    carry: Carry = None,
    share: Share = None,
    start_token: StartToken = None,
    strength: Strength = None,
    pixels: Pixels = None,
    before: Before = None,
    after: After = None,
) -> None:
    """Draw a story's mask as a heat map, the tokens on both axes, the plain one beside it."""
    given = {name: value for name, value in locals().items() if value is not None}
    del given["out"]
    if out.suffix.lower() != ".png":
        raise HoppingError(f"{out} does not end in .png; the mask is written as a PNG picture")
    tokenizer, planned = _planned(given)
    from hopping.mask_picture import draw_mask

    from .folder import save_png

    save_png(out, draw_mask(planned, lambda token: tokenizer.decode([token])))
    STDOUT.print(str(out))


app.add_typer(storybook_app, name="storybook")
app.add_typer(evaluate_app, name="evaluate")

app.command()(ui)


def main() -> None:
    """The program."""
    app()


def _planned(given: dict[str, Any]) -> tuple[Any, Any]:
    """Tokenizer and plan for the commands that make no pictures."""
    quiet_libraries()
    from hopping.clip import plan_story

    from .run import Request
    from .tokenizer import load_tokenizer

    source = read_source(given.pop("file"))
    request = Request(source, _options(given, given.pop("preset", None)), **given)
    tokenizer = load_tokenizer(request.model)
    return tokenizer, plan_story(tokenizer, request.story, request.options)


def _options(given: dict[str, Any], preset: str | None) -> HoppingOptions:
    """Takes the options out of what was given."""
    names = [row.name for row in HoppingOptions.rows()]
    values = {name: given.pop(name) for name in names if name in given}
    return HoppingOptions.from_mapping(values, preset)


def read_source(file: str) -> str:
    """A story's text from a file, or from standard input for "-".

    Windows' line ends and byte order marks are taken off.

    Raises:
        HoppingError: if it is not text in UTF-8 or, with its mark, UTF-16.
    """
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    name = "standard input" if file == "-" else file
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise HoppingError(f"{name} is not UTF-8 text (line {line}); save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _print_plan(planned: Any) -> None:
    from .prompts import prompt_notes

    STDOUT.print(planned.summary())
    for note in prompt_notes(planned.layout.story):
        STDOUT.print(f"note: {note}", style="yellow")


def _make(pipeline: Any, record: Record, folder: Path) -> None:
    """Run with progress bars; tell where everything is, and how to go on where it was stopped."""
    from .run import run_story

    total = len(record.keys())
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=STDERR,
    ) as progress:
        frames = progress.add_task("frames", total=total, completed=len(record.files))
        steps = progress.add_task("steps", total=None)

        def on_step(_: Any, step: int, of: int) -> None:
            progress.update(steps, completed=step, total=of)

        def on_frame(_: Any, path: Path, flagged: bool) -> None:
            progress.update(frames, completed=len(record.files))
            if flagged:
                progress.console.print(
                    f"note: the model's safety checker made {path.name} black", style="yellow"
                )

        try:
            run_story(pipeline, record, folder, on_step, on_frame)
        except KeyboardInterrupt:
            progress.stop()
            STDERR.print(
                f"stopped with {len(record.files)} of {total} pictures; go on with\n"
                f'  python -m hopping story --resume "{folder}"'
            )
            raise typer.Exit(INTERRUPTED) from None
    _print_missing_glyphs(record)
    STDOUT.print(f"seed {record.settings.seed}, {record.settings.sampler}, {folder}")
    for name in (*record.files.values(), "grid.png", "mask.png", "story.json"):
        STDOUT.print(str(folder / name))


def _print_missing_glyphs(record: Record) -> None:
    from hopping.lettering import missing_glyphs

    missing = missing_glyphs(record.story.texts)
    if missing:
        STDERR.print(
            f"note: no font of this machine can show {missing}; grid.png and mask.png have boxes "
            "in their place. Install a font that can (Noto Sans CJK, say) and remove the two "
            "files, and --resume draws them again.",
            style="yellow",
        )
