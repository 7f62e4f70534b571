"""Who a noun can mean is found without asking every noun of a story."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from hopping.subject import called as module
from hopping.subject.called import Called
from hopping.subject.lexicon import lexicon
from hopping.subject.reading import Reading
from hopping.subject.vocabulary import CREATURES, GENERIC

NOUNS = sorted(noun for noun in lexicon()._nodes if len(noun) > 2)
# Compounds, endings, kings, robots, and what no dictionary has.
OTHERS = ["superheroine", "heroine", "tracksuit", "suit", "king", "queen", "robot", "zorp", "ox"]


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_what_asking_all_finds_in_their_order(seed):
    random = Random(seed)
    nouns = [*random.sample(NOUNS, 300), *OTHERS, *sorted(GENERIC | CREATURES)]
    random.shuffle(nouns)
    nouns = list(dict.fromkeys(nouns))
    called = Called[str]()
    for noun in nouns:
        called.add(noun, noun)
    for noun in [*random.sample(nouns, 100), *OTHERS, *random.sample(NOUNS, 50), "girl", "beast"]:
        found = [one for several in called.that_can_be(noun) for one in several]
        assert found == [other for other in nouns if module._can_mean(noun, other)]


def test_few_are_asked_in_vain(monkeypatch):
    asked = []
    rule = module._can_mean
    monkeypatch.setattr(module, "_can_mean", lambda *pair: asked.append(pair) or rule(*pair))
    nouns = Random(0).sample(NOUNS, 800)
    texts = [f"The {one} stands by the {other}." for one, other in pairwise(nouns)]
    Reading(texts, [None] * len(texts))
    pairs = len(nouns) * len(nouns) / 2
    assert 0 < len(asked) < pairs / 50
