"""Stage 2: the text encoder, contrastively against what the pictures show, then frozen.

As in CLIP (Radford et al. 2021), the caption's embedding, read at its end token, is to be nearer
to its own picture's than to any other's of the batch. The pictures' side reads their ground truth
instead of their pixels: the same target, learnt in minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf
from transformers import CLIPTextModel, CLIPTokenizer

from hopping.storybook.captions import full_caption
from hopping.storybook.data import Corpus
from hopping.storybook.loop import Recipe, fast_math, fit, pick, restore
from hopping.storybook.model import TEXT_WIDTH, build_text_encoder, build_tokenizer
from hopping.storybook.scene import (
    ACTIONS,
    COLOURS,
    PLACES,
    SIDES,
    SIZES,
    SUBJECTS,
    Scene,
)
from hopping.storybook.team import Team

NAME = "text"
_HIDDEN = 256
_FIGURE_FEATURES = len(COLOURS) + len(ACTIONS) + len(SIZES) + len(SIDES) + 1
_FEATURES = len(PLACES) + len(SUBJECTS) * _FIGURE_FEATURES
_MAX_SCALE = 100.0
_PROBED = 512


class TextAndContent(nn.Module):
    """The text encoder with a projection, and a tower for the pictures' ground truth."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = build_text_encoder()
        self.text_projection = nn.Linear(TEXT_WIDTH, TEXT_WIDTH, bias=False)
        self.content = nn.Sequential(
            nn.Linear(_FEATURES, _HIDDEN),
            nn.GELU(),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.GELU(),
            nn.Linear(_HIDDEN, TEXT_WIDTH),
        )
        self.log_scale = nn.Parameter(torch.tensor(2.66))  # CLIP's 1 / 0.07

    def embed_captions(self, ids: Tensor) -> Tensor:
        """Token ids, shape (batch, length), to unit vectors, shape (batch, width)."""
        pooled = self.encoder(ids).pooler_output
        return nnf.normalize(self.text_projection(pooled).float(), dim=-1)

    def embed_scenes(self, features: Tensor) -> Tensor:
        """Features of scenes, shape (batch, features), to unit vectors, shape (batch, width)."""
        return nnf.normalize(self.content(features).float(), dim=-1)


def scene_features(shown: Sequence[Scene]) -> Tensor:
    """The ground truth as zeros and ones, shape (scenes, features): place, then each subject's."""
    features = torch.zeros(len(shown), _FEATURES)
    for row, scene in enumerate(shown):
        features[row, PLACES.index(scene.place)] = 1
        for figure in scene.figures:
            at = len(PLACES) + SUBJECTS.index(figure.subject) * _FIGURE_FEATURES
            features[row, at] = 1
            at += 1
            for value, known in (
                (figure.colour, COLOURS),
                (figure.action, ACTIONS),
                (figure.size, SIZES),
                (figure.side, SIDES),
            ):
                features[row, at + known.index(value)] = 1
                at += len(known)
    return features


def without_padding(ids: Tensor) -> Tensor:
    """Token ids of shape (batch, 77), cut behind the longest text's end token.

    The encoder is causal: what follows an end token cannot change what is read there.
    """
    end = int(ids[0, -1])  # pads, too
    return ids[:, : int((ids != end).sum(dim=1).max()) + 1]


def train_text(
    recipe: Recipe,
    corpus: Corpus,
    held_out: Corpus,
    folder: Path,
    *,
    batch: int,
    seed: int,
    team: Team,
) -> nn.Module:
    """Train the text encoder; logs how often its embedding tells colour and place."""
    device = corpus.images.device
    torch.manual_seed(seed)
    model = TextAndContent().to(device)
    tokenizer = build_tokenizer()
    features = scene_features(corpus.scenes).to(device)

    def loss(generator: torch.Generator) -> Tensor:
        indices = pick(generator, len(corpus), batch)
        ids = without_padding(corpus.caption_ids(indices, generator))
        with fast_math(device):
            said = model.embed_captions(ids)
            shown = model.embed_scenes(features[indices])
        logits = model.log_scale.exp().clamp(max=_MAX_SCALE) * said @ shown.T
        pairs = torch.arange(batch, device=device)
        return (nnf.cross_entropy(logits, pairs) + nnf.cross_entropy(logits.T, pairs)) / 2

    def look(average: nn.Module, _step: int) -> str:
        assert isinstance(average, TextAndContent)
        scores = probe(average, tokenizer, held_out.scenes[:_PROBED], device)
        return " ".join(f"{name} {score:.3f}" for name, score in scores.items())

    return fit(recipe, model, loss, folder, seed=seed, team=team, look=look)


def trained_text_encoder(folder: Path) -> CLIPTextModel:
    """The frozen encoder that `train_text` left in `folder`."""
    return restore(NAME, TextAndContent(), folder).encoder


@torch.no_grad()
def probe(
    model: TextAndContent, tokenizer: CLIPTokenizer, shown: Sequence[Scene], device: torch.device
) -> dict[str, float]:
    """How often a full caption is nearest to its scene among those that differ in one attribute."""
    random = Random(0)
    texts = [full_caption(scene, random) for scene in shown]
    ids = tokenizer(texts, padding=True, truncation=True, return_tensors="pt").input_ids
    said = model.embed_captions(ids.to(device))
    scores = {}
    for name, values in (("colour", COLOURS), ("place", PLACES)):
        right = 0
        for scene, vector in zip(shown, said, strict=True):
            rivals = [_changed(scene, name, value) for value in values]
            near = model.embed_scenes(scene_features(rivals).to(device)) @ vector
            right += rivals[int(near.argmax())] == scene
        scores[name] = right / len(shown)
    return scores


def _changed(scene: Scene, name: str, value: str) -> Scene:
    if name == "place":
        return replace(scene, place=value)
    figure = replace(scene.figures[0], colour=value)
    return replace(scene, figures=(figure,))
