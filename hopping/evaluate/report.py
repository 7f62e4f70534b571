"""Results as tables, plots and strips: what `docs/evidence.md` shows is made here, never typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hopping.errors import HoppingError
from hopping.evaluate.methods import CEILING
from hopping.evaluate.plots import draw_plots
from hopping.evaluate.results import ALL, COMPARED_SCORES, Results, write_results
from hopping.evaluate.scores import MEANINGS, SCORES
from hopping.evaluate.stories import KINDS
from hopping.run_options import RECOMMENDED

PAGE = Path("docs/evidence.md")
STRIP_METHOD = RECOMMENDED
NOTHING = "**No number has been measured yet.** The storybook model has not reached its bars."
BELOW_BARS = "**Below its bars: this model's numbers are no evidence.**"

_RECORD = "results.json"
_IN_SHORT = {
    "plain": "each prompt alone: plain Stable Diffusion",
    "attribute repeated": "the attribute written into every prompt, by hand",
    "paper": "hopping as in the paper: preset Paper",
    "Consistent subject": "preset Consistent subject",
    "Same character": "preset Same character",
}
_OTHER_NOISES = " (other noises)"
_SHORT_SCORES = {
    "found": "somebody is there",
    "identity": "right colour",
    "individual": "same individual",
    "prompt": "own text shown",
    "leak": "earlier scene shows",
}


def in_short(models: Sequence[Results], **_: Any) -> str:
    """The answer in two small tables in Markdown, from the first of `models`, the shipped one."""
    if not models:
        return NOTHING
    methods, kinds = models[0]["methods"], _kinds(models[0])
    rows, of_kinds = [], []
    for suffix, note in (("", ""), (_OTHER_NOISES, "; another noise for each frame")):
        for name, meaning in _IN_SHORT.items():
            if name + suffix not in methods:
                continue
            scores = methods[name + suffix]["scores"]
            title = f"{meaning}{note}"
            rows.append([title, *(_rounded(scores[ALL].get(score)) for score in _SHORT_SCORES)])
            if not suffix:
                of_kinds.append([title, *(_rounded_pair(scores[kind]) for kind in kinds)])
    everywhere = markdown_table(["later frames, per cent", *_SHORT_SCORES.values()], rows)
    heads = ["right colour, same individual", *kinds]
    return f"{_counted(models[0])}.\n\n{everywhere}\n\n{markdown_table(heads, of_kinds)}"


def numbers(models: Sequence[Results], pictures: Mapping[str, str] | None = None) -> str:
    """All tables of the page in Markdown; the first of `models` is the shipped one.

    Args:
        models: The results of each model; none where nothing was measured.
        pictures: Links to plots and strips by what they show.
    """
    if not models:
        return NOTHING
    first = models[0]
    kinds = (ALL, *_kinds(first))
    parts = [_heading(first)]
    for kind in kinds:
        parts += [f"### {kind[0].upper()}{kind[1:]}", scores_table(first, kind)]
    parts += ["### Differences in points, on the same stories and noise"]
    parts += [f"{kind[0].upper()}{kind[1:]}:\n\n{_differences(first, kind)}" for kind in kinds]
    parts += ["### Identity, frame by frame (one character)", _frames(first)]
    if len(models) > 1:
        parts += ["### Models trained with other seeds (all stories)"]
        parts += [*(f"{_counted(model)}." for model in models[1:]), _models(models)]
    for name, link in (pictures or {}).items():
        parts += [f"### {name}", f"![{name}]({link})"]
    return "\n\n".join(parts)


SECTIONS: Mapping[str, Callable[..., str]] = {"short": in_short, "numbers": numbers}
"""What stands in the page between marks of a name, made of the arguments of `numbers`."""


def scores_table(results: Results, kind: str = ALL) -> str:
    """All methods' scores in per cent with standard errors, of one kind of story."""
    of_kind = {method: found["scores"][kind] for method, found in results["methods"].items()}
    scores = [score for score in SCORES if any(score in means for means in of_kind.values())]
    rows = []
    for method, means in of_kind.items():
        stories = max((mean["stories"] for mean in means.values()), default=0)
        rows.append([method, str(stories), *(_per_cent(means.get(score)) for score in scores)])
    return markdown_table(["method", "stories", *scores], rows)


def write_page(
    folders: Sequence[Path], page: Path, draw_strips: Any, method: str = STRIP_METHOD
) -> list[Path]:
    """Put the numbers of `folders` into `page`, with plots and strips in a folder of its name.

    Args:
        folders: Of results; the first is the shipped model's.
        page: A Markdown page with marks for each of `SECTIONS`.
        draw_strips: Called with method and target folder; returns the pictures' paths by name.
        method: Whose strips are shown.

    Returns:
        What was written.

    Raises:
        HoppingError: A model is below its bars, or the page lacks a pair of marks.
    """
    models = [write_results(folder) for folder in folders]
    for folder, model in zip(folders, models, strict=True):
        if not model["run"]["passes"]:
            raise HoppingError(
                f"the model of {folder} is below its bars; its numbers go into no page"
            )
    text = page.read_text(encoding="utf-8")
    for name in SECTIONS:
        _parted(page, text, name)  # before anything is drawn
    target = page.with_suffix("")
    target.mkdir(exist_ok=True)
    data = target / _RECORD
    shown = {**draw_plots(models[0], target), **_titled(draw_strips(method, target), method)}
    links = {name: f"{target.name}/{file.name}" for name, file in shown.items()}
    record: dict[str, Any] = {"models": models, "pictures": links}
    data.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for name, make in SECTIONS.items():
        before, _, after = _parted(page, text, name)
        text = f"{before}\n{make(**record)}\n{after}"
    page.write_text(text, encoding="utf-8")
    return [page, data, *shown.values()]


def section_of(page: Path, name: str) -> str:
    """The section as it stands in `page`, by its name in `SECTIONS`."""
    return _parted(page, page.read_text(encoding="utf-8"), name)[1].strip("\n")


def _parted(page: Path, text: str, name: str) -> tuple[str, str, str]:
    """What stands in `text` to the first mark of a section, between it and the second, and after.

    Raises:
        HoppingError: A mark is missing.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, begun, rest = text.partition(begin)
    inside, ended, after = rest.partition(end)
    if not (begun and ended):
        raise HoppingError(f"{page} has no lines {begin} and {end} to put the numbers between")
    return before + begin, inside, end + after


def record_of(page: Path) -> dict[str, Any]:
    """The arguments that made the sections of `page`; of nothing, if there are none."""
    file = page.with_suffix("") / _RECORD
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"models": []}


def _kinds(results: Results) -> list[str]:
    """The kinds of story that were measured."""
    scores = [found["scores"] for found in results["methods"].values()]
    return [kind for kind in KINDS if any(of_method.get(kind) for of_method in scores)]


def _heading(results: Results) -> str:
    run = results["run"]
    text = (
        f"{_counted(results)}, {run['steps']} steps, guidance {run['guidance']:g}, "
        f"{run['dtype']}. Per cent, ± one standard error over stories. The row “{CEILING}” is "
        "no method: it says what the oracle can see at best."
    )
    return text if run["passes"] else f"{BELOW_BARS}\n\n{text}"


def _counted(results: Results) -> str:
    run = results["run"]
    return (
        f"{results['stories']} stories with {results['seeds']} noise(s) each, "
        f"{results['pictures']:,} pictures; model {run['model']} ({run['fingerprint']})"
    )


def _differences(results: Results, kind: str) -> str:
    found = [d for d in results["differences"] if d["kind"] == kind]
    scores = [score for score in COMPARED_SCORES if any(d.get(score) for d in found)]
    rows = [
        [f"{d['method']} − {d['against']}", *(_points(d[score]) for score in scores)] for d in found
    ]
    return markdown_table(["difference", *scores], rows)


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


def _rounded(mean: Mapping[str, float] | None) -> str:
    return f"{100 * mean['mean']:.0f}" if mean else ""


def _rounded_pair(means: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (_rounded(means.get(s)) for s in ("identity", "individual"))))


def _points(mean: Mapping[str, float] | None) -> str:
    return _per_cent(mean, "+.1f")


def meanings_table() -> str:
    """What each score means, in Markdown."""
    return markdown_table(["score", "share of frames where"], [[*row] for row in MEANINGS.items()])
