"""The oracle: a small classifier that tells what a picture of the storybook world shows.

It is trained on renders, some with noise, blur or other tones, and on the autoencoder's
reconstructions, so that it judges sampled pictures by what they show and not by how crisp they are.
"""

# diffusers' classes come without types: mypy cannot see what they have.
# mypy: disable-error-code="attr-defined, arg-type, type-var"
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as nnf

from hopping.storybook.data import Corpus
from hopping.storybook.loop import Recipe, fast_math, fit, pick, restore
from hopping.storybook.model import WEIGHTS, build_vae
from hopping.storybook.scene import (
    ACTIONS,
    COATS,
    COLOURS,
    PLACES,
    SIDES,
    SIZES,
    SUBJECTS,
    Figure,
    Scene,
)
from hopping.storybook.team import Team
from hopping.storybook.train_vae import NAME as VAE_NAME
from hopping.storybook.train_vae import reconstruct
from hopping.storybook.world import RESOLUTION

NAME = "oracle"
SHIPPED = WEIGHTS / "oracle" / "model.safetensors"
_ATTRIBUTES = {
    "colour": COLOURS,
    "action": ACTIONS,
    "size": SIZES,
    "side": SIDES,
    "coat": COATS,
}
_RECONSTRUCTED_SHARE = 0.3
_NOISE = 0.12  # standard deviation, of a range of 2
_WIDTH = 32
_CHECK_BATCH = 256


class Oracle(nn.Module):
    """Which subjects are in a picture, and the attributes of each."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in (_WIDTH, _WIDTH, 2 * _WIDTH, 4 * _WIDTH, 4 * _WIDTH):
            layers += [nn.Conv2d(channels, width, 3, stride=2, padding=1), nn.GroupNorm(8, width)]
            layers += [nn.SiLU(), nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(8, width)]
            layers += [nn.SiLU()]
            channels = width
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(256), nn.SiLU())
        self.subjects = nn.Linear(256, len(SUBJECTS))
        self.place = nn.Linear(256, len(PLACES))
        self.attributes = nn.ModuleDict(
            {name: nn.Linear(256, len(SUBJECTS) * len(v)) for name, v in _ATTRIBUTES.items()}
        )

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Logits for pictures (-1 to 1): "subjects" and "place" of shape (batch, classes), and
        each attribute of shape (batch, subjects, classes)."""
        features = self.features(pictures)
        attributes = {
            name: head(features).unflatten(1, (len(SUBJECTS), -1))
            for name, head in self.attributes.items()
        }
        return {"subjects": self.subjects(features), "place": self.place(features), **attributes}


@dataclass(frozen=True)
class Verdict:
    """What the oracle sees: a place, and whom it finds there, the likeliest first; or nobody."""

    place: str
    figures: tuple[Figure, ...]


def build_oracle(resolution: int) -> Oracle:
    """An untrained oracle for pictures of `resolution` pixels."""
    oracle = Oracle()
    oracle(torch.zeros(1, 3, resolution, resolution))  # settles the lazy layer's width
    return oracle


def load_oracle() -> Oracle:
    """The oracle that comes with the package's trained weights.

    Raises:
        FileNotFoundError: The package has no trained weights.
    """
    if not SHIPPED.is_file():
        raise FileNotFoundError(f"no {SHIPPED}: the storybook model is not trained yet")
    oracle = build_oracle(RESOLUTION)
    oracle.load_state_dict({name: value.float() for name, value in load_file(SHIPPED).items()})
    return oracle.eval().requires_grad_(False)


@torch.no_grad()
def judge(oracle: Oracle, pictures: Tensor) -> list[Verdict]:
    """A verdict on each picture (-1 to 1, shape (batch, 3, height, width))."""
    logits = {name: value.cpu() for name, value in oracle(pictures).items()}
    verdicts = []
    for row in range(len(pictures)):
        scores = logits["subjects"][row]
        found = [i for i in scores.argsort(descending=True).tolist() if scores[i] > 0]
        seen = [
            {
                name: values[int(logits[name][row, subject].argmax())]
                for name, values in _ATTRIBUTES.items()
            }
            for subject in found
        ]
        figures = tuple(
            Figure(SUBJECTS[subject], **_possible(SUBJECTS[subject], attributes))
            for subject, attributes in zip(found, seen, strict=True)
        )
        verdicts.append(Verdict(PLACES[int(logits["place"][row].argmax())], figures))
    return verdicts


def accuracy(verdicts: Sequence[Verdict], shown: Sequence[Scene]) -> dict[str, float]:
    """Shares of pictures whose first figure is right, by attribute; of scenes with one figure.

    "found" is the share where a figure is seen at all; in the others nothing counts as right.
    """
    right = dict.fromkeys(("found", "place", "subject", *_ATTRIBUTES), 0)
    singles = [
        (verdict, scene)
        for verdict, scene in zip(verdicts, shown, strict=True)
        if len(scene.figures) == 1
    ]
    for verdict, scene in singles:
        if not verdict.figures:
            continue
        right["found"] += 1
        right["place"] += verdict.place == scene.place
        seen, true = verdict.figures[0], scene.figures[0]
        for name in ("subject", *_ATTRIBUTES):
            right[name] += getattr(seen, name) == getattr(true, name)
    return {name: count / len(singles) for name, count in right.items()}


def train_oracle(
    recipe: Recipe,
    corpus: Corpus,
    held_out: Corpus,
    folder: Path,
    *,
    batch: int,
    seed: int,
    team: Team,
) -> nn.Module:
    """Train the oracle; logs its accuracy on held-out renders and on their reconstructions."""
    device = corpus.images.device
    torch.manual_seed(seed)
    vae = restore(VAE_NAME, build_vae(), folder).to(device)
    oracle = build_oracle(corpus.images.shape[-1]).to(device)
    targets = {name: target.to(device) for name, target in _targets(corpus.scenes).items()}

    def loss(generator: torch.Generator) -> Tensor:
        indices = pick(generator, len(corpus), batch)
        pictures = corpus.pictures(indices)
        with fast_math(device):
            pictures = _disturb(pictures, vae, generator)
            logits = {name: value.float() for name, value in oracle(pictures).items()}
        truth = {name: target[indices] for name, target in targets.items()}
        total = nnf.binary_cross_entropy_with_logits(logits["subjects"], truth["subjects"])
        total = 3 * total + nnf.cross_entropy(logits["place"], truth["place"])
        for name in _ATTRIBUTES:
            total = total + nnf.cross_entropy(
                logits[name].flatten(0, 1), truth[name].flatten(), ignore_index=-1
            )
        return total

    def look(average: nn.Module, _step: int) -> str:
        assert isinstance(average, Oracle)
        scores = check(average, vae, held_out)
        return " ".join(f"{name} {score:.4f}" for name, score in scores.items())

    return fit(recipe, oracle, loss, folder, seed=seed, team=team, look=look)


def trained_oracle(folder: Path, resolution: int) -> Oracle:
    """The oracle that `train_oracle` left in `folder`."""
    return restore(NAME, build_oracle(resolution), folder)


@torch.no_grad()
def check(
    oracle: Oracle, vae: AutoencoderKL, held_out: Corpus, count: int = 1024
) -> dict[str, float]:
    """The oracle's own accuracy on the first `count` held-out renders and reconstructions."""
    shown = held_out.scenes[:count]
    plain: list[Verdict] = []
    rebuilt: list[Verdict] = []
    for indices in torch.arange(len(shown)).split(_CHECK_BATCH):
        pictures = held_out.pictures(indices)
        plain += judge(oracle, pictures)
        rebuilt += judge(oracle, reconstruct(vae, pictures))
    names = ("found", "subject", "colour", "place", "action", "coat")
    scores = {name: accuracy(plain, shown)[name] for name in names}
    for name in names:
        scores[f"reconstructed_{name}"] = accuracy(rebuilt, shown)[name]
    return scores


def _possible(subject: str, attributes: dict[str, str]) -> dict[str, str]:
    """The attributes, with an action that the subject cannot do read as standing."""
    try:
        Figure(subject, **attributes)
    except ValueError:
        return {**attributes, "action": "stand"}
    return attributes


def _targets(shown: Sequence[Scene]) -> dict[str, Tensor]:
    targets = {
        "subjects": torch.zeros(len(shown), len(SUBJECTS)),
        "place": torch.tensor([PLACES.index(scene.place) for scene in shown]),
        **{name: torch.full((len(shown), len(SUBJECTS)), -1) for name in _ATTRIBUTES},
    }
    for row, scene in enumerate(shown):
        for figure in scene.figures:
            subject = SUBJECTS.index(figure.subject)
            targets["subjects"][row, subject] = 1
            for name, values in _ATTRIBUTES.items():
                targets[name][row, subject] = values.index(getattr(figure, name))
    return targets


@torch.no_grad()
def _disturb(pictures: Tensor, vae: AutoencoderKL, generator: torch.Generator) -> Tensor:
    """Reconstruct some pictures, then blur, tone and roughen all a little."""
    rebuilt = int(len(pictures) * _RECONSTRUCTED_SHARE)
    pictures = torch.cat([reconstruct(vae, pictures[:rebuilt]).float(), pictures[rebuilt:]])

    def random(*shape: int) -> Tensor:
        return torch.rand(*shape, 1, 1, 1, generator=generator, device=generator.device)

    count = len(pictures)
    blurred = nnf.avg_pool2d(pictures, 3, stride=1, padding=1, count_include_pad=False)
    pictures = torch.lerp(pictures, blurred, random(count) * (random(count) < 0.5))
    pictures = pictures * (0.85 + 0.3 * random(count)) + 0.2 * (random(count) - 0.5)
    noise = torch.randn(pictures.shape, generator=generator, device=generator.device)
    return pictures + noise * random(count) * _NOISE
