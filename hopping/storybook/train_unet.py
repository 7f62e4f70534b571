"""Stage 4: the U-Net, which learns to draw latents from the frozen text encoder's hidden states."""

# diffusers' classes come without types: mypy cannot see what they have.
# mypy: disable-error-code="attr-defined, arg-type, operator, type-var, assignment"
from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from torch.nn import functional as nnf

from hopping.storybook.data import Corpus
from hopping.storybook.loop import Recipe, fast_math, fit, pick, restore, steps_done
from hopping.storybook.model import (
    GUIDANCE,
    STEPS,
    assemble,
    build_scheduler,
    build_tokenizer,
    build_unet,
    build_vae,
)
from hopping.storybook.team import Team
from hopping.storybook.train_text import trained_text_encoder
from hopping.storybook.train_vae import NAME as VAE_NAME
from hopping.storybook.train_vae import save_grid

NAME = "unet"
_SCALE_FILE = "scaling-factor.json"
_ENCODE_BATCH = 64
_UNCONDITIONAL_SHARE = 0.1
SHOWN_PROMPTS = (
    "A red dog runs at the beach.",
    "A blue cat is sleeping in the forest.",
    "A white rabbit jumps on the farm.",
    "A yellow bird stands in the snowy mountains.",
    "John in a green coat is in the city.",
    "Sophie in a purple dress is by the river.",
    "A pink car drives in the city.",
    "A black house stands on the farm.",
    "A green dog. The dog is in the mountains. It jumps.",
    "This is a cat. It is pink. The cat is on the street.",
    "The big blue rabbit is at the river.",
    "This is John. He wears a red coat. He runs in the woods.",
    "Sophie is wearing a yellow coat. She is sleeping at the beach.",
    "A purple bird jumps in the forest.",
    "A red house by the sea.",
    "A black dog and a white cat are on the farm.",
)


def train_unet(
    recipe: Recipe,
    corpus: Corpus,
    _held_out: Corpus,
    folder: Path,
    *,
    batch: int,
    seed: int,
    team: Team,
) -> nn.Module:
    """Train the U-Net on v (Salimans & Ho 2022); saves a grid of samples at every checkpoint."""
    device = corpus.images.device
    latents = corpus_latents(corpus, folder, team).to(device)
    scale = float(1 / latents.float().std())
    (folder / _SCALE_FILE).write_text(json.dumps(scale), encoding="utf-8")
    empty = torch.tensor(build_tokenizer()("", padding="max_length").input_ids, device=device)
    text_encoder: nn.Module = trained_text_encoder(folder)
    text_encoder = text_encoder.to(device)
    scheduler = build_scheduler()
    torch.manual_seed(seed)
    unet = build_unet().to(device)
    if device.type == "cpu":  # see fast_math
        unet.set_attn_processor(AttnProcessor())

    def loss(generator: torch.Generator) -> Tensor:
        indices = pick(generator, len(corpus), batch)
        ids = corpus.caption_ids(indices, generator)
        without = torch.rand(batch, 1, generator=generator, device=device) < _UNCONDITIONAL_SHARE
        ids = torch.where(without, empty, ids)
        clean = latents[indices].float() * scale
        noise = torch.randn(clean.shape, generator=generator, device=device)
        times = pick(generator, scheduler.config.num_train_timesteps, batch)
        with fast_math(device):
            with torch.no_grad():
                hidden = text_encoder(ids)[0]
            noisy = scheduler.add_noise(clean, noise, times)
            predicted = unet(noisy, times, hidden).sample
        return nnf.mse_loss(predicted.float(), scheduler.get_velocity(clean, noise, times))

    def look(average: nn.Module, step: int) -> str:
        pipeline = trained_pipeline(folder, average, scale).to(device)
        pictures = sample(pipeline, list(SHOWN_PROMPTS), seed=seed)
        save_grid(pictures, folder / f"unet-{step:06d}.png", columns=8)
        return ""

    return fit(recipe, unet, loss, folder, seed=seed, team=team, look=look)


def corpus_latents(corpus: Corpus, folder: Path, team: Team) -> Tensor:
    """The means of the pictures' latents, float16, shape (pictures, 4, height, width) over f."""
    # An autoencoder that was trained on makes other latents.
    name = f"latents-{corpus.name}-vae-{steps_done(VAE_NAME, folder)}"
    files = [folder / f"{name}-{rank}-of-{team.size}.pt" for rank in range(team.size)]
    if not files[team.rank].is_file():
        device = corpus.images.device
        vae = restore(VAE_NAME, build_vae(), folder).to(device)
        share = torch.arange(len(corpus)).tensor_split(team.size)[team.rank]
        parts = []
        with torch.no_grad(), fast_math(device):
            for indices in share.split(_ENCODE_BATCH):
                means = vae.encode(corpus.pictures(indices)).latent_dist.mean
                parts.append(means.half().cpu())
        torch.save(torch.cat(parts), files[team.rank])
    team.agree(0.0)  # wait for the others' files
    return torch.cat([torch.load(file, weights_only=True) for file in files])


def trained_pipeline(
    folder: Path, unet: nn.Module | None = None, scale: float | None = None
) -> StableDiffusionPipeline:
    """The pipeline of the stages in `folder`, or with the `unet` that is being trained.

    Args:
        folder: The run's folder.
        unet: A U-Net to use instead of the checkpoint's.
        scale: The latents' scaling factor; the one that the checkpoint was trained with if not
            given.
    """
    if scale is None:
        file = folder / _SCALE_FILE
        if not file.is_file():
            raise FileNotFoundError(f"no {file}: run the stage {NAME!r} first")
        scale = float(json.loads(file.read_text(encoding="utf-8")))
    vae = restore(VAE_NAME, build_vae(), folder)
    vae.register_to_config(scaling_factor=scale)
    unet = unet if unet is not None else restore(NAME, build_unet(), folder)
    assert isinstance(unet, UNet2DConditionModel)
    return assemble(trained_text_encoder(folder), unet, vae)


@torch.no_grad()
def sample(
    pipeline: StableDiffusionPipeline,
    prompts: list[str],
    *,
    seed: int,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
) -> Tensor:
    """One picture for each prompt, each from noise of its own; -1 to 1, (prompts, 3, h, w)."""
    generators = [torch.Generator().manual_seed(seed * 100_003 + i) for i in range(len(prompts))]
    pictures = pipeline(
        prompts,
        num_inference_steps=steps,
        guidance_scale=guidance,
        generator=generators,
        output_type="pt",
    ).images
    return pictures.float().cpu() * 2 - 1
