"""The pictures that a run adds to its result: the captioned grid, and the mask."""

from __future__ import annotations

import itertools
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

_TOLD = ("all_prompts", "all_negative_prompts", "all_seeds", "all_subseeds")
"""What the host's result has of each picture."""


def add_pictures(run: HoppedRun, processed: Processed) -> None:
    """Put what the options ask for into the host's result, and save it as the host would."""
    _take_out(run, processed)
    if run.jobs.enlarged is not None:
        return
    options = run.request.run
    pictures = _frames(run, processed)
    if not pictures:
        return
    infotext = _story_infotext(run)
    texts = dict(run.only.texts if run.only else {})
    texts |= {number: run.story.frames[number - 1].text for number in run.jobs.wanted}
    captions = [without_networks(texts[number]).strip() for number in sorted(texts)]
    writes = (options.grid and options.captions) or options.save_mask
    missing = missing_glyphs(captions) if writes else ""
    if missing:
        processed.comments += (
            f"No font of this machine can show {missing}: boxes stand in their place. Install one "
            "that can (Noto Sans CJK, say).\n"
        )
    if options.grid:
        shown = {**(run.only.others if run.only else {}), **pictures}
        grid = _grid(run, shown, captions if options.captions else ())
        _insert(processed, 0, grid, infotext)
        processed.index_of_first_image = 1
        processed.info = infotext
        if _saves_grid(run, len(shown)):
            _save(run, grid, infotext)
    if options.save_mask:
        mask = draw_mask(*plan_with_words(run.prompt, run.request))
        _insert(processed, len(processed.images), mask, infotext)
        if run.processing.save_samples():
            _save(run, mask, infotext, "-mask")


def _take_out(run: HoppedRun, processed: Processed) -> None:
    """Leave in the host's result what is shown of all that it made, and was told."""
    shown = [n for n, job in enumerate(run.jobs.all) if run.jobs.is_shown(job)]
    if len(shown) == len(run.jobs.all):
        return
    for name in _TOLD:
        told = getattr(processed, name)
        setattr(processed, name, [told[n] for n in shown])
    stride = _stride(run)
    made = min(len(processed.infotexts), len(processed.images) // stride)
    shown = [n for n in shown if n < made]
    pictures = [processed.images[stride * n : stride * (n + 1)] for n in shown]
    processed.images = [*itertools.chain(*pictures), *processed.images[stride * made :]]
    processed.infotexts = [processed.infotexts[n] for n in shown] or processed.infotexts[:1]
    if run.jobs.enlarged is not None and not shown:  # interrupted: the picture stays as it was
        picture = run.processing.firstpass_image
        processed.images = [picture]
        processed.infotexts = [images.read_info_from_image(picture)[0] or ""]
    processed.info = processed.infotexts[0]
    processed.seed, processed.subseed = processed.all_seeds[0], processed.all_subseeds[0]


def _stride(run: HoppedRun) -> int:
    """How many pictures the host hands back for each: behind it masks that it painted in."""
    if getattr(run.processing, "mask_for_overlay", None) is None:
        return 1
    return 1 + bool(shared.opts.return_mask) + bool(shared.opts.return_mask_composite)


def _frames(run: HoppedRun, processed: Processed) -> dict[PictureJob, Image.Image]:
    """The pictures that are shown, each with what it is: not all of them, if interrupted."""
    shown = filter(run.jobs.is_shown, run.jobs.all)
    made = processed.images[:: _stride(run)][: len(processed.infotexts)]
    return dict(zip(shown, made, strict=False))


def _grid(
    run: HoppedRun, pictures: dict[PictureJob, Image.Image], captions: Sequence[str]
) -> Image.Image:
    rows: list[list[Image.Image | None]] = []
    titles = []
    numbers = sorted({job.frame for job in pictures} | set(run.jobs.wanted))
    for story in sorted({job.story for job in pictures}):
        for plain in (True, False):
            row = [pictures.get(PictureJob(story, n, plain)) for n in numbers]
            if any(picture is not None for picture in row):
                rows.append(row)
                titles.append(_title(run, plain, story))
    return story_grid(rows, captions, titles)


def _title(run: HoppedRun, plain: bool, story: int) -> str:
    made_by = PLAIN if plain else run.request.hopping.described()
    own = [n for n in run.story.own_seeds if run.only or n in run.jobs.wanted]
    return f"{made_by}, {seed_text(run.seeds.of_story(story), run.request.run.same_noise, own)}"


def _story_infotext(run: HoppedRun) -> str:
    """The infotext of the whole story: that of its first frame, without the frame's number."""
    p, first = run.processing, run.jobs.place(PictureJob(0, 1))
    entries = p.extra_generation_params
    p.extra_generation_params = {k: v for k, v in entries.items() if k != FRAME}
    try:
        return processing.create_infotext(
            p, p.all_prompts, p.all_seeds, p.all_subseeds, index=first
        )
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
