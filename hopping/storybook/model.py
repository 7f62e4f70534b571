"""The storybook model's architecture, and the pipeline that everyone else loads.

It is Stable Diffusion 1 made small: a causal CLIP text encoder, a U-Net with cross-attention over
77 tokens, an autoencoder with f = 8 and 4 channels, the same noise schedule. It predicts v
(Salimans & Ho 2022), which a short training learns faster than noise; the scheduler says so.
Widths are multiples of 32, as the 32 groups of every norm in SD 1 need.
"""

# diffusers' classes come without types: mypy cannot see what they have.
# mypy: disable-error-code="attr-defined"
from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from hopping.storybook import word_tokenizer
from hopping.storybook.world import RESOLUTION

STEPS = 20
GUIDANCE = 3.0
"""Sampling steps and guidance at which the model is scored."""

LATENT_CHANNELS = 4
LATENT_FACTOR = 8
TEXT_WIDTH = 128
WEIGHTS = Path(__file__).parent / "weights"

_SEED = 1
_LAYER_NORM_BIAS = 0.25
_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def storybook_is_trained() -> bool:
    """Whether the package carries trained weights, so that `load_storybook` draws real pictures."""
    return (WEIGHTS / "model_index.json").is_file()


def load_storybook(
    device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> StableDiffusionPipeline:
    """The storybook model as a Stable Diffusion pipeline, without any network.

    Args:
        device: Where to put the weights.
        dtype: In what precision; the files hold float16.

    Returns:
        The trained pipeline if its weights are in the package. Otherwise one with the same
        architecture and tokenizer and random weights from a fixed seed: its pictures mean
        nothing, but depend on every word of the prompt. `storybook_is_trained` tells which.
    """
    if storybook_is_trained():
        return load_checkpoint(WEIGHTS, device, dtype)
    return random_storybook().to(device=device, dtype=dtype)


def load_checkpoint(
    folder: Path, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float32
) -> StableDiffusionPipeline:
    """A pipeline from a diffusers `folder` on the local disk, without network or safety checker."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, torch_dtype=dtype, local_files_only=True, **_no_safety_checker()
    )
    return _quiet(pipeline).to(device)


def random_storybook(seed: int = _SEED) -> StableDiffusionPipeline:
    """The untrained model. The same `seed` gives the same weights; global random state is kept."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text_encoder, unet, vae = build_text_encoder(), build_unet(), build_vae()
        # A few layers start at zero or nearly so, so that training begins at the identity; left
        # so, an untrained U-Net would hardly hear the prompt.
        _scatter(unet)
    return assemble(text_encoder, unet, vae)


def assemble(
    text_encoder: CLIPTextModel, unet: UNet2DConditionModel, vae: AutoencoderKL
) -> StableDiffusionPipeline:
    """The pipeline made of these three, the storybook's tokenizer and SD 1's schedule."""
    pipeline = StableDiffusionPipeline(
        vae=vae.eval(),
        text_encoder=text_encoder.eval(),
        tokenizer=build_tokenizer(),
        unet=unet.eval(),
        scheduler=build_scheduler(),
        **_no_safety_checker(),
    )
    return _quiet(pipeline)


def build_tokenizer() -> CLIPTokenizer:
    """CLIP's tokenizer with the storybook's vocabulary: 77 tokens, padded with the end token."""
    return CLIPTokenizer.from_pretrained(word_tokenizer.FOLDER, local_files_only=True)


def build_text_encoder() -> CLIPTextModel:
    """CLIP's causal text transformer: 4 layers of width 128, 0.9 M parameters."""
    vocabulary = json.loads((word_tokenizer.FOLDER / "vocab.json").read_text(encoding="utf-8"))
    config = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        projection_dim=TEXT_WIDTH,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=word_tokenizer.MAX_LENGTH,
        bos_token_id=vocabulary[word_tokenizer.START],
        eos_token_id=vocabulary[word_tokenizer.END],
        pad_token_id=vocabulary[word_tokenizer.END],
    )
    encoder = CLIPTextModel(config)
    final_layer_norm = getattr(encoder, "text_model", encoder).final_layer_norm
    # WebUIs weigh words by dividing by the mean of the hidden states. CLIP's own is away from
    # zero; around zero a weight of 1.1 would blow the prompt up.
    nn.init.constant_(final_layer_norm.bias, _LAYER_NORM_BIAS)
    return encoder


def build_unet() -> UNet2DConditionModel:
    """SD 1's U-Net with two levels, both with cross-attention."""
    return UNet2DConditionModel(
        sample_size=RESOLUTION // LATENT_FACTOR,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(96, 192),
        layers_per_block=1,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,  # the number of heads, as in SD 1's own config
    )


def build_vae() -> AutoencoderKL:
    """SD 1's autoencoder with four levels and one block in each: f = 8, 4 channels."""
    return AutoencoderKL(
        sample_size=RESOLUTION,
        latent_channels=LATENT_CHANNELS,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(32, 64, 96, 128),
        layers_per_block=1,
    )


def build_scheduler() -> DDIMScheduler:
    """SD 1's schedule of 1,000 scaled-linear steps, for a model that predicts v."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        **_BETAS,
        prediction_type="v_prediction",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def _no_safety_checker() -> dict[str, object]:
    # Drawings of dogs and houses need none, and its weights would outweigh the model a hundredfold.
    return {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}


def _quiet(pipeline: StableDiffusionPipeline) -> StableDiffusionPipeline:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _scatter(unet: UNet2DConditionModel) -> None:
    """Make an untrained U-Net listen to its prompt: stronger cross-attention, lively output."""
    for name, module in unet.named_modules():
        if name.endswith(("attn2.to_k", "attn2.to_q")):
            nn.init.normal_(module.weight, std=0.2)
        elif name.endswith(("attn2.to_v", "attn2.to_out.0")):
            nn.init.normal_(module.weight, std=0.15)
        elif name.endswith(("proj_out", "conv_out")):
            nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
