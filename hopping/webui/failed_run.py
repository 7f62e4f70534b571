"""A run that cannot be made, where the host swallows what is raised: its result says why.

The X/Y/Z plot swallows what a cell raises and leaves the cell black; reForge swallows it wherever
its page asks for pictures. So such a run goes to its end as the host's run of no picture, or of
blank ones where sampling is about to begin.
"""

from __future__ import annotations

from typing import Any

import torch
from modules import processing, shared
from PIL import Image, ImageDraw

from hopping.figure import largest_cell
from hopping.lettering import Lettering

from .gallery import note_failure
from .host_types import Processed, Processing
from .hosts import host

_MARGIN, _LETTERS = 12, 16
_NARROWEST = 320  # pixels that a sentence takes to be read


def is_cell(p: Processing) -> bool:
    """Whether a processing object is a cell of a plot."""
    arguments = getattr(p, "script_args", None)
    chosen = arguments[0] if arguments else 0
    selectable = getattr(getattr(p, "scripts", None), "selectable_scripts", ())
    if not isinstance(chosen, int) or not 0 < chosen <= len(selectable):
        return False
    return bool(selectable[chosen - 1].title().lower() == "x/y/z plot")


def is_told(p: Processing) -> bool:
    """Whether what a run raises, elsewhere than in a cell, reaches whoever asked for it."""
    told = getattr(p, "is_api", False) or getattr(p, "hopping_tells", False)
    return bool(told or not host().loses_errors())


def is_swallowed(p: Processing) -> bool:
    """Whether a run is to end as one of no picture, since what it raises would be lost."""
    return is_cell(p) or not is_told(p)


def is_enlarging(p: Processing) -> bool:
    """Whether it was asked for by the ✨ button below txt2img's gallery."""
    return getattr(p, "txt2img_upscale", False) and p.firstpass_image is not None


def keep_gallery(p: Processing) -> None:
    """Let the page keep the pictures that it shows; a cell has one of what is wrong."""
    if not is_cell(p):
        note_failure()


def skip(p: Processing, failure: Exception) -> None:
    """Let the host make no further batch, save nothing, and tell why below its result."""
    p.comment(str(failure))
    p.n_iter = 0
    p.do_not_save_samples = p.do_not_save_grid = True
    p.all_prompts = p.all_prompts[: (p.iteration + 1) * p.batch_size]
    if not is_cell(p):
        # What runs `p` many times, img2img's batch or a script, stops as it would at an error.
        shared.state.interrupted = True


def nothing_sampled(p: Processing) -> Any:
    """A batch of black pictures, as the host's `sample` gives decoded ones."""
    return processing.DecodedSamples([torch.full((3, p.height, p.width), -1.0) for _ in p.prompts])


def tell(p: Processing, processed: Processed, failure: Exception) -> None:
    """Leave no picture in the result but, in a cell, one of what is wrong."""
    if is_cell(p):
        processed.images = [_picture(p, str(failure))]
        processed.infotexts = processed.infotexts[:1]
    else:
        processed.images, processed.infotexts, processed.info = [], [], ""
    processed.index_of_first_image = 0


def _picture(p: Processing, reason: str) -> Image.Image:
    # About as wide as the other cells: the plot takes the size of all from its first.
    frames = sum(bool(line.strip()) for line in str(p.prompt).splitlines()) or 1
    width = max(min(p.width, largest_cell(frames)) * frames, _NARROWEST)
    letters = Lettering(_LETTERS)
    lines = letters.wrap(reason, width - 2 * _MARGIN)
    height = max(p.height, letters.line_height * len(lines) + 2 * _MARGIN)
    picture = Image.new("RGB", (width, height), "white")
    canvas = ImageDraw.Draw(picture)
    for n, line in enumerate(lines):
        letters.draw(canvas, _MARGIN, _MARGIN + n * letters.line_height, line, "firebrick")
    return picture
