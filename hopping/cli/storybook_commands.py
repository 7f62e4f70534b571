"""`python -m hopping storybook`: the small model that comes with this package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hopping.errors import HoppingError

from .checks import check_folder
from .terminal import STDERR, STDOUT, UNTRAINED, quiet_libraries, told

app = typer.Typer(no_args_is_help=True, help="The small model that comes with this package.")

_CHECKPOINTS = Path("models", "Stable-diffusion")


@app.command(
    epilog="Example:\n\npython -m hopping storybook export --webui ~/stable-diffusion-webui"
)
@told
def export(
    webui: Annotated[
        Path,
        typer.Option(
            "--webui",
            metavar="PATH",
            help="The WebUI's folder, or the one where it keeps its checkpoints.",
        ),
    ],
) -> None:
    """Write the model as a checkpoint for AUTOMATIC1111's WebUI, with its .yaml and its tokenizer.

    Forge, reForge and forge-classic know the widths of real models only.
    """
    webui = webui.expanduser()
    if not webui.is_dir():
        raise HoppingError(
            f"there is no folder {webui}; give the WebUI's own or its {_CHECKPOINTS}"
        )
    inside = webui / _CHECKPOINTS
    folder = inside if inside.is_dir() else webui
    check_folder("--webui", folder)
    quiet_libraries()
    from hopping.storybook.export import export_webui
    from hopping.storybook.model import load_storybook, storybook_is_trained

    checkpoint = export_webui(load_storybook(), folder)
    if not storybook_is_trained():
        STDERR.print(UNTRAINED, style="yellow")
    STDOUT.print(str(checkpoint))
