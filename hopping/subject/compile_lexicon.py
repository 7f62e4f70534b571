"""Compile the lexicon from WordNet: what a reader of English prompts must know about words.

    python -m hopping.subject.compile_lexicon /usr/share/wordnet

The folder is that of Debian's package `wordnet-base` (WordNet 3.0; dict/ of Princeton's archive has
the same files). `lexicon.txt` beside this file comes out the same, byte for byte. What is kept, of
single words only, and why:

- which parts of speech a word can be and how likely each is, by WordNet's tagged texts: whether
  "limps" ends a subject or belongs to it;
- irregular plurals and verb forms;
- the outline of what a picture can show: which word is a kind of which, so that "the bird" can mean
  an owl; nouns for what no picture shows;
- who is female or male; words that are first names too; colours; opposites of size and age: the red
  dog is not the blue one; adjectives for how someone feels, which say nothing of looks.

Rare words are left out, so that the whole is loaded in a blink: those that neither the tagged texts
have nor WordNet's own definitions, which are a text of 1.6 million words.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .vocabulary import TITLES
from .wordnet import WordNet

OUTPUT = Path(__file__).with_name("lexicon.txt")
# A part of the outline for each lexicographer file of what can be seen (lexnames(5WN)).
PARTS = {
    5: "animal",
    6: "thing",
    8: "body",
    13: "food",
    14: "group",
    15: "place",
    17: "place",
    18: "person",
    19: "weather",
    20: "plant",
    27: "stuff",
}
TOPS = {"person": "person", "animal": "animal", "plant": "plant"}  # in the file noun.Tops
# The animals' file holds their bodies' parts too.
BODY = "body_part body_covering hair appendage tail".split()
# What is worn: what hangs below these, wherever in the outline.
WORN = (
    "clothing footwear armor jewelry spectacles mask headgear hairpiece bag uniform costume".split()
)
# Behind a word in a line of the outline that is not what it mostly means.
LESSER = "-"
# How often definitions must use a word of a part, if no tagged text has it.
LEAST = {
    "worn": 0,
    "body": 2,
    "animal": 1,
    "person": 1,
    "thing": 2,
    "food": 3,
    "plant": 12,
    "stuff": 10,
    "group": 6,
}
# Rare words are long words: up to this length they are kept all the same.
SHORT = {"person": 6, "animal": 7}
ADJECTIVE = re.compile(r".{3,}(ous|ful|less|able|ible|ish|ic|like|al|some|ed|ing)$")
RUDE = re.compile(
    r"slur|offensive (term|name)|obscene|vulgar (term|slang)|derogat|disparag|copulat|prostitut"
    r"|genital|sexual intercourse"
)
FLEETING = (
    "feeling emotion psychological_state physiological_state temporary_state sleepiness".split()
)
# Of these attributes an individual keeps what it has.
LASTING = {"size", "age", "stature", "length", "width", "thickness"}
_LEAD = (
    r"^(?:\([^)]*\) *)?(?:an? |the |informal terms? for (?:an? )?)?"
    r"(?:(?!who|that|of|for|to)[\w-]+ ){0,3}?"
)
SHE = re.compile(_LEAD + r"\(?(female|woman|girl|wife|mother|daughter|lady|queen|goddess)\b")
HE = re.compile(_LEAD + r"\(?(male|man|boy|husband|father|son|king|nobleman|lord)\b")
YOUNG = re.compile(
    r"^(?:an? )?young (?:of )?(?:(?:a|an|the|certain|domestic|large|various) )*(\w+)"
)
UNNAMED = {"stuff", "place", "weather"}
WIDTH = 100


@dataclass
class Node:
    """A synset in the outline."""

    words: list[str]
    children: list[str] = field(default_factory=list)


def readings(wordnet: WordNet, outlined: set[str]) -> dict[str, list[str]]:
    """Words by their parts of speech, each with its share in quarters: n3v0 is mostly a noun."""
    found = defaultdict(list)
    words = {word for senses in wordnet.senses.values() for word in senses if word.isalpha()}
    for word in sorted(words):
        weight = {
            pos: wordnet.tagged[word, pos] + 0.5
            for pos, senses in wordnet.senses.items()
            if word in senses
        }
        share = {pos: value / sum(weight.values()) for pos, value in weight.items()}
        if _is_left_out(wordnet, word, set(weight), outlined):
            continue
        found[
            "".join(f"{p}{int(4 * share[p])}" for p in share if p in "nv" or share[p] > 0.03)
        ].append(word)
    return found


def _is_left_out(wordnet: WordNet, word: str, pos: set[str], outlined: set[str]) -> bool:
    if all(_is_rude(wordnet, each, word) for each in pos):
        return True
    if pos == {"n"}:
        # An outlined word is known for a noun; what else is kept are nouns for the unseen.
        return word in outlined or wordnet.tagged[word, "n"] < 4 or _is_name(wordnet, word)
    if pos == {"r"} and word.endswith("ly"):
        return True
    if pos == {"a"} and _is_known_by_its_form(wordnet, word):
        return True
    return wordnet.is_rare(word, 1 if "v" in pos else 3)


def _is_known_by_its_form(wordnet: WordNet, adjective: str) -> bool:
    """Whether tagging.py takes it for an adjective, or for a verb's form, without a list."""
    participle = adjective.endswith(("ed", "ing"))
    return bool(ADJECTIVE.match(adjective)) and not (participle and wordnet.tagged[adjective, "a"])


def _is_name(wordnet: WordNet, word: str) -> bool:
    return not any(word in wordnet.synsets["n"][o].words for o in wordnet.senses["n"][word])


def _is_rude(wordnet: WordNet, pos: str, word: str) -> bool:
    first = wordnet.senses[pos][word][0]
    return bool(RUDE.search(wordnet.synsets[pos][first].gloss))


def outline_nodes(wordnet: WordNet) -> dict[str, Node]:
    """The synsets of what a picture can show, with the words that commonly mean them."""
    nouns = wordnet.synsets["n"]
    nodes: dict[str, Node] = {}
    part_of = parts_of_outline(wordnet)
    for word in sorted(wordnet.senses["n"]):
        if not re.fullmatch("[a-z]+", word) or len(word) < 2 or _is_rude(wordnet, "n", word):
            continue
        common = wordnet.common_senses(word)
        # What is worn is told apart by the words around it, however rarely it is meant.
        rare = [o for o in wordnet.senses["n"][word] if part_of.get(o) == "worn"]
        mark = ""
        for offset in dict.fromkeys([*common, *rare]):
            synset, part = nouns[offset], part_of.get(offset)
            if not part or word not in synset.words or RUDE.search(synset.gloss):
                continue
            if _is_outlined(wordnet, word, part):
                nodes.setdefault(offset, Node([])).words.append(f"{word}{mark}")
                mark = LESSER
    return nodes


def _is_outlined(wordnet: WordNet, word: str, part: str) -> bool:
    # A word that is known for a verb must not pass for a noun for the unseen.
    verb = any(word in wordnet.senses[pos] for pos in "va")
    short = len(word) <= SHORT.get(part, 0)
    return short or not wordnet.is_rare(word, 1 if verb else LEAST.get(part, 3))


def parts_of_outline(wordnet: WordNet) -> dict[str, str]:
    """The part of the outline that each noun synset belongs to, where it belongs to one."""
    worn, body, animals = (
        wordnet.below(WORN, 2),
        wordnet.below(BODY),
        wordnet.below(["animal"]),
    )
    found = {}
    for offset, synset in wordnet.synsets["n"].items():
        part = PARTS.get(synset.lexfile)
        if synset.lexfile == 3:
            part = TOPS.get(synset.words[0])
        if offset in worn:
            part = "worn"
        elif part == "animal" and offset not in animals:
            part = "body" if offset in body else "thing"
        if part is not None:
            found[offset] = part
    return found


def outline(wordnet: WordNet) -> dict[str, list[tuple[int, list[str]]]]:
    """For each part of the outline its lines: depth and words, parents before their children."""
    nodes = outline_nodes(wordnet)
    part_of = parts_of_outline(wordnet)
    roots: dict[str, list[str]] = defaultdict(list)
    for offset in sorted(nodes, key=lambda o: (nodes[o].words, o)):
        parent = _nearest(wordnet, offset, nodes)
        if parent is not None and part_of[parent] == part_of[offset]:
            nodes[parent].children.append(offset)
        else:
            roots[part_of[offset]].append(offset)

    def lines(offsets: Iterable[str], depth: int) -> Iterator[tuple[int, list[str]]]:
        for offset in offsets:
            yield depth, nodes[offset].words
            yield from lines(nodes[offset].children, depth + 1)

    return {name: list(lines(roots[name], 0)) for name in sorted(roots)}


def _nearest(wordnet: WordNet, offset: str, nodes: dict[str, Node]) -> str | None:
    """The nearest hypernym that is in the outline; for young animals what they are young of."""
    synset = wordnet.synsets["n"][offset]
    young = YOUNG.match(synset.gloss)
    if young and synset.lexfile == 5:
        for parent in wordnet.common_senses(young[1]):
            if parent in nodes and wordnet.synsets["n"][parent].lexfile in (5, 3):
                return parent
    above = synset.to("@")
    while above:
        for parent in above:
            if parent in nodes:
                return parent
        above = [p for parent in above for p in wordnet.synsets["n"][parent].to("@")]
    return None


def people(wordnet: WordNet, kind: str, outlined: set[str]) -> list[str]:
    """Nouns for one sex alone, as their definitions or what they are a kind of say."""
    nouns = wordnet.synsets["n"]
    shes, hes = wordnet.below(["woman", "female"]), wordnet.below(["man", "male"])
    found = []
    for word in sorted(outlined):
        synsets = [o for o in wordnet.common_senses(word) if nouns[o].lexfile in (5, 18)]
        if not synsets:
            continue
        gloss = nouns[synsets[0]].gloss.split(";")[0]
        she = synsets[0] in shes or bool(SHE.search(gloss))
        he = synsets[0] in hes or bool(HE.search(gloss))
        if she != he and ("female" if she else "male") == kind:
            found.append(word)
    return found


def given_names(wordnet: WordNet, known: set[str]) -> list[str]:
    """Words that famous people have for a first name too: John, Grace."""
    times: Counter[str] = Counter()
    for synset in wordnet.synsets["n"].values():
        if synset.lexfile == 18 and synset.to("@i"):
            first = {word.split("_")[0] for word in synset.words if word.count("_") in (1, 2)}
            times.update(word.lower() for word in first if word.isalpha() and word.istitle())
    part_of = parts_of_outline(wordnet)

    def other(word: str) -> bool:
        """Titles, adjectives and stuffs stand there too: "Lord Byron", "Black Hawk", "Sun King"."""
        common = wordnet.common_senses(word)
        adjective = wordnet.tagged[word, "a"] > wordnet.tagged[word, "n"]
        return word in TITLES or adjective or part_of.get(common[0] if common else "") in UNNAMED

    return sorted(w for w, number in times.items() if number > 1 and w in known and not other(w))


def colours(wordnet: WordNet) -> list[str]:
    adjectives = wordnet.synsets["a"]
    found = {"black", "white"}
    for head in ("chromatic", "achromatic"):
        for like in adjectives[wordnet.senses["a"][head][0]].to("&"):
            found.update(word for word in adjectives[like].words if word.isalpha())
    for offset in wordnet.below(["chromatic_color", "achromatic_color"]):
        words = wordnet.synsets["n"][offset].words
        found.update(word for word in words if word.isalpha() and word.islower())
    found.update(wordnet.synsets["a"][wordnet.senses["a"]["blond"][0]].words)
    return sorted(found)


def states(wordnet: WordNet) -> list[str]:
    """Adjectives for how someone feels or fares, by the noun that they make: tiredness."""
    states = wordnet.below(FLEETING)
    found = set()
    for word, synsets in wordnet.senses["a"].items():
        adjective = wordnet.synsets["a"][synsets[0]]
        fleeting = states & set(adjective.derived) or word in adjective.predicative
        if word.isalpha() and wordnet.tagged[word, "a"] and fleeting:
            found.add(word)
    return sorted(found)


def opposites(wordnet: WordNet) -> list[tuple[list[str], list[str]]]:
    """Pairs of word lists: what has a word of one has none of the other."""
    adjectives, nouns = wordnet.synsets["a"], wordnet.synsets["n"]

    def cluster(offset: str) -> list[str]:
        heads = adjectives[offset].words
        like = [w for o in adjectives[offset].to("&") for w in adjectives[o].words]
        kept = {w for w in like if w.isalpha() and wordnet.tagged[w, "a"]}
        return sorted({w for w in heads if w.isalpha()} | kept)

    found = []
    for offset, synset in adjectives.items():
        attributes = {nouns[o].words[0] for o in synset.to("=") if o in nouns}
        for other in synset.to("!"):
            if attributes & LASTING and offset < other:
                pair = cluster(offset), cluster(other)
                if pair not in found:
                    found.append(pair)
    return sorted(found)


def exceptions(folder: Path, name: str, known: set[str]) -> list[str]:
    """Irregular forms as "mice:mouse": what no rule of `Lexicon` finds."""
    lines = (folder / f"{name}.exc").read_text(encoding="latin-1").splitlines()
    found = []
    for line in lines:
        form, *lemmas = line.split()
        lemma = lemmas[0]
        doubled = re.fullmatch(rf"{lemma}{lemma[-1]}(ed|ing)", form)
        if form.isalpha() and lemma in known and form != lemma and not doubled:
            found.append(f"{form}:{lemma}")
    return sorted(set(found))


def notice(folder: Path) -> Iterator[str]:
    """WordNet's licence, as it heads each of its files: it must travel along."""
    yield "# Compiled from WordNet 3.0 by compile_lexicon.py, which says what is in here."
    yield "# WordNet's licence:"
    yield "#"
    with (folder / "data.noun").open(encoding="latin-1") as file:
        for line in file:
            if not line.startswith(" "):
                break
            yield f"# {line.split(maxsplit=1)[1].strip() if len(line.split()) > 1 else ''}".rstrip()


def section(name: str, words: Iterable[str]) -> Iterator[str]:
    """A heading and the words below it, filled into lines."""
    yield f"[{name}]"
    line = ""
    for word in words:
        if line and len(line) + len(word) >= WIDTH:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line


def lexicon(folder: Path) -> Iterator[str]:
    wordnet = WordNet(folder)
    parts = outline(wordnet)
    outlined = {
        word.rstrip(LESSER) for lines in parts.values() for _, words in lines for word in words
    }
    parts_of_speech = readings(wordnet, outlined)
    verbs = {w for sign, words in parts_of_speech.items() if "v" in sign for w in words}
    yield from notice(folder)
    for signature, words in sorted(parts_of_speech.items()):
        yield from section(signature, words)
    for kind in ("female", "male"):
        yield from section(kind, people(wordnet, kind, outlined))
    known = outlined.union(*parts_of_speech.values())
    yield from section("name", given_names(wordnet, known))
    yield from section("colour", colours(wordnet))
    yield from section("state", states(wordnet))
    for one, other in opposites(wordnet):
        yield from section("opposite", [*one, "/", *other])
    yield from section("plural", exceptions(folder, "noun", outlined))
    yield from section("form", exceptions(folder, "verb", verbs))
    # Depth is written as a digit: a line hangs below the last one before it that is less deep.
    for name, lines in parts.items():
        yield f"[outline {name}]"
        yield from (f"{min(depth, 9)} {' '.join(words)}" for depth, words in lines)


def main() -> None:
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "data.noun").is_file():
        sys.exit(
            "usage: python -m hopping.subject.compile_lexicon FOLDER (with WordNet's data.noun)"
        )
    OUTPUT.write_text("".join(f"{line}\n" for line in lexicon(Path(sys.argv[1]))), "utf-8")
    print(f"{OUTPUT}: {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
