"""Where each token of a story stands: its frame (the paper's P_id), its role and its window.

A window is one row of 77 tokens, the most that CLIP's positions allow. The joint layout is the
paper's: all prompts in one window, a separator between each two. The windows layout gives each
frame windows of its own, as a host encodes it alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import torch

from .errors import EncoderError, LayoutError, OptionError
from .options import HoppingOptions
from .story import Span, Story

WINDOW = 77
CONTENT = WINDOW - 2
"""Content tokens that fit one window, beside start and end."""

NOBODY = 0
"""P_id of tokens that belong to no prompt: separators, and the joint row's end and padding."""

Tokenize = Callable[[str], Sequence[int]]
"""Text to content ids, without start, end or truncation."""

# CLIP's own split before BPE: contractions, letters, one digit, other signs.
_FINE = re.compile(r"'(?:s|t|re|ve|m|ll|d)\b|[^\W\d_]+|\d|(?:[^\s\w]|_)+", re.IGNORECASE)
_COARSE = re.compile(r"\S+")


class Role(IntEnum):
    """What a token is for."""

    START = 0
    CONTENT = 1
    SEPARATOR = 2
    END = 3
    PADDING = 4


@dataclass(frozen=True)
class SpecialIds:
    """A tokenizer's ids for start, end and padding."""

    start: int
    end: int
    pad: int


@dataclass(frozen=True)
class FrameTokens:
    """The content tokens of one frame, as its text encoder reads them.

    Attributes:
        windows: content ids per window, at most 75 each; at least one window, which may be empty.
        align: gives for each content token, over all windows, the span of the frame's text that
            it comes from. Called only where marks or subjects are to be found.
    """

    windows: tuple[tuple[int, ...], ...]
    align: Callable[[], Sequence[Span]]

    def __post_init__(self) -> None:
        if not self.windows or any(len(window) > CONTENT for window in self.windows):
            raise ValueError(f"a frame has one window or more, of at most {CONTENT} content tokens")

    @property
    def count(self) -> int:
        """Number of content tokens."""
        return sum(map(len, self.windows))

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """For each content token, the span of the frame's text that it comes from."""
        return tuple(self.align())

    def covered(self, spans: Sequence[Span]) -> torch.Tensor:
        """Which content tokens touch one of `spans`: bool, shape (count,)."""
        touched = [any(a < end and start < b for a, b in spans) for start, end in self.spans]
        return torch.tensor(touched, dtype=torch.bool)


def tokenize_frame(tokenize: Tokenize, text: str) -> FrameTokens:
    """The tokens of one frame, cut into windows of 75 where it is longer."""
    ids = tuple(tokenize(text))
    windows = tuple(ids[start : start + CONTENT] for start in range(0, len(ids), CONTENT))
    return FrameTokens(windows or ((),), lambda: align_tokens(tokenize, text, ids))


def align_tokens(tokenize: Tokenize, text: str, ids: Sequence[int]) -> list[Span]:
    """For each token of `tokenize(text)`, the span of the word or sign that it comes from.

    BPE never merges across the tokenizer's own split, so encoding the pieces one by one gives the
    same ids; that is checked. Pieces between blanks serve where the finer ones do not (a textual
    inversion's name, say).

    Raises:
        EncoderError: if neither split gives the same ids.
    """
    for split in (_FINE, _COARSE):
        spans: list[Span] = []
        pieced: list[int] = []
        for match in split.finditer(text):
            piece = tokenize(match.group())
            pieced += piece
            spans += [match.span()] * len(piece)
        if pieced == list(ids):
            return spans
    raise EncoderError(
        f"the tokenizer reads {text!r} differently as a whole than word by word, so its words "
        "cannot be told apart; use share=all without <share:…> marks"
    )


@dataclass(frozen=True, eq=False)
class TokenLayout:
    """All tokens of a story in reading order; each tensor has one entry per token.

    Attributes:
        kind: "joint" or "windows".
        cast: the tokens of the descriptions that frames see. In windows they stand before the
            frames, numbered -1, -2, …; wherever a frame's number is asked for, theirs will do.
        reason: why this layout, in words.
        ids: token ids, shape (windows, 77), int64.
        p_id: the frame (from 1) or description that each token belongs to, or NOBODY. Shape
            (windows · 77,).
        role: its `Role`. Same shape.
        window: the row of `ids` that it stands in. Same shape.
    """

    kind: str
    reason: str
    story: Story
    frames: tuple[FrameTokens, ...]
    special: SpecialIds
    ids: torch.Tensor
    p_id: torch.Tensor
    role: torch.Tensor
    window: torch.Tensor
    cast: tuple[FrameTokens, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """All that has windows of its own, in reading order: the descriptions, then the frames."""
        return (*range(-1, -len(self.cast) - 1, -1), *range(1, len(self.frames) + 1))

    def _place(self, number: int) -> int:
        """Which of `numbers` one is."""
        return number - 1 + len(self.cast) if number > 0 else -number - 1

    def content(self, frame: int) -> torch.Tensor:
        """Indices of the content tokens of `frame` (from 1), in reading order."""
        return self._content[self._place(frame)]

    @cached_property
    def _content(self) -> tuple[torch.Tensor, ...]:
        indices = (self.role == Role.CONTENT).nonzero().squeeze(1)
        return indices.split([each.count for each in (*self.cast, *self.frames)])

    def windows(self, frame: int) -> torch.Tensor:
        """Indices of all tokens of `frame` (from 1), shape (its windows, 77). Windows only."""
        return self._windows[self._place(frame)]

    @cached_property
    def _windows(self) -> tuple[torch.Tensor, ...]:
        indices = torch.arange(self.ids.numel()).view_as(self.ids)
        return indices.split([len(each.windows) for each in (*self.cast, *self.frames)])

    def alone(self, frame: int) -> torch.Tensor:
        """Ids of `frame` (from 1) as it is encoded alone, shape (its windows, 77)."""
        rows = _Rows()
        rows.add_frame(self.frames[frame - 1], frame, self.special)
        return rows.tensors()[0]


class _Rows:
    """Collects tokens, one by one, with what is known of each."""

    def __init__(self) -> None:
        self.tokens: list[tuple[int, int, int, int]] = []

    def add(self, ids: Sequence[int], p_id: int, role: Role) -> None:
        self.tokens += [(token, p_id, role, len(self.tokens) // WINDOW) for token in ids]

    def pad(self, pad: int, p_id: int) -> None:
        """Fill the window that was begun with padding."""
        self.add([pad] * (-len(self.tokens) % WINDOW), p_id, Role.PADDING)

    def add_frame(self, frame: FrameTokens, p_id: int, special: SpecialIds) -> None:
        """A frame in windows of its own, each with its start, end and padding."""
        for window in frame.windows:
            self.add([special.start], p_id, Role.START)
            self.add(window, p_id, Role.CONTENT)
            self.add([special.end], p_id, Role.END)
            self.pad(special.pad, p_id)

    def tensors(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """ids (windows, 77), and p_id, role and window of each token."""
        ids, p_id, role, window = torch.tensor(self.tokens, dtype=torch.long).unbind(1)
        return ids.reshape(-1, WINDOW), p_id, role, window


def lay_out(
    story: Story, frames: Sequence[FrameTokens], special: SpecialIds, options: HoppingOptions
) -> TokenLayout:
    """The layout that the options ask for; `auto` takes joint where it serves.

    Args:
        frames: the tokens of all that the story has encoded: frames, then descriptions.

    Raises:
        OptionError: if the story was read for another value of the option `cast`.
        LayoutError: if joint was asked for, by name or by mode `reference`, and cannot hold the
            story.
    """
    frames, cast = frames[: len(story)], frames[len(story) :]
    if options.mode == "baseline":
        return windows_layout(story, frames, special, "mode=baseline: each frame is alone")
    told = "seen" if story.descriptions else "said"
    if told != options.cast and any(frame.cast for frame in story.frames):
        raise OptionError(
            f"the story was read for cast={told}, the options say cast={options.cast}; "
            f'use parse_story(…, cast="{options.cast}")'
        )
    if cast and (options.layout == "joint" or options.mode == "reference"):
        raise LayoutError(
            "with cast=seen the descriptions have windows of their own, which the joint layout's "
            "one row is not; use layout=windows or auto, or cast=said"
        )
    if options.mode == "reference":
        return joint_layout(story, frames, special, "mode=reference is joint")
    if options.layout == "joint":
        return joint_layout(story, frames, special)
    if options.layout == "windows":
        return windows_layout(story, frames, special, cast=cast)
    if cast:
        return windows_layout(story, frames, special, "auto: cast=seen needs windows", cast)
    if options.carry == "all":
        return windows_layout(story, frames, special, "auto: carry=all needs windows")
    excess = joint_excess(frames)
    if excess > 0:
        reason = f"auto: the story has {excess} token{'s' * (excess > 1)} too many for joint"
        return windows_layout(story, frames, special, reason)
    split = _split_frame(frames)
    if split:
        reason = f"auto: frame {split} is encoded in several windows"
        return windows_layout(story, frames, special, reason)
    return joint_layout(story, frames, special, "auto: the story fits one row")


def _split_frame(frames: Sequence[FrameTokens]) -> int | None:
    """The first frame that the host encodes in several windows, though it would fit one."""
    return next((n for n, frame in enumerate(frames, 1) if len(frame.windows) > 1), None)


def joint_excess(frames: Sequence[FrameTokens]) -> int:
    """How many tokens the story has over what the joint row holds; 0 or less: it fits."""
    return sum(frame.count for frame in frames) + len(frames) + 1 - WINDOW


def joint_layout(
    story: Story,
    frames: Sequence[FrameTokens],
    special: SpecialIds,
    reason: str = "as asked",
    separator: int | None = None,
) -> TokenLayout:
    """The paper's one row (eq. (4)): start, prompt 1, separator, prompt 2, …, end, padding.

    The start token belongs to prompt 1. Separators, end and padding belong to nobody.
    `separator` is the id that stands for <SEP>; the released code's, the end id, by default.

    Raises:
        LayoutError: if the story does not fit; the message says by how much.
    """
    excess = joint_excess(frames)
    if excess > 0:
        raise LayoutError(
            f"the story has {excess} token{'s' * (excess > 1)} more than the joint layout's "
            f"{WINDOW} (with start, end and a separator between each two frames); shorten it, or "
            "use layout=windows, which has no limit"
        )
    split = _split_frame(frames)
    if split:
        raise LayoutError(
            "it is encoded in several windows (BREAK or AND), which the joint layout's one row "
            "cannot hold; use layout=windows",
            frame=split,
        )
    row = _Rows()
    row.add([special.start], 1, Role.START)
    for number, frame in enumerate(frames, start=1):
        if number > 1:
            row.add([special.end if separator is None else separator], NOBODY, Role.SEPARATOR)
        row.add(frame.windows[0], number, Role.CONTENT)
    row.add([special.end], NOBODY, Role.END)
    row.pad(special.pad, NOBODY)
    return TokenLayout("joint", reason, story, tuple(frames), special, *row.tensors())


def windows_layout(
    story: Story,
    frames: Sequence[FrameTokens],
    special: SpecialIds,
    reason: str = "as asked",
    cast: Sequence[FrameTokens] = (),
) -> TokenLayout:
    """Each frame and description in windows of its own, each with its start, end and padding."""
    rows = _Rows()
    for number, description in enumerate(cast, start=1):
        rows.add_frame(description, -number, special)
    for number, frame in enumerate(frames, start=1):
        rows.add_frame(frame, number, special)
    return TokenLayout(
        "windows", reason, story, tuple(frames), special, *rows.tensors(), cast=tuple(cast)
    )
