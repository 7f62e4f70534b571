"""What of a story's frames is style, not a subject: "ink drawing, white paper, …"."""

from __future__ import annotations

from collections import Counter

from .phrases import Sentence

# What stands in so large a part of the frames is style.
_NEARLY_EVERY = 0.8


class Style:
    """What stands between commas in nearly every frame so far is style, not a subject."""

    def __init__(self) -> None:
        self._frames = 0
        self._times: Counter[str] = Counter()

    def read(self, sentence: Sentence) -> frozenset[int]:
        """Read one more frame; returns where its phrases that are style begin.

        Whom a frame begins with is none, however often: "1girl, …".
        """
        pieces = _pieces(sentence)
        self._frames += 1
        self._times.update({text for text, _, _ in pieces})
        often = max(2, _NEARLY_EVERY * self._frames)
        style: set[int] = set()
        living = any(phrase.is_animate for phrase in sentence.phrases)
        begun = False  # whether somebody has been named who is no style
        for text, start, end in pieces:
            phrases = [p for p in sentence.between(start, end) if p.is_seen]
            if self._times[text] < often:
                begun |= bool(phrases)
                continue
            for phrase in phrases:
                if begun or phrase.role == "oblique" or phrase.is_animate != living:
                    style.add(phrase.start)
                elif not living:
                    begun = True
        return frozenset(style)


def _pieces(sentence: Sentence) -> list[tuple[str, int, int]]:
    """What stands between commas: its words, and its tokens [start, end)."""
    found, start = [], 0
    for index in range(len(sentence.tokens) + 1):
        if sentence.tags[index] in ",.":
            if index > start:
                words = (sentence.word(at) for at in range(start, index))
                found.append((" ".join(words), start, index))
            start = index + 1
    return found
