"""One frame of a story: its text, and how links, marks, seed and picture are taken out of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .cast import Cast, CastMember
from .errors import StoryError
from .tags import FOREIGN, OPENING
from .values import LARGEST_SEED, clipped, whole_number

Span = tuple[int, int]
"""Characters [start, end) of a text."""

# Tags of the host (<lora:name:1>) are matched too, so that their ">" closes no mark.
_SIGN = re.compile(rf"{OPENING.pattern}|{FOREIGN.pattern}|>|\\#", re.IGNORECASE)
# What a WebUI acts on and does not encode: networks, key words, weights, brackets.
_HOST_SYNTAX = re.compile(
    rf"{FOREIGN.pattern}|\b(?:BREAK|AND|ADD(?:COL|ROW|COMM|BASE))\b(?:\s*:\s*[\d.]+\s*$)?"
    r"|:\s*[-+]?[\d.]+\s*(?=[)\]])|[()\[\]]"
)
_LINKS_FORM = "<from:1>, <from:1,3>, <from:prev>, <from:all> or <from:none>"
_FORMS = {"from": _LINKS_FORM, "seed": "<seed:123>", "picture": "<picture:dog.png>"}


@dataclass(frozen=True)
class Frame:
    """One prompt of a story.

    Attributes:
        number: its place in the story, from 1 (the paper's P_id).
        text: what is encoded: before + own text + after, without marks and links. Tags of the host
            that serve all frames stand behind that.
        own: the span of `text` that the story wrote for this frame.
        marks: spans of `text` that later frames may see; empty: the options decide.
        links: numbers of the earlier frames it may see; None: the options decide.
        seed: of its own noise; None: the story's decides.
        picture: the name of the picture that stands there instead of one that is made; None: one is
            made.
        line, column: where its own text begins in the story, both from 1.
        comment: what stands behind # in its line, if it is the line's last; else empty.
        cast: whom of the cast it names.
    """

    number: int
    text: str
    own: Span
    marks: tuple[Span, ...] = ()
    links: tuple[int, ...] | None = None
    seed: int | None = None
    picture: str | None = None
    line: int = 1
    column: int = 1
    comment: str = ""
    cast: tuple[CastMember, ...] = ()


class FrameScanner:
    """Takes links, marks, a seed and a picture out of one frame's text.

    Args:
        piece: what stands for the frame in its line, from column `offset` (from 0) on.
        commented: whether a comment was cut off that line.
        cast: whom it may name. told: whether their descriptions are said where they are first
            named, or the name stays.
    """

    def __init__(
        self,
        piece: str,
        number: int,
        line: int,
        offset: int,
        commented: bool,
        cast: tuple[CastMember, ...],
        told: Cast,
    ) -> None:
        self._piece, self._number, self._line, self._offset = piece, number, line, offset
        self._commented = commented
        self._parts: list[str] = []
        self._length = 0
        self._cast, self._told = cast, told
        self.named: list[CastMember] = []
        self.marks: list[Span] = []
        self.links: tuple[int, ...] | None = None
        self.seed: int | None = None
        self.picture: str | None = None
        self._scan()

    def frame(self, before: str, after: str) -> Frame:
        """The frame, with what stands before and after every one."""
        text = "".join(self._parts)
        lead = len(text) - len(text.lstrip())
        stripped = text.strip()
        start = len(self._piece) - len(self._piece.lstrip())
        if not stripped:
            raise self._error(
                f"frame {self._number} has tags but no text; write its prompt beside them", start
            )
        words = _HOST_SYNTAX.sub("", stripped)
        if words != stripped and not words.strip(" \t,:|{}"):
            raise self._error(
                f"frame {self._number} is empty: {clipped(stripped)} says nothing by itself; "
                "a line is a frame, so write it in the line of a prompt",
                start,
            )
        head = f"{before} " if before else ""
        # A style that begins with a comma belongs directly behind the text.
        tail = after if not after or after[0] in ",.;:!?)]" else f" {after}"
        shift = len(head) - lead
        own = (len(head), len(head) + len(stripped))
        return Frame(
            number=self._number,
            text=head + stripped + tail,
            own=own,
            marks=tuple((max(a + shift, own[0]), min(b + shift, own[1])) for a, b in self.marks),
            links=self.links,
            seed=self.seed,
            picture=self.picture,
            line=self._line,
            column=self._offset + start + 1,
            cast=tuple(self.named),
        )

    def _scan(self) -> None:
        position = 0
        opened: tuple[int, int, int] | None = None  # where in the parts, the text, the piece
        while match := _SIGN.search(self._piece, position):
            self._say(self._piece[position : match.start()])
            position = match.end()
            name = (match["name"] or "").lower()
            if name == "cast":
                raise self._error("a cast line stands alone, above the frames", match.start())
            if name in _FORMS:
                position = self._closed_tag(name, match.start(), position)
            elif name == "share" and opened is not None:
                raise self._error("a <share:…> inside another; one mark is enough", match.start())
            elif name == "share":
                opened = (len(self._parts), self._length, match.start())
            elif match.group() == ">" and opened is not None:
                self._mark(*opened)
                opened = None
            elif match.group() == "\\#":
                self._take("#")
            else:  # the host's own tag, or a ">" that closes nothing: text
                self._take(match.group())
        self._say(self._piece[position:])
        if opened is not None:
            raise self._unclosed("<share: is not closed; put > behind what is shared", opened[2])

    def _say(self, text: str) -> None:
        """Take text, and note who of the cast is first named in it; if so, say who that is."""
        new = [
            (member, member.mentioned(text)) for member in self._cast if member not in self.named
        ]
        found = [(match.start(), match.end(), member) for member, match in new if match]
        position = 0
        for start, end, member in sorted(found, key=lambda one: (one[0], -one[1])):
            if start < position:  # within a longer name
                continue
            said = member.description if self._told == "said" else text[start:end]
            self._take(text[position:start] + said)
            self.named.append(member)
            position = end
        self._take(text[position:])

    def _take(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += len(text)

    def _mark(self, part: int, start: int, column: int) -> None:
        if not "".join(self._parts[part:]).strip():
            raise self._error("<share:> marks nothing; put the shared words inside", column)
        self.marks.append((start, self._length))

    def _closed_tag(self, name: str, start: int, position: int) -> int:
        """Read <from:…>, <seed:…> or <picture:…>; gives where the text goes on."""
        end = self._piece.find(">", position)
        if end < 0:
            raise self._unclosed(f"<{name}: is not closed; write {_FORMS[name]}", start)
        value = self._piece[position:end].strip()
        if name == "from":
            self._link(value.lower(), start)
        elif name == "seed":
            self._own_seed(value, start)
        else:
            self._own_picture(value, start)
        # "A <from:1> dog" must not leave two blanks where the tag stood.
        follows_blank = not self._parts or self._parts[-1][-1].isspace()
        if follows_blank and self._piece[end + 1 : end + 2].isspace():
            return end + 2
        return end + 1

    def _link(self, value: str, column: int) -> None:
        links = self._frames_named(value, column)
        if self.links is not None and (not links or not self.links):
            raise self._error("<from:none> beside another link; keep one of them", column)
        self.links = tuple(sorted({*(self.links or ()), *links}))

    def _own_seed(self, value: str, column: int) -> None:
        seed = whole_number(value)
        if seed is None or seed > LARGEST_SEED:
            raise self._error(
                f"<seed:{clipped(value)}> is no seed; write a whole number from 0 to "
                f"{LARGEST_SEED}, {_FORMS['seed']}",
                column,
            )
        if self.seed is not None:
            raise self._error(f"frame {self._number} has two seeds; keep one of them", column)
        self.seed = seed

    def _own_picture(self, value: str, column: int) -> None:
        if not value:
            raise self._error(f"<picture:> names no picture; write {_FORMS['picture']}", column)
        if self.picture is not None:
            raise self._error(f"frame {self._number} has two pictures; keep one of them", column)
        self.picture = value

    def _frames_named(self, value: str, column: int) -> tuple[int, ...]:
        if value == "none":
            return ()
        if value == "all":
            return tuple(range(1, self._number))
        named = []
        for word in value.split(","):
            word = word.strip()
            number = self._number - 1 if word == "prev" else whole_number(word)
            if number is None:
                raise self._error(
                    f"<from:{clipped(value)}> is not a link; write {_LINKS_FORM}", column
                )
            if not 1 <= number < self._number:
                raise self._error(self._no_such_frame(word), column)
            named.append(number)
        return tuple(named)

    def _no_such_frame(self, word: str) -> str:
        if self._number == 1:
            return f"<from:{word}> in frame 1, which has no earlier frame; remove the link"
        what = "itself" if word == str(self._number) else f"frame {word}, which is not before it"
        return f"frame {self._number} links to {what}; it may name frames 1 to {self._number - 1}"

    def _unclosed(self, message: str, position: int) -> StoryError:
        hint = "; what stands behind # is a comment (\\# is a #)" if self._commented else ""
        return self._error(message + hint, position)

    def _error(self, message: str, position: int) -> StoryError:
        return StoryError(message, line=self._line, column=self._offset + position + 1)
