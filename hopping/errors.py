"""What can be wrong with a story, an option or an encoder, told so that a user can mend it."""

from __future__ import annotations


class HoppingError(ValueError):
    """What was asked cannot be done. The message names the cause and the fix.

    `line` and `column` (both from 1) say where in the story, `frame` (from 1) which frame; each is
    None where it has no meaning.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        frame: int | None = None,
    ) -> None:
        self.reason = message
        self.line = line
        self.column = column
        self.frame = frame
        super().__init__(f"{self._place()}{message}")

    def _place(self) -> str:
        if self.line is not None and self.column is not None:
            return f"line {self.line}, column {self.column}: "
        if self.line is not None:
            return f"line {self.line}: "
        if self.frame is not None:
            return f"frame {self.frame}: "
        return ""


class StoryError(HoppingError):
    """The text of the story is not what the story syntax allows."""


class OptionError(HoppingError):
    """An option's name or value is unknown, or two options contradict each other."""


class LayoutError(HoppingError):
    """The story does not fit the layout that was asked for."""


class EncoderError(HoppingError):
    """The text encoder or tokenizer is not one whose attention can be hopped."""


class NotLoadedError(EncoderError):
    """There is no text encoder yet. Nothing is wrong: a page tells it as a note."""
