"""Tiny random pipelines of the real classes, with CLIP's own tokenizer."""

from __future__ import annotations

import copy
import importlib.util

import pytest
import torch

from tests.encoders import LAYERS, VOCABULARY, WIDTH, transformers_text_model

# The studio is an extra, which a WebUI's environment has not.
if any(importlib.util.find_spec(name) is None for name in ("diffusers", "typer")):
    collect_ignore_glob = ["test_*.py"]

DOG = "A dog is swimming in the river.\nThe dog sits under the sun.\nThe dog runs into a forest."


@pytest.fixture
def dog() -> str:
    """The paper's story."""
    return DOG


@pytest.fixture(scope="session")
def _sd1(clip_tokenizer):
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline(
        vae=_vae(),
        text_encoder=transformers_text_model(),
        tokenizer=clip_tokenizer,
        unet=_unet(cross_attention_dim=WIDTH),
        scheduler=_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="session")
def _sdxl(clip_tokenizer):
    from diffusers import StableDiffusionXLPipeline
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    padded_with_zero = copy.deepcopy(clip_tokenizer)
    padded_with_zero.pad_token = "!"  # as SDXL's second tokenizer has it
    torch.manual_seed(1)
    second = CLIPTextModelWithProjection(
        CLIPTextConfig(
            hidden_size=48,
            intermediate_size=64,
            num_hidden_layers=LAYERS,
            num_attention_heads=4,
            vocab_size=VOCABULARY,
            eos_token_id=49407,
            projection_dim=24,
        )
    )
    pipeline = StableDiffusionXLPipeline(
        vae=_vae(),
        text_encoder=transformers_text_model(),
        text_encoder_2=second.eval(),
        tokenizer=clip_tokenizer,
        tokenizer_2=padded_with_zero,
        unet=_unet(
            cross_attention_dim=WIDTH + 48,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 24,
        ),
        scheduler=_scheduler(),
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture
def sd1(_sd1):
    """A Stable Diffusion 1 pipeline of 16×16 pixels."""
    return copy.deepcopy(_sd1)


@pytest.fixture
def sdxl(_sdxl):
    """An SDXL pipeline of 16×16 pixels: two encoders, two tokenizers with different padding."""
    return copy.deepcopy(_sdxl)


@pytest.fixture(params=["sd1", "sdxl"])
def pipeline(request):
    """Both kinds in turn."""
    return request.getfixturevalue(request.param)


def _vae():
    from diffusers import AutoencoderKL

    torch.manual_seed(2)
    return AutoencoderKL(
        sample_size=16,
        block_out_channels=(32, 32),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        layers_per_block=1,
    ).eval()


def _unet(**config):
    from diffusers import UNet2DConditionModel

    torch.manual_seed(3)
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
        layers_per_block=1,
        **config,
    ).eval()
    # At their first values an untrained U-Net's output hardly hears the prompt.
    for name, module in unet.named_modules():
        if "attn2.to_" in name and hasattr(module, "weight"):
            torch.nn.init.normal_(module.weight, std=0.4)
    return unet


def _scheduler():
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        steps_offset=1,
    )
