"""How well pictures tell a story, judged by what the oracle sees in them.

A picture in which it finds nobody shows nothing right, wherever it may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean

from hopping.evaluate.stories import TWO, StoryCase
from hopping.storybook.oracle import Verdict
from hopping.storybook.scene import Figure

MEANINGS: Mapping[str, str] = {
    "found": "a figure is there at all; where none is, nothing counts but a leak",
    "identity": "every character that the frame names is seen, in its own colour",
    "individual": "every character that the frame names has the colour and the coat that it has in "
    "the picture of the frame that introduces it",
    "framing": "every character that the frame names is as large and on the same side as in the "
    "picture of the frame that introduces it; more than plain's is a copied pose",
    "prompt": "the frame's own text is shown: the mean of subject, place and action",
    "leak": "an earlier frame's place or action shows instead of the frame's own",
    "spread": "backgrounds differ, of all pairs of a story's pictures, as all its texts do",
    "subject": "every character that the frame names is seen, in whatever colour",
    "place": "the place is the frame's own",
    "action": "every character does what the frame says",
    "cross-talk": "of two characters one has the other's colour, or is seen in the other's frame",
}
"""Scores by name, each a share of frames 2 to N (spread: of pairs) from 0 to 1."""

SCORES = tuple(MEANINGS)


def score_frames(case: StoryCase, verdicts: Sequence[Verdict]) -> list[dict[str, float]]:
    """The scores of frames 2 to N, in order; all of `MEANINGS` but spread."""
    frames = []
    introduced = _introduced(case, verdicts)
    for n in range(1, len(case.shots)):
        truth, seen = case.shots[n].truth, verdicts[n]
        found = {figure.subject: figure for figure in seen.figures[: len(truth.figures)]}
        subject = all(figure.subject in found for figure in truth.figures)
        kept = subject and all(found[f.subject].colour == f.colour for f in truth.figures)
        action = subject and all(found[f.subject].action == f.action for f in truth.figures)
        before = {f.subject: introduced.get(f.subject) for f in truth.figures}
        same = subject and all(
            first and _individual(found[name]) == _individual(first)
            for name, first in before.items()
        )
        copied = subject and all(
            first and _framing(found[name]) == _framing(first) for name, first in before.items()
        )
        place = bool(found) and seen.place == truth.place
        scores: dict[str, float] = {
            "found": bool(found),
            "identity": kept,
            "individual": bool(same),
            "framing": bool(copied),
            "prompt": (subject + place + action) / 3,
            "leak": _leaks(case, n, seen, found),
            "subject": subject,
            "place": place,
            "action": action,
        }
        if case.kind == TWO:
            scores["cross-talk"] = _crosses(case, n, seen)
        frames.append({name: float(value) for name, value in scores.items()})
    return frames


def score_story(case: StoryCase, verdicts: Sequence[Verdict]) -> dict[str, float]:
    """The scores of a story: means over its frames 2 to N, and spread."""
    frames = score_frames(case, verdicts)
    scores = {name: fmean(frame[name] for frame in frames) for name in frames[0]}
    pairs = combinations(verdicts, 2)
    scores["spread"] = fmean(bool(a.figures and b.figures) and a.place != b.place for a, b in pairs)
    return scores


def _individual(figure: Figure) -> tuple[str, str]:
    return figure.colour, figure.coat


def _framing(figure: Figure) -> tuple[str, str]:
    return figure.size, figure.side


def _introduced(case: StoryCase, verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Each character in the picture of the frame that introduces it, if it is seen."""
    looks: dict[str, Figure] = {}
    introduced: set[str] = set()
    for shot, seen in zip(case.shots, verdicts, strict=True):
        new = {figure.subject for figure in shot.truth.figures} - introduced
        looks |= {f.subject: f for f in seen.figures if f.subject in new}
        introduced |= new
    return looks


def _leaks(case: StoryCase, n: int, seen: Verdict, found: Mapping[str, Figure]) -> bool:
    earlier = [shot.truth for shot in case.shots[:n]]
    if seen.place in {scene.place for scene in earlier}:
        return True  # no two frames of a story have the same place
    before = {figure.action for scene in earlier for figure in scene.figures}
    own = {figure.subject: figure.action for figure in case.shots[n].truth.figures}
    return any(
        subject in found and found[subject].action != action and found[subject].action in before
        for subject, action in own.items()
    )


def _crosses(case: StoryCase, n: int, seen: Verdict) -> bool:
    colours = {f.subject: f.colour for shot in case.shots[:2] for f in shot.truth.figures}
    named = {figure.subject for figure in case.shots[n].truth.figures}
    for figure in seen.figures:
        if figure.subject in colours and figure.subject not in named:
            return True
        others = {colour for subject, colour in colours.items() if subject != figure.subject}
        if figure.subject in named and figure.colour in others:
            return True
    return False
