"""`python -m hopping story | plan | mask`."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hopping.errors import HoppingError
from hopping.studio import processes
from hopping.studio.picture_files import open_pictures
from hopping.studio.sampling import STORYBOOK, check_model
from hopping.studio.story_request import StoryRequest
from hopping.studio.story_request import resume as resumed
from hopping.values import listed

from .checks import check_file, check_folder, read_source
from .flags import (
    FILE,
    MACHINE,
    MODEL,
    OPTIONS,
    PICTURES,
    RUN,
    TEXTS,
    hopping_options,
    takes,
)
from .terminal import (
    INTERRUPTED,
    STDERR,
    STDOUT,
    loading,
    print_missing_glyphs,
    quiet_libraries,
    told,
)

if TYPE_CHECKING:
    from hopping.plan import StoryPlan
    from hopping.studio.record import Record

app = typer.Typer()


@app.command(
    epilog="Examples:\n\n"
    "python -m hopping story dog.txt\n\n"
    "python -m hopping story dog.txt --preset Paper --seed 7\n\n"
    "python -m hopping story dog.txt --model sd15.safetensors --steps 30 --sampler Euler\n\n"
    "python -m hopping story --resume outputs/20261122-161500-a-dog-is-swimming\n\n"
    "python -m hopping story dog.txt --resume outputs/20261122-161500-a-dog-is-swimming --frames 2"
)
@told
@takes(MODEL, *OPTIONS, *PICTURES, *RUN, *MACHINE)
def story(
    given: dict[str, Any],
    file: Annotated[str | None, FILE] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where the story's folder is made (default: outputs)."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            metavar="DIR",
            help="Go on with a story's folder: what is missing is made, and what FILE has changed.",
        ),
    ] = None,
) -> None:
    """Make the pictures of a story: frames, a captioned grid, the mask, and a record of it all."""
    if processes.is_helper():  # the first process says everything
        STDOUT.quiet = STDERR.quiet = True
    if resume is not None:
        if out is not None:
            raise HoppingError("--resume goes on in its own folder; leave out --out")
        _go_on(resume, file, given)
        return
    if file is None:
        raise HoppingError("no story; name a text file, - for standard input, or --resume DIR")
    out = out or Path("outputs")
    check_folder("--out", out)
    request = _request(file, given)
    pictures = open_pictures(request.story, _folder_of(file))
    pipeline = loading(request.model, request.load)
    from hopping.studio import story_run

    if processes.is_helper():
        story_run.help_with_story(pipeline)
        return
    now = datetime.datetime.now()
    record = request.begin(pipeline, now, pictures)
    planned = story_run.plan_for(pipeline, record.story, record.options)
    STDOUT.print(planned.summary())
    _make(pipeline, record, story_run.start_folder(out, record, now, pictures), planned)


@app.command()
@told
@takes(MODEL, *OPTIONS, *TEXTS)
def plan(given: dict[str, Any], file: Annotated[str, FILE]) -> None:
    """Say what will be done with a story, without a picture: tokens, layout, who sees whom."""
    request = _request(file, given)
    _, planned = _planned(request)
    STDOUT.print(f"tokens as the model {request.model or STORYBOOK} counts them")
    STDOUT.print(planned.summary())


@app.command()
@told
@takes(MODEL, *OPTIONS, *TEXTS)
def mask(
    given: dict[str, Any],
    file: Annotated[str, FILE],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="PNG", help="The picture to write.")],
) -> None:
    """Draw a story's mask as a heat map, the tokens on both axes, the plain one beside it."""
    if out.suffix.lower() != ".png":
        raise HoppingError(f"{out} does not end in .png; the mask is written as a PNG picture")
    check_file("--out", out)
    tokenizer, planned = _planned(_request(file, given))
    from hopping.mask_picture import draw_mask
    from hopping.studio.folder import save_png

    save_png(out, draw_mask(planned, tokenizer.decode))
    STDOUT.print(str(out))


def _request(file: str, given: dict[str, Any]) -> StoryRequest:
    options, settings = hopping_options(given)
    request = StoryRequest(read_source(file), options, **settings)
    check_model(request.model)
    if request.device is not None:  # torch alone knows that, a part of what is to come
        from hopping.studio.devices import resolve_device

        resolve_device(request.device)
    return request


def _folder_of(file: str) -> Path:
    """Where the pictures are that a story's frames name."""
    return Path() if file == "-" else Path(file).parent


def _planned(request: StoryRequest) -> tuple[Any, Any]:
    """Tokenizer and plan for the commands that make no pictures."""
    quiet_libraries()
    from hopping.clip import plan_story
    from hopping.studio.tokenizer import load_tokenizer
    from hopping.studio.unread_syntax import noted

    tokenizer = load_tokenizer(request.model)
    return tokenizer, noted(plan_story(tokenizer, request.story, request.options))


def _go_on(folder: Path, file: str | None, given: dict[str, Any]) -> None:
    """Finish a story that was interrupted, or changed since."""
    said = dict(given)
    preset = said.pop("preset", None)
    if file is not None:
        said["source"] = read_source(file)
    record = resumed(folder, said, preset)
    check_folder("--resume", folder)
    settings = record.settings
    check_model(settings.model)
    from hopping.studio import story_run
    from hopping.studio.folder import files_of_pictures, keep_pictures, kept_pictures
    from hopping.studio.pipeline import load_pipeline

    pictures = open_pictures(
        record.story, _folder_of(file) if file else folder, kept_pictures(folder, record)
    )
    pipeline = loading(
        settings.model, lambda: load_pipeline(settings.model, settings.device, settings.dtype)
    )
    story_run.check_model(record, pipeline)
    if processes.is_helper():
        story_run.help_with_story(pipeline)
        return
    record.pictures = files_of_pictures(pictures)
    keep_pictures(folder, record, pictures)
    story_run.take_stock(pipeline, record, folder)
    STDOUT.print(f"making {len(record.missing())} of {len(record.wanted())} pictures")
    planned = story_run.plan_for(pipeline, record.story, record.options)
    _make(pipeline, record, folder, planned)


def _make(pipeline: Any, record: Record, folder: Path, planned: StoryPlan) -> None:
    """Run with progress bars; tell what it takes, where everything is, and how to go on where it
    was stopped."""
    from hopping.studio.story_run import memory_note, run_story

    if record.missing() and (note := memory_note(pipeline, record, planned)):
        STDOUT.print(note)
    total = len(record.wanted())

    def made() -> int:
        return total - len(record.missing())

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=STDERR,
    ) as progress:
        frames = progress.add_task("frames", total=total, completed=made())
        steps = progress.add_task("steps", total=None)

        def on_step(_: Any, step: int, of: int) -> None:
            progress.update(steps, completed=step, total=of)

        def on_frame(_: Any, path: Path, flagged: bool) -> None:
            progress.update(frames, completed=made())
            if flagged:
                progress.console.print(
                    f"note: the model's safety checker made {path.name} black", style="yellow"
                )

        try:
            run_story(pipeline, record, folder, on_step, on_frame)
        except KeyboardInterrupt:
            progress.stop()
            STDERR.print(
                f"stopped with {made()} of {total} pictures; go on with\n"
                f'  python -m hopping story --resume "{folder}"'
            )
            raise typer.Exit(INTERRUPTED) from None
    others = sorted({key.number for key in record.now if not record.is_current(key)})
    if others:
        STDERR.print(
            f"note: frame{'s' * (len(others) > 1)} {listed(others)} of {len(record.story)} "
            f"{'are' if len(others) > 1 else 'is'} not made as the story is now; for the rest\n"
            f'  python -m hopping story --resume "{folder}" --frames all'
        )
    for number, saw in record.saw.items():
        for note in (note for one in saw for note in one.notes):
            STDERR.print(f"note: frame {number}: {note}", style="yellow")
    print_missing_glyphs(
        record.story.texts,
        "grid.png and mask.png have",
        "Install a font that can (Noto Sans CJK, say) and remove the two files, and --resume draws "
        "them again.",
    )
    STDOUT.print(f"seed {record.settings.seed}, {record.settings.sampler}, {folder}")
    for name in (*record.files.values(), "grid.png", "mask.png", "story.json"):
        STDOUT.print(str(folder / name))
