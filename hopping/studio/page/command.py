"""`python -m hopping ui`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hopping.errors import HoppingError
from hopping.studio.flags import Model, quiet_libraries, told

from .addresses import HOST, PORT


@told
def ui(
    model: Model = None,
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.")
    ] = "auto",
    dtype: Annotated[
        str, typer.Option("--dtype", metavar="NAME", help="auto, float32, float16 or bfloat16.")
    ] = "auto",
    out: Annotated[Path, typer.Option("--out", help="Where stories' folders are made.")] = Path(
        "outputs"
    ),
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="Where the page listens. Any other than this machine's own shows every story "
            "to whoever can reach it: there is no password.",
        ),
    ] = HOST,
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = PORT,
) -> None:
    """Open the studio: a page in the browser to write stories, make and compare them."""
    quiet_libraries()
    try:
        from .server import serve
    except ModuleNotFoundError as error:
        raise HoppingError(
            f"the page needs {error.name}, which is not installed; from the project's folder run: "
            'pip install ".[studio]"'
        ) from error
    serve(model, device, dtype, out, host, port)
