"""Small random U-Nets of SD 1's and SDXL's shape, and the sampling loop of diffusers' pipelines."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

pytest.importorskip("diffusers")  # a WebUI's environment has none: its tests do without these

from hopping.studio.samplers import build_scheduler

TEXT_WIDTH, TOKENS = 24, 77
SIZE = (16, 12)  # latents: height, width


def sd1_unet(seed: int = 0):
    """SD 1's: cross-attention on all levels but the lowest, and in the middle."""
    return _unet(
        seed,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        block_out_channels=(32, 32, 64, 64),
        attention_head_dim=4,
    )


def sdxl_unet(seed: int = 0):
    """SDXL's: none on the uppermost level, several deep on the lowest."""
    return _unet(
        seed,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(32, 32, 64),
        transformer_layers_per_block=(1, 1, 2),
        attention_head_dim=(2, 4, 8),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 16,
    )


def smallest_unet(seed: int = 0):
    """One attention layer of each kind on the way down, in the middle and on the way up, or two."""
    return _unet(
        seed,
        down_block_types=("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",),
        block_out_channels=(32,),
        attention_head_dim=4,
    )


UNETS = {"sd1": sd1_unet, "sdxl": sdxl_unet}


def _unet(seed: int, **config):
    from diffusers import UNet2DConditionModel

    torch.manual_seed(seed)
    unet = UNet2DConditionModel(
        sample_size=16, layers_per_block=1, cross_attention_dim=TEXT_WIDTH, **config
    )
    # At their first values an untrained U-Net hardly hears its prompt, or its own attention.
    for name, module in unet.named_modules():
        if ("attn2.to_" in name or "attn1.to_" in name) and hasattr(module, "weight"):
            torch.nn.init.normal_(module.weight, std=0.15)
    return unet.eval().requires_grad_(False)


def texts(frames: int, seed: int = 0) -> torch.Tensor:
    """Embeddings of the negative prompt and of that many frames: (1 + frames, 77, width)."""
    return torch.randn(1 + frames, TOKENS, TEXT_WIDTH, generator=_generator(seed))


def extra(unet, rows: int, dtype=torch.float32) -> dict:
    """What SDXL's U-Net wants beside the text."""
    if unet.config.addition_embed_type is None:
        return {}
    ids = torch.tensor([[128, 96, 0, 0, 128, 96]], dtype=dtype).expand(rows, -1)
    pooled = torch.linspace(-1, 1, 16, dtype=dtype).expand(rows, -1)
    return {"added_cond_kwargs": {"text_embeds": pooled, "time_ids": ids}}


@torch.no_grad()
def sample(
    unet,
    embeddings: torch.Tensor,
    batches: list[list[int]],
    sharing=None,
    *,
    sampler: str = "Euler",
    steps: int = 3,
    start: int = 0,
    guidance: float = 3.0,
    size: tuple[int, int] = SIZE,
) -> dict[int, torch.Tensor]:
    """The latents of each frame, as a pipeline of diffusers samples them batch by batch.

    Args:
        embeddings: as `texts` makes them.
        batches: numbers of frames.
        sharing: a `PixelSharing`, or None.
        start: the first step; above 0 it begins with a picture, as image-to-image does.
    """
    dtype, made = unet.dtype, {}
    for frames in batches:
        scheduler = _scheduler(sampler)
        scheduler.set_timesteps(steps)
        order = getattr(scheduler, "order", 1)
        timesteps = scheduler.timesteps[start * order :]
        noise = torch.stack([torch.randn(4, *size, generator=_generator(7)) for _ in frames])
        if start:
            picture = torch.randn(4, *size, generator=_generator(8)).expand(len(frames), -1, -1, -1)
            if hasattr(scheduler, "set_begin_index"):
                scheduler.set_begin_index(start * order)
            latents = scheduler.add_noise(picture, noise, timesteps[:1].expand(len(frames)))
        else:
            latents = noise * scheduler.init_noise_sigma
        latents = latents.to(dtype)
        text = embeddings[frames].to(dtype)
        if guidance > 1:
            text = torch.cat([embeddings[:1].to(dtype).expand_as(text), text])
        generators = [_generator(9) for _ in frames]
        scope = nullcontext() if sharing is None else sharing.batch(frames)
        with scope:
            for timestep in timesteps:
                rows = torch.cat([latents, latents]) if guidance > 1 else latents
                rows = scheduler.scale_model_input(rows, timestep)
                predicted = unet(
                    rows, timestep, encoder_hidden_states=text, **extra(unet, len(rows), dtype)
                ).sample
                if guidance > 1:
                    negative, positive = predicted.chunk(2)
                    predicted = negative + guidance * (positive - negative)
                latents = _step(scheduler, predicted, timestep, latents, generators)
        made.update(zip(frames, latents, strict=True))
    return made


def _step(scheduler, predicted, timestep, latents, generators):
    import inspect

    takes = inspect.signature(scheduler.step).parameters
    noise = {"generator": generators} if "generator" in takes else {}
    return scheduler.step(predicted, timestep, latents, **noise).prev_sample


def _scheduler(sampler: str):
    from diffusers import DDIMScheduler

    own = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
    )
    return build_scheduler(sampler, own)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
