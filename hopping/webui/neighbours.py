"""Other extensions that take a part in reading or encoding prompts: who they are, what clashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from modules import prompt_parser, shared

from hopping.errors import StoryError
from hopping.story import Frame


def is_detailers(p: Any) -> bool:
    """Whether a run is one of ADetailer's, over a part of a picture that a run has just made.

    It may have that run's scripts and their arguments: it is no story all the same.
    """
    return bool(getattr(p, "_ad_inner", False))


def check_reading(
    function: Callable[..., Any],
    sd_model: Any,
    frame: Frame,
    prompts: Any,
    texts: Iterable[str],
    steps: Sequence[Any],
) -> None:
    """Raise StoryError if an extension in the host's place reads a prompt otherwise than the host.

    What it makes of a prompt is laid over what is sampled, so a frame whose text it reads in its
    own way cannot be hopped as that text says.

    Args:
        function: what the host would call for a prompt's conditioning.
        frame: whose prompt it is.
        prompts: that prompt, in the host's own list.
        texts: what the host's own parsers make of it, over all steps.
        steps: the further arguments of `function`.
    """
    foreign = [
        one
        for one in (function, prompt_parser.get_learned_conditioning)
        if one.__module__ != prompt_parser.__name__
    ]
    if not foreign:
        return
    listening = _Listening(sd_model)
    function(listening, prompts, *steps)
    # Where an extension interpolates it also asks for the empty text.
    if {_words(text) for text in listening.texts} - {""} != {_words(text) for text in texts} - {""}:
        raise StoryError(
            f"the extension {_extension(foreign[-1])} reads {prompts[0]!r} in a way of its own, "
            "which cannot be hopped; write the frame without its syntax, or switch it off, or "
            "hopping",
            line=frame.line,
            column=frame.column,
        )


class _Listening:
    """A loaded checkpoint that notes the texts which it is to encode."""

    def __init__(self, sd_model: Any) -> None:
        self._sd_model = sd_model
        self.texts: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sd_model, name)

    def get_learned_conditioning(self, texts: Sequence[str]) -> Any:
        self.texts += texts
        return self._sd_model.get_learned_conditioning(texts)


def who_hooks_the_text_encoder() -> str:
    """The extensions that hook the loaded checkpoint's text encoder, or who may have done so."""
    module = getattr(shared.sd_model, "cond_stage_model", None)
    hooks = [
        hook
        for table in ("_forward_pre_hooks", "_forward_hooks")
        for hook in getattr(module, table, {}).values()
    ]
    names = sorted({_extension(hook) for hook in hooks})
    return f"the extension {' and '.join(names)}" if names else "another extension"


def _extension(function: Callable[..., Any]) -> str:
    """The folder of the extension that a function belongs to, else its module."""
    code = getattr(function, "__code__", None)
    parts = Path(code.co_filename).parts if code is not None else ()
    if "extensions" in parts[:-1]:
        return parts[parts.index("extensions") + 1]
    return str(getattr(function, "__module__", type(function).__module__))


def _words(text: str) -> str:
    return " ".join(text.split())
