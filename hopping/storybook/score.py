"""Whether a trained model may be shipped: ``python -m hopping.storybook.score FOLDER``.

1,000 held-out prompts that name everything are sampled plainly, and the oracle says what it sees.
"""

# diffusers' classes come without types: mypy cannot see what they have.
# mypy: disable-error-code="attr-defined"
from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from statistics import fmean

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from hopping.storybook.captions import full_caption
from hopping.storybook.model import GUIDANCE, STEPS
from hopping.storybook.oracle import Oracle, Verdict, accuracy, judge, trained_oracle
from hopping.storybook.scene import Scene, scenes
from hopping.storybook.team import Team, default_workers, run_team
from hopping.storybook.train_unet import sample, trained_pipeline
from hopping.storybook.train_vae import save_grid
from hopping.storybook.world import RESOLUTION

BARS = {"subject": 0.92, "colour": 0.92, "place": 0.97}
_PROMPT_SEED = 11
_BATCH = 50
_SHOWN = 64


@dataclass(frozen=True)
class Score:
    """Shares of pictures in which the oracle finds what the prompt names, and how they were made.

    `found` is the share in which it finds a figure at all, `everything` that with subject, colour
    and place right at once.
    """

    prompts: int
    steps: int
    guidance: float
    found: float
    subject: float
    colour: float
    place: float
    action: float
    everything: float

    @property
    def passes(self) -> bool:
        """Whether every bar is reached."""
        return all(getattr(self, name) >= bar for name, bar in BARS.items())


def held_out_prompts(count: int, seed: int = _PROMPT_SEED) -> list[tuple[Scene, str]]:
    """Scenes that training never showed, each with a prompt that names subject, colour, place."""
    random = Random(seed)
    shown = islice(scenes(seed, held_out=True), count)
    return [(scene, full_caption(scene, random)) for scene in shown]


def score(
    pipeline: StableDiffusionPipeline,
    oracle: Oracle,
    prompts: list[tuple[Scene, str]],
    *,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
    grid: Path | None = None,
) -> Score:
    """Sample every prompt and let the oracle judge; `grid` is where to save the first pictures."""
    verdicts: list[Verdict] = []
    pictures: list[Tensor] = []
    for start in range(0, len(prompts), _BATCH):
        texts = [text for _, text in prompts[start : start + _BATCH]]
        drawn = sample(pipeline, texts, seed=start + 1, steps=steps, guidance=guidance)
        verdicts += judge(oracle, drawn)
        pictures += drawn[: _SHOWN - len(pictures)]
    if grid:
        save_grid(torch.stack(pictures), grid, columns=8)
    shown = [scene for scene, _ in prompts]
    shares = accuracy(verdicts, shown)
    everything = sum(map(_sees_everything, verdicts, shown)) / len(shown)
    named = {name: shares[name] for name in ("found", "subject", "colour", "place", "action")}
    return Score(len(prompts), steps, guidance, everything=everything, **named)


def mean_score(parts: list[Score]) -> Score:
    """The score over all prompts of `parts` of equal size."""
    names = ("found", "subject", "colour", "place", "action", "everything")
    means = {name: fmean(getattr(part, name) for part in parts) for name in names}
    first = parts[0]
    return Score(sum(p.prompts for p in parts), first.steps, first.guidance, **means)


def _sees_everything(verdict: Verdict, scene: Scene) -> bool:
    if not verdict.figures:
        return False
    seen, true = verdict.figures[0], scene.figures[0]
    return (seen.subject, seen.colour, verdict.place) == (true.subject, true.colour, scene.place)


def _score_share(
    folder: Path, count: int, steps: int, guidance: float, device: str, team: Team
) -> None:
    prompts = held_out_prompts(count)[team.rank :: team.size]
    grid = folder / f"score-{guidance:g}.png" if team.leads else None
    result = score(
        trained_pipeline(folder).to(device),
        trained_oracle(folder, RESOLUTION),
        prompts,
        steps=steps,
        guidance=guidance,
        grid=grid,
    )
    part = folder / f"score-part-{team.rank}.json"
    part.write_text(json.dumps(asdict(result)), encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the training run's folder")
    parser.add_argument("--count", type=int, default=1000, help="held-out prompts")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--workers", type=int, help="default: 1 on a GPU, 2 on CPUs")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    workers = given.workers or default_workers(given.device)
    run_team(
        partial(_score_share, given.folder, given.count, given.steps, given.guidance, given.device),
        workers,
    )
    parts = []
    for rank in range(workers):
        part = given.folder / f"score-part-{rank}.json"
        parts.append(Score(**json.loads(part.read_text(encoding="utf-8"))))
        part.unlink()
    result = mean_score(parts)
    report = {**asdict(result), "bars": BARS, "passes": result.passes}
    text = json.dumps(report, indent=2)
    (given.folder / "score.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
