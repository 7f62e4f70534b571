"""From what the oracle saw to means with standard errors: one JSON of all methods."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from hopping.evaluate.measurements import Line, Provenance, read_lines
from hopping.evaluate.methods import NAMES
from hopping.evaluate.scores import SCORES, score_frames, score_story
from hopping.evaluate.stories import KINDS, ONE, StoryCase, make_stories

FILE = "results.json"
ALL = "all stories"

Results = Mapping[str, Any]
"""What `summarise` returns."""

Scored = Mapping[tuple[str, int, int], Mapping[str, float]]
"""Scores by (method, story, seed)."""

COMPARED: Sequence[tuple[str, str]] = (
    ("paper", "plain"),
    ("carry=all", "plain"),
    ("carry=all + anchor", "carry=all"),
    ("carry=all + reach=all", "carry=all"),
    ("carry=all + share=subject", "carry=all"),
    ("Consistent subject", "plain"),
    ("Consistent subject", "attribute repeated"),
    ("Consistent subject", "One-Prompt-One-Story"),
    ("Consistent subject", "carry=all + marks by hand"),
    ("Same character", "plain"),
    ("Same character", "attribute repeated"),
    ("Same character", "Consistent subject"),
    ("attribute repeated + pixels", "attribute repeated"),
    ("anchor + share=subject", "Consistent subject"),
    ("anchor + share=subject", "attribute repeated"),
    ("Consistent subject (other noises)", "plain (other noises)"),
    ("Consistent subject (other noises)", "attribute repeated (other noises)"),
    ("Same character (other noises)", "plain (other noises)"),
    ("Same character (other noises)", "Consistent subject (other noises)"),
)
"""Pairs of methods whose difference is tested on the same stories and noise."""

COMPARED_SCORES = ("identity", "individual", "prompt", "leak", "spread")


def stories_of(lines: Iterable[Line]) -> dict[int, StoryCase]:
    """The stories that lines are about, by number."""
    last = max((line.story for line in lines), default=-1)
    return {case.number: case for case in make_stories(last + 1)}


def score_lines(lines: Sequence[Line]) -> dict[tuple[str, int, int], dict[str, float]]:
    """The scores of each line; of two with one key the last."""
    cases = stories_of(lines)
    return {line.key: score_story(cases[line.story], line.verdicts) for line in lines}


def mean_and_error(values: Iterable[tuple[int, float]]) -> dict[str, float] | None:
    """Mean over stories and its standard error, from (story, value) pairs.

    The seeds of one story are averaged first: the error is that of drawing other stories.
    """
    by_story: dict[int, list[float]] = defaultdict(list)
    for story, value in values:
        by_story[story].append(value)
    means = [fmean(of_story) for of_story in by_story.values()]
    if not means:
        return None
    error = stdev(means) / len(means) ** 0.5 if len(means) > 1 else 0.0
    return {"mean": round(fmean(means), 5), "error": round(error, 5), "stories": len(means)}


def summarise(folder: Path) -> dict[str, Any]:
    """The results of one model, as JSON holds them.

    Returns:
        "run": what `Provenance` has; "stories", "seeds", "pictures": how many there are; "methods":
        for each method its "scores" by kind of story, and its "identity by frame" in stories of
        one character; "differences": of pairs of methods, on stories and seeds that both have.
    """
    lines = list({line.key: line for line in read_lines(folder)}.values())
    cases = stories_of(lines)
    scored = score_lines(lines)
    by_method: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_method[line.method].append(line)
    return {
        "run": asdict(Provenance.read(folder)),
        "stories": len({line.story for line in lines}),
        "seeds": len({line.seed for line in lines}),
        "pictures": sum(len(line.verdicts) for line in lines),
        "methods": {
            name: {
                "scores": _scores([(cases[line.story], scored[line.key]) for line in of_method]),
                "identity by frame": _by_frame(of_method, cases),
            }
            for name in NAMES
            if (of_method := by_method[name])
        },
        "differences": [
            {
                "kind": kind,
                "method": method,
                "against": other,
                **_difference(of_kind, method, other),
            }
            for kind in (ALL, *KINDS)
            if (of_kind := {k: v for k, v in scored.items() if kind in (ALL, cases[k[1]].kind)})
            for method, other in COMPARED
            if by_method[method] and by_method[other]
        ],
    }


def write_results(folder: Path) -> dict[str, Any]:
    """`summarise` a folder into its ``results.json``, and return it."""
    results = summarise(folder)
    (folder / FILE).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return results


def _scores(scored: Sequence[tuple[StoryCase, Mapping[str, float]]]) -> dict[str, Any]:
    """One method's means by kind of story and score."""
    found: dict[str, Any] = {}
    for kind in (ALL, *KINDS):
        of_kind = [(case.number, values) for case, values in scored if kind in (ALL, case.kind)]
        means = {
            score: mean_and_error((story, v[score]) for story, v in of_kind if score in v)
            for score in SCORES
        }
        found[kind] = {score: mean for score, mean in means.items() if mean}
    return found


def _by_frame(
    lines: Iterable[Line], cases: Mapping[int, StoryCase]
) -> dict[str, dict[str, float] | None]:
    """One method's identity in frames 2, 3, … of stories of one character."""
    values: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for line in lines:
        case = cases[line.story]
        if case.kind == ONE:
            for number, frame in enumerate(score_frames(case, line.verdicts), start=2):
                values[number].append((line.story, frame["identity"]))
    return {str(number): mean_and_error(values[number]) for number in sorted(values)}


def _difference(scored: Scored, method: str, other: str) -> dict[str, Any]:
    """`method` less `other`, score by score, over the stories and seeds that both have."""
    pairs = [
        (story, values, scored[other, story, seed])
        for (name, story, seed), values in scored.items()
        if name == method and (other, story, seed) in scored
    ]
    return {
        score: mean_and_error((story, a[score] - b[score]) for story, a, b in pairs)
        for score in COMPARED_SCORES
    }
