"""The story syntax: text in, frames out. The only parser of it.

A red dog is swimming in the river.          a line is a frame
The dog sits. <SEP> The dog sleeps.          <SEP> separates frames within a line
It runs. # a comment                         what is not read, from # to the end of its line: what
                                             pages say under the frame before it
<from:1> The dog runs into a forest.         which earlier frames this one may see
<seed:123> The dog sleeps.                   its own noise, instead of the story's
<picture:dog.png> A red dog sits.            a picture that is there, which later ones may see
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
from .frame import Frame, FrameScanner, Span
from .tags import FOREIGN, OPENING, SEPARATOR, check_characters, check_control, check_tags
from .values import clipped, listed

__all__ = ["Frame", "Span", "Story", "check_plain", "parse_story", "story_lines", "with_seed"]

_COMMENT = re.compile(r"(?<!\\)#")
_LINE_END = re.compile("\r\n?|\n")
_SEED = re.compile(r"<seed:[^>]*>", re.IGNORECASE)
_NETWORKS = re.compile(rf"[\s,]*(?:{FOREIGN.pattern}[\s,]*)+", re.IGNORECASE)
_NO_FRAME = "the story has no frame"


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

    def seeds(self, seed: int, same_noise: bool) -> tuple[int, ...]:
        """The seed of each frame's noise: its own, or the story's.

        Args:
            seed: the story's.
            same_noise: False: the story's counts up, frame by frame.
        """
        return tuple(
            frame.seed if frame.seed is not None else seed if same_noise else seed + place
            for place, frame in enumerate(self.frames)
        )

    @property
    def own_seeds(self) -> tuple[int, ...]:
        """The numbers of the frames that have noise of their own."""
        return tuple(frame.number for frame in self.frames if frame.seed is not None)

    @property
    def pictures(self) -> dict[int, str]:
        """The names of the pictures that are given, by the numbers of their frames."""
        return {f.number: f.picture for f in self.frames if f.picture is not None}

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
        if own := self.own_seeds:
            which = f"frames {listed(own)} have" if len(own) > 1 else f"frame {own[0]} has"
            notes.append(f"{which} noise of {'their' if len(own) > 1 else 'its'} own, by <seed:…>")
        if given := self.pictures:
            named = [f"frame {number} is {clipped(name)}" for number, name in given.items()]
            notes.append(f"{', '.join(named)}: not made, and seen as the picture that it is")
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
        start, before_line = 0, len(frames)
        for stop, following in _pieces(read):
            piece = read[start:stop]
            if _NETWORKS.fullmatch(piece):
                networks += [(number, tag.group()) for tag in FOREIGN.finditer(piece)]
            elif piece.strip():
                scanner = FrameScanner(
                    piece, len(frames) + 1, number, start, read != line, tuple(members), cast
                )
                for member in scanner.named:
                    members[member].append(len(frames) + 1)
                frames.append(scanner.frame(*additions))
            start = following
        if len(frames) > before_line:
            comment = line[len(read) + 1 :].strip().replace("\\#", "#")
            frames[-1] = replace(frames[-1], comment=comment)
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


def with_seed(text: str, number: int, seed: int | None, *, inline_comments: bool = True) -> str:
    """A story's text with a `<seed:…>` in one of its frames, in place of one that it has.

    Args:
        number: of the frame, from 1.
        seed: None: the frame's `<seed:…>` is taken out.
        inline_comments: as of `parse_story`.

    Raises:
        StoryError: as `parse_story`.
    """
    frame = parse_story(text, inline_comments=inline_comments).frames[number - 1]
    text = text.lstrip("\ufeff")
    line_start = [0, *(match.end() for match in _LINE_END.finditer(text))][frame.line - 1]
    line = without_comment(_LINE_END.split(text[line_start:], 1)[0], inline_comments)
    start, own = line_start + frame.column - 1, line[frame.column - 1 :]
    old = _SEED.search(text, start, start + _pieces(own)[0][0])
    tag = "" if seed is None else f"<seed:{seed}>"
    if old is None:
        return f"{text[:start]}{tag} {text[start:]}" if tag else text
    rest = text[old.end() :]
    return text[: old.start()] + tag + (rest if tag else rest.removeprefix(" "))


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
