"""Which row of a U-Net's call is which picture's, by the rule of each host's sampler.

A row is told as (place in the batch, sub-prompt), both from 0, or as None: unconditional.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hopping.errors import HoppingError

RowOf = tuple[int, int] | None


def rows_in_turn(sampler: Any, count: int, earlier: Sequence[RowOf]) -> list[RowOf]:
    """A1111's: picture by picture all sub-prompts, behind them the negative prompts.

    However they are cut into calls, they come in that order.
    """
    batch = sampler.sampler_extra_args["cond"].batch
    told: list[RowOf] = [
        (place, part) for place, parts in enumerate(batch) for part in range(len(parts))
    ]
    told += [None] * len(batch)
    found = told[len(earlier) : len(earlier) + count]
    if len(found) < count:
        raise unexpected_calls()
    return found


def rows_in_chunks(
    sampler: Any, options: dict[str, Any], count: int, earlier: Sequence[RowOf]
) -> list[RowOf]:
    """Forge's and its kin's: chunks of the whole batch, which say whether they are conditional.

    Sub-prompts come last to first, as many as the picture with the fewest has.
    """
    batch = sampler.sampler_extra_args["cond"].batch
    pictures, chunks = len(batch), options["cond_or_uncond"]
    if count != pictures * len(chunks):
        raise unexpected_calls()
    parts = min(map(len, batch))
    next_part = parts - 1 - sum(row is not None for row in earlier) // pictures
    if parts > 1 and 0 < len(chunks) - sum(chunks) < parts:
        raise HoppingError(
            "there is too little memory to sample all sub-prompts of AND at once, where pixels are "
            "shared; lower the batch size or the picture's, write it without AND, or use pixels=off"
        )
    told: list[RowOf] = []
    for is_negative in chunks:
        if is_negative:
            told += [None] * pictures
            continue
        if next_part < 0:
            raise unexpected_calls()
        told += [(place, next_part) for place in range(pictures)]
        next_part -= 1
    return told


def unexpected_calls() -> HoppingError:
    """The error for calls of the U-Net that are not the host's own."""
    return HoppingError(
        "the U-Net is called for more than the prompts and negative prompts of a batch: another "
        "extension draws tiles, or has a guidance of its own (PAG, SAG), or the checkpoint is one "
        "for InstructPix2Pix; switch it off, or use pixels=off"
    )


def merged_pixels(who: str) -> HoppingError:
    """The error for what merges or tiles the pixels that would be shared."""
    return HoppingError(
        f"{who} merges or tiles the U-Net's pixels, so none can be shared; switch it off, or use "
        "pixels=off"
    )
