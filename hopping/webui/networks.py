"""`<lora:…>` and its kin from every line of a story, as one set for all of its frames.

The host reads them from a batch's first prompt alone. A network changes the text encoder too, so
the frames of a story, which are encoded together, need one set throughout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from modules import extra_networks

from hopping.errors import StoryError
from hopping.values import clipped


def gathered(prompts: Sequence[str], frames: Sequence[int]) -> dict[str, list[Any]]:
    """The networks that any of the prompts names, in the host's own form.

    Args:
        prompts: the prompts of a run.
        frames: the number of each one's frame.

    Raises:
        StoryError: if two frames name one network with different weights.
    """
    found: dict[tuple[str, str], tuple[int, list[Any]]] = {}
    # The host may have filled its last batch.
    for frame, prompt in zip(frames, prompts, strict=False):
        for (kind, name), networks in _by_name(prompt).items():
            first, known = found.setdefault((kind, name), (frame, networks))
            if known != networks:
                raise StoryError(
                    f"<{kind}:{name}:…> has one weight in frame {first} and another in frame "
                    f"{frame}; a story has one set of networks: write one "
                    "weight in both, or name it in one frame only"
                )
    data: dict[str, list[Any]] = defaultdict(list)
    for (kind, _), (_, networks) in found.items():
        data[kind] += networks
    return data


def unknown_networks(prompts: Iterable[str]) -> tuple[str, ...]:
    """Notes on tags that name no kind of network which the host knows: it leaves them out."""
    known = {*extra_networks.extra_network_registry, *extra_networks.extra_network_aliases}
    kinds = {kind for text in prompts for kind in extra_networks.parse_prompt(text)[1]}
    unknown = ", ".join(f"<{kind}:…>" for kind in sorted(kinds - known))
    if not unknown:
        return ()
    return (f"left out with the words inside, unless an extension takes them: {clipped(unknown)}",)


def _by_name(prompt: str) -> dict[tuple[str, str], list[Any]]:
    grouped: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for kind, networks in extra_networks.parse_prompt(prompt)[1].items():
        for network in networks:
            name = network.positional[0] if network.positional else network.items[0]
            grouped[kind, name].append(network)
    return grouped
