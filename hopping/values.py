"""Values that anyone may have written: read without surprises, and shown at bounded length."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Sequence

_LONGEST, _MOST = 80, 12
_WHOLE = re.compile("[0-9]{1,19}")
_RANGES_APART = re.compile(r"\s*,\s*|(?<![\s,–-])\s+(?![\s,–-])")

LARGEST_SEED = 2**63 - 1
"""The largest seed of a noise, whichever door it comes through."""


def whole_number(value: object) -> int | None:
    """The number from 0 that a text is in ASCII digits, 19 at most; None for anything else.

    `str.isdigit` would take "²" too, and `int` refuses more than 4,300 digits.
    """
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else None


def clipped(text: str) -> str:
    """The beginning of a text that may be very long."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def brief(value: object) -> str:
    """A value for a message, whatever it is: its `repr`, without the middle of a long one."""
    return _REPR.repr(value)


def ranges(numbers: Iterable[int]) -> list[str]:
    """Ascending numbers as a reader has them: 1, 2, 4–9."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    written: list[str] = []
    for run in runs:
        written += [f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run)
    return written


def read_ranges(text: str) -> list[tuple[int, int]] | None:
    """The numbers from 1 that a text such as "2,4-5" names, as ascending ranges of (first, last).

    Ranges that meet are one. None for anything else; blanks may stand for commas.
    """
    found: list[tuple[int, int]] = []
    for part in _RANGES_APART.split(text.strip()):
        first, dash, last = part.replace("–", "-").partition("-")
        start, stop = (whole_number(end.strip()) for end in (first, last if dash else first))
        if start is None or stop is None or not 1 <= start <= stop:
            return None
        found.append((start, stop))
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(found):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined


def write_ranges(ranges: Iterable[tuple[int, int]]) -> str:
    """What `read_ranges` reads: "2,4-5"."""
    return ",".join(f"{a}-{b}" if a < b else str(a) for a, b in ranges)


def listed(numbers: Sequence[int], what: str = "frames") -> str:
    """Ascending numbers of `what` as ranges; of very many the first, and how many there are."""
    written = ranges(numbers)
    more = f", … ({len(numbers)} {what})" if len(written) > _MOST else ""
    return ", ".join(written[:_MOST]) + more


class _Repr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = _LONGEST

    def repr_int(self, x: int, level: int) -> str:
        try:
            return super().repr_int(x, level)
        except ValueError:  # Python writes no number of more than 4,300 digits
            return f"a number of {x.bit_length()} bits"


_REPR = _Repr()
