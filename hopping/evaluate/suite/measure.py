"""A suite from prompts to a table, by any number of processes; what is done is not done again.

Started by ``accelerate launch`` each process takes every n-th set on a GPU of its own; started
without, one process does it all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hopping.errors import HoppingError
from hopping.evaluate.suite import metrics as metric
from hopping.evaluate.suite.foreground import Mask, load_mask, views_of
from hopping.evaluate.suite.pictures import draw_set, folder_of, is_drawn, read_set
from hopping.evaluate.suite.prompts import PromptSet
from hopping.studio.record import Settings

_RUN_FILE = "run.json"
_SCORES = "scores.json"


@dataclass(frozen=True)
class Suite:
    """What is asked for.

    Attributes:
        sets: Of prompts.
        methods: Of `methods.SUITE_METHODS`.
        naming: Of `prompts.NAMINGS`.
        metrics: Of `metrics.METRICS`, those that can be computed.
        weights: Folder of the metrics' models.
        out: Where pictures, scores and the table are kept.
        random: Whether a model has random weights, so that nothing means anything.
    """

    sets: Sequence[PromptSet]
    methods: Sequence[str]
    naming: str
    metrics: Sequence[str]
    weights: Path
    out: Path
    random: bool

    @property
    def items(self) -> list[tuple[str, PromptSet]]:
        """Methods and sets; those of one set stand together."""
        return [(method, prompts) for prompts in self.sets for method in self.methods]


def begin(suite: Suite, settings: Settings, fingerprint: str) -> dict[str, Any]:
    """Write what the folder is made with, or check that it was made with the same.

    Returns:
        What the file holds: the pipeline's settings, its fingerprint, how prompts name.

    Raises:
        HoppingError: The folder holds pictures of another run.
    """
    # Where it runs and how many pictures at once changes what it costs and not what it shows.
    free = {"device", "batch_size"}
    run = {name: value for name, value in asdict(settings).items() if name not in free}
    run |= {"fingerprint": fingerprint, "naming": suite.naming}
    file = suite.out / _RUN_FILE
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        other = [name for name in run if before.get(name) != run[name]]
        if other:
            raise HoppingError(
                f"{suite.out} holds pictures of another run ({', '.join(other)}); name another "
                "folder with --out"
            )
    suite.out.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    return run


def draw(
    suite: Suite,
    pipeline: Any,
    settings: Settings,
    share: slice,
    told: Callable[[int, int], None],
) -> None:
    """Draw what is missing of this process's `share` of the items; `told` how many of how many.

    Raises:
        HoppingError: A method cannot do a set, or pictures are there of other prompts with the
            same name.
    """
    items = suite.items[share]
    for number, (method, prompts) in enumerate(items, start=1):
        folder = folder_of(suite.out, method, prompts)
        if not is_drawn(folder):
            try:
                draw_set(pipeline, method, prompts, suite.naming, settings, folder)
            except HoppingError as error:
                raise HoppingError(f"{method}, set {prompts.name}: {error}") from error
        elif read_set(folder).prompts != prompts.prompts:
            raise HoppingError(
                f"{folder} holds pictures of other prompts; name another folder with --out"
            )
        told(number, len(items))


def score(suite: Suite, device: str, share: slice) -> None:
    """Compute what is missing of the scores of this process's share."""
    models: dict[str, Any] = {}
    identities = {name: metric.identity_of(suite.weights, name) for name in suite.metrics}
    for method, prompts in suite.items[share]:
        folder = folder_of(suite.out, method, prompts)
        scores = _read(folder / _SCORES)
        todo = [
            name for name in suite.metrics if scores.get(name, {}).get("models") != identities[name]
        ]
        if not todo:
            continue
        drawn = read_set(folder)
        mask: Mask | None = None
        if any("mask" in metric.METRICS[name].parts for name in todo):
            mask = models.setdefault("mask", None) or load_mask(suite.weights)
            models["mask"] = mask
        views = views_of(drawn.images, mask)
        for name in todo:
            (part,) = (part for part in metric.METRICS[name].parts if part != "mask")
            if part not in models:
                models[part] = metric.load_part(part, suite.weights, device)
            value = metric.METRICS[name].score(models[part], views, drawn.prompts)
            scores[name] = {"value": value, "models": identities[name]}
        (folder / _SCORES).write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")


def scores_of(suite: Suite, method: str, name: str) -> list[float]:
    """A method's scores, set by set."""
    found = (_read(folder_of(suite.out, method, p) / _SCORES).get(name) for p in suite.sets)
    return [float(score["value"]) for score in found if score]


def digest_of(sets: Sequence[PromptSet]) -> str:
    """Tells suites apart."""
    return hashlib.sha256(repr(list(sets)).encode()).hexdigest()[:12]


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
