"""What a call of a pipeline takes, and with which sampler it is made."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from hopping.errors import EncoderError, OptionError

from .samplers import build_scheduler
from .sampling import check_pixels


def calls_a_step(pipeline: Any, sampler: str | None) -> int:
    """How often the pipeline calls its U-Net for each step."""
    scheduler = pipeline.scheduler
    if sampler is not None:
        scheduler = build_scheduler(sampler, scheduler)
    return int(getattr(scheduler, "order", 1))


def picture_size(pipeline: Any, width: int | None, height: int | None) -> tuple[int, int]:
    """Width and height in pixels; the model's own where None.

    Raises:
        OptionError: for a size that the autoencoder cannot hold, naming the nearest ones.
    """
    factor = int(pipeline.vae_scale_factor)
    own = pipeline.unet.config.sample_size
    own_height, own_width = own if isinstance(own, (list, tuple)) else (own, own)
    size = {
        "width": own_width * factor if width is None else width,
        "height": own_height * factor if height is None else height,
    }
    for name, pixels in size.items():
        check_pixels(name, pixels, factor)
    return size["width"], size["height"]


def accepted_arguments(pipeline: Any, arguments: Iterable[str]) -> set[str]:
    """The names of the pipeline's arguments. Raises HoppingError if it takes not what is needed."""
    accepted = set(inspect.signature(pipeline.__call__).parameters)
    if "prompt_embeds" not in accepted:
        raise EncoderError(
            f"{type(pipeline).__name__} takes no prompt_embeds, so no text embedding of one's own"
        )
    unknown = sorted(set(arguments) - accepted)
    if unknown:
        raise OptionError(f"{type(pipeline).__name__} takes no argument {unknown[0]!r}")
    return accepted


@contextmanager
def sampling_with(pipeline: Any, sampler: str | None) -> Iterator[None]:
    """While the block runs, the pipeline samples with `sampler`; after it with its own again."""
    if sampler is None:
        yield
        return
    own = pipeline.scheduler
    pipeline.scheduler = build_scheduler(sampler, own)
    try:
        yield
    finally:
        pipeline.scheduler = own
