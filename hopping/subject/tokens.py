"""A frame's text as words and punctuation, without what a picture does not show.

Left out: labels ("PANEL 3.", "WIDE SHOT:", "INT. TAXI - NIGHT."), speech in quotes, and the host's
syntax: brackets are looked through, weights (":1.2") and tags ("<lora:name:1>") skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hopping.story import Span

from .lexicon import lexicon
from .vocabulary import ABBREVIATIONS, DETERMINERS, INTRODUCING, LABELS, NUMBERS, PICTURES, TITLES


@dataclass(frozen=True)
class Token:
    """A word, or a sign of punctuation.

    Attributes:
        text: as it is written; word: in lower case, with straight apostrophes.
        span: where it stands in the text.
    """

    text: str
    word: str
    span: Span

    @property
    def is_word(self) -> bool:
        return self.text[0].isalnum()

    @property
    def is_capital(self) -> bool:
        return self.text[0].isupper() and self.text[1:2] != "-"  # "T-shirt"


_TOKEN = re.compile(
    r"""
    (?P<skip><[^<>]*>|\bscore_\d\w*|:\d*\.?\d+(?=[)\]])|\\|[{}|_*~])
    |(?P<bracket>[()\[\]])
    |(?P<quote>["“”„«»])
    |(?P<number>\d+(?:[.,:/]\d+)*)(?P<unit>[^\W_]*)
    |(?P<clitic>['’](?:s|re|ll|ve|d|m)\b|['’](?=[\s,.!?;:)]|$))
    |(?P<word>[^\W\d_](?:['’](?!(?:s|re|ll|ve|d|m)\b)(?=[^\W\d_])|[^\W\d_]|[-‐‑](?=[^\W_])|(?<=[-‐‑])\d+)*)
    |(?P<sign>[^\w\s])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COUNTED = re.compile(r"girls?|boys?|others?", re.IGNORECASE)
_BRACKETS = frozenset("()[]")
_STOPS = frozenset(".!?;\n")
SAYS = ": says"
"""The word of a colon that speech stands behind."""
_DASHES = frozenset("-–—―")


def tokenize(text: str) -> list[Token]:
    """The words and the punctuation of a text that say what its picture shows."""
    tokens = _without_sounds(_without_labels(_without_speech(_scan(text))))
    return [token for token in _with_asides(tokens, text) if token.text not in _BRACKETS]


def _with_asides(tokens: list[Token], text: str) -> list[Token]:
    """What stands in brackets behind a name, between commas: "ROOK (bald, eyepatch) kicks"."""
    told = list(tokens)
    for at, token in enumerate(tokens):
        if token.text != "(" or not at or not tokens[at - 1].is_capital:
            continue
        end = next((n for n in range(at, len(tokens)) if tokens[n].text == ")"), None)
        if end is None or ":" in text[token.span[0] : tokens[end].span[0]]:  # a weight
            continue
        told[at] = replace(token, text=",", word=",")
        if end + 1 < len(tokens) and tokens[end + 1].is_word:
            told[end] = replace(tokens[end], text=",", word=",")
    return told


def _scan(text: str) -> list[Token]:
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "unit" and match["unit"] and _COUNTED.fullmatch(match["unit"]):
            # "2girls": a number and what is counted.
            middle = match.end("number")
            tokens.append(_token(text, match.start(), middle))
            tokens.append(_token(text, middle, match.end()))
        elif kind != "skip":
            tokens.append(_token(text, *match.span()))
    return _joined_abbreviations(tokens)


def _token(text: str, start: int, end: int) -> Token:
    written = text[start:end]
    return Token(written, written.lower().replace("’", "'"), (start, end))


def _joined_abbreviations(tokens: list[Token]) -> list[Token]:
    """A full stop behind "Dr" or an initial is part of the word and ends nothing."""
    joined: list[Token] = []
    for token in tokens:
        before = joined[-1] if joined else None
        if (
            token.text == "."
            and before
            and before.span[1] == token.span[0]
            and (before.word in ABBREVIATIONS or (len(before.text) == 1 and before.is_capital))
        ):
            joined[-1] = replace(
                before, text=f"{before.text}.", span=(before.span[0], token.span[1])
            )
        else:
            joined.append(token)
    return joined


def _without_speech(tokens: list[Token]) -> list[Token]:
    """Without what stands between quotation marks; an unclosed one opens nothing."""
    kept: list[Token] = []
    opened: int | None = None
    for token in tokens:
        if token.text in '"“”„«»':
            if opened is None:
                opened = len(kept)
                if kept and kept[-1].text == ":":  # who speaks is no label: Ghost: "Boo?"
                    kept[-1] = replace(kept[-1], word=SAYS)
            else:
                del kept[opened:]
                opened = None
        else:
            kept.append(token)
    return kept


def _without_sounds(tokens: list[Token]) -> list[Token]:
    """Without "SFX: creak" behind a sentence."""
    kept: list[Token] = []
    heard = False
    for index, token in enumerate(tokens):
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.is_capital and token.word in LABELS and following == ":":
            heard = True
        if not heard:
            kept.append(token)
        elif token.text in _STOPS:
            heard = False
    return kept


def _without_labels(tokens: list[Token]) -> list[Token]:
    while True:
        end = _label_end(tokens)
        if not end or end == len(tokens):
            return tokens
        tokens = tokens[end:]


def _label_end(tokens: list[Token]) -> int:
    """How many tokens at the start are a label; 0 if none is."""
    if tokens and tokens[0].text in "([":
        closed = next((i for i, token in enumerate(tokens[:8]) if token.text in ")]"), 0)
        words = [token for token in tokens[1:closed] if token.is_word]
        return closed + 1 if words and _names_a_part(words) else 0
    capitals = 0
    for index, token in enumerate(tokens[:24]):
        if token.is_word and not (token.text.isupper() or token.text.isdecimal()):
            break
        if not token.is_word and (token.text in _STOPS or token.text in ":–—-"):
            capitals = index + 1
    start = [token.word for token in tokens[:capitals] if token.is_word]
    if capitals and start and not DETERMINERS.intersection(start):
        shouted = all(token.text.isupper() for token in tokens if token.is_word)
        if not shouted or LABELS.intersection(start):
            return capitals
    for index, token in enumerate(tokens[:7]):
        words = [t for t in tokens[:index] if t.is_word]
        if not token.is_word:
            numbered = words and (words[-1].text.isdecimal() or words[0].text.isdecimal())
            if token.text in ":–—-.)" and numbered and _names_a_part(words):
                return index + 1
            if token.text == ":" and words and not (token.word == SAYS or _says_who(words)):
                return index + 1
            if token.text in _STOPS and _is_heading(words):
                return index + 1
    return 0


def _names_a_part(words: list[Token]) -> bool:
    """ "Panel 1", "Shot 2A", "3": what counts the frames."""
    return all(w.text.isdecimal() or w.word in NUMBERS or w.word in LABELS for w in words)


def _is_heading(words: list[Token]) -> bool:
    return any(w.word in LABELS or w.word in PICTURES for w in words) and all(
        w.word in LABELS or w.word in PICTURES or w.word in NUMBERS for w in words
    )


def _says_who(words: list[Token]) -> bool:
    """ "The dog:", "Mia:", "Captain Kestrel:", "Meet Bea:": it names who the rest is about."""
    if DETERMINERS.intersection(w.word for w in words):
        return True
    if words[0].word in LABELS:
        return False
    if words[0].word in INTRODUCING:
        words = words[1:]
    return bool(words) and all(
        w.is_capital and (w.word not in lexicon() or w.word in TITLES) for w in words
    )
