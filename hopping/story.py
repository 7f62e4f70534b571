"""The story syntax: text in, frames out. The only parser of it.

A red dog is swimming in the river.          a line is a frame
The dog sits. <SEP> The dog sleeps.          <SEP> separates frames within a line
# a comment
<from:1> The dog runs into a forest.         which earlier frames this one may see
<share:A red dog> is barking at a cat.       what of this frame later ones may see
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import StoryError

Span = tuple[int, int]
"""Characters [start, end) of a text."""

_SEPARATOR = re.compile(r"<SEP>", re.IGNORECASE)
# Tags of the host (<lora:name:1>) are matched too, so that their ">" closes no mark.
_TAG = re.compile(r"<(?P<name>from|share):|<\w+:[^<>]*>|>", re.IGNORECASE)
# What CLIP's tokenizers would read as control tokens, OpenCLIP's spelling included. They fold
# case before they look, so any case counts.
_CONTROL = re.compile(r"<\|(?:start|end)oftext\|>|<(?:start|end)_of_text>", re.IGNORECASE)
_LINKS_FORM = "<from:1>, <from:1,3>, <from:prev>, <from:all> or <from:none>"


@dataclass(frozen=True)
class Frame:
    """One prompt of a story.

    Attributes:
        number: its place in the story, from 1 (the paper's P_id).
        text: what is encoded: before + own text + after, without marks and links.
        own: the span of `text` that the story wrote, without before and after.
        marks: spans of `text` that later frames may see; empty: the options decide.
        links: numbers of the earlier frames it may see; None: the options decide.
        line, column: where its own text begins in the story, both from 1.
    """

    number: int
    text: str
    own: Span
    marks: tuple[Span, ...] = ()
    links: tuple[int, ...] | None = None
    line: int = 1
    column: int = 1


@dataclass(frozen=True)
class Story:
    """A parsed story: at least one frame, numbered from 1 without gaps."""

    frames: tuple[Frame, ...]

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is encoded, frame by frame."""
        return tuple(frame.text for frame in self.frames)


def parse_story(text: str, before: str = "", after: str = "") -> Story:
    """Parse a multi-line story.

    Args:
        text: the story, in the syntax that this module's docstring shows.
        before, after: text put before and after every frame (a style, say); one line each,
            without marks. It is encoded, but never taken for a frame's subject.

    Raises:
        StoryError: with line and column, if the story is empty or a tag is wrong.
    """
    for name, addition in (("before", before), ("after", after)):
        _check_addition(name, addition)
    frames: list[Frame] = []
    for number, line in enumerate(text.lstrip("\ufeff").split("\n"), start=1):
        if line.lstrip().startswith("#"):
            continue
        control = _CONTROL.search(line)
        if control:
            raise StoryError(
                f"{control.group()} is a control token of the text encoder, not text; "
                "to separate frames use a new line or <SEP>",
                line=number,
                column=control.start() + 1,
            )
        start = 0
        for stop, following in _pieces(line):
            piece = line[start:stop]
            if piece.strip():
                frames.append(_parse_frame(piece, len(frames) + 1, number, start, before, after))
            start = following
    if not frames:
        raise StoryError("the story has no frame; write one prompt per line", line=1, column=1)
    return Story(tuple(frames))


def _pieces(line: str) -> list[tuple[int, int]]:
    """For each piece between <SEP>s: where it ends and where the next one starts."""
    return [(m.start(), m.end()) for m in _SEPARATOR.finditer(line)] + [(len(line), len(line))]


def _check_addition(name: str, addition: str) -> None:
    if "\n" in addition.strip():
        raise StoryError(f"the text {name} every frame must be one line")
    tag = _SEPARATOR.search(addition) or re.search(r"<(from|share):", addition, re.IGNORECASE)
    found = tag or _CONTROL.search(addition)
    if found:
        raise StoryError(
            f"{found.group()} cannot stand in the text {name} every frame; "
            "write it in the frame that it belongs to"
        )


def _parse_frame(piece: str, number: int, line: int, offset: int, before: str, after: str) -> Frame:
    """One frame from `piece`, which begins at column `offset` (from 0) of its line."""
    scanner = _FrameScanner(piece, number, line, offset)
    text, marks = scanner.text, scanner.marks
    lead = len(text) - len(text.lstrip())
    stripped = text.strip()
    if not stripped:
        raise StoryError(
            f"frame {number} has tags but no text; write its prompt beside them",
            line=line,
            column=offset + len(piece) - len(piece.lstrip()) + 1,
        )
    head = f"{before.strip()} " if before.strip() else ""
    tail = after.strip()
    # A style that begins with a comma belongs directly behind the text.
    tail = tail if not tail or tail[0] in ",.;:!?)]" else f" {tail}"
    shift = len(head) - lead
    own = (len(head), len(head) + len(stripped))
    return Frame(
        number=number,
        text=head + stripped + tail,
        own=own,
        marks=tuple((max(a + shift, own[0]), min(b + shift, own[1])) for a, b in marks),
        links=scanner.links,
        line=line,
        column=offset + len(piece) - len(piece.lstrip()) + 1,
    )


class _FrameScanner:
    """Takes links and marks out of one frame's text."""

    def __init__(self, piece: str, number: int, line: int, offset: int) -> None:
        self._piece, self._number, self._line, self._offset = piece, number, line, offset
        self.text = ""
        self.marks: list[Span] = []
        self.links: tuple[int, ...] | None = None
        self._scan()

    def _scan(self) -> None:
        position = 0
        opened: tuple[int, int] | None = None  # where in the text, where in the piece
        while match := _TAG.search(self._piece, position):
            self.text += self._piece[position : match.start()]
            position = match.end()
            name = (match["name"] or "").lower()
            if name == "from":
                position = self._link(match.start(), position)
            elif name == "share" and opened is not None:
                raise self._error("a <share:…> inside another; one mark is enough", match.start())
            elif name == "share":
                opened = (len(self.text), match.start())
            elif match.group() == ">" and opened is not None:
                self._mark(*opened)
                opened = None
            else:  # the host's own tag, or a ">" that closes nothing: text
                self.text += match.group()
        self.text += self._piece[position:]
        if opened is not None:
            raise self._error("<share: is not closed; put > behind what is shared", opened[1])

    def _mark(self, start: int, column: int) -> None:
        if not self.text[start:].strip():
            raise self._error("<share:> marks nothing; put the shared words inside", column)
        self.marks.append((start, len(self.text)))

    def _link(self, start: int, position: int) -> int:
        end = self._piece.find(">", position)
        if end < 0:
            raise self._error(f"<from: is not closed; write {_LINKS_FORM}", start)
        links = self._frames_named(self._piece[position:end].strip().lower(), start)
        if self.links is not None and (not links or not self.links):
            raise self._error("<from:none> beside another link; keep one of them", start)
        self.links = tuple(sorted({*(self.links or ()), *links}))
        # "A <from:1> dog" must not leave two blanks where the tag stood.
        follows_blank = not self.text or self.text[-1].isspace()
        if follows_blank and self._piece[end + 1 : end + 2].isspace():
            return end + 2
        return end + 1

    def _frames_named(self, value: str, column: int) -> tuple[int, ...]:
        if value == "none":
            return ()
        if value == "all":
            return tuple(range(1, self._number))
        named = []
        for word in value.split(","):
            word = word.strip()
            if word == "prev":
                number = self._number - 1
            elif word.isascii() and word.isdigit():
                number = int(word)
            else:
                raise self._error(f"<from:{value}> is not a link; write {_LINKS_FORM}", column)
            if not 1 <= number < self._number:
                raise self._error(self._no_such_frame(word), column)
            named.append(number)
        return tuple(named)

    def _no_such_frame(self, word: str) -> str:
        if self._number == 1:
            return f"<from:{word}> in frame 1, which has no earlier frame; remove the link"
        what = "itself" if word == str(self._number) else f"frame {word}, which is not before it"
        return f"frame {self._number} links to {what}; it may name frames 1 to {self._number - 1}"

    def _error(self, message: str, position: int) -> StoryError:
        return StoryError(message, line=self._line, column=self._offset + position + 1)
