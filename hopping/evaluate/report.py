"""Results as tables, plots and strips: what `docs/evidence.md` shows is made here, never typed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hopping.errors import HoppingError
from hopping.evaluate.methods import CEILING
from hopping.evaluate.results import ALL, COMPARED_SCORES, write_results
from hopping.evaluate.scores import MEANINGS, SCORES
from hopping.evaluate.stories import KINDS

PAGE = Path("docs/evidence.md")
STRIP_METHOD = "Consistent subject"
BEGIN, END = "<!-- numbers -->", "<!-- /numbers -->"
NOTHING = "**No number has been measured yet.** The storybook model has not reached its bars."
BELOW_BARS = "**Below its bars: this model's numbers are no evidence.**"

_RECORD = "results.json"
_FOLLOWED = (
    "plain",
    "paper",
    "carry=all",
    "carry=all + anchor",
    "carry=all + reach=all",
    "carry=all + share=subject",
    "Consistent subject",
    "attribute repeated",
)
_STRENGTHS = {
    0.0: "plain",
    0.25: "Consistent subject × 0.25",
    0.5: "Consistent subject × 0.5",
    0.75: "Consistent subject × 0.75",
    1.0: "Consistent subject",
}
_WEAKER = {method for strength, method in _STRENGTHS.items() if 0 < strength < 1}

Results = Mapping[str, Any]
"""What `results.summarise` returns."""


def numbers(models: Sequence[Results], pictures: Mapping[str, str] | None = None) -> str:
    """The numbers section of the page in Markdown; the first of `models` is the shipped one.

    Args:
        models: The results of each model; none where nothing was measured.
        pictures: Links to plots and strips by what they show.
    """
    if not models:
        return NOTHING
    first = models[0]
    parts = [_heading(first)]
    for kind in (ALL, *KINDS):
        parts += [f"### {kind[0].upper()}{kind[1:]}", scores_table(first, kind)]
    parts += ["### Differences in points, on the same stories and noise"]
    parts += [
        f"{kind[0].upper()}{kind[1:]}:\n\n{_differences(first, kind)}" for kind in (ALL, *KINDS)
    ]
    parts += ["### Identity, frame by frame (one character)", _frames(first)]
    if len(models) > 1:
        parts += ["### Models trained with other seeds (all stories)"]
        parts += [*(f"{_counted(model)}." for model in models[1:]), _models(models)]
    for name, link in (pictures or {}).items():
        parts += [f"### {name}", f"![{name}]({link})"]
    return "\n\n".join(parts)


def scores_table(results: Results, kind: str = ALL) -> str:
    """All methods' scores in per cent with standard errors, of one kind of story."""
    rows = []
    for method, found in results["methods"].items():
        means = found["scores"][kind]
        stories = max((mean["stories"] for mean in means.values()), default=0)
        rows.append([method, str(stories), *(_per_cent(means.get(score)) for score in SCORES)])
    return markdown_table(["method", "stories", *SCORES], rows)


def write_page(
    folders: Sequence[Path], page: Path, draw_strips: Any, method: str = STRIP_METHOD
) -> list[Path]:
    """Put the numbers of `folders` into `page`, with plots and strips in a folder of its name.

    Args:
        folders: Of results; the first is the shipped model's.
        page: A Markdown page that has the lines `BEGIN` and `END`.
        draw_strips: Called with method and target folder; returns the pictures' paths by name.
        method: Whose strips are shown.

    Returns:
        What was written.

    Raises:
        HoppingError: A model is below its bars, or the page has no place for numbers.
    """
    models = [write_results(folder) for folder in folders]
    for folder, model in zip(folders, models, strict=True):
        if not model["run"]["passes"]:
            raise HoppingError(
                f"the model of {folder} is below its bars; its numbers go into no page"
            )
    before, found, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise HoppingError(f"{page} has no lines {BEGIN} and {END} to put the numbers between")
    target = page.with_suffix("")
    target.mkdir(exist_ok=True)
    data = target / _RECORD
    shown = {**draw_plots(models[0], target), **_titled(draw_strips(method, target), method)}
    links = {name: f"{target.name}/{file.name}" for name, file in shown.items()}
    record: dict[str, Any] = {"models": models, "pictures": links}
    data.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    text = f"{before}{BEGIN}\n{numbers(**record)}\n{END}{after}"
    page.write_text(text, encoding="utf-8")
    return [page, data, *shown.values()]


def section_of(page: Path) -> str:
    """The numbers section as it stands in `page`."""
    return page.read_text(encoding="utf-8").partition(f"{BEGIN}\n")[2].partition(f"\n{END}")[0]


def record_of(page: Path) -> dict[str, Any]:
    """The arguments of `numbers` that made the section of `page`; of nothing, if there are none."""
    file = page.with_suffix("") / _RECORD
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"models": []}


def draw_plots(results: Results, target: Path) -> dict[str, Path]:
    """Save the plots in `target`; their paths by title."""
    from adjustText import adjust_text
    from matplotlib.figure import Figure

    def saved(figure: Any, name: str) -> Path:
        figure.savefig(target / name, dpi=110, bbox_inches="tight", metadata={"Software": None})
        return target / name

    methods = results["methods"]
    plots = {}

    figure = Figure(figsize=(9, 7))
    axes = figure.add_subplot(xlabel="leak, per cent", ylabel="identity, per cent")
    axes.set_xlim(-5, 125)
    names = []
    for method, found in methods.items():
        if method == CEILING or method in _WEAKER:  # the strengths have a plot of their own
            continue
        leak, identity = (found["scores"][ALL][score] for score in ("leak", "identity"))
        x, y = 100 * leak["mean"], 100 * identity["mean"]
        errors = {"xerr": 100 * leak["error"], "yerr": 100 * identity["error"]}
        axes.errorbar(x, y, **errors, fmt="o", markersize=4, linewidth=0.8)
        names.append(axes.text(x, y, method, fontsize=7))
    adjust_text(names, ax=axes, arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": "grey"})
    plots["Identity against leak"] = saved(figure, "identity-leak.png")

    figure = Figure(figsize=(7, 4.5))
    axes = figure.add_subplot(xlabel="frame", ylabel="identity, per cent")
    for method in (m for m in _FOLLOWED if m in methods):
        frames = methods[method]["identity by frame"]
        _line(axes, [int(frame) for frame in frames], list(frames.values()), method)
    axes.set_xticks([2, 3, 4, 5])
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    plots["Identity by frame"] = saved(figure, "identity-by-frame.png")

    strengths = {strength: m for strength, m in _STRENGTHS.items() if m in methods}
    if len(strengths) > 2:
        figure = Figure(figsize=(6, 4))
        axes = figure.add_subplot(xlabel="strength", ylabel="per cent")
        for score in COMPARED_SCORES:
            means = [methods[method]["scores"][ALL][score] for method in strengths.values()]
            _line(axes, list(strengths), means, score)
        axes.legend(fontsize=8)
        plots["Strength of the preset Consistent subject"] = saved(figure, "strength.png")
    return plots


def _line(axes: Any, x: Sequence[float], means: Sequence[Mapping[str, float]], label: str) -> None:
    values, errors = ([100 * mean[part] for mean in means] for part in ("mean", "error"))
    axes.errorbar(x, values, yerr=errors, marker="o", markersize=4, linewidth=1, label=label)


def _heading(results: Results) -> str:
    run = results["run"]
    text = (
        f"{_counted(results)}, {run['steps']} steps, guidance {run['guidance']:g}. Per cent, "
        f"± one standard error over stories. The row “{CEILING}” is no method: it says what the "
        "oracle can see at best."
    )
    return text if run["passes"] else f"{BELOW_BARS}\n\n{text}"


def _counted(results: Results) -> str:
    run = results["run"]
    return (
        f"{results['stories']} stories with {results['seeds']} noise(s) each, "
        f"{results['pictures']:,} pictures; model {run['model']} ({run['fingerprint']})"
    )


def _differences(results: Results, kind: str) -> str:
    rows = [
        [f"{d['method']} − {d['against']}", *(_points(d[score]) for score in COMPARED_SCORES)]
        for d in results["differences"]
        if d["kind"] == kind
    ]
    return markdown_table(["difference", *COMPARED_SCORES], rows)


def _frames(results: Results) -> str:
    by_method = {name: found["identity by frame"] for name, found in results["methods"].items()}
    numbers = sorted({number for frames in by_method.values() for number in frames})
    rows = [
        [name, *(_per_cent(frames.get(number)) for number in numbers)]
        for name, frames in by_method.items()
    ]
    return markdown_table(["method", *(f"frame {number}" for number in numbers)], rows)


def _models(models: Sequence[Results]) -> str:
    """Identity, prompt and leak of each method with each model."""
    shown = ("identity", "prompt", "leak")
    rows = []
    for method in models[0]["methods"]:
        row = [method]
        for score in shown:
            for model in models:
                found = model["methods"].get(method, {"scores": {ALL: {}}})
                row.append(_per_cent(found["scores"][ALL].get(score)))
        rows.append(row)
    names = [f"{score}, {model['run']['model']}" for score in shown for model in models]
    return markdown_table(["method", *names], rows)


def _titled(files: Mapping[str, Path], method: str) -> dict[str, Path]:
    return {f"{method}: the {name} story": file for name, file in files.items()}


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _per_cent(mean: Mapping[str, float] | None, signs: str = ".1f") -> str:
    if not mean:
        return ""
    # One story has no spread to tell an error from.
    error = f" ± {100 * mean['error']:.1f}" if mean["stories"] > 1 else ""
    return f"{100 * mean['mean']:{signs}}{error}"


def _points(mean: Mapping[str, float] | None) -> str:
    return _per_cent(mean, "+.1f")


def meanings_table() -> str:
    """What each score means, in Markdown."""
    return markdown_table(["score", "share of frames where"], [[*row] for row in MEANINGS.items()])
