"""The one table of options, from which interfaces, infotext, axes, the API and the docs are made.

Each field of `HoppingOptions` carries its own row of the table (`Option`): what values it takes,
its label and its help. A host that adds options of its own (a seed rule, captions) declares them
with the same `option()` on a dataclass of its own and gets the same parsing and the same errors.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, TypeVar, get_args

from .cast import Cast
from .errors import OptionError
from .values import brief, read_ranges, write_ranges

ALL = "all"
Reach = int | str
"""A whole number of frames, or "all"."""

Mode = Literal["paper", "reference", "baseline"]
Layout = Literal["auto", "joint", "windows"]
Carry = Literal["tokens", "all"]
Share = Literal["all", "subject"]
StartToken = Literal["first", "shared"]
Pixels = Literal["off", "subject", "all"]

Value = str | int | float | bool
T = TypeVar("T", bound="OptionTable")


@dataclass(frozen=True)
class Option:
    """One row of the table.

    `kind` is "choice" (one of `choices`), "reach" (a whole number from `low`, or "all"),
    "number" (a float from `low` to `high`), "switch" (a bool), "frames" (numbers of frames as
    "2,4-5", or "all") or "text".
    """

    name: str
    kind: Literal["choice", "reach", "number", "switch", "frames", "text"]
    default: Value
    label: str
    help: str
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0

    @property
    def allowed(self) -> str:
        """The values that this option takes, in words."""
        if self.kind == "choice":
            return ", ".join(self.choices)
        if self.kind == "reach":
            return f"{self.low:g}, {self.low + 1:g}, {self.low + 2:g}, … or {ALL}"
        if self.kind == "number":
            return f"a number from {self.low:g} to {self.high:g}"
        if self.kind == "frames":
            return f"{ALL}, or numbers and ranges such as 2,4-5"
        return "on, off" if self.kind == "switch" else "text"

    def parse(self, value: Any) -> Value:
        """`value` (typed already, or as text) as this option's own type.

        Raises OptionError, listing what is allowed, for anything else.
        """
        parsed = getattr(self, f"_parse_{self.kind}")(value)
        if parsed is None:
            raise OptionError(f"{self.name} cannot be {brief(value)}; allowed: {self.allowed}")
        return parsed

    def format(self, value: Value) -> str:
        """`value` as the text that `parse` reads back."""
        if self.kind == "switch":
            return "on" if value else "off"
        return f"{value:g}" if self.kind == "number" else str(value)

    def _parse_choice(self, value: Any) -> str | None:
        return folded if (folded := _folded(value)) in self.choices else None

    def _parse_reach(self, value: Any) -> Reach | None:
        if _folded(value) == ALL:
            return ALL
        number = self._number(value)
        if number is None or number < self.low or number != int(number):
            return None
        return int(number)

    def _parse_number(self, value: Any) -> float | None:
        number = self._number(value)
        return number if number is not None and self.low <= number <= self.high else None

    def _parse_switch(self, value: Any) -> bool | None:
        if isinstance(value, int):  # as True and False are
            return bool(value) if value in (0, 1) else None
        folded = _folded(value)
        if folded in ("true", "on", "yes", "1"):
            return True
        return False if folded in ("false", "off", "no", "0") else None

    def _parse_frames(self, value: Any) -> str | None:
        if _folded(value) in (ALL, ""):
            return ALL
        number = value if isinstance(value, int) and not isinstance(value, bool) else None
        ranges = read_ranges(value if isinstance(value, str) else str(number))
        return None if ranges is None else write_ranges(ranges)

    def _parse_text(self, value: Any) -> str | None:
        return value if isinstance(value, str) else None

    @staticmethod
    def _number(value: Any) -> float | None:
        # bool is an int to Python; "reach: true" is still a mistake.
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            return None
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None


def option(kind: str, default: Value, label: str, help: str, **limits: Any) -> Any:
    """A dataclass field that carries its row of the table."""
    return field(default=default, metadata={"kind": kind, "label": label, "help": help, **limits})


class OptionTable:
    """What a frozen dataclass of `option()` fields can do. Values are checked when it is made."""

    # Named sets of values, each written as a mapping of option names.
    PRESETS: ClassVar[Mapping[str, Mapping[str, Value]]] = {}

    @classmethod
    def rows(cls) -> tuple[Option, ...]:
        """The rows of the table, in the order in which interfaces show them."""
        return tuple(
            Option(name=f.name, default=f.default, **f.metadata)  # type: ignore[arg-type]
            for f in fields(cls)  # type: ignore[arg-type]
        )

    @classmethod
    def row(cls, name: str) -> Option:
        """The row of one option. Raises OptionError, listing all names, if there is none."""
        for row in cls.rows():
            if row.name == name:
                return row
        raise OptionError(_unknown("option", name, [row.name for row in cls.rows()]))

    @classmethod
    def preset(cls, name: str) -> Mapping[str, Value]:
        """The values that a preset sets. Its name's case and surrounding blanks do not matter."""
        for known, values in cls.PRESETS.items():
            if known.lower() == _folded(name):
                return values
        raise OptionError(_unknown("preset", name, cls.PRESETS))

    @classmethod
    def from_mapping(cls: type[T], values: Mapping[str, Any], preset: str | None = None) -> T:
        """Options from names and values as an API or a command line gives them.

        `preset` sets several first; the names in `values` override it.
        """
        chosen: dict[str, Any] = {} if preset in (None, "") else dict(cls.preset(preset))
        for name, value in values.items():
            chosen[cls.row(name).name] = value
        return cls(**chosen)

    def __post_init__(self) -> None:
        for row in self.rows():
            # The dataclass is frozen: normalising a value ("ALL" → "all") happens only here.
            object.__setattr__(self, row.name, row.parse(getattr(self, row.name)))
        self.check()

    def check(self) -> None:
        """Raise OptionError where the values contradict each other."""

    def changed(self) -> dict[str, Value]:
        """The options that differ from their defaults."""
        return {
            row.name: getattr(self, row.name)
            for row in self.rows()
            if getattr(self, row.name) != row.default
        }

    def replace(self: T, **changes: Any) -> T:
        """A copy with some values changed, checked like any other."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]


@dataclass(frozen=True)
class HoppingOptions(OptionTable):
    """How the frames of a story see each other (eq. (5) of the paper, and its variants)."""

    PRESETS: ClassVar[Mapping[str, Mapping[str, Value]]] = {
        "Paper": {},
        "Consistent subject": {
            "layout": "windows",
            "carry": "all",
            "anchor": True,
            "share": "subject",
        },
        "Same character": {
            "layout": "windows",
            "carry": "all",
            "anchor": True,
            "share": "subject",
            "pixels": "subject",
        },
    }
    PRESET_HELP: ClassVar[Mapping[str, str]] = {
        "Paper": "As in the paper: a frame sees the whole frame before, its scene too.",
        "Consistent subject": "Who is described once keeps these looks while places and actions "
        "change. As fast as plain SD.",
        "Same character": "Markings, face and clothes stay too, which no word names: a frame sees "
        "the character's own pixels.",
    }

    mode: Mode = option(
        "choice",
        "paper",
        "Mode",
        "paper: frames see earlier ones. reference: the released code's mask, through whose "
        "separators the future leaks, for reproduction. baseline: each frame alone.",
        choices=get_args(Mode),
    )
    reach: Reach = option(
        "reach",
        1,
        "Reach",
        "How many frames back a frame sees; the paper's is 1. all: every earlier frame.",
    )
    anchor: bool = option(
        "switch",
        False,
        "Anchor",
        "Every frame also sees frame 1; with share=subject, for each of its subjects the frame "
        "that first names it.",
    )
    layout: Layout = option(
        "choice",
        "auto",
        "Layout",
        "joint: the paper's one row of 77 tokens. windows: each frame in its own window(s) of 77, "
        "without limit. auto: joint where the story fits and carry allows it, else windows.",
        choices=get_args(Layout),
    )
    carry: Carry = option(
        "choice",
        "tokens",
        "Carry",
        "Which of a frame's own tokens see earlier frames. tokens: its content tokens, as the "
        "paper's code extracts them. all: end-of-text and padding too (needs windows).",
        choices=get_args(Carry),
    )
    share: Share = option(
        "choice",
        "all",
        "Share",
        "What a frame without <share:…> marks shows to later ones. all: all its content tokens. "
        "subject: only whom the later frame names again or means by a pronoun, and their looks.",
        choices=get_args(Share),
    )
    start_token: StartToken = option(
        "choice",
        "first",
        "Start token",
        "Who sees the joint row's start token. first: it belongs to prompt 1. shared: every "
        "frame. In windows each frame has a start token of its own.",
        choices=get_args(StartToken),
    )
    strength: float = option(
        "number",
        1.0,
        "Strength",
        "0: the plain embedding. 1: the hopped one. Between: linear.",
    )
    pixels: Pixels = option(
        "choice",
        "off",
        "Pixels",
        "Which pixels of the frames that introduce its subjects, or of those it links to, a frame "
        "sees while it is drawn. subject: the subject's own. all: the place's too.",
        choices=get_args(Pixels),
    )

    cast: Cast = option(
        "choice",
        "said",
        "Cast",
        "How a frame that names somebody of the cast is told who that is. said: the description "
        "stands in place of the first name. seen: the frame sees it as it sees an earlier one "
        "(needs windows).",
        choices=get_args(Cast),
    )

    def described(self) -> str:
        """The nearest preset, and what differs from it: "Paper, reach=2"."""
        differing = {
            name: [
                f"{row.name}={row.format(getattr(self, row.name))}"
                for row in self.rows()
                if getattr(self, row.name) != values.get(row.name, row.default)
            ]
            for name, values in self.PRESETS.items()
        }
        name = min(differing, key=lambda name: len(differing[name]))
        return ", ".join([name, *differing[name]])

    @property
    def keeps_words_plain(self) -> bool:
        """Whether every frame's embedding is the plain one, whatever its pixels see."""
        return self.mode == "baseline" or self.strength == 0

    def check(self) -> None:
        if self.mode == "reference":
            fixed = {"layout": ("auto", "joint")}
            for row in self.rows():
                if row.name in ("mode", "strength"):
                    continue
                value = getattr(self, row.name)
                if value not in fixed.get(row.name, (row.default,)):
                    raise OptionError(
                        f"mode=reference is the released code's mask as it is, and "
                        f"{row.name}={row.format(value)} would change it; "
                        f"use mode=paper, or leave {row.name} at {row.format(row.default)}"
                    )
        if self.carry == "all" and self.layout == "joint":
            raise OptionError(
                "carry=all contradicts layout=joint: in one row the frames share their "
                "end-of-text and padding; use layout=windows or auto, or carry=tokens"
            )


def _folded(value: object) -> str | None:
    """A text without its case and surrounding blanks; None for what is no text."""
    return value.strip().lower() if isinstance(value, str) else None


def _unknown(what: str, name: object, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1) if isinstance(name, str) else []
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"unknown {what} {brief(name)}{hint}; known: {', '.join(names)}"
