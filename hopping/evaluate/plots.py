"""Results as plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hopping.evaluate.methods import CEILING, METHODS, same_noise
from hopping.evaluate.results import ALL, COMPARED_SCORES, Results

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
    axes.set(xlim=(-55, 135), ylim=(0, 125), xticks=range(0, 101, 20), yticks=range(0, 101, 20))
    names = []
    for method, found in methods.items():
        if method == CEILING or method in _WEAKER:  # the strengths have a plot of their own
            continue
        if method in METHODS and not same_noise(METHODS[method]):  # beside its twin, unreadable
            continue
        leak, identity = (found["scores"][ALL][score] for score in ("leak", "identity"))
        x, y = 100 * leak["mean"], 100 * identity["mean"]
        errors = {"xerr": 100 * leak["error"], "yerr": 100 * identity["error"]}
        axes.errorbar(x, y, **errors, fmt="o", markersize=4, linewidth=0.8)
        names.append(axes.text(x, y, method, fontsize=7))
    lines = {"arrowstyle": "-", "linewidth": 0.4, "color": "grey"}
    adjust_text(names, ax=axes, expand=(1.1, 1.6), force_text=(0.3, 0.6), arrowprops=lines)
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
