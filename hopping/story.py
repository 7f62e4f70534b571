"""The story syntax: text in, frames out. The only parser of it.

A red dog is swimming in the river.          a line is a frame
The dog sits. <SEP> The dog sleeps.          <SEP> separates frames within a line
It runs. # a comment                         what is not read, from # to the end of its line
<from:1> The dog runs into a forest.         which earlier frames this one may see
<share:A red dog> is barking at a cat.       what of this frame later ones may see
<lora:watercolour:0.8>                       nothing but tags of the host: for all frames
<cast:Mia: a girl with curly black hair>     before the frames: who Mia is, where one names her
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .cast import Cast, CastMember, cast_member, check_is_named
from .errors import StoryError
from .tags import FOREIGN, OPENING, SEPARATOR, check_characters, check_control, check_tags
from .values import clipped, listed, whole_number

Span = tuple[int, int]
"""Characters [start, end) of a text."""

# Tags of the host (<lora:name:1>) are matched too, so that their ">" closes no mark.
_SIGN = re.compile(rf"{OPENING.pattern}|{FOREIGN.pattern}|>|\\#", re.IGNORECASE)
_COMMENT = re.compile(r"(?<!\\)#")
_LINE_END = re.compile("\r\n?|\n")
_NETWORKS = re.compile(rf"[\s,]*(?:{FOREIGN.pattern}[\s,]*)+", re.IGNORECASE)
# What a WebUI acts on and does not encode: networks, key words, weights, brackets.
_HOST_SYNTAX = re.compile(
    rf"{FOREIGN.pattern}|\b(?:BREAK|AND|ADD(?:COL|ROW|COMM|BASE))\b(?:\s*:\s*[\d.]+\s*$)?"
    r"|:\s*[-+]?[\d.]+\s*(?=[)\]])|[()\[\]]"
)
_LINKS_FORM = "<from:1>, <from:1,3>, <from:prev>, <from:all> or <from:none>"
_NO_FRAME = "the story has no frame"


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
        line, column: where its own text begins in the story, both from 1.
        cast: whom of the cast it names.
    """

    number: int
    text: str
    own: Span
    marks: tuple[Span, ...] = ()
    links: tuple[int, ...] | None = None
    line: int = 1
    column: int = 1
    cast: tuple[CastMember, ...] = ()


@dataclass(frozen=True)
class Story:
    """A parsed story: at least one frame, numbered from 1 without gaps.

    Attributes:
        comments: where each begins, by line and column.
        networks: the host's tags that stand by themselves, each with its line.
        cast: each of the cast, and the numbers of the frames that name them.
        descriptions: what those frames see of the cast, where it is not said in them: texts that
            are no frames, numbered -1, -2, ….
    """

    frames: tuple[Frame, ...]
    comments: tuple[tuple[int, int], ...] = ()
    networks: tuple[tuple[int, str], ...] = ()
    cast: tuple[tuple[CastMember, tuple[int, ...]], ...] = ()
    descriptions: tuple[Frame, ...] = ()

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is encoded, frame by frame."""
        return tuple(frame.text for frame in self.frames)

    @property
    def encoded(self) -> tuple[Frame, ...]:
        """All that a text encoder reads: the frames, then the descriptions that they see."""
        return self.frames + self.descriptions

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the text beside its frames."""
        notes = [
            f"{clipped(' or '.join(member.names))} is {'seen' if self.descriptions else 'said'} as "
            f"{clipped(member.description)!r} in frame{'s' * (len(frames) > 1)} {listed(frames)}"
            for member, frames in self.cast
        ]
        if self.networks:
            tags = " ".join(dict.fromkeys(tag for _, tag in self.networks))
            lines = _lines([line for line, _ in self.networks])
            notes.append(f"for all frames: {clipped(tags)} ({lines})")
        if self.comments:
            whole = [line for line, column in self.comments if column == 1]
            within = [line for line, column in self.comments if column > 1]
            places = [_lines(whole)] if whole else []
            places += [f"{_lines(within)} from their # on"] if within else []
            notes.append(
                f"not read, as comments: {' and '.join(places)}; write \\# for a # in a prompt"
            )
        return tuple(notes)


def _lines(numbers: Sequence[int]) -> str:
    different = dict.fromkeys(numbers)
    return f"line{'s' * (len(different) > 1)} {listed(tuple(different), 'lines')}"


def parse_story(
    text: str,
    before: str = "",
    after: str = "",
    *,
    inline_comments: bool = True,
    cast: Cast = "said",
) -> Story:
    """Parse a multi-line story.

    Args:
        text: the story, in the syntax that this module's docstring shows.
        before, after: text put before and after every frame (a style, say); one line each,
            without marks. It is encoded, but never taken for a frame's subject.
        inline_comments: whether # begins a comment within a line too, or at its start only.
        cast: whether descriptions are said in the frames, or seen by them (the option `cast`).

    Raises:
        StoryError: with line and column, if the story is empty or a tag is wrong.
    """
    additions = [
        _addition(name, addition, inline_comments)
        for name, addition in (("before", before), ("after", after))
    ]
    frames: list[Frame] = []
    comments: list[tuple[int, int]] = []
    networks: list[tuple[int, str]] = []
    members: dict[CastMember, list[int]] = {}
    lines = _LINE_END.split(text.lstrip("\ufeff"))
    for number, line in enumerate(lines, start=1):
        check_characters(line, number)
        read = without_comment(line, inline_comments)
        if read != line:
            comments.append((number, len(read) + 1 if read.strip() else 1))
        check_control(read, number)
        check_tags(read, number)
        member = cast_member(read, number, tuple(members))
        if member and frames:
            raise StoryError(
                "a cast line behind a frame; write it above the first", line=number, column=1
            )
        if member:
            members[member] = []
            continue
        start = 0
        for stop, following in _pieces(read):
            piece = read[start:stop]
            if _NETWORKS.fullmatch(piece):
                networks += [(number, tag.group()) for tag in FOREIGN.finditer(piece)]
            elif piece.strip():
                scanner = _FrameScanner(
                    piece, len(frames) + 1, number, start, read != line, tuple(members), cast
                )
                for member in scanner.named:
                    members[member].append(len(frames) + 1)
                frames.append(scanner.frame(*additions))
            start = following
    if not frames:
        only = "tags for all frames" if networks else "a cast" if members else ""
        what = f"the story has {only} but no frame" if only else _NO_FRAME
        raise StoryError(f"{what}; write one prompt per line", line=1, column=1)
    check_is_named(tuple(members), {member for member, named in members.items() if named})
    descriptions = []
    if cast == "seen":
        for number, member in enumerate(members, start=1):
            networks += [(member.line, tag.group()) for tag in FOREIGN.finditer(member.description)]
            said = FOREIGN.sub("", member.description).strip()
            descriptions.append(
                Frame(-number, said, (0, len(said)), line=member.line, cast=(member,))
            )
    served = (_with_networks(frame, [tag for _, tag in networks]) for frame in frames)
    named = tuple((member, tuple(numbers)) for member, numbers in members.items())
    return Story(tuple(served), tuple(comments), tuple(networks), named, tuple(descriptions))


def story_lines(text: str) -> list[str]:
    """The lines of a story's text, without its comments."""
    return [without_comment(line) for line in _LINE_END.split(text.lstrip("\ufeff"))]


def without_comment(line: str, inline: bool = True) -> str:
    """A line up to the # that begins a comment."""
    found = _COMMENT.search(line)
    if found is None or not (inline or line.lstrip().startswith("#")):
        return line
    return line[: found.start()]


def check_plain(what: str, text: str) -> None:
    """Check a text that is no story and has none of its tags: a negative prompt, say.

    Raises:
        StoryError: naming `what`.
    """
    check_characters(text, where=f"{what}: ")
    tag = SEPARATOR.search(text) or OPENING.search(text)
    if tag:
        written = clipped(text[tag.start() :].partition(">")[0] + ">")
        raise StoryError(f"{written} cannot stand in {what}; write it in the frame it belongs to")
    check_tags(text, where=f"{what}: ")


def _pieces(line: str) -> list[tuple[int, int]]:
    """For each piece between <SEP>s: where it ends and where the next one starts."""
    return [(m.start(), m.end()) for m in SEPARATOR.finditer(line)] + [(len(line), len(line))]


def _addition(name: str, addition: str, inline_comments: bool) -> str:
    """What stands before or after every frame, as it is encoded."""
    what = f"the text {name} every frame"
    addition = addition.strip()
    if _LINE_END.search(addition):
        raise StoryError(f"{what} must be one line")
    check_control(addition, where=f"{what}: ")
    check_plain(what, addition)
    if inline_comments and without_comment(addition) != addition:
        raise StoryError(f"# begins a comment, which cannot stand in {what}; write \\# for a #")
    return addition.replace("\\#", "#")


def _with_networks(frame: Frame, tags: Sequence[str]) -> Frame:
    """The frame with the host's tags that serve all frames, and that it does not name itself."""
    missing = [tag for tag in dict.fromkeys(tags) if tag not in frame.text]
    return replace(frame, text=" ".join([frame.text, *missing])) if missing else frame


class _FrameScanner:
    """Takes links and marks out of one frame's text.

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
            if name == "from":
                position = self._link(match.start(), position)
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

    def _link(self, start: int, position: int) -> int:
        end = self._piece.find(">", position)
        if end < 0:
            raise self._unclosed(f"<from: is not closed; write {_LINKS_FORM}", start)
        links = self._frames_named(self._piece[position:end].strip().lower(), start)
        if self.links is not None and (not links or not self.links):
            raise self._error("<from:none> beside another link; keep one of them", start)
        self.links = tuple(sorted({*(self.links or ()), *links}))
        # "A <from:1> dog" must not leave two blanks where the tag stood.
        follows_blank = not self._parts or self._parts[-1][-1].isspace()
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
