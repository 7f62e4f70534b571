"""The table of the One-Prompt-One-Story paper (Liu et al., ICLR 2025, table 1), with our rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from hopping.evaluate.report import markdown_table
from hopping.evaluate.suite.measure import Suite, digest_of, scores_of
from hopping.evaluate.suite.metrics import METRICS
from hopping.evaluate.suite.pictures import cost_of, folder_of

RANDOM = "random weights: no meaning"
PUBLISHED = "https://arxiv.org/abs/2501.13554"
_MISSING = "missing"


def summarise(suite: Suite, run: Mapping[str, Any], missing: Mapping[str, str]) -> dict[str, Any]:
    """A suite's results as JSON holds them: a row for each method, and what is missing and why."""
    rows = {}
    for method in suite.methods:
        folders = [folder_of(suite.out, method, prompts) for prompts in suite.sets]
        seconds, memory = cost_of(folders)
        rows[method] = {
            "scores": {name: _mean(scores_of(suite, method, name)) for name in suite.metrics},
            "seconds": seconds,
            "memory": memory,
        }
    return {
        "stamp": RANDOM if suite.random else "",
        "run": dict(run),
        "sets": len(suite.sets),
        "pictures": sum(len(prompts.settings) for prompts in suite.sets),
        "suite": digest_of(suite.sets),
        "missing": dict(missing),
        "rows": rows,
    }


def markdown(results: Mapping[str, Any]) -> str:
    """The results as a table, with what must be known beside it."""
    run = results["run"]
    shown = [name for name in METRICS if name in results["missing"] or _computed(results, name)]
    head = ["method", "base model", "train-free"]
    head += [f"{name} {METRICS[name].better}" for name in shown]
    head += ["steps", "memory (GiB) ↓", "seconds per picture ↓"]
    rows = []
    for method, row in results["rows"].items():
        memory = row["memory"]
        rows.append(
            [
                method,
                Path(run["model"]).name,
                "yes",
                *(_cell(row["scores"].get(name)) for name in shown),
                str(run["steps"]),
                "" if memory is None else f"{memory:.2f}",
                f"{row['seconds']:.2f}",
            ]
        )
    parts = [f"**{results['stamp']}**"] if results["stamp"] else []
    naming = "in full" if run["naming"] == "full" else "by its bare name"
    parts.append(markdown_table(head, rows))
    parts.append(
        f"{results['sets']} sets, {results['pictures']} pictures per method; later prompts name "
        f"the subject {naming}. Means over sets ± one standard error. DreamSim-B compares "
        "backgrounds: the higher, the more they differ."
    )
    parts.append(
        f"Other methods' published rows: table 1 of {PUBLISHED}. They compare with these only "
        "where the sets are ConsiStory+ and every metric has the weights that it names."
    )
    parts += [f"- {name} is missing: {why}" for name, why in results["missing"].items()]
    return "\n\n".join(parts)


def write(results: Mapping[str, Any], out: Path) -> None:
    """Save results and table in `out`."""
    text = json.dumps(results, indent=1, ensure_ascii=False)
    (out / "results.json").write_text(text + "\n", encoding="utf-8")
    (out / "table.md").write_text(markdown(results) + "\n", encoding="utf-8")


def _computed(results: Mapping[str, Any], name: str) -> bool:
    return any(row["scores"].get(name) for row in results["rows"].values())


def _mean(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return {"mean": fmean(values), "error": error, "sets": len(values)}


def _cell(mean: Mapping[str, float] | None) -> str:
    if not mean:
        return _MISSING
    # One set has no spread to tell an error from.
    return f"{mean['mean']:.4f}" + (f" ± {mean['error']:.4f}" if mean["sets"] > 1 else "")
