"""The pictures that a run adds to its result: the captioned grid, and the mask."""

from __future__ import annotations

from collections.abc import Sequence

from modules import images, processing, shared
from PIL import Image

from hopping.figure import story_grid
from hopping.infotext import FRAME
from hopping.lettering import missing_glyphs
from hopping.mask_picture import draw_mask
from hopping.run_options import PLAIN, seed_text

from .hopped_run import HoppedRun
from .host_types import Processed
from .jobs import PictureJob
from .planning import plan_with_words
from .texts import without_networks


def add_pictures(run: HoppedRun, processed: Processed) -> None:
    """Put what the options ask for into the host's result, and save it as the host would."""
    if run.jobs.enlarges:
        return
    options = run.request.run
    pictures = _frames(run, processed)
    if not pictures:
        return
    infotext = _story_infotext(run)
    captions = [without_networks(frame.text).strip() for frame in run.story.frames]
    writes = (options.grid and options.captions) or options.save_mask
    missing = missing_glyphs(captions) if writes else ""
    if missing:
        processed.comments += (
            f"No font of this machine can show {missing}: boxes stand in their place. Install one "
            "that can (Noto Sans CJK, say).\n"
        )
    if options.grid:
        grid = _grid(run, pictures, captions if options.captions else ())
        _insert(processed, 0, grid, infotext)
        processed.index_of_first_image = 1
        processed.info = infotext
        if _saves_grid(run, len(pictures)):
            _save(run, grid, infotext)
    if options.save_mask:
        mask = draw_mask(*plan_with_words(run.prompt, run.request))
        _insert(processed, len(processed.images), mask, infotext)
        if run.processing.save_samples():
            _save(run, mask, infotext, "-mask")


def _frames(run: HoppedRun, processed: Processed) -> dict[PictureJob, Image.Image]:
    """The pictures that were made, each with what it is: not all of them, if interrupted."""
    p = run.processing
    stride = 1
    if getattr(p, "mask_for_overlay", None) is not None:
        # After each picture the host hands back the mask that it painted in, if it is to.
        stride += bool(shared.opts.return_mask) + bool(shared.opts.return_mask_composite)
    made = processed.images[::stride][: len(processed.infotexts)]
    return dict(zip(run.jobs.all, made, strict=False))


def _grid(
    run: HoppedRun, pictures: dict[PictureJob, Image.Image], captions: Sequence[str]
) -> Image.Image:
    rows: list[list[Image.Image | None]] = []
    titles = []
    for story in range(run.jobs.stories):
        for plain in (True, False):
            row = [pictures.get(job) for job in run.jobs.story(story, plain)]
            if any(picture is not None for picture in row):
                rows.append(row)
                titles.append(_title(run, plain, story))
    return story_grid(rows, captions, titles)


def _title(run: HoppedRun, plain: bool, story: int) -> str:
    made_by = PLAIN if plain else run.request.hopping.described()
    seed = run.processing.all_seeds[run.jobs.all.index(run.jobs.story(story, plain)[0])]
    return f"{made_by}, {seed_text(seed, run.request.run.same_noise)}"


def _story_infotext(run: HoppedRun) -> str:
    """The infotext of the whole story: that of its first frame, without the frame's number."""
    p = run.processing
    entries = p.extra_generation_params
    p.extra_generation_params = {k: v for k, v in entries.items() if k != FRAME}
    try:
        return processing.create_infotext(p, p.all_prompts, p.all_seeds, p.all_subseeds, index=0)
    finally:
        p.extra_generation_params = entries


def _insert(processed: Processed, index: int, picture: Image.Image, infotext: str) -> None:
    if shared.opts.enable_pnginfo:
        picture.info["parameters"] = infotext
    processed.images.insert(index, picture)
    processed.infotexts.insert(index, infotext)


def _saves_grid(run: HoppedRun, pictures: int) -> bool:
    opts = shared.opts
    return run.saves_grid and opts.grid_save and (pictures > 1 or not opts.grid_only_if_multiple)


def _save(run: HoppedRun, picture: Image.Image, infotext: str, suffix: str = "") -> None:
    p, opts = run.processing, shared.opts
    images.save_image(
        picture,
        p.outpath_grids,
        f"grid{suffix}",
        p.all_seeds[0],
        p.all_prompts[0],
        opts.grid_format,
        info=infotext,
        short_filename=not opts.grid_extended_filename,
        p=p,
        grid=True,
    )
