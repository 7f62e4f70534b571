"""Parts of speech, where they decide who is named."""

import pytest

from hopping.subject.tagging import tag
from hopping.subject.tokens import tokenize


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("A plump penguin in a striped scarf waddles.", "AJNIAJNZ."),
        ("Deer scatter as the engine whistles.", None),
        ("The ladies jog past a flock of pigeons.", "DMBIANIM."),
        ("The guard scratches his head.", "DNZPN."),
        ("He ducks under the fence. A duck swims.", "OZIDN.ANZ."),
        ("A brute made of rubble smashes the vault.", "ANEINZDN."),
        ("The man drinking coffee waits.", "DNGNZ."),
        ("Anna's brother sleeps, he's tired.", "HYNZ,OXE."),
        ("A short woman in white leaves.", "AJNINZ."),
        ("Zoe and her dad dig.", "HCPNB."),
    ],
)
def test_tags(text, tags):
    found = tag(tokenize(text))
    if tags is None:  # the engine whistles, it is no noun
        assert found[-2] == "Z"
    else:
        assert found == tags
