"""Symbols in words, for pictures on a machine without a font of symbols."""

from __future__ import annotations

import unicodedata

_FLAGS = range(0x1F1E6, 0x1F200)
"""The letters A to Z of which flags are composed."""
_CHANGES = {0x20E3, *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)}
"""What makes a symbol a key, chooses its presentation or gives it a skin."""


def spoken(character: str) -> str:
    """What is written for a character that no font has: the name of a symbol, in brackets.

    Nothing for what only joins or changes symbols. A letter stays itself: its name says less than
    a box does.
    """
    code, kind = ord(character), unicodedata.category(character)
    if code in _FLAGS:
        return chr(code - _FLAGS.start + ord("A"))
    if code in _CHANGES or kind == "Cf":
        return ""
    name = unicodedata.name(character, "").lower()
    return f"[{name}]" if kind == "So" and name else character
