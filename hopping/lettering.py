"""Text on pictures, in any script: fonts that have the glyphs, and lines that fit a width.

Pillow draws; matplotlib, which every WebUI's gradio brings, lends its DejaVu fonts, knows where the
system keeps others, and which characters each of them has. A symbol that no font has, an emoji on
most servers, is written by its name.
"""

from __future__ import annotations

import array
import bisect
import functools
import importlib.util
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from .symbols import spoken

# Scripts that are written without blanks break behind any character; what closes a phrase never
# begins a line.
_UNSPACED = r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff]"
_CLOSING = r"[、。，．・：；？！」』）】〉》〕”’,.:;?!)\]ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ]"
_UNIT = re.compile(rf"{_UNSPACED}{_CLOSING}*|(?:(?!{_UNSPACED})\S)+|\s+")

# Where several fonts have a glyph, one made for reading is taken, not one of symbols.
_PREFERRED = re.compile(
    r"cjk|notosans|gothic|meiryo|hiragino|pingfang|yahei|heiti|wenquanyi|wqy|droid|arial|unifont",
    re.IGNORECASE,
)
_STYLED = re.compile(r"bold|black|heavy|thin|light|italic|oblique|serif|mono", re.IGNORECASE)


class Lettering:
    """One size of text. Each character is drawn in the first font that has it.

    Args:
        size: height of the font in pixels.
        bold: for titles.
    """

    def __init__(self, size: int, bold: bool = False) -> None:
        self.size = size
        self._base = _base_font(size, bold)

    @property
    def line_height(self) -> int:
        """Pixels from one baseline to the next."""
        return round(self.size * 1.3)

    def width(self, text: str) -> float:
        """Pixels that `text` takes on one line."""
        return sum(font.getlength(run) for font, run in self.runs(text))

    def wrap(self, text: str, width: float, most: int | None = None) -> list[str]:
        """`text` in lines of at most `width` pixels, broken at blanks where there are some.

        Line breaks of its own are kept. More than `most` lines end in "…".
        """
        lines = [line for part in text.splitlines() for line in self._fill(part, width)] or [""]
        if most is not None and len(lines) > most:
            last = lines[most - 1]
            while last and self.width(f"{last}…") > width:
                last = last[:-1]
            lines = [*lines[: most - 1], f"{last}…"]
        return lines

    def _fill(self, text: str, width: float) -> Iterator[str]:
        line = ""
        for unit in _UNIT.findall(text.strip()):
            if self.width((line + unit).rstrip()) <= width:
                line += unit
                continue
            if line.strip():
                yield line.rstrip()
            line = unit.lstrip()
            while self.width(line) > width and len(line) > 1:  # a word wider than the line
                fitting = next(
                    n
                    for n in range(len(line) - 1, 0, -1)
                    if n == 1 or self.width(line[:n]) <= width
                )
                yield line[:fitting]
                line = line[fitting:]
        yield line.rstrip()

    def draw(
        self,
        canvas: ImageDraw.ImageDraw,
        x: float,
        y: float,
        text: str,
        fill: str,
        align: str = "left",
    ) -> None:
        """Draw one line with its top at y; x is its left, middle or right, as `align` says."""
        x -= {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * self.width(text)
        for font, run in self.runs(text):
            canvas.text((x, y + self.size), run, fill=fill, font=font, anchor="ls")
            x += font.getlength(run)

    def upright(self, lines: list[str], fill: str) -> Image.Image:
        """Lines on a transparent picture, turned to read from bottom to top."""
        width = max(1, *(round(self.width(line)) + 1 for line in lines))
        sign = Image.new("RGBA", (width, self.line_height * len(lines)))
        for n, line in enumerate(lines):
            self.draw(ImageDraw.Draw(sign), width / 2, n * self.line_height, line, fill, "middle")
        return sign.transpose(Image.Transpose.ROTATE_90)

    def runs(self, text: str) -> list[tuple[Any, str]]:
        """The parts of one line as they are written, each with Pillow's font for it."""
        runs: list[tuple[Any, str]] = []
        for character in "".join(map(_written, text)):
            font = self._font_for(character)
            if runs and runs[-1][0] is font:
                runs[-1] = (font, runs[-1][1] + character)
            else:
                runs.append((font, character))
        return runs

    def _font_for(self, character: str) -> Any:
        if not _is_looked_up(character) or _shows(self._base.path, character):
            return self._base
        path = _system_font_with(character)
        return self._base if path is None else _load(path, self.size)


def missing_glyphs(texts: Iterable[str]) -> str:
    """The characters of `texts` that are drawn as boxes, since no font of this machine has them.

    Each once. Without matplotlib none is known.
    """
    characters = dict.fromkeys("".join(texts))
    return "".join(c for c in characters if _is_missing(c) and spoken(c) == c)


@functools.cache
def _has_matplotlib() -> bool:
    return importlib.util.find_spec("matplotlib") is not None


@functools.lru_cache(maxsize=32)
def _base_font(size: int, bold: bool) -> Any:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    if _has_matplotlib():
        import matplotlib

        return _load(str(Path(matplotlib.get_data_path(), "fonts", "ttf", name)), size)
    try:
        return _load(name, size)  # Pillow knows where systems keep their fonts
    except OSError:
        return ImageFont.load_default(size)


@functools.lru_cache(maxsize=64)
def _load(path: str, size: int) -> Any:
    return ImageFont.truetype(path, size)


def _is_looked_up(character: str) -> bool:
    """Whether fonts may differ in having it, and can be asked."""
    return not character.isascii() and not character.isspace() and _has_matplotlib()


def _shows(path: str, character: str) -> bool:
    """Whether a font's table of characters has this one."""
    known = _characters(path)
    place = bisect.bisect_left(known, ord(character))
    return place < len(known) and known[place] == ord(character)


@functools.cache
def _characters(path: str) -> Sequence[int]:
    """The code points of a font, in order; none of one that cannot be drawn."""
    from matplotlib.ft2font import FT2Font

    try:
        _load(path, 16)
        return array.array("I", sorted(FT2Font(path).get_charmap()))
    except (OSError, ValueError, RuntimeError):  # a bitmap or broken font
        return ()


@functools.lru_cache(maxsize=8192)
def _system_font_with(character: str) -> str | None:
    return next((path for path in _system_fonts() if _shows(path, character)), None)


@functools.lru_cache(maxsize=1)
def _system_fonts() -> tuple[str, ...]:
    from matplotlib.font_manager import findSystemFonts

    # A font of last resort has a sign for everything and a glyph for nothing.
    paths = [path for path in sorted(findSystemFonts()) if "lastresort" not in path.lower()]
    return tuple(sorted(paths, key=_rank))


def _rank(path: str) -> tuple[bool, bool]:
    name = os.path.basename(path)
    return not _PREFERRED.search(name), bool(_STYLED.search(name))


@functools.lru_cache(maxsize=8192)
def _is_missing(character: str) -> bool:
    return (
        _is_looked_up(character)
        and not _shows(_base_font(16, bold=False).path, character)
        and _system_font_with(character) is None
    )


def _written(character: str) -> str:
    """The character, or what stands for a symbol that no font has."""
    return spoken(character) if _is_missing(character) else character
