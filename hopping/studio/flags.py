"""What every command of `python -m hopping` shares: flags, where it prints, how errors are told."""

from __future__ import annotations

import functools
import logging
import os
import warnings
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import torch
import typer
from rich.console import Console

from hopping.errors import HoppingError
from hopping.options import HoppingOptions

F = TypeVar("F", bound=Callable[..., None])

# Users' texts are printed as they are: ":x:" is no emoji, "[a]" no markup.
_PLAIN: dict[str, Any] = {"soft_wrap": True, "highlight": False, "markup": False, "emoji": False}
STDOUT = Console(**_PLAIN)
STDERR = Console(stderr=True, **_PLAIN)

BAD_INPUT, INTERRUPTED = 2, 130

UNTRAINED = (
    "note: the embedded model is not trained yet; its weights are random from a fixed seed, and "
    "its pictures mean nothing."
)


def _row(name: str) -> Any:
    """The flag of one row of the options table: its name, values and help are the table's."""
    row = HoppingOptions.row(name)
    flag = f"--{name.replace('_', '-')}"
    declaration = f"{flag}/--no-{flag[2:]}" if row.kind == "switch" else flag
    values = "NAME" if row.kind == "choice" else row.kind.upper()
    return typer.Option(
        declaration,
        metavar=None if row.kind == "switch" else values,
        # Square brackets are markup in help.
        help=f"{row.help.replace('[', chr(92) + '[')} (default: {row.format(row.default)})",
        rich_help_panel="How frames see each other",
    )


def setting(*names: str, help: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel="Sampling")


FILE = typer.Argument(metavar="FILE", help="The story, a text file; - reads standard input.")
_MODEL = setting(
    "--model",
    metavar="MODEL",
    help="A diffusers folder, a .safetensors or .ckpt file, or a hub name (owner/name). "
    "Default: the small model that comes with this package.",
)
_PRESET = typer.Option(
    "--preset",
    metavar="NAME",
    help=f"Several options at once, which other flags override: "
    f"{', '.join(HoppingOptions.PRESETS)}.",
    rich_help_panel="How frames see each other",
)
_BEFORE = setting("--before", metavar="TEXT", help="Text before every frame.")
_AFTER = setting("--after", metavar="TEXT", help="Text after every frame: a style, say.")

Mode = Annotated[str | None, _row("mode")]
Reach = Annotated[str | None, _row("reach")]
Anchor = Annotated[bool | None, _row("anchor")]
Layout = Annotated[str | None, _row("layout")]
Carry = Annotated[str | None, _row("carry")]
Share = Annotated[str | None, _row("share")]
StartToken = Annotated[str | None, _row("start_token")]
Strength = Annotated[str | None, _row("strength")]
Pixels = Annotated[str | None, _row("pixels")]
Preset = Annotated[str | None, _PRESET]
Model = Annotated[str | None, _MODEL]
Before = Annotated[str | None, _BEFORE]
After = Annotated[str | None, _AFTER]


def told(command: F) -> F:
    """What goes wrong is told in one message, with an exit code and without a traceback."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except HoppingError as error:
            STDERR.print(f"error: {error}", style="bold red")
            raise typer.Exit(BAD_INPUT) from None
        except OSError as error:
            what = f"{error.filename}: " if error.filename else ""
            STDERR.print(f"error: {what}{error.strerror or error}", style="bold red")
            raise typer.Exit(BAD_INPUT) from None
        except torch.cuda.OutOfMemoryError:
            STDERR.print(
                "error: the GPU has not enough memory for this; use a smaller --width, --height or "
                "--batch-size, or --device cpu",
                style="bold red",
            )
            raise typer.Exit(BAD_INPUT) from None
        except KeyboardInterrupt:
            STDERR.print("stopped")
            raise typer.Exit(INTERRUPTED) from None

    return run  # type: ignore[return-value]


def quiet_libraries() -> None:
    """What libraries say about themselves is no news to whoever runs a story."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    for name in ("transformers", "diffusers"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="diffusers")


def loading(model: str | None, load: Callable[[], Any]) -> Any:
    """What `load` gives; says what is loaded, and that it is not trained where that is so."""
    from .run import is_trained
    from .tokenizer import STORYBOOK

    if model in (None, STORYBOOK):
        # So small that threads wait for each other longer than they work, ten times so on a busy
        # machine; and its bytes do not depend on how many there are.
        torch.set_num_threads(1)
    with STDERR.status(f"loading {model or 'the embedded model'} …"):
        pipeline = load()
    if not is_trained(model):
        STDERR.print(f"{UNTRAINED} Name a model of your own with --model.", style="yellow")
    return pipeline
