"""A cell of the host's X/Y/Z plot that cannot be made: a picture that says why.

The plot swallows what a cell raises and leaves the cell black. So such a cell is run to its end as
the host's run of no picture, or of blank ones where sampling is about to begin.
"""

from __future__ import annotations

from typing import Any

import torch
from modules import processing
from PIL import Image, ImageDraw

from hopping.figure import largest_cell
from hopping.lettering import Lettering

_MARGIN, _LETTERS = 12, 16
_NARROWEST = 320  # pixels that a sentence takes to be read


def is_cell(p: Any) -> bool:
    """Whether a processing object is a cell of a plot."""
    arguments = getattr(p, "script_args", None)
    chosen = arguments[0] if arguments else 0
    selectable = getattr(getattr(p, "scripts", None), "selectable_scripts", ())
    if not isinstance(chosen, int) or not 0 < chosen <= len(selectable):
        return False
    return bool(selectable[chosen - 1].title() == "X/Y/Z plot")


def skip(p: Any) -> None:
    """Let the host make no further batch, and save nothing."""
    p.n_iter = 0
    p.do_not_save_samples = p.do_not_save_grid = True
    p.all_prompts = p.all_prompts[: (p.iteration + 1) * p.batch_size]


def nothing_sampled(p: Any) -> Any:
    """A batch of black pictures, as the host's `sample` gives decoded ones."""
    return processing.DecodedSamples([torch.full((3, p.height, p.width), -1.0) for _ in p.prompts])


def tell(p: Any, processed: Any, failure: Exception) -> None:
    """Put a picture of what is wrong in the place of a cell's pictures."""
    # About as wide as the other cells: the plot takes the size of all from its first.
    frames = sum(bool(line.strip()) for line in str(p.prompt).splitlines()) or 1
    width = max(min(p.width, largest_cell(frames)) * frames, _NARROWEST)
    letters = Lettering(_LETTERS)
    lines = letters.wrap(str(failure), width - 2 * _MARGIN)
    height = max(p.height, letters.line_height * len(lines) + 2 * _MARGIN)
    picture = Image.new("RGB", (width, height), "white")
    for n, line in enumerate(lines):
        canvas = ImageDraw.Draw(picture)
        letters.draw(canvas, _MARGIN, _MARGIN + n * letters.line_height, line, "firebrick")
    processed.images = [picture]
    processed.infotexts = processed.infotexts[:1]
    processed.index_of_first_image = 0
    processed.comments += f"{failure}\n"
