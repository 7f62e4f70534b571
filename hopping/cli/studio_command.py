"""`python -m hopping ui`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hopping.studio.browser.addresses import HOST, PORT, refuse_taken
from hopping.studio.sampling import check_model, precision

from .checks import check_folder
from .flags import MACHINE, MODEL, takes
from .terminal import loading, told


@told
@takes(MODEL, *MACHINE)
def ui(
    given: dict[str, Any],
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
    model, device = given.get("model"), given.get("device", "auto")
    dtype = given.get("dtype", "auto")
    check_folder("--out", out)
    check_model(model)
    precision(dtype, device)
    refuse_taken(host, port)

    from hopping.studio.browser.server import serve
    from hopping.studio.pipeline import load_pipeline

    pipeline = loading(model, lambda: load_pipeline(model, device, dtype))
    serve(pipeline, model, out, host, port)
