"""WordNet's files (wndb(5WN)), as far as compile_lexicon.py asks them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

POS = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}


@dataclass
class Synset:
    words: list[str]
    lexfile: int
    gloss: str
    pointers: list[tuple[str, str]]  # symbol, offset (of the same part of speech)
    derived: list[str]  # nouns made of it
    predicative: list[str]  # adjectives that stand behind "is" only

    def to(self, *symbols: str) -> list[str]:
        return [offset for symbol, offset in self.pointers if symbol in symbols]


class WordNet:
    """The files of the database, read whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.tagged: Counter[tuple[str, str]] = Counter()  # (word, part of speech)
        self.tagged_sense: Counter[tuple[str, str, int]] = Counter()
        for line in self._lines("cntlist.rev"):
            key, sense, count = line.split()
            word, rest = key.split("%")
            self.tagged[word, POS[rest[0]]] += int(count)
            self.tagged_sense[word, POS[rest[0]], int(sense)] += int(count)
        self.used: Counter[str] = Counter()  # in definitions, examples and compounds
        self.synsets = {pos: self._synsets(pos, name) for pos, name in FILES.items()}
        self.senses = {pos: self._senses(name) for pos, name in FILES.items()}

    def _lines(self, name: str) -> Iterator[str]:
        with (self._folder / name).open(encoding="latin-1") as file:
            yield from (line for line in file if not line.startswith(" "))

    def _synsets(self, pos: str, name: str) -> dict[str, Synset]:
        """wndb(5WN): offset, lexicographer file, type, words, pointers | gloss."""
        found = {}
        for line in self._lines(f"data.{name}"):
            data, _, gloss = line.partition(" | ")
            fields = data.split()
            marked = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
            words = [re.sub(r"\(\w+\)$", "", word) for word in marked]
            self.used.update(re.findall(r"[a-z]+", gloss.lower()))
            self.used.update(part for word in words if "_" in word for part in word.split("_"))
            rest = fields[4 + 2 * len(words) :]
            pointers = [tuple(rest[1 + 4 * i : 5 + 4 * i]) for i in range(int(rest[0]))]
            found[fields[0]] = Synset(
                words,
                int(fields[1]),
                gloss.strip(),
                [(p[0], p[1]) for p in pointers if p[2].replace("s", "a") == pos or p[0] == "="],
                [p[1] for p in pointers if p[0] == "+" and p[2] == "n"],
                [word for word, mark in zip(words, marked, strict=True) if mark.endswith("(p)")],
            )
        return found

    def _senses(self, name: str) -> dict[str, list[str]]:
        """For each word its synsets, the commonest first."""
        found = {}
        for line in self._lines(f"index.{name}"):
            fields = line.split()
            found[fields[0]] = fields[-int(fields[2]) :]
        return found

    def is_rare(self, word: str, least: int) -> bool:
        """Whether no tagged text has a word and definitions use it less than `least` times."""
        used = self.used[word] + self.used[f"{word}s"]
        return used < least and not any(self.tagged[word, pos] for pos in FILES)

    def common_senses(self, word: str) -> list[str]:
        """The synsets that a noun usually means, the commonest first."""
        # What is written with a capital is a name: "Paris", "Canis".
        counts = {
            synset: self.tagged_sense[word, "n", number]
            for number, synset in enumerate(self.senses["n"].get(word, []), start=1)
            if word in self.synsets["n"][synset].words
        }
        often = max(counts.values(), default=0)
        first = list(counts)[: 4 if not often else 2 if often < 3 else 0]
        return [s for s, count in counts.items() if count >= max(1, often / 5) or s in first]

    def below(self, words: Iterable[str], senses: int = 1) -> set[str]:
        """The synsets that hang below the commonest senses of these words, and those themselves."""
        below: dict[str, list[str]] = defaultdict(list)
        for offset, synset in self.synsets["n"].items():
            for parent in synset.to("@"):
                below[parent].append(offset)
        found: set[str] = set()
        waiting = [synset for word in words for synset in self.senses["n"][word][:senses]]
        while waiting:
            offset = waiting.pop()
            if offset not in found:
                found.add(offset)
                waiting += below[offset]
        return found
