"""Who sees whom: eq. (5) of the paper and its variants. Pure functions of layout and options.

    M_ij = 1  if token j is not later than token i and P_id(i) − P_id(j) ≤ 1,  else 0       (5)

What a frame may see (links, reach, anchor) and what an earlier frame shows (<share:…> marks,
share=subject) meet here and nowhere else. With share=subject a frame tells those apart whom it
names: the words of one and the words of another do not see each other (`Visibility.strangers`).
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import torch

from .errors import StoryError
from .layout import NOBODY, Role, TokenLayout
from .options import HoppingOptions
from .story import Frame, Span, Story
from .subject import Reading, read_story


def sources(story: Story, options: HoppingOptions) -> tuple[tuple[int, ...], ...]:
    """For each frame of the story, the numbers of the earlier frames that it may see.

    A frame's own links decide; without them reach and anchor do. Mode `reference` is the released
    code's, which sees one prompt back.
    """
    anchors: list[set[int]] = [set() for _ in story.frames]
    if options.anchor and options.share == "subject":
        anchors = [set(first.values()) for first in first_named(read_story(story))]
    return tuple(
        _frame_sources(frame, options, first)
        for frame, first in zip(story.frames, anchors, strict=True)
    )


def first_named(reading: Reading) -> list[dict[int, int]]:
    """For each frame, whom it names of those named before, and the frame that first names them."""
    first: dict[int, int] = {}
    found = []
    for number, mentions in enumerate(reading.mentions, start=1):
        named = [mention.individual for mention in mentions]
        found.append({one: first[one] for one in named if one in first})
        for one in named:
            first.setdefault(one, number)
    return found


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


class _Shown(NamedTuple):
    """What a frame shows to a later one: spans of its text, their words, their tokens' indices."""

    spans: tuple[Span, ...]
    words: tuple[str, ...]
    tokens: torch.Tensor


class Introduction(NamedTuple):
    """Where a story first names somebody.

    Attributes:
        individual: their number in the story; kind: person, animal, place or thing.
        frame: the frame that first names them.
        spans: the words of its text that do.
    """

    individual: int
    kind: str
    frame: int
    spans: tuple[Span, ...]


class Named(NamedTuple):
    """Somebody whom a frame names: by which spans of its text, and who introduced them before."""

    spans: tuple[Span, ...]
    introduction: Introduction | None


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
        # A frame shows many later ones the same: it is found once for what they have in common.
        self._found: list[dict[object, _Shown]] = [{} for _ in layout.frames]
        self._words: dict[tuple[int, int], torch.Tensor] = {}
        none = torch.empty(0, dtype=torch.long)
        self._context = tuple(
            torch.cat(
                [
                    none,
                    *(layout.content(description.number) for description in self.cast(viewer)),
                    *(self.shown(source, viewer) for source in earlier),
                ]
            )
            for viewer, earlier in enumerate(self.sources, start=1)
        )

    def context(self, frame: int) -> torch.Tensor:
        """Indices into the layout of the content tokens that `frame` sees of earlier frames and of
        the cast's descriptions. A description sees nobody."""
        return self._context[frame - 1] if frame > 0 else torch.empty(0, dtype=torch.long)

    def cast(self, viewer: int) -> tuple[Frame, ...]:
        """The descriptions that a frame sees (cast=seen): of those of the cast whom it names, or
        with share=subject means."""
        story = self.layout.story
        if self.options.mode == "baseline" or not story.descriptions:
            return ()
        named = story.frames[viewer - 1].cast
        meant = self._named[viewer - 1] if self.options.share == "subject" else ()
        return tuple(
            description
            for description in story.descriptions
            if description.cast[0] in named or self._reading.cast.get(description.cast[0]) in meant
        )

    @cached_property
    def last_viewer(self) -> torch.Tensor:
        """For each token of the layout the last frame in whose context it is; 0: in none."""
        last = torch.zeros_like(self.layout.p_id)
        for viewer, context in enumerate(self._context, start=1):
            last[context] = viewer
        return last

    def shown(self, source: int, viewer: int) -> torch.Tensor:
        """Indices into the layout of the content tokens that frame `source` shows to `viewer`."""
        return self._shown(source, viewer).tokens

    def shown_spans(self, source: int, viewer: int) -> tuple[Span, ...]:
        """The spans of its text that frame `source` shows to `viewer`.

        Its marks; else all of it, or with share=subject what it says of those whom `viewer` names
        again or means by a pronoun: nothing where other frames have said it all.
        """
        return self._shown(source, viewer).spans

    def shown_words(self, source: int, viewer: int) -> tuple[str, ...]:
        """The text of those spans."""
        return self._shown(source, viewer).words

    def _shown(self, source: int, viewer: int) -> _Shown:
        found, recurring = self._found[source - 1], self._recurring(source, viewer)
        if recurring not in found:
            found[recurring] = self._find(source, viewer)
        return found[recurring]

    def _recurring(self, source: int, viewer: int) -> frozenset[int]:
        """Those whom both frames name: they alone decide what `source` shows to `viewer`.

        Nobody if `source` says of them nothing that the viewer is not shown by others.
        """
        frames = self.layout.story.frames
        if frames[source - 1].marks or self.options.share == "all":
            return frozenset()
        if frames[viewer - 1].links is None and source not in self._telling[viewer - 1]:
            return frozenset()
        return self._named[source - 1] & self._named[viewer - 1]

    def _find(self, source: int, viewer: int) -> _Shown:
        layout, frame = self.layout, self.layout.story.frames[source - 1]
        content = layout.content(source)
        if not frame.marks and self.options.share == "all":
            return _Shown(((0, len(frame.text)),), (frame.text,), content)
        spans = frame.marks or self._said(source, self._recurring(source, viewer))
        covered = layout.frames[source - 1].covered(spans)
        if frame.marks and not covered.any():
            raise StoryError(
                f"the <share:…> marks of frame {source} hold no token that is encoded; "
                "put the shared words inside them",
                line=frame.line,
                column=frame.column,
            )
        words = tuple(frame.text[slice(*span)] for span in spans)
        return _Shown(spans, words, content[covered])

    def _said(self, source: int, who: frozenset[int]) -> tuple[Span, ...]:
        """What frame `source` says of these individuals, as spans of its whole text."""
        start = self.layout.story.frames[source - 1].own[0]
        return tuple((a + start, b + start) for a, b in self._reading.spans(source, who))

    @cached_property
    def _reading(self) -> Reading:
        return read_story(self.layout.story)

    @cached_property
    def _named(self) -> list[frozenset[int]]:
        """For each frame those whom it names."""
        return [frozenset(m.individual for m in each) for each in self._reading.mentions]

    @cached_property
    def _telling(self) -> list[frozenset[int]]:
        """For each frame its sources that have something to tell it of somebody whom it names.

        The first that names them, those that say something new, and the last; what lies between
        would only drown it, and grow with the reach. A frame with links sees what they ask for.
        """
        mentioned: dict[int, list[tuple[int, bool]]] = {}
        found = []
        for viewer, mentions in enumerate(self._reading.mentions, start=1):
            seen = frozenset(self.sources[viewer - 1])
            telling: set[int] = set()
            for mention in mentions:
                before = mentioned.setdefault(mention.individual, [])
                ways = [(frame, adds) for frame, adds in before if frame in seen]
                telling.update(frame for frame, adds in ways if adds)
                telling.update(frame for frame, _ in (*ways[:1], *ways[-1:]))
                before.append((viewer, mention.adds))
            found.append(frozenset(telling))
        return found

    @cached_property
    def _first_named(self) -> list[dict[int, int]]:
        return first_named(self._reading)

    def introductions(self, viewer: int) -> tuple[Introduction, ...]:
        """For each individual that frame `viewer` names again, the frame that first names it."""
        return tuple(who.introduction for who in self.named(viewer) if who.introduction)

    def named(self, frame: int) -> tuple[Named, ...]:
        """Whom a frame names: those named before, and those who are new."""
        first, found = self._first_named[frame - 1], []
        for mention in self._reading.mentions[frame - 1]:
            one, introduction = mention.individual, None
            if one in first:
                spans = self._said(first[one], frozenset({one}))
                introduction = Introduction(one, mention.kind, first[one], spans)
            found.append(Named(self._said(frame, frozenset({one})), introduction))
        return tuple(found)

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
            if viewer <= NOBODY:
                continue
            seen = self.context(viewer)
            if layout.kind == "joint" and (
                options.start_token == "shared" or 1 in self.sources[viewer - 1]
            ):
                seen = torch.cat([seen, start])
            of_viewer = contextual & (layout.p_id[rows] == viewer)
            visible |= of_viewer[:, None] & torch.isin(columns, seen)[None, :]
            if self.tells_apart(viewer):
                strangers = self.strangers(viewer, rows[of_viewer], columns)
                visible[of_viewer] &= ~strangers
        return visible

    def tells_apart(self, viewer: int) -> bool:
        """Whether a frame names several, and is shown words of one of them (share=subject)."""
        if self.options.share == "all" or not len(self.context(viewer)):
            return False
        return len(self._named[viewer - 1]) > 1

    def strangers(self, viewer: int, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Which tokens are words of different ones whom frame `viewer` names: (rows, columns).

        Where two meet, each would else be told how the other looks. Only words that name or
        describe somebody have strangers: the frame's other words, its end and padding see all.

        Args:
            viewer: a frame that tells apart.
            rows, columns: indices of tokens of that frame or of its context.
        """
        row, column = self._speak_of(viewer, rows), self._speak_of(viewer, columns)
        alike = row.float() @ column.float().T > 0
        return row.any(1)[:, None] & column.any(1)[None, :] & ~alike

    def _speak_of(self, viewer: int, tokens: torch.Tensor) -> torch.Tensor:
        """Of whom of those whom `viewer` names tokens speak: bool, (tokens, individuals)."""
        telling = [n for n in self.sources[viewer - 1] if len(self.shown(n, viewer))]
        found = []
        for one in sorted(self._named[viewer - 1]):
            frames = [n for n in (*telling, viewer) if one in self._named[n - 1]]
            words = torch.cat(
                [
                    *(self._words_of(one, frame) for frame in frames),
                    *(
                        self.layout.content(description.number)
                        for description in self.cast(viewer)
                        if self._reading.cast.get(description.cast[0]) == one
                    ),
                ]
            )
            found.append(torch.isin(tokens, words))
        return torch.stack(found, dim=1)

    def _words_of(self, individual: int, frame: int) -> torch.Tensor:
        """Indices into the layout of a frame's content tokens that name or describe somebody."""
        key = individual, frame
        if key not in self._words:
            covered = self.layout.frames[frame - 1].covered(
                self._said(frame, frozenset({individual}))
            )
            self._words[key] = self.layout.content(frame)[covered]
        return self._words[key]

    def in_windows(self, rows: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """The same for windows of the windows layout, many at once; strangers are seen here.

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
