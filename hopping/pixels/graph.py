"""Who sees whose pixels: the graph of `mask`, asked for what a picture can show.

A viewer sees those whom it names again: in the frame that introduces each, or in those that its
<from:…> links name. Each of its own subjects sees itself alone. `reach` counts for text alone: a
subject's pixels come from the frame that introduces it, which no later frame's drawing has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch

from hopping.layout import WINDOW, FrameTokens, TokenLayout
from hopping.mask import Introduction, Visibility
from hopping.story import Span


@dataclass(frozen=True)
class Phrase:
    """What of a frame's text its pixels are known by.

    Attributes:
        words: as they stand in the text.
        tokens: their places in the frame's embedding, as the U-Net's cross-attention sees it.
    """

    words: str
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class PixelSource:
    """What one frame shows of its picture.

    Attributes:
        frame: its number, from 1.
        subject: whose pixels it shows; None: it shows all.
    """

    frame: int
    subject: Phrase | None = None


@dataclass(frozen=True)
class PixelLink:
    """One thing that a frame sees.

    Attributes:
        source: what it sees.
        own: what the viewer calls it: those of its own pixels see it. None: all do.
    """

    source: PixelSource
    own: Phrase | None = None


PixelGraph = tuple[tuple[PixelLink, ...], ...]
"""For each frame of a story, what it sees."""


def pixel_graph(visibility: Visibility) -> PixelGraph:
    """For each frame of a laid-out story, whose pixels it sees (`pixels=subject` or `all`).

    The first frame sees none, and so does a frame that names nobody again, or whose picture is
    given; places are no subjects.
    A source's marks say what it shows, to those of the viewer's subjects that they name; where they
    name none, or a link asks for them, to the whole viewer. `pixels=all` asks the same frames, and
    frames linked by hand whatever they show, for their whole picture. Options that concern text
    alone change nothing.
    """
    story, pixels = visibility.layout.story, visibility.options.pixels
    if pixels == "off":
        return ((),) * len(story)
    graph = []
    for frame in story.frames:
        told = _Viewer(visibility, frame.number)
        sources: Iterable[int] = sorted(told.introducing) if frame.links is None else frame.links
        links = []
        for source in sources if frame.picture is None else ():
            links += [PixelLink(PixelSource(source))] if pixels == "all" else told.links(source)
        graph.append(tuple(links))
    return tuple(graph)


class _Viewer:
    """One frame, and whom it names again.

    Attributes:
        introducing: the frames that introduce them.
    """

    def __init__(self, visibility: Visibility, number: int) -> None:
        self._visibility, self._number = visibility, number
        self._again = [
            (who.spans, who.introduction)
            for who in visibility.named(number)
            if who.introduction is not None and who.introduction.kind != "place"
        ]
        self.introducing = {introduction.frame for _, introduction in self._again}

    def links(self, source: int) -> list[PixelLink]:
        """What it sees of a frame."""
        layout = self._visibility.layout
        marks = layout.story.frames[source - 1].marks
        # What is shown, by the words that show it, and what of the viewer sees it.
        seen: dict[tuple[Span, ...], list[Span]] = {(mark,): [] for mark in marks}
        for own, introduction in self._again:
            named = tuple(self._spans_in(source, introduction))
            if not marks and named:
                seen.setdefault(named, []).extend(own)
            for mark in marks:
                if any(_overlap(mark, span) for span in named):
                    seen[mark,] += own
        linked = layout.story.frames[self._number - 1].links is not None
        links = []
        for shown, viewing in sorted(seen.items()):
            if not viewing and not linked and any(seen.values()):
                continue  # of somebody else
            subject = _phrase(layout, source, shown)
            if subject is not None:
                of_viewer = _phrase(layout, self._number, viewing)
                links.append(PixelLink(PixelSource(source, subject), of_viewer))
        return links

    def _spans_in(self, source: int, who: Introduction) -> Iterator[Span]:
        if source == who.frame:
            yield from who.spans
        for named in self._visibility.named(source):
            if named.introduction and named.introduction.individual == who.individual:
                yield from named.spans


def with_sources(graph: PixelGraph, frames: Iterable[int]) -> set[int]:
    """These frames, those whose pixels they see, those whose pixels these see, and so on."""
    needed = set(frames)
    for number in range(len(graph), 0, -1):  # sources are earlier frames
        if number in needed:
            needed.update(link.source.frame for link in graph[number - 1])
    return needed


def limited(graph: PixelGraph, frames: Iterable[int]) -> PixelGraph:
    """The graph without what other frames see than these."""
    wanted = set(frames)
    return tuple(links if number in wanted else () for number, links in enumerate(graph, start=1))


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _phrase(layout: TokenLayout, number: int, spans: Sequence[Span]) -> Phrase | None:
    """These words of a frame, with their tokens; None where they have none."""
    frame, text = layout.frames[number - 1], layout.story.frames[number - 1].text
    tokens = embedding_places(frame)[frame.covered(spans)].tolist()
    if not tokens:
        return None
    return Phrase(", ".join(text[start:end] for start, end in spans), tuple(tokens))


def embedding_places(frame: FrameTokens) -> torch.Tensor:
    """Where a frame's content tokens stand in its embedding of 77 tokens a window."""
    return torch.cat(
        [
            number * WINDOW + 1 + torch.arange(len(window))
            for number, window in enumerate(frame.windows)
        ]
    )
