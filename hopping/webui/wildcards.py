"""The Dynamic Prompts extension, frame by frame.

It knows one prompt for a whole run and makes variants of that: of a list of frames it would keep
the first. So each frame is given to it as a run of its own, with the frame's seed: equal frames of
one seed draw alike. Its own turn in the run finds it switched off.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from hopping.errors import StoryError

from .host_types import Processing
from .neighbours import script_of

_COMBINATORIAL = 1
"""Where in the extension's arguments stands whether it makes every combination; before it,
whether it is on at all."""


class Wildcards:
    """Dynamic Prompts, as it is set for one run."""

    def __init__(self, script: Any, arguments: Sequence[Any]) -> None:
        self._script, self._arguments = script, arguments
        self._drawn: dict[tuple[str, str, int], tuple[str, str]] = {}

    def switch(self, p: Processing, on: bool) -> None:
        """Switch it on or off in a processing object's arguments, which are exchanged."""
        first = self._script.args_from
        p.script_args = (*p.script_args[:first], on, *p.script_args[first + 1 :])

    def draw(
        self, p: Processing, prompts: list[str], negative_prompts: list[str], seeds: Sequence[int]
    ) -> None:
        """Exchange each prompt, and its negative prompt, for what it makes of them.

        Args:
            p: a processing object of the host's own class; it is copied, not changed.
            seeds: each picture's. Pictures that are alike in all three get the same.
        """
        for n, key in enumerate(zip(prompts, negative_prompts, seeds, strict=False)):
            if key not in self._drawn:
                self._drawn[key] = self._draw(p, *key)
            prompts[n], negative_prompts[n] = self._drawn[key]

    def _draw(self, p: Processing, prompt: str, negative_prompt: str, seed: int) -> tuple[str, str]:
        inner = copy(p)
        inner.prompt, inner.all_prompts = prompt, [prompt]
        inner.negative_prompt, inner.all_negative_prompts = negative_prompt, [negative_prompt]
        inner.seed = inner.subseed = seed
        inner.all_seeds = inner.all_subseeds = [seed]
        inner.n_iter = inner.batch_size = 1
        inner.enable_hr = False
        inner.extra_generation_params = dict(p.extra_generation_params)
        self._script.process(inner, *self._arguments)
        return inner.all_prompts[0], inner.all_negative_prompts[0]


def wildcards_of(p: Processing) -> Wildcards | None:
    """Dynamic Prompts, if it is installed and on in this run.

    Raises:
        StoryError: if it is to make every combination, which is no story.
    """
    found = script_of(p, "Dynamic Prompts")
    if found is None or not found[1] or not found[1][0]:
        return None
    script, arguments = found
    if len(arguments) > _COMBINATORIAL and arguments[_COMBINATORIAL]:
        raise StoryError(
            "Dynamic Prompts is to make every combination, but a story is one; switch off its "
            "combinatorial generation, or hopping"
        )
    return Wildcards(script, arguments)
