"""Who sees whose pixels: the graph of `mask`, asked for what a picture can show.

A viewer sees the frames that first show each subject that it names, or those that its <from:…>
links name; of each, the phrases that text hopping shows it with share=subject. `reach` counts for
text alone: a subject's pixels come from the frame that introduces it, which no later frame's
drawing has changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from hopping.layout import WINDOW, FrameTokens, TokenLayout
from hopping.mask import Visibility
from hopping.options import HoppingOptions
from hopping.story import Story


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
class PixelLink:
    """One earlier frame, and what it shows of its picture.

    Attributes:
        source: the number of the frame, from 1.
        phrases: each shows the pixels that it means; empty: the whole picture is shown.
    """

    source: int
    phrases: tuple[Phrase, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Of its phrases."""
        return tuple(phrase.words for phrase in self.phrases)


PixelGraph = tuple[tuple[PixelLink, ...], ...]
"""For each frame of a story, what it sees."""


def pixel_graph(layout: TokenLayout, options: HoppingOptions) -> PixelGraph:
    """For each frame of a laid-out story, whose pixels it sees (`pixels=subject` or `all`).

    The first frame sees none, and so does a frame that names no earlier subject. `pixels=all`
    asks the same frames, and frames linked by hand whatever they show, for their whole picture.
    Options that concern text alone change nothing.
    """
    story = layout.story
    if options.pixels == "off":
        return ((),) * len(story)
    rule = HoppingOptions(reach=0, anchor=True, share="subject")
    shown = Visibility(layout, rule)
    # Marks are shown to whoever sees their frame; they do not say who names its subject.
    unmarked = Story(tuple(replace(frame, marks=()) for frame in story.frames))
    named = Visibility(replace(layout, story=unmarked), rule)
    graph = []
    for viewer, earlier in zip(story.frames, shown.sources, strict=True):
        links = []
        for source in earlier:
            linked = viewer.links is not None
            if not linked and not named.shown_spans(source, viewer.number):
                continue
            if options.pixels == "all":
                links.append(PixelLink(source))
                continue
            phrases = _phrases(layout, shown, source, viewer.number)
            if phrases:
                links.append(PixelLink(source, phrases))
        graph.append(tuple(links))
    return tuple(graph)


def _phrases(
    layout: TokenLayout, shown: Visibility, source: int, viewer: int
) -> tuple[Phrase, ...]:
    frame, text = layout.frames[source - 1], layout.story.frames[source - 1].text
    places = embedding_places(frame)
    found = []
    for start, end in shown.shown_spans(source, viewer):
        tokens = places[frame.covered([(start, end)])].tolist()
        if tokens:
            found.append(Phrase(text[start:end], tuple(tokens)))
    return tuple(found)


def embedding_places(frame: FrameTokens) -> torch.Tensor:
    """Where a frame's content tokens stand in its embedding of 77 tokens a window."""
    return torch.cat(
        [
            number * WINDOW + 1 + torch.arange(len(window))
            for number, window in enumerate(frame.windows)
        ]
    )
