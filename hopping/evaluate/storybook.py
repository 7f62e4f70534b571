"""Does hopping help, and when? Stories of the storybook world, judged by its oracle.

``python -m hopping.evaluate.storybook --stories 1000 --seeds 3``: every method draws the same
stories from the same noise, one noise for all frames of a story. Frames 2 to N are scored. Results
are kept story by story, so a stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch
from torch import Tensor

from hopping.evaluate.methods import METHODS, TextSide
from hopping.evaluate.stories import KINDS, StoryCase, make_stories
from hopping.storybook.model import GUIDANCE, STEPS, load_storybook, storybook_is_trained
from hopping.storybook.oracle import Oracle, Verdict, judge, load_oracle

SCORES = ("identity", "prompt", "leak", "spread", "subject", "place", "action", "cross-talk")
OUT = Path("outputs/evaluate-storybook")
_BATCH = 64


def score_story(case: StoryCase, verdicts: Sequence[Verdict]) -> dict[str, float]:
    """How well pictures tell a story, each score the mean over frames 2 to N, from 0 to 1.

    identity: every named subject is seen, in its colour. prompt: mean of subject, place and action.
    leak: an earlier frame's place, or the action of the frame before, shows instead of the own.
    spread: share of all pairs of frames whose backgrounds differ, as their texts do.
    cross-talk (two characters): a figure has the other's colour, or the other is in its frame.
    """
    frames: dict[str, list[float]] = defaultdict(list)
    for n in range(1, len(case.shots)):
        truth, seen = case.shots[n].truth, verdicts[n]
        found = {figure.subject: figure for figure in seen.figures[: len(truth.figures)]}
        subject = all(figure.subject in found for figure in truth.figures)
        kept = subject and all(found[f.subject].colour == f.colour for f in truth.figures)
        action = subject and all(found[f.subject].action == f.action for f in truth.figures)
        place = seen.place == truth.place
        frames["identity"].append(kept)
        frames["subject"].append(subject)
        frames["place"].append(place)
        frames["action"].append(action)
        frames["prompt"].append((subject + place + action) / 3)
        frames["leak"].append(_leaks(case, n, seen, found))
        if case.kind == KINDS[1]:
            frames["cross-talk"].append(_crosses(case, n, seen))
    scores = {name: fmean(values) for name, values in frames.items()}
    pairs = list(combinations([verdict.place for verdict in verdicts], 2))
    scores["spread"] = fmean(a != b for a, b in pairs)
    return scores


def _leaks(case: StoryCase, n: int, seen: Verdict, found: dict[str, Any]) -> bool:
    earlier = {shot.truth.place for shot in case.shots[:n]}
    if seen.place in earlier:
        return True
    before = {f.action for f in case.shots[n - 1].truth.figures}
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


@torch.no_grad()
def draw_frames(pipeline: Any, embeddings: Tensor, seed: int) -> Tensor:
    """The frames of one story, all from one noise: -1 to 1, shape (frames, 3, height, width)."""
    shape = (1, pipeline.unet.config.in_channels, *[pipeline.unet.config.sample_size] * 2)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    empty = TextSide(pipeline.text_encoder, pipeline.tokenizer).encode([""])
    drawn = []
    for part in embeddings.split(_BATCH):
        pictures = pipeline(
            prompt_embeds=part,
            negative_prompt_embeds=empty.expand(len(part), -1, -1),
            latents=noise.expand(len(part), -1, -1, -1).to(part.device, part.dtype),
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            output_type="pt",
        ).images
        drawn.append(pictures.float().cpu() * 2 - 1)
    return torch.cat(drawn)


def noise_seed(story: int, seed: int) -> int:
    """The seed of a story's one noise, the same for every method."""
    return story * 1_009 + seed


def measure(
    pipeline: Any,
    oracle: Oracle,
    cases: Sequence[StoryCase],
    methods: Sequence[str],
    seeds: int,
    folder: Path,
) -> None:
    """Append every missing score to ``folder/METHOD.jsonl``, a line for each story and seed."""
    folder.mkdir(parents=True, exist_ok=True)
    side = TextSide(pipeline.text_encoder, pipeline.tokenizer)
    for name in methods:
        file = folder / f"{name}.jsonl"
        done = {(line["story"], line["seed"]) for line in read_scores(file)}
        with file.open("a", encoding="utf-8") as results:
            if results.tell():
                results.write("\n")  # behind a line that a stop may have torn
            for case in cases:
                missing = [seed for seed in range(seeds) if (case.number, seed) not in done]
                if not missing:
                    continue
                embeddings = METHODS[name](side, case)
                for seed in missing:
                    noise = noise_seed(case.number, seed)
                    verdicts = judge(oracle, draw_frames(pipeline, embeddings, noise))
                    scores = score_story(case, verdicts)
                    line = {"story": case.number, "seed": seed, "kind": case.kind, **scores}
                    results.write(json.dumps(line) + "\n")
                    results.flush()


def read_scores(file: Path) -> list[dict[str, Any]]:
    """The lines of a result file; none if there is no file yet. A torn last line is left out."""
    if not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]


def mean_and_error(lines: Sequence[dict[str, Any]], name: str) -> tuple[float, float] | None:
    """A score's mean over stories and its standard error; seeds of one story are averaged first."""
    by_story: dict[int, list[float]] = defaultdict(list)
    for line in lines:
        if name in line:
            by_story[line["story"]].append(line[name])
    means = [fmean(values) for values in by_story.values()]
    if not means:
        return None
    return fmean(means), stdev(means) / len(means) ** 0.5 if len(means) > 1 else 0.0


def table(folder: Path, methods: Sequence[str], kind: str | None = None) -> str:
    """The scores of all methods in per cent, as Markdown; of one kind of story, or of all."""
    rows = ["| method | " + " | ".join(SCORES) + " |", "|---" * (len(SCORES) + 1) + "|"]
    for method in methods:
        lines = read_scores(folder / f"{method}.jsonl")
        lines = [line for line in lines if kind in (None, line["kind"])]
        cells = []
        for name in SCORES:
            found = mean_and_error(lines, name)
            cells.append(f"{100 * found[0]:.1f} ± {100 * found[1]:.1f}" if found else "")
        rows.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3, help="noises for each story")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args(arguments)
    if not storybook_is_trained():
        raise SystemExit("the storybook model is not trained yet: scores would mean nothing")
    cases = list(make_stories(given.stories))
    pipeline, oracle = load_storybook(given.device), load_oracle()
    measure(pipeline, oracle, cases, given.methods, given.seeds, given.out)
    for kind in (None, *KINDS):
        print(f"\n### {kind or 'all stories'}\n\n{table(given.out, given.methods, kind)}")


if __name__ == "__main__":
    main()
