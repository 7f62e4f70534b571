"""Who plays in a story: lines `<cast:Mia|the girl: a girl with black hair>` before its frames.

A cast line is no frame. Where a frame names somebody of the cast, the description is said in place
of the first mention, as a careful writer does by hand (marks and emphasis around it hold it too);
or it is a text of its own, which the frame sees as it sees an earlier frame (option `cast`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from .errors import StoryError
from .tags import FOREIGN
from .values import clipped

Cast = Literal["said", "seen"]
"""How a frame is told who somebody of the cast is."""

_FORM = "<cast:Mia: a girl with curly black hair>, or <cast:Mia|the girl: …> for more names"
_BEGINNING = re.compile(r"\s*<cast:", re.IGNORECASE)
_CAST = re.compile(
    rf"\s*<cast:(?P<names>[^:<>]*):(?P<said>(?:{FOREIGN.pattern}|[^<>])*)>\s*", re.IGNORECASE
)
# What a WebUI takes out of a description before it is encoded.
_HOST_SYNTAX = re.compile(rf"{FOREIGN.pattern}|:[\d.]+(?=[)\]])|[()\[\]]")
_OWNS = re.compile("['’]s?(?!\\w)")
# Scripts that write no blanks between words: Thai to Burmese, Khmer, kana, Han.
_SCRIPTS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_UNSPACED = re.compile(f"[{_SCRIPTS}]")
_LETTER = rf"[^\W{_SCRIPTS}]"  # of a script that does


@dataclass(frozen=True)
class CastMember:
    """Somebody of the cast.

    Attributes:
        names: what frames call them. description: what is said instead.
        line: where the story says so, from 1.
    """

    names: tuple[str, ...]
    description: str
    line: int

    @cached_property
    def _mention(self) -> re.Pattern[str]:
        longest_first = sorted(self.names, key=len, reverse=True)
        return re.compile("|".join(map(_whole_word, longest_first)))

    def mentioned(self, text: str) -> re.Match[str] | None:
        """The first of their names in a text: whole words; a capital counts where the name has it
        ("the girl" is found in "The girl", "Rose" not in "rose").

        One that owns nothing goes first: not the "Mia" of "Mia's hat"."""
        found = [*self._mention.finditer(text)]
        return next(
            (m for m in found if not _OWNS.match(text, m.end())), found[0] if found else None
        )

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where a text describes or names them: characters [start, end) each, in order."""
        ways = dict.fromkeys((self.description, _HOST_SYNTAX.sub("", self.description).strip()))
        said = [(at, at + len(way)) for way in ways if (at := text.find(way)) >= 0]
        found = said[:1]
        found += [
            m.span()
            for m in self._mention.finditer(text)
            if not any(a < m.end() and m.start() < b for a, b in found)
        ]
        return sorted(found)


def cast_member(line: str, number: int, cast: Sequence[CastMember]) -> CastMember | None:
    """Who is cast by a line of a story; None if the line is not for that.

    Raises:
        StoryError: if the line is wrong, or gives a name that one of `cast` has.
    """
    if not _BEGINNING.match(line):
        return None
    column = len(line) - len(line.lstrip()) + 1
    written = _CAST.fullmatch(line)
    if written is None:
        raise StoryError(
            f"{clipped(line.strip())} is no cast line; write {_FORM}, alone in its line",
            line=number,
            column=column,
        )
    names = tuple(dict.fromkeys(" ".join(n.split()) for n in written["names"].split("|")))
    description = written["said"].strip().replace("\\#", "#")
    if not all(names) or not re.search(r"\w", FOREIGN.sub("", description)):
        missing = "name" if not all(names) else "description"
        raise StoryError(
            f"the cast line has no {missing}; write {_FORM}", line=number, column=column
        )
    for other in cast:
        for name in names:
            if name in other.names:
                raise StoryError(
                    f"{clipped(name)} is cast twice, first in line {other.line}; keep one of them",
                    line=number,
                    column=column,
                )
    return CastMember(names, description, number)


def check_is_named(cast: Sequence[CastMember], named: set[CastMember]) -> None:
    """Check that each of the cast is named in a frame.

    Raises:
        StoryError: for the first who is not.
    """
    for member in cast:
        if member not in named:
            names = " or ".join(map(repr, map(clipped, member.names)))
            raise StoryError(
                f"no frame names {names}; remove the cast line, or use the name in a frame",
                line=member.line,
                column=1,
            )


def _whole_word(name: str) -> str:
    first = name[0]
    start = (
        f"[{re.escape(first + first.upper())}]"
        if first.islower() and len(first.upper()) == 1
        else re.escape(first)
    )
    words = start + re.escape(name[1:]).replace(r"\ ", r"\s+")
    before = "" if _UNSPACED.match(name[0]) else f"(?<!{_LETTER})"
    after = "" if _UNSPACED.match(name[-1]) else f"(?!{_LETTER})"
    return f"{before}{words}{after}"
