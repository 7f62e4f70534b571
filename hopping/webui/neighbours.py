"""Other extensions that take a part in a run: who they are, and what of them clashes with a story.

They were made for runs whose pictures all have one prompt. What they can do for frames that differ
is left to them; what they would do wrong without a word is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from modules import prompt_parser, shared

from hopping.errors import StoryError
from hopping.story import Frame

from .host_types import Processing
from .texts import without_networks

# What Regional Prompter divides a prompt by.
_REGION = re.compile(r"\b(?:BREAK|AND|ADD(?:COL|ROW|COMM|BASE|P))\b")
# What NegPiP takes out of a prompt.
_NEGATIVE_PART = re.compile(r"\([^(:)]*:\s*-\d+(?:\.\d+)?\s*\)")


def script_of(p: Processing, title: str) -> tuple[Any, Sequence[Any]] | None:
    """An always-on script of a run whose title begins so, and its arguments; None without it."""
    for script in getattr(getattr(p, "scripts", None), "alwayson_scripts", ()):
        if str(script.title()).startswith(title):
            return script, (p.script_args or ())[script.args_from : script.args_to]
    return None


def is_detailers(p: Processing) -> bool:
    """Whether a run is one of ADetailer's, over a part of a picture that a run has just made.

    It may have that run's scripts and their arguments: it is no story all the same.
    """
    return bool(getattr(p, "_ad_inner", False))


def check_regions(
    p: Processing,
    prompts: Sequence[str],
    frames: Sequence[int],
    windows: Callable[[str], Sequence[Any]],
) -> None:
    """Raise StoryError if Regional Prompter would divide a frame by another frame's regions.

    Args:
        prompts: the run's prompts.
        frames: the number of each one's frame.
        windows: cuts a text into the host's windows.
    """
    found = script_of(p, "Regional Prompter")
    if found is None or not found[1] or not found[1][0]:
        return
    if "Prompt" in found[1][2:3] and len(set(prompts)) > 1:
        raise StoryError(
            "Regional Prompter looks for the words of its prompt mode in the first frame alone; "
            "divide by matrix or mask, or switch it off, or hopping"
        )
    first: list[int] = []
    for frame, prompt in zip(frames, prompts, strict=False):
        regions = [len(windows(part)) for part in _REGION.split(without_networks(prompt))]
        first = first or regions
        if regions != first:
            raise StoryError(
                "Regional Prompter divides every frame by the regions of the first, but frame "
                f"{frames[0]} has {_count(first)} and frame {frame} {_count(regions)}; write "
                "BREAK as often in each frame, with texts of up to 75 tokens between, or switch it "
                "off, or hopping"
            )
    if len(first) > 1:
        _check_full_batches(p, prompts, "Regional Prompter")


def _count(windows: Sequence[int]) -> str:
    more = f" in {sum(windows)} windows" if sum(windows) > len(windows) else ""
    return f"{len(windows)} region{'s' * (len(windows) > 1)}{more}"


def check_negative_parts(p: Processing, prompts: Sequence[str]) -> None:
    """Raise StoryError if NegPiP would give a frame the negative parts of another one.

    Args:
        prompts: the run's prompts.
    """
    found = script_of(p, "NegPiP")
    hidden = shared.opts.data.get("negpip_hide", False)
    if found is None or not (hidden or (found[1] and found[1][0])):
        return
    parts = [tuple(_NEGATIVE_PART.findall(prompt)) for prompt in prompts]
    size = p.batch_size
    if any(len({*parts[n : n + size]}) > 1 for n in range(0, len(parts), size)):
        raise StoryError(
            "NegPiP gives all pictures of a batch the negative parts of its first prompt, but the "
            "frames have different ones; set the batch size to 1, or write the same in every frame"
        )
    if any(parts):
        _check_full_batches(p, prompts, "NegPiP")


def _check_full_batches(p: Processing, prompts: Sequence[str], extension: str) -> None:
    if len(prompts) % p.batch_size:
        raise StoryError(
            f"{extension} needs full batches, but {len(prompts)} pictures do not fill batches of "
            f"{p.batch_size}; set the batch size to 1, or switch it off, or hopping"
        )


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
    asked, expected = ({*map(_words, found)} - {()} for found in (listening.texts, texts))
    if asked != expected:
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


def _words(text: str) -> tuple[str, ...]:
    """A text as a tokenizer takes it: blanks beside signs make no difference."""
    return tuple(re.findall(r"\w+|[^\w\s]", text))
