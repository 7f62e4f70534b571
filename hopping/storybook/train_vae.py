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
from hopping.storybook.loop import Plan, fast_math, fit, pick
from hopping.storybook.model import build_vae
from hopping.storybook.team import Team

NAME = "vae"
_KL_WEIGHT = 1e-4
_SQUARE_WEIGHT = 6.0  # figures are few pixels with large errors; squares do not forget them
_HUE_WEIGHT = 1.0
_SHARP_WEIGHT = 0.5
_SHOWN = 8
_CROPPED_SHARE = 0.8  # of the steps
_CROPS = 2  # per picture of an uncropped step, each of half its side
_SURPRISE_BATCH = 1024
_CELL = 8  # pixels; crops begin at multiples of it, as the latents do


def train_vae(
    plan: Plan,
    corpus: Corpus,
    held_out: Corpus,
    folder: Path,
    *,
    batch: int,
    seed: int,
    team: Team,
    device: torch.device,
) -> nn.Module:
    """Train the autoencoder on the corpus; logs its PSNR in dB on held-out pictures.

    Most steps see only crops around the figures: a background is soon learned, and a figure
    then costs a quarter of the arithmetic.
    """
    torch.manual_seed(seed)
    vae = build_vae().to(device)
    surprise = surprises(corpus)

    def loss(generator: torch.Generator) -> Tensor:
        cropped = float(torch.rand(1, generator=generator)) < _CROPPED_SHARE
        indices = pick(generator, len(corpus), batch * _CROPS if cropped else batch)
        pictures = corpus.pictures(indices, device)
        if cropped:
            pictures = crop(pictures, surprise[indices], generator)
        with fast_math(device):
            latents = vae.encode(pictures).latent_dist
            noise = torch.randn(latents.mean.shape, generator=generator).to(device)
            decoded = vae.decode(latents.mean + latents.std * noise).sample
        return reconstruction_loss(decoded.float(), pictures) + _KL_WEIGHT * _kl(latents)

    def look(average: nn.Module, _step: int) -> str:
        assert isinstance(average, AutoencoderKL)
        save_reconstructions(average, held_out, folder / "vae.png", device)
        return f"psnr {psnr(average, held_out, device):.2f}"

    return fit(plan, vae, loss, folder, seed=seed, team=team, look=look)


@torch.no_grad()
def surprises(corpus: Corpus) -> Tensor:
    """How much each cell of each picture differs from the mean picture of its place.

    Returns:
        Shape (pictures, rows, columns), a cell being 8 by 8 pixels; in grey levels.
    """
    rows, columns = (side // _CELL for side in corpus.images.shape[-2:])
    found = torch.zeros(len(corpus), rows, columns)
    places = [scene.place for scene in corpus.scenes]
    for place in sorted(set(places)):
        where = torch.tensor([i for i, other in enumerate(places) if other == place])
        mean = corpus.images[where].float().mean(dim=0)
        for part in where.split(_SURPRISE_BATCH):
            difference = (corpus.images[part].float() - mean).abs().mean(dim=1)
            found[part] = nnf.avg_pool2d(difference, _CELL)
    return found


def crop(pictures: Tensor, surprise: Tensor, generator: torch.Generator) -> Tensor:
    """The part of each picture, of half its side, that a draw weighted by `surprise` finds.

    Args:
        pictures: Shape (batch, 3, height, width).
        surprise: Those pictures' rows of `surprises`.
        generator: Draws where to crop.
    """
    half = surprise.shape[-1] // 2
    weights = nnf.avg_pool2d(surprise, half, stride=1)
    weights = (weights - weights.amin(dim=(1, 2), keepdim=True)).square() + 1e-3
    corners = torch.multinomial(weights.flatten(1), 1, generator=generator).flatten()
    side = half * _CELL
    parts = []
    for picture, corner in zip(pictures, corners.tolist(), strict=True):
        top, left = (_CELL * cell for cell in divmod(corner, weights.shape[-1]))
        parts.append(picture[:, top : top + side, left : left + side])
    return torch.stack(parts)


def reconstruction_loss(decoded: Tensor, pictures: Tensor) -> Tensor:
    """Pixels, edges, and the averages over 4 and 8 pixels, without which hues go grey."""
    error = decoded - pictures
    loss = error.abs().mean() + _SQUARE_WEIGHT * error.square().mean()
    for side in (4, 8):
        loss = loss + _HUE_WEIGHT * nnf.avg_pool2d(error, side).abs().mean()
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return loss + _SHARP_WEIGHT * edges


def _kl(latents: object) -> Tensor:
    mean, log_variance = latents.mean.float(), latents.logvar.float()
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()


@torch.no_grad()
def reconstruct(vae: AutoencoderKL, pictures: Tensor) -> Tensor:
    """What `vae` makes of `pictures` (both -1 to 1), through the mean of their latents."""
    return vae.decode(vae.encode(pictures).latent_dist.mean).sample.clamp(-1, 1)


def psnr(vae: AutoencoderKL, corpus: Corpus, device: torch.device, count: int = 256) -> float:
    """Peak signal to noise ratio in dB, its mean over the first `count` pictures of `corpus`."""
    pictures = corpus.pictures(torch.arange(min(count, len(corpus))), device)
    error = (reconstruct(vae, pictures) - pictures).square().mean(dim=(1, 2, 3)) / 4
    return float((-10 * error.log10()).mean())


def save_reconstructions(
    vae: AutoencoderKL, corpus: Corpus, file: Path, device: torch.device
) -> None:
    """Originals over reconstructions, enlarged four times, for the eye."""
    pictures = corpus.pictures(torch.arange(_SHOWN), device)
    rows = torch.cat([pictures, reconstruct(vae, pictures)])
    save_grid(rows, file, columns=_SHOWN)


def save_grid(pictures: Tensor, file: Path, *, columns: int, enlarge: int = 2) -> None:
    """Save pictures (-1 to 1, shape (count, 3, height, width)) as one PNG, row by row."""
    pixels = ((pictures.float().cpu() + 1) * 127.5).round().clamp(0, 255).byte()
    rows = [torch.cat(list(part), dim=2) for part in pixels.split(columns)]
    grid = torch.cat([row for row in rows if row.shape == rows[0].shape], dim=1)
    image = Image.fromarray(grid.permute(1, 2, 0).contiguous().numpy())
    size = image.width * enlarge, image.height * enlarge
    image.resize(size, Image.Resampling.NEAREST).save(file)
