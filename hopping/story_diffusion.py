"""Stories as StoryDiffusion writes them, in this project's syntax.

[Bob] A man, wearing a black suit            who somebody is
[Bob] wakes up in the bed # Good morning     a frame with him, and its caption
[NC] A clock on the wall                     a frame without anybody
"""

from __future__ import annotations

import re

_NAME = re.compile(r"\[([^\[\]:|<>#\\]{1,60})\]")
_NOBODY = "NC"
_TRIGGER = re.compile(r"\s+img\b")  # stands behind the word for a person whose photos are given


def from_story_diffusion(text: str) -> str | None:
    """The story with a line of the cast for each character; None if it is not written so.

    Its first lines, each with another name, say who is who where the name comes again. A caption
    (`# …`) stays where it is. A name that nobody describes stands as a word.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    names = [match[1] for match in map(_NAME.match, lines) if match]
    if _NOBODY not in names and len(set(names)) == len(names):
        return None  # brackets of a WebUI's: [a word] with less weight
    cast: dict[str, str] = {}
    frames = [line for line in lines if line]
    while frames and (opening := _NAME.match(frames[0])):
        name, said = opening[1], _TRIGGER.sub("", frames[0][opening.end() :]).strip()
        again = any(f"[{name}]" in frame for frame in frames[1:])
        if name == _NOBODY or name in cast or not again or not said:
            break
        cast[name] = said
        frames.pop(0)
    written = [f"<cast:{_plain(name)}: {said}>" for name, said in cast.items()]
    return "\n".join([*written, *map(_frame, frames)])


def _frame(line: str) -> str:
    """A frame's line with bare names, apart from the letters around them."""

    def bare(match: re.Match[str]) -> str:
        if match[1] == _NOBODY:
            return ""
        before, behind = line[: match.start()][-1:], line[match.end() :][:1]
        return f"{' ' * before.isalnum()}{_plain(match[1])}{' ' * behind.isalnum()}"

    return _NAME.sub(bare, line).strip()


def _plain(name: str) -> str:
    return " ".join(name.split())
