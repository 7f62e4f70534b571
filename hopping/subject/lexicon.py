"""What is known about English words: `lexicon.txt`, compiled from WordNet by compile_lexicon.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

from .vocabulary import BEASTS, BEINGS, COLOURS, FOLK, HER_TITLES, HIS_TITLES, THINGS, WORN

_VOWELS = "aeiou"
_TITLED = HIS_TITLES | HER_TITLES
# The parts of nouns that a dictionary has elsewhere first, or not at all.
_KNOWN = {
    noun: part
    for part, nouns in (
        ("person", FOLK),
        ("animal", BEINGS | BEASTS),
        ("worn", WORN),
        ("thing", THINGS),
    )
    for noun in nouns
}
_BELOW = {str(depth): str(depth + 1) for depth in range(10)}


class Lexicon:
    """The lexicon, read once. Words are lower case; a lemma is a word without its ending."""

    # There is one, and it stays: what is cached of it (B019) is never leaked.

    def __init__(self, text: str) -> None:
        self._shares: dict[str, str] = {}  # word → "n3v0": shares in quarters
        self._irregular: dict[str, dict[str, str]] = {"plural": {}, "form": {}}
        self._sets: dict[str, set[str]] = {
            "female": set(),
            "male": set(),
            "colour": set(),
            "state": set(),
            "name": set(),
        }
        self._opposites: list[tuple[frozenset[str], frozenset[str]]] = []
        self._nodes: dict[str, list[int]] = {}  # noun → its places in the outline
        self._parents: list[int] = []
        self._parts: list[str] = []
        for name, section in _sections(text):
            if name.startswith("outline"):
                self._read_outline(name.split()[1], section)
                continue
            words = section.split()
            if name in self._sets:
                self._sets[name].update(words)
            elif name in self._irregular:
                self._irregular[name].update(pair.split(":") for pair in words)  # type: ignore[misc]
            elif name == "opposite":
                cut = words.index("/")
                self._opposites.append((frozenset(words[:cut]), frozenset(words[cut + 1 :])))
            else:
                self._shares.update(dict.fromkeys(words, name))

    def _read_outline(self, part: str, section: str) -> None:
        parents, nodes = self._parents, self._nodes
        above = {"0": -1}  # for each depth the last line that is one less deep
        node = len(parents) - 1
        for word in section.split():
            if word in _BELOW:
                node += 1
                parents.append(above[word])
                above[_BELOW[word]] = node
            elif word[-1] == "-":
                nodes.setdefault(word[:-1], []).append(node)
            else:  # what it mostly means comes first
                nodes.setdefault(word, []).insert(0, node)
        self._parts += [part] * (len(parents) - len(self._parts))

    def share(self, word: str, pos: str) -> int:
        """How much of a word's use is as a noun, verb, adjective or adverb ("n", "v", "a", "r").

        From 0 (rare) to 4 (always); -1 if never, or if the word is not in the lexicon.
        """
        shares = self._shares.get(word, "")
        at = shares.find(pos)
        if at >= 0:
            return int(shares[at + 1])
        return 4 if pos == "n" and not shares and word in self._nodes else -1

    def __contains__(self, word: str) -> bool:
        return word in self._shares or word in self._nodes

    def parts(self, noun: str) -> frozenset[str]:
        """Where the outline has a noun: person, animal, thing, worn, body, place, …

        Empty for what no picture shows and for words that are not in the lexicon.
        """
        parts = frozenset(self._parts[node] for node in self._nodes_of(noun))
        return parts | {_KNOWN[noun]} if noun in _KNOWN else parts

    @lru_cache(maxsize=100_000)  # noqa: B019
    def main_part(self, noun: str) -> str | None:
        """The part of the outline that holds what a noun mostly means.

        A queen is no bee, and a skeleton may walk.
        """
        if noun in _TITLED:
            return "person"
        if noun in _KNOWN:
            return _KNOWN[noun]
        parts = [self._parts[node] for node in self._nodes_of(noun)]
        if parts[:1] in (["food"], ["stuff"], ["worn"]) and "animal" in parts:
            return "animal"  # a duckling, until it is served; an otter, until it is fur
        return parts[0] if parts else None

    def is_living(self, noun: str) -> bool:
        return self.main_part(noun) in ("person", "animal")

    @lru_cache(maxsize=100_000)  # noqa: B019
    def _nodes_of(self, noun: str) -> tuple[int, ...]:
        """A noun's places in the outline; of a compound, its last part's: a tracksuit is a suit."""
        if noun in self._nodes or noun in self._shares:
            return tuple(self._nodes.get(noun, ()))
        # Short ends are found by chance, too: "hoo-die".
        ends = (
            noun[at:].lstrip("-")
            for at in range(3, len(noun) - 2)
            if len(noun) - at > 3 or noun[:at].rstrip("-") in self
        )
        return tuple(next((self._nodes[end] for end in ends if end in self._nodes), ()))

    @lru_cache(maxsize=100_000)  # noqa: B019
    def is_kind_of(self, noun: str, other: str) -> bool:
        """Whether what one noun names can be what another names: an owl is a bird."""
        return not self.above(noun).isdisjoint(self.nodes(other))

    def nodes(self, noun: str) -> Sequence[int]:
        """A noun's own places in the outline."""
        return self._nodes.get(noun, ())

    @lru_cache(maxsize=100_000)  # noqa: B019
    def above(self, noun: str) -> frozenset[int]:
        """A noun's places in the outline, a compound's too, and all that lie above them."""
        return frozenset(above for node in self._nodes_of(noun) for above in self._up(node))

    def _up(self, node: int) -> Iterator[int]:
        while node >= 0:
            yield node
            node = self._parents[node]

    def is_female(self, noun: str) -> bool:
        return noun in self._sets["female"]

    def is_male(self, noun: str) -> bool:
        return noun in self._sets["male"]

    def is_given_name(self, word: str) -> bool:
        return word in self._sets["name"]

    def is_colour(self, word: str) -> bool:
        last = word.rpartition("-")[2]  # "slate-blue"
        return last in self._sets["colour"] or last in COLOURS

    def is_state(self, adjective: str) -> bool:
        """Whether an adjective says how someone feels or fares: tired, asleep."""
        return adjective in self._sets["state"]

    def are_opposite(self, one: str, other: str) -> bool:
        """Whether nobody is both: red and blue, old and young."""
        if {one, other} <= self._sets["colour"]:
            return one != other
        return any(
            (one in a and other in b) or (one in b and other in a) for a, b in self._opposites
        )

    @lru_cache(maxsize=100_000)  # noqa: B019
    def singular(self, word: str) -> str | None:
        """The noun that a word is the plural of; None if it can be none."""
        if word in self._irregular["plural"]:
            return self._irregular["plural"][word]
        man = f"{word[:-2]}an"  # a washerwoman need not be known
        if word.endswith("men") and (self.share(man, "n") >= 0 or word.endswith("women")):
            return man
        found = next((stem for stem in _without_s(word) if self.share(stem, "n") >= 0), None)
        if found or word in self:
            return found
        # A compound is inflected as its last part is: schoolchildren.
        for at in range(2, len(word) - 3):
            if word[at:] in self._irregular["plural"]:
                return word[:at] + self._irregular["plural"][word[at:]]
        return None

    @lru_cache(maxsize=100_000)  # noqa: B019
    def verb_form(self, word: str) -> tuple[str, str] | None:
        """The ending of a verb's form (s, ed, en or ing) and the verb; None if it is none."""
        if word in self._irregular["form"]:
            verb = self._irregular["form"][word]
            if word.endswith("ing"):
                return "ing", verb
            return ("en" if word.endswith("n") and not verb.endswith("n") else "ed"), verb
        for ending, stems in (("s", _without_s), ("ed", _without_ed), ("ing", _without_ing)):
            # "leaves" are rather left than leafed through.
            verb = max(stems(word), key=lambda stem: self.share(stem, "v"), default="")
            if self.share(verb, "v") >= 0:
                return ending, verb
        return None


def _sections(text: str) -> Iterator[tuple[str, str]]:
    for section in text.split("\n[")[1:]:
        name, _, words = section.partition("]\n")
        yield name, words


def _without_s(word: str) -> Iterator[str]:
    """What "-s" may have been put behind, the likeliest first."""
    if len(word) < 3 or not word.endswith("s") or word.endswith("ss"):
        return
    if word.endswith("ies") and len(word) > 4:
        yield f"{word[:-3]}y"
    if word.endswith("ves"):
        yield from (f"{word[:-3]}f", f"{word[:-3]}fe")
    if word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
        yield word[:-2]
    yield word[:-1]


def _without_ed(word: str) -> Iterator[str]:
    if word.endswith("ed") and len(word) > 3:
        yield word[:-1]
        yield from _stems(word[:-2])


def _without_ing(word: str) -> Iterator[str]:
    if word.endswith("ing") and len(word) > 4:
        yield f"{word[:-3]}e"
        yield from _stems(word[:-3])
        if word[-4] == "y":  # lying
            yield f"{word[:-4]}ie"


def _stems(stem: str) -> Iterator[str]:
    """A verb as it may have been before a vowel was added: runn → run, carri → carry."""
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in _VOWELS:
        yield stem[:-1]
    if stem.endswith("i"):
        yield f"{stem[:-1]}y"
    yield stem


@cache
def lexicon() -> Lexicon:
    """The lexicon of the package, loaded when first asked for."""
    return Lexicon(Path(__file__).with_name("lexicon.txt").read_text(encoding="utf-8"))
