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
        # a plural or a verb: behind who can act rather a verb
        ("Penguins in school ties march home.", "MINMBR."),
        ("The cyclist crashes into a fruit stand.", "DNZIANN."),
        ("red cap, six legs, autumn leaves, stone steps", "JN,#M,NM,NM"),
        # a participle: before "of" and "by", and behind "and" where no verb was
        ("He wore a crown made of bones.", "OTANEIM."),
        ("A clerk, tall and stooped, cycles through fog.", "AN,JCJ,ZIN."),
        # "a …" is one: no verb without -s behind it
        ("A bus stop in the rain.", "ANNIDN."),
        ("A group of children play.", "ANIMB."),
        ("A boy with raisin eyes and icing buttons waits.", "ANINMCNMZ."),
        ("The couple wave. The couple waves.", "DNB.DNZ."),
        ("She has the longest whiskers.", "OXDJM."),
        ("a senator with a red tie steps out.", "ANIAJNZR."),
        ("Every night a fox crept into the barn.", "ANANTIDN."),
        ("A ship with a prow like a swan's neck surfaces.", "ANIANIANYNZ."),
        ("She sees Pippa juggle herrings. The vase burst.", "OZHBM.DNT."),
        ("He helps her up. The coin falls into the well.", "OZOR.DNZIDN."),
        ("A thing on one wheel lies here.", "ANI#NZR."),
        # a caption needs no verb
        ("Photo of headphones with leather cushions", "NIMINM"),
        ("Distant view of a lake, a man carving circles.", "JNIAN,ANGM."),
        ("He ties a scarf round his neck.", "OZANIPN."),
        ("The cook, wearing clogs, waits.", "DN,GM,Z."),
        # no common noun stands without an article before an apposition
        ("Rook, a thin thief, kicks the door.", "H,AJN,ZDN."),
    ],
)
def test_tags(text, tags):
    found = tag(tokenize(text))
    if tags is None:  # the engine whistles, it is no noun
        assert found[-2] == "Z"
    else:
        assert found == tags
