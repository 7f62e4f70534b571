"""What a picture is made from, as a short text: pictures of equal ones are alike, up to rounding.

It is told from the plan alone, before anything is encoded or sampled, so that a story that was
changed keeps the pictures which the change does not reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b

import torch

from hopping.layout import NOBODY
from hopping.pixels import Phrase
from hopping.plan import StoryPlan

from .record import FrameKey, Record

_SIZE = 8  # bytes, of an int64
_SAMPLED_WITH = ("negative", "steps", "cfg", "sampler", "width", "height", "dtype")


def pictures_made_from(
    plans: Mapping[bool, Sequence[StoryPlan]], record: Record
) -> dict[FrameKey, str]:
    """For each picture of a story: its embedding, its noise, its sources, and how it is sampled.

    Args:
        plans: of the hopped frames (False) and of the plain ones, one for each text encoder.
    """
    settings = record.settings
    seeds = record.story.seeds(settings.seed, settings.same_noise)
    sampled = [record.fingerprint, *(getattr(settings, name) for name in _SAMPLED_WITH)]
    found: dict[FrameKey, str] = {}
    given = record.story.pictures
    for plain, of_encoders in plans.items():
        graph = of_encoders[0].pixels
        texts = zip(*map(_texts, of_encoders), strict=True)
        for number, (embedded, links) in enumerate(zip(texts, graph, strict=True), start=1):
            sources = [
                (
                    found[FrameKey(plain, link.source.frame)],
                    *map(_places, (link.source.subject, link.own)),
                )
                for link in links
            ]
            made_from = (*sampled, seeds[number - 1], embedded, sources)
            if (name := given.get(number)) is not None and not plain:
                made_from += (record.pictures[name],)  # named by what is in it
            found[FrameKey(plain, number)] = _digest(made_from).hex()
    return found


def _texts(plan: StoryPlan) -> Iterator[bytes]:
    """For each frame what its embedding follows from: its tokens, and what it sees of others."""
    visibility, layout, options = plan.visibility, plan.layout, plan.options
    ids, joint = layout.ids.flatten(), layout.kind == "joint"
    told = torch.zeros(ids.numel(), dtype=torch.long)  # what each content token follows from
    for number in layout.numbers:
        context = visibility.context(number)
        start = joint and (options.start_token == "shared" or 1 in visibility.sources[number - 1])
        seen = _digest((layout.kind, start, told[context].tolist()))
        ends = []
        for row in [layout.content(number)] if joint else layout.windows(number):
            apart = None
            if visibility.tells_apart(number):
                apart = visibility.strangers(number, row, torch.cat([context, row])).tolist()
            digest = blake2b(seen, digest_size=_SIZE)
            for place, index in enumerate(row.tolist()):
                position = index if joint else place
                digest.update(repr((position, int(ids[index]), apart and apart[place])).encode())
                told[index] = int.from_bytes(digest.digest(), "big", signed=True)
            ends.append(digest.digest())
        if number <= NOBODY:
            continue  # a description of the cast
        alone = layout.alone(number).tolist()
        if not len(context) or options.keeps_words_plain:
            yield _digest(alone)
        elif options.mode == "reference":  # its separators see the whole row
            yield _digest((number, ids.tolist(), options.strength))
        else:
            yield _digest((alone, ends, options.carry, options.strength))


def _places(phrase: Phrase | None) -> tuple[int, ...] | None:
    return None if phrase is None else phrase.tokens


def _digest(what: object) -> bytes:
    return blake2b(repr(what).encode(), digest_size=_SIZE).digest()
