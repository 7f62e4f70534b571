"""What a user should know of a run: among its result's comments, on the page and in the API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache

from hopping.options import HoppingOptions
from hopping.story import Frame

from .host_conditioning import HostStory
from .host_types import Processed

_MOST = 8
"""Of how many frames something is told; the plan tells of all."""


def notes(story: HostStory, frames: Sequence[Frame], options: HoppingOptions) -> Iterator[str]:
    """The plan's notes on a story that is about to be encoded, a line for each frame with any.

    Raises:
        HoppingError: if it cannot be done as asked.
    """
    shares = options.share == "subject" or any(frame.marks for frame in frames)
    if options.keeps_words_plain or not shares:
        return  # nothing is hopped, or every frame shows all of itself
    plan = story.plan()
    noted = [frame for frame in plan.frames if frame.notes]
    for frame in noted[:_MOST]:
        yield f"Frame {frame.number}: {'; '.join(frame.notes)}"
    if len(noted) > _MOST:
        yield f"So it is with {len(noted) - _MOST} more frames; the plan shows them all."


class Telling:
    """What a result of ours does otherwise than its own class: its JSON has its comments too.

    The page shows them; the API gives nothing but this JSON.
    """

    comments: str

    def js(self) -> str:
        return json.dumps({**json.loads(super().js()), "comments": self.comments})  # type: ignore[misc]


def tell_comments(processed: Processed) -> None:
    """Put a result's comments, as they are when it is asked, in what the API answers."""
    processed.__class__ = _telling_class(processed.__class__)


@cache
def _telling_class(original: type) -> type:
    return type(original.__name__, (Telling, original), {"__module__": original.__module__})
