"""Stage 1: the autoencoder, which every later stage works in the latents of."""

# diffusers' classes come without types: mypy cannot see what they have.
# mypy: disable-error-code="attr-defined"
from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as nnf

from hopping.storybook.data import Corpus
from hopping.storybook.loop import Recipe, fast_math, fit, pick
from hopping.storybook.model import build_vae
from hopping.storybook.scene import PLACES
from hopping.storybook.team import Team

NAME = "vae"
_KL_WEIGHT = 1e-4
_SQUARE_WEIGHT = 4.0  # figures are few pixels with large errors; squares do not forget them
_FIGURE_WEIGHT = 4.0  # of a pixel that is no background
_NO_BACKGROUND = 0.25  # from that difference to the mean picture of the place, of a range of 2
_AVERAGED = 256
_SHOWN = 8


def train_vae(
    recipe: Recipe,
    corpus: Corpus,
    held_out: Corpus,
    folder: Path,
    *,
    batch: int,
    seed: int,
    team: Team,
) -> nn.Module:
    """Train the autoencoder on the corpus; logs its PSNR in dB on held-out pictures.

    Figures count for more than backgrounds, of which there are few, and which are soon learned.
    """
    device = corpus.images.device
    torch.manual_seed(seed)
    # Faster on a GPU, slower on a CPU.
    layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
    vae = build_vae().to(device, memory_format=layout)
    means = place_means(corpus)
    places = torch.tensor([PLACES.index(scene.place) for scene in corpus.scenes], device=device)

    def loss(generator: torch.Generator) -> Tensor:
        indices = pick(generator, len(corpus), batch)
        pictures = corpus.pictures(indices)
        weights = figure_weights(pictures, means[places[indices]])
        with fast_math(device):
            latents = vae.encode(pictures.contiguous(memory_format=layout)).latent_dist
            noise = torch.randn(latents.mean.shape, generator=generator, device=device)
            decoded = vae.decode(latents.mean + latents.std * noise).sample
        return reconstruction_loss(decoded.float(), pictures, weights) + _KL_WEIGHT * _kl(latents)

    def look(average: nn.Module, _step: int) -> str:
        assert isinstance(average, AutoencoderKL)
        save_reconstructions(average, held_out, folder / "vae.png")
        return f"psnr {psnr(average, held_out):.2f}"

    return fit(recipe, vae, loss, folder, seed=seed, team=team, look=look)


def place_means(corpus: Corpus) -> Tensor:
    """The mean picture of each place, -1 to 1, shape (places, 3, height, width)."""
    means = []
    for place in PLACES:
        where = [i for i, scene in enumerate(corpus.scenes) if scene.place == place]
        means.append(corpus.pictures(torch.tensor(where[:_AVERAGED], dtype=torch.long)).mean(dim=0))
    return torch.stack(means)


def figure_weights(pictures: Tensor, backgrounds: Tensor) -> Tensor:
    """How much each pixel counts: more where a picture differs from its place's mean picture.

    Args:
        pictures, backgrounds: -1 to 1, shape (batch, 3, height, width).

    Returns:
        Shape (batch, 1, height, width), with a mean of 1.
    """
    difference = (pictures - backgrounds).abs().amax(dim=1, keepdim=True)
    weights = 1 + (_FIGURE_WEIGHT - 1) * (difference > _NO_BACKGROUND).float()
    return weights / weights.mean()


def reconstruction_loss(decoded: Tensor, pictures: Tensor, weights: Tensor) -> Tensor:
    """Pixels and edges, weighted, and the averages over 4 and 8 pixels: without them hues go grey.

    Args:
        decoded, pictures: -1 to 1, shape (batch, 3, height, width).
        weights: Of the pixels, shape (batch, 1, height, width).
    """
    error = decoded - pictures
    loss = (weights * (error.abs() + _SQUARE_WEIGHT * error.square())).mean()
    for side in (4, 8):
        loss = loss + nnf.avg_pool2d(error, side).abs().mean()
    loss = loss + (weights[..., 1:] * error.diff(dim=-1).abs()).mean()
    return loss + (weights[..., 1:, :] * error.diff(dim=-2).abs()).mean()


def _kl(latents: object) -> Tensor:
    mean, log_variance = latents.mean.float(), latents.logvar.float()
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()


@torch.no_grad()
def reconstruct(vae: AutoencoderKL, pictures: Tensor) -> Tensor:
    """What `vae` makes of `pictures` (both -1 to 1), through the mean of their latents."""
    return vae.decode(vae.encode(pictures).latent_dist.mean).sample.clamp(-1, 1)


def psnr(vae: AutoencoderKL, corpus: Corpus, count: int = 256) -> float:
    """Peak signal to noise ratio in dB, its mean over the first `count` pictures of `corpus`."""
    pictures = corpus.pictures(torch.arange(min(count, len(corpus))))
    error = (reconstruct(vae, pictures) - pictures).square().mean(dim=(1, 2, 3)) / 4
    return float((-10 * error.log10()).mean())


def save_reconstructions(vae: AutoencoderKL, corpus: Corpus, file: Path) -> None:
    """Originals over reconstructions, for the eye."""
    pictures = corpus.pictures(torch.arange(_SHOWN))
    rows = torch.cat([pictures, reconstruct(vae, pictures)])
    save_grid(rows, file, columns=_SHOWN)


def save_grid(pictures: Tensor, file: Path, *, columns: int) -> None:
    """Save pictures (-1 to 1, shape (count, 3, height, width)) as one PNG, row by row."""
    pixels = ((pictures.float().cpu() + 1) * 127.5).round().clamp(0, 255).byte()
    rows = [torch.cat(list(part), dim=2) for part in pixels.split(columns)]
    grid = torch.cat([row for row in rows if row.shape == rows[0].shape], dim=1)
    Image.fromarray(grid.permute(1, 2, 0).contiguous().numpy()).save(file)
