"""Who sees whom: eq. (5) of the paper and its variants. Pure functions of layout and options.

    M_ij = 1  if token j is not later than token i and P_id(i) − P_id(j) ≤ 1,  else 0       (5)

What a frame may see (links, reach, anchor) and what an earlier frame shows (<share:…> marks,
share=subject) meet here and nowhere else.
"""

from __future__ import annotations

from functools import cached_property

import torch

from .errors import StoryError
from .layout import NOBODY, Role, TokenLayout
from .options import HoppingOptions
from .story import Frame, Span, Story
from .subject import (
    merge_spans,
    opening_subject,
    opens_with_pronoun,
    subject_spans,
    subject_words,
)


def sources(story: Story, options: HoppingOptions) -> tuple[tuple[int, ...], ...]:
    """For each frame of the story, the numbers of the earlier frames that it may see.

    A frame's own links decide; without them reach and anchor do. Mode `reference` is the released
    code's, which sees one prompt back.
    """
    by_subject = options.anchor and options.share == "subject"
    first = _first_naming(story) if by_subject else [set[int]() for _ in story.frames]
    return tuple(
        _frame_sources(frame, options, anchors)
        for frame, anchors in zip(story.frames, first, strict=True)
    )


def _first_naming(story: Story) -> list[set[int]]:
    """For each frame, the earlier ones that are the first to name one of its subjects."""
    first: dict[str, int] = {}
    found = []
    for frame, naming in zip(story.frames, _naming_texts(story, antecedents(story)), strict=True):
        words = subject_words(naming)
        found.append({first[word] for word in words if word in first})
        for word in words:
            first.setdefault(word, frame.number)
    return found


def antecedents(story: Story) -> tuple[int | None, ...]:
    """For each frame that opens with a pronoun, the frame that says who is meant; else None.

    It is the latest earlier frame, of those that the frame links to if it has links, that opens
    with a subject of its own.
    """
    found: list[int | None] = []
    named: list[int] = []
    for frame in story.frames:
        text = _own_text(frame)
        if opens_with_pronoun(text):
            known = named if frame.links is None else [n for n in named if n in frame.links]
            found.append(known[-1] if known else None)
            continue
        found.append(None)
        if opening_subject(text):
            named.append(frame.number)
    return tuple(found)


def _naming_texts(story: Story, meant: tuple[int | None, ...]) -> list[str]:
    """What each frame names its subjects with: its own text, and before it what a pronoun means."""
    texts = [_own_text(frame) for frame in story.frames]
    openings = [_opening(texts[number - 1]) if number else "" for number in meant]
    return [f"{opening}. {text}" for opening, text in zip(openings, texts, strict=True)]


def _opening(text: str) -> str:
    span = opening_subject(text)
    return text[slice(*span)] if span else ""


def _frame_sources(frame: Frame, options: HoppingOptions, anchors: set[int]) -> tuple[int, ...]:
    if options.mode == "baseline" or frame.number == 1:
        return ()
    if frame.links is not None:
        return frame.links
    nearest = 1 if isinstance(options.reach, str) else max(1, frame.number - options.reach)
    seen = set(range(nearest, frame.number))
    if options.anchor:
        seen.add(1)
    return tuple(sorted(seen | anchors))


class Visibility:
    """Who sees whom in a laid-out story. Made once, asked for any part of the mask.

    Attributes:
        layout, options: what it was made of.
        sources: for each frame, the numbers of the earlier frames that it may see.

    Raises:
        StoryError: if a frame's marks hold no token, or if the story has links or marks in mode
            `reference`, whose mask knows neither.
    """

    def __init__(self, layout: TokenLayout, options: HoppingOptions) -> None:
        if options.mode == "reference":
            _refuse_tags(layout.story)
        self.layout, self.options = layout, options
        self.sources = sources(layout.story, options)
        none = torch.empty(0, dtype=torch.long)
        self._context = tuple(
            torch.cat([none, *(self.shown(source, viewer) for source in earlier)])
            for viewer, earlier in enumerate(self.sources, start=1)
        )

    def context(self, frame: int) -> torch.Tensor:
        """Indices into the layout of the earlier frames' content tokens that `frame` sees."""
        return self._context[frame - 1]

    @cached_property
    def last_viewer(self) -> torch.Tensor:
        """For each token of the layout the last frame in whose context it is; 0: in none."""
        last = torch.zeros_like(self.layout.p_id)
        for viewer, context in enumerate(self._context, start=1):
            last[context] = viewer
        return last

    def shown(self, source: int, viewer: int) -> torch.Tensor:
        """Indices into the layout of the content tokens that frame `source` shows to `viewer`."""
        layout, frame = self.layout, self.layout.story.frames[source - 1]
        content = layout.content(source)
        if not frame.marks and self.options.share == "all":
            return content
        covered = layout.frames[source - 1].covered(self.shown_spans(source, viewer))
        if frame.marks and not covered.any():
            raise StoryError(
                f"the <share:…> marks of frame {source} hold no token that is encoded; "
                "put the shared words inside them",
                line=frame.line,
                column=frame.column,
            )
        return content[covered]

    def shown_spans(self, source: int, viewer: int) -> tuple[Span, ...]:
        """The spans of its text that frame `source` shows to `viewer`.

        Its marks; else all of it, or with share=subject what `viewer` names again and what the
        pronoun means that `viewer` opens with.
        """
        frames = self.layout.story.frames
        frame, start = frames[source - 1], frames[source - 1].own[0]
        if frame.marks:
            return frame.marks
        if self.options.share == "all":
            return ((0, len(frame.text)),)
        text = _own_text(frame)
        spans = [*subject_spans(text, self._naming[viewer - 1])]
        # A pronoun on the way stands for whom it means, and has seen them.
        meant = self._antecedents[viewer - 1]
        if meant is not None and self._antecedents[source - 1] == meant:
            pronoun = opening_subject(text)
            spans += [pronoun] if pronoun else []
        return tuple((a + start, b + start) for a, b in merge_spans(spans))

    @cached_property
    def _antecedents(self) -> tuple[int | None, ...]:
        return antecedents(self.layout.story)

    @cached_property
    def _naming(self) -> list[str]:
        return _naming_texts(self.layout.story, self._antecedents)

    def matrix(
        self, rows: torch.Tensor | None = None, columns: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Which tokens see which: bool, True where the row's token sees the column's.

        `rows` and `columns` are indices of tokens, in any order; all by default. The whole has
        the square of the story's length: ask for the part that is needed of a long one.
        """
        layout, options = self.layout, self.options
        everything = torch.arange(len(layout.p_id))
        rows = everything if rows is None else rows
        columns = everything if columns is None else columns
        if options.mode == "reference":
            return _reference(layout)[rows][:, columns]
        visible = _own_window(layout, rows, columns)
        contextual = self.contextual(rows)
        start = columns[layout.role[columns] == Role.START]
        for viewer in layout.p_id[rows].unique().tolist():
            if viewer == NOBODY:
                continue
            seen = self.context(viewer)
            if layout.kind == "joint" and (
                options.start_token == "shared" or 1 in self.sources[viewer - 1]
            ):
                seen = torch.cat([seen, start])
            of_viewer = contextual & (layout.p_id[rows] == viewer)
            visible |= of_viewer[:, None] & torch.isin(columns, seen)[None, :]
        return visible

    def in_windows(self, rows: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """The same for windows of the windows layout, many at once.

        Args:
            rows: indices of the tokens of n windows, shape (n, 77).
            context: bool, shape (n, k): of k columns, which stand for a token of the context of
                the window's frame. The others only fill up.

        Returns:
            Bool, shape (n, 77, k + 77). The columns are those k, then the window's own tokens.
        """
        sees_context = self.contextual(rows)[:, :, None] & context[:, None, :]
        return torch.cat([sees_context, _own_window(self.layout, rows, rows)], dim=2)

    def contextual(self, rows: torch.Tensor) -> torch.Tensor:
        """Which of these tokens see earlier frames: bool, the shape of `rows`."""
        role = self.layout.role[rows]
        contextual = role == Role.CONTENT
        if self.options.carry == "all":
            contextual |= (role == Role.END) | (role == Role.PADDING)
        return contextual


def visibility(layout: TokenLayout, options: HoppingOptions) -> torch.Tensor:
    """The whole mask of a laid-out story: bool, shape (tokens, tokens), True where i sees j."""
    return Visibility(layout, options).matrix()


def _own_window(layout: TokenLayout, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Each token sees itself and, causally, its own prompt within its window."""
    p_i, p_j = layout.p_id[rows][..., :, None], layout.p_id[columns][..., None, :]
    same = (p_i == p_j) & (p_i != NOBODY)
    same &= layout.window[rows][..., :, None] == layout.window[columns][..., None, :]
    i, j = rows[..., :, None], columns[..., None, :]
    return (same & (j <= i)) | (j == i)


def _refuse_tags(story: Story) -> None:
    for frame in story.frames:
        if frame.links is not None or frame.marks:
            raise StoryError(
                "mode=reference is the released code's mask as it is, which knows no <from:…> and "
                "no <share:…>; use mode=paper, or remove them",
                line=frame.line,
                column=frame.column,
            )


def _reference(layout: TokenLayout) -> torch.Tensor:
    """The released code's mask over the joint row (shape (77, 77)), its leak included.

    Rows of a prompt see causally from the start of the prompt before, the separator between them
    included. A separator's row is wholly masked, which additively means: uniform over all 77. The
    code knows separators by the end id, of which the final one is masked too where no padding
    follows; with padding, end ids stand side by side and their rows are fully causal.
    """
    index = torch.arange(len(layout.p_id))
    visible = index[None, :] <= index[:, None]
    masked = layout.role == Role.SEPARATOR
    starts = [0, *(masked.nonzero().squeeze(1) + 1).tolist()]
    for number in range(3, len(layout.frames) + 1):
        of_frame = layout.p_id == number
        visible &= ~of_frame[:, None] | (index >= starts[number - 2])[None, :]
    if layout.role[-1] == Role.END:
        masked[-1] = True
    visible[masked] = False
    return visible


def _own_text(frame: Frame) -> str:
    return frame.text[slice(*frame.own)]
