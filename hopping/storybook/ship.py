"""Put a trained model into the package: ``python -m hopping.storybook.ship FOLDER``.

Only a run whose score reaches every bar is taken; the model card says how it was made.
"""

# diffusers' classes come without types: mypy cannot see what they have.
# mypy: disable-error-code="attr-defined"
from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from hopping.storybook.export import save_text_encoder, save_tokenizer, save_weights
from hopping.storybook.model import WEIGHTS
from hopping.storybook.oracle import SHIPPED, trained_oracle
from hopping.storybook.score import BARS, Score
from hopping.storybook.train import RUN_FILE
from hopping.storybook.train_unet import trained_pipeline
from hopping.storybook.world import RESOLUTION

MAX_BYTES = 28_000_000
_STAGES = ("vae", "text", "oracle", "unet")


def ship(folder: Path, target: Path = WEIGHTS) -> None:
    """Save the run in `folder` as a float16 diffusers folder at `target`, with oracle and card.

    Raises:
        ValueError: The run misses a bar, or the model's weights are larger than `MAX_BYTES`.
    """
    report = json.loads((folder / "score.json").read_text(encoding="utf-8"))
    result = Score(**{name: report[name] for name in Score.__dataclass_fields__})
    if not result.passes:
        missed = [name for name, bar in BARS.items() if getattr(result, name) < bar]
        raise ValueError(f"{folder} misses the bar for {', '.join(missed)}: train it for longer")
    with tempfile.TemporaryDirectory() as parent:
        made = Path(parent) / "weights"
        save_half(trained_pipeline(folder), made)
        size = sum(file.stat().st_size for file in made.rglob("*") if file.is_file())
        if size > MAX_BYTES:
            raise ValueError(f"the weights take {size:,} bytes; at most {MAX_BYTES:,} may be kept")
        oracle = trained_oracle(folder, RESOLUTION).half().state_dict()
        (made / SHIPPED.parent.name).mkdir()
        save_weights(oracle, made / SHIPPED.parent.name / SHIPPED.name)
        (made / "README.md").write_text(model_card(result, folder), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        # Contents alone: the libraries make files that only their owner may read.
        shutil.copytree(made, target, copy_function=shutil.copyfile)


def save_half(pipeline: StableDiffusionPipeline, folder: Path) -> None:
    """Save `pipeline` as a diffusers folder with float16 safetensors, which it is turned into."""
    pipeline.to(dtype=torch.float16).save_pretrained(folder, safe_serialization=True)
    save_text_encoder(pipeline.text_encoder, folder / "text_encoder")
    shutil.rmtree(folder / "tokenizer")
    save_tokenizer(folder / "tokenizer")


def model_card(result: Score, folder: Path) -> str:
    """What the model is, how it was made, how well it draws and what it cannot do, in Markdown."""
    rows = "\n".join(
        f"| {name} | {100 * getattr(result, name):.1f} % | {bar} |"
        for name, bar in (
            *((name, f"{100 * bar:.0f} %") for name, bar in BARS.items()),
            ("action", ""),
            ("everything", ""),
            ("found", ""),
        )
    )
    run = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    logs = "\n".join(f"- {name}: {_last_line(folder / f'{name}.log')}" for name in _STAGES)
    return f"""# The storybook model

Stable Diffusion 1's architecture made small, trained from scratch by `hopping.storybook.train` on
pictures that `hopping.storybook.world` draws. {RESOLUTION}x{RESOLUTION} pixels, v-prediction.

## Data
Eight subjects in eight colours, four actions, two sizes and three sides, in six places; captions
from a small English grammar. Every figure has one of seven coats (plain, or light or dark spots,
stripes or patches) that no caption names. No picture or text comes from elsewhere.

## Training
{run["pictures"]:,} pictures with {run["captions"]} captions each, seed {run["seed"]}, on one
{run["device"]}. The last line of each stage's log:

{logs}

## Scores
{result.prompts:,} held-out prompts that name subject, colour and place; {result.steps} DDIM steps,
guidance {result.guidance:g}; judged by the oracle. Where it finds no figure, nothing is right.

| right | share | bar |
|---|---|---|
{rows}

## Limits
It draws this world and nothing else, in this size; words outside its captions are read but mean
nothing to it. What it shows about hopping is about a causal text encoder of this size, not about
larger models.
"""


def _last_line(file: Path) -> str:
    return file.read_text(encoding="utf-8").splitlines()[-1] if file.is_file() else "no log"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the training run's folder, already scored")
    ship(parser.parse_args().folder)


if __name__ == "__main__":
    main()
