"""How the commands speak: where they print, how what goes wrong is told, and who else is silent."""

from __future__ import annotations

import functools
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import typer
from rich.console import Console

from hopping.errors import HoppingError
from hopping.studio.sampling import STORYBOOK

from . import MISSING

Command = TypeVar("Command", bound=Callable[..., None])

# Users' texts are printed as they are: ":x:" is no emoji, "[a]" no markup.
_PLAIN: dict[str, Any] = {"soft_wrap": True, "highlight": False, "markup": False, "emoji": False}
STDOUT = Console(**_PLAIN)
STDERR = Console(stderr=True, **_PLAIN)

BAD_INPUT, INTERRUPTED = 2, 130

UNTRAINED = (
    "note: the embedded model is not trained yet; its weights are random from a fixed seed, and "
    "its pictures mean nothing."
)


def told(command: Command) -> Command:
    """What goes wrong is told in one message, with an exit code and without a traceback."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except HoppingError as error:
            message = str(error)
        except OSError as error:
            what = f"{error.filename}: " if error.filename else ""
            message = f"{what}{error.strerror or error}"
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package == "hopping":
                raise
            extra = "evaluate" if "evaluate" in command.__module__ else "studio"
            message = MISSING.format(package=package, extra=extra)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            message = (
                "the GPU has not enough memory for this; use a smaller --width, --height or "
                "--batch-size, or --device cpu"
            )
        except KeyboardInterrupt:
            STDERR.print("stopped")
            raise typer.Exit(INTERRUPTED) from None
        else:
            return
        STDERR.print(f"error: {message}", style="bold red")
        raise typer.Exit(BAD_INPUT) from None

    return run  # type: ignore[return-value]


def quiet_libraries() -> None:
    """What libraries say about themselves is no news to whoever runs a story. Called before they
    are imported; the hub's own bars stay, as a download takes minutes."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")
    for name in ("transformers", "diffusers", "fpdf"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="diffusers")


def loading(model: str | None, load: Callable[[], Any]) -> Any:
    """What `load` gives; says what is loaded, and that it is not trained where that is so."""
    with STDERR.status(f"loading {model or 'the embedded model'} …"):
        quiet_libraries()
        if model in (None, STORYBOOK):
            import torch

            # So small that threads wait for each other longer than they work, ten times so on a
            # busy machine; and its bytes do not depend on how many there are.
            torch.set_num_threads(1)
        pipeline = load()
    from hopping.studio.story_request import is_trained

    if not is_trained(model):
        STDERR.print(f"{UNTRAINED} Name a model of your own with --model.", style="yellow")
    return pipeline


def _is_out_of_memory(error: RuntimeError) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(error, torch.cuda.OutOfMemoryError)


def print_missing_glyphs(texts: Iterable[str], where: str, fix: str) -> None:
    """Say which characters of texts are drawn as boxes for want of a font."""
    from hopping.lettering import missing_glyphs

    missing = missing_glyphs(texts)
    if missing:
        STDERR.print(
            f"note: no font of this machine can show {missing}; {where} boxes in their place. "
            f"{fix}",
            style="yellow",
        )
