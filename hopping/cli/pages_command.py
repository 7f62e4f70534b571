"""`python -m hopping pages`: a story's pictures as pages to read, or as an animation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hopping.errors import HoppingError
from hopping.studio.page_options import PageOptions

from .checks import check_file
from .flags import PAGES, takes
from .terminal import STDOUT, print_missing_glyphs, quiet_libraries, told

_KINDS = {".pdf": "pages.pdf", ".webp": "story.webp", ".gif": "story.gif"}


@told
@takes(*PAGES)
def pages(
    given: dict[str, Any],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A story's folder, as `story` leaves it.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="FILE", help="What to write: a .pdf, .png, .gif or .webp."
        ),
    ],
) -> None:
    """Lay a story's pictures out as pages with captions, or as an animation.

    A caption is what stands behind # in a frame's line. Several pages as .png have their number
    behind the name.
    """
    kind = out.suffix.lower()
    if kind not in (*_KINDS, ".png"):
        raise HoppingError(f"{out} must end in .pdf, .png, .gif or .webp")
    options = PageOptions.from_mapping(given)
    check_file("--out", out)
    quiet_libraries()
    from hopping.studio.downloads import PAGES as MADE
    from hopping.studio.downloads import panels
    from hopping.studio.pages import draw_pages
    from hopping.studio.record import read_record, write_atomically

    record = read_record(folder)
    shown = panels(folder, record)
    if not shown:
        raise HoppingError(f"{folder} has no picture yet; finish it with story --resume")
    print_missing_glyphs(
        [options.title, *(panel.caption for panel in shown)],
        f"{out.name} has",
        "Install a font that can (Noto Sans CJK, say), and call this again.",
    )
    if kind != ".png":
        write_atomically(out, MADE[_KINDS[kind]][1](shown, options))
        STDOUT.print(str(out))
        return
    from hopping.studio.folder import save_png

    drawn = draw_pages(shown, options)
    for number, page in enumerate(drawn, start=1):
        name = out.name if len(drawn) == 1 else f"{out.stem}-{number:02}{out.suffix}"
        save_png(out.with_name(name), page)
        STDOUT.print(str(out.with_name(name)))
