"""The tags of the story syntax: one table, by which they are found, and what was meant for one."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache

from .errors import StoryError
from .values import clipped


@dataclass(frozen=True)
class Tag:
    """One row of the table.

    Attributes:
        name: what it begins with, in any case.
        form: how it is written. With a colon it holds something, else it is closed at once.
        mistaken: other names that people give it.
        bare: pattern of what it holds and its end, by which it is known even without its colon
            and in brackets of another kind.
    """

    name: str
    form: str
    mistaken: tuple[str, ...] = ()
    bare: str | None = None

    @property
    def holds(self) -> bool:
        """Whether something stands in it."""
        return ":" in self.form


TAGS = (
    Tag("SEP", "<SEP>", ("separator", "seperator", "separate")),
    Tag("from", "<from:1>", ("form", "frame", "frames"), r"(?:\d[\d\s,]*|(?:prev|all|none)\s*)>"),
    Tag("seed", "<seed:123>", ("seeds",), r"\d+\s*>"),
    Tag("picture", "<picture:dog.png>", ("pictures",)),
    Tag("share", "<share:…>", ("shared", "shares")),
    Tag("cast", "<cast:Mia: …>", ("casts",)),
)
_NAMES = "|".join(tag.name for tag in TAGS if tag.holds)
_BY_NAME = {name.lower(): tag for tag in TAGS for name in (tag.name, *tag.mistaken)}

SEPARATOR = re.compile("<SEP>", re.IGNORECASE)
OPENING = re.compile(f"<(?P<name>{_NAMES}):", re.IGNORECASE)
"""The beginning of a tag that holds something."""
FOREIGN = re.compile(rf"<(?!(?:{_NAMES}):)\w+:[^<>]*>", re.IGNORECASE)
"""A tag of a WebUI's: <lora:name:1>, <hypernet:name>, <lyco:…> or any extension's."""

# What CLIP's tokenizers would read as control tokens, OpenCLIP's spelling included. They fold
# case before they look, so any case counts.
_CONTROL = re.compile(r"<\|(?:start|end)oftext\|>|<(?:start|end)_of_text>", re.IGNORECASE)

# What input methods and word processors put in the place of < > : and of letters, sign for sign.
_LOOKALIKES = str.maketrans(
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | {ord(sign): "<" for sign in "〈《﹤⟨"}
    | {ord(sign): ">" for sign in "〉》﹥⟩"}
    | {ord(sign): ":" for sign in "﹕꞉"}
    | {0x3000: " "}
)
_INVISIBLE = "\u200b-\u200f\u2060-\u2064\ufeff"
# Nobody writes a plain < before these words but for a tag.
_MISSPELT = re.compile(
    rf"<[\s/|\\<{_INVISIBLE}]{{0,9}}(?P<name>{'|'.join(sorted(_BY_NAME, key=len, reverse=True))})"
    rf"(?=\d|[^\w-]|$)",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(r"<\s*(?P<name>\w+)\s*[:=]")
# Other brackets stand in other languages' texts too: only what is a tag but for its signs.
_OTHER_BRACKETS = re.compile(
    r"[<\[{]\s*(?P<separator>SEP)\s*/?\s*[>\]}]"
    rf"|<\s*(?P<name>{_NAMES})\s*:"
    + "".join(rf"|<\s*(?P<{t.name}>{t.name})\s*{t.bare}" for t in TAGS if t.bare),
    re.IGNORECASE,
)
_CLOSING = re.compile(r"[>\]}]|(?=\n)")
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
_ALIKE = 0.8
"""How much of a name must be right (difflib's ratio): one letter of five may be another one."""


def check_characters(text: str, line: int | None = None, where: str = "") -> None:
    """Check a line for what is no character of a text.

    Args:
        line: its number in the story; None where it is no line of it.
        where: said before an error where there is no line, with a colon.

    Raises:
        StoryError: with line and column.
    """
    found = _NO_CHARACTER.search(text)
    if found:
        code = ord(found.group())
        what = "half a character (a lone surrogate)" if code else "no character of a text"
        raise _error(f"{where}U+{code:04X} is {what}; remove it", line, found.start())


def check_control(text: str, line: int | None = None, where: str = "") -> None:
    """Check a line for control tokens of text encoders. Arguments as of `check_characters`.

    Raises:
        StoryError: with line and column.
    """
    found = _CONTROL.search(text)
    if found:
        raise _error(
            f"{where}{found.group()} is a control token of the text encoder, not text; "
            "to separate frames use a new line or <SEP>",
            line,
            found.start(),
        )


def check_tags(text: str, line: int | None = None, where: str = "") -> None:
    """Check a line for what was meant for a tag and is none. Arguments as of `check_characters`.

    Raises:
        StoryError: with line and column.
    """
    near = _near(text)
    if near:
        start, written, tag = near
        raise _error(f"{where}{written} is not a tag; did you mean {tag.form}?", line, start)


def _error(message: str, line: int | None, position: int) -> StoryError:
    return StoryError(message, line=line, column=None if line is None else position + 1)


def _near(text: str) -> tuple[int, str, Tag] | None:
    """The first thing that was meant for a tag: where it begins, how it is written, which one."""
    folded = text.translate(_LOOKALIKES)
    found = []
    for pattern in (_MISSPELT, _UNKNOWN, _OTHER_BRACKETS):
        for match in pattern.finditer(folded):
            start = match.start()
            if OPENING.match(text, start) or SEPARATOR.match(text, start):
                continue
            if pattern is not _OTHER_BRACKETS and text[start] != "<":
                continue
            tag = _meant(match[match.lastgroup or 0].lower())
            if tag is not None:
                found.append((start, match.end(), tag))
                break
    if not found:
        return None
    start, end, tag = min(found, key=lambda one: one[0])
    closing = _CLOSING.search(folded, end - 1)
    return start, clipped(text[start : closing.end() if closing else len(text)]), tag


@lru_cache(maxsize=1000)
def _meant(name: str) -> Tag | None:
    if name in _BY_NAME:
        return _BY_NAME[name]
    close = difflib.get_close_matches(name, [t.name for t in TAGS if t.holds], 1, _ALIKE)
    return _BY_NAME[close[0]] if close else None
