"""How pages and animations of a story can look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from hopping.errors import OptionError
from hopping.options import OptionTable, option

Paper = Literal["a4", "letter", "square"]
Captions = Literal["under", "on", "none"]

PAPERS = {"a4": (1240, 1754), "letter": (1275, 1650), "square": (1240, 1240)}
"""Width and height of a page, in dots of 150 an inch."""

_SHORTEST, _LONGEST = 0.05, 60.0


@dataclass(frozen=True)
class PageOptions(OptionTable):
    """How pages and animations of a story look."""

    panels: str = option(
        "choice",
        "4",
        "Panels to a page",
        "Pictures on one page: 2, 3, 4 or 6.",
        choices=("2", "3", "4", "6"),
    )
    paper: Paper = option(
        "choice", "a4", "Paper", "a4, letter or square; upright.", choices=tuple(PAPERS)
    )
    captions: Captions = option(
        "choice",
        "under",
        "Captions",
        "under, on or none: where each picture's caption stands. A caption is what stands behind "
        "# in a frame's line; in a story without any, the prompts.",
        choices=("under", "on", "none"),
    )
    title: str = option("text", "", "Title", "Stands above the first page's pictures.")
    seconds: str = option(
        "text",
        "1",
        "Seconds",
        "How long an animation shows a frame; one number, or one for each frame: 1, 1, 2.5",
    )

    def check(self) -> None:
        """Raise OptionError for times that are none."""
        self.durations(None)

    def durations(self, frames: int | None) -> list[int]:
        """How long each frame is shown, in milliseconds.

        Args:
            frames: how many there are; None where that is not known yet.

        Raises:
            OptionError: a time is no number from 0.05 to 60, or there is not one for each frame.
        """
        try:
            times = [float(text) for text in self.seconds.split(",")]
        except ValueError:
            times = [math.nan]
        if not all(_SHORTEST <= time <= _LONGEST for time in times):
            raise OptionError(
                f"seconds cannot be {self.seconds[:80]!r}; write a number from {_SHORTEST:g} to "
                f"{_LONGEST:g}, or one for each frame with commas between: 1, 1, 2.5"
            )
        if frames is not None and len(times) not in (1, frames):
            raise OptionError(
                f"seconds has {len(times)} times for {frames} frames; write one for each frame, or "
                "one for all"
            )
        milliseconds = [round(1000 * time) for time in times]
        return milliseconds * (frames or 1) if len(times) == 1 else milliseconds
