"""The storybook's tokenizer: CLIP's byte-level BPE with a vocabulary built from the captions.

Every word of the grammar is one token. Any other text falls back to pieces and in the end to
bytes, so nothing is ever unknown.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).parent / "tokenizer"
START, END = "<|startoftext|>", "<|endoftext|>"
_END_OF_WORD = "</w>"
MAX_LENGTH = 77


def byte_symbols() -> list[str]:
    """The 256 printable characters that stand for bytes, in CLIP's order: printable ones first."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]


def learn_merges(words: Iterable[str]) -> list[tuple[str, str]]:
    """The pair merges, most frequent first, after which each of `words` is a single symbol."""
    spellings = [[*word[:-1], word[-1] + _END_OF_WORD] for word in words]
    merges: list[tuple[str, str]] = []
    while True:
        pairs = Counter(pair for word in spellings for pair in pairwise(word))
        if not pairs:
            return merges
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        spellings = [_merged(word, best) for word in spellings]


def _merged(word: list[str], pair: tuple[str, str]) -> list[str]:
    result: list[str] = []
    for symbol in word:
        if result and (result[-1], symbol) == pair:
            result[-1] += symbol
        else:
            result.append(symbol)
    return result


def write_tokenizer(words: Iterable[str], folder: Path = FOLDER) -> None:
    """Write the files of a transformers CLIPTokenizer whose whole words are `words`."""
    merges = learn_merges(words)
    symbols = byte_symbols()
    tokens = [*symbols, *(symbol + _END_OF_WORD for symbol in symbols)]
    tokens += [left + right for left, right in merges]
    # transformers before 4.31 pools at the highest id, so the end token comes last, as in CLIP.
    tokens += [START, END]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = json.dumps({token: i for i, token in enumerate(tokens)}, ensure_ascii=False)
    (folder / "vocab.json").write_text(vocabulary + "\n", encoding="utf-8")
    lines = ["#version: 0.2", *(f"{left} {right}" for left, right in merges), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    config = {
        **special,
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": MAX_LENGTH,
        "do_lower_case": True,
        "errors": "replace",
        "add_prefix_space": False,
    }
    _write_json(folder / "special_tokens_map.json", special)
    _write_json(folder / "tokenizer_config.json", config)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
