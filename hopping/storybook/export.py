"""Write the storybook model for a WebUI: one checkpoint in Stable Diffusion 1's original layout.

Three things are written side by side: ``storybook.safetensors`` with the names that CompVis' code
gives its modules, ``storybook.yaml`` that describes the small architecture to it, and a folder
with the text encoder's configuration and tokenizer, to which that yaml points because the host
would else build CLIP ViT-L.
"""

# diffusers' classes come without types: mypy cannot see what they have.
# mypy: disable-error-code="attr-defined"
from __future__ import annotations

import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save
from torch import Tensor
from transformers import CLIPTextModel

from hopping.storybook import word_tokenizer

NAME = "storybook"
_WEIGHTS = "model.safetensors"
_TEXT_PREFIX = "text_model."

_RESNET_NAMES = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_VAE_ATTENTION_NAMES = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}


def export_webui(pipeline: StableDiffusionPipeline, folder: Path) -> Path:
    """Write checkpoint, yaml and text configuration of `pipeline` into a WebUI's model `folder`.

    Args:
        pipeline: The storybook model.
        folder: Usually the WebUI's ``models/Stable-diffusion``; made if it is missing. The yaml
            holds its absolute path, so export again after moving it.

    Returns:
        The checkpoint's path.
    """
    folder = folder.resolve()
    text_folder = folder / f"{NAME}-text-encoder"
    pipeline.text_encoder.config.save_pretrained(text_folder)
    save_tokenizer(text_folder)
    # The checkpoint has the weights. Here, where older versions wrote them too, a WebUI takes them
    # for a checkpoint of their own.
    (text_folder / _WEIGHTS).unlink(missing_ok=True)
    checkpoint = folder / f"{NAME}.safetensors"
    state = {name: value.half().contiguous() for name, value in ldm_state(pipeline).items()}
    save_weights(state, checkpoint)
    yaml = ldm_yaml(pipeline, text_folder)
    checkpoint.with_suffix(".yaml").write_text(yaml, encoding="utf-8")
    return checkpoint


def save_weights(state: dict[str, Tensor], file: Path) -> None:
    """Write a safetensors file that whoever may read new files may read.

    The library's own `save_file` makes files for their owner's eyes only.
    """
    file.write_bytes(save(state, metadata={"format": "pt"}))


def save_text_encoder(encoder: CLIPTextModel, folder: Path) -> None:
    """Save `encoder` with the names that both transformers 4.30 and 5 read."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder.save_pretrained(folder, safe_serialization=True)
    weights = folder / _WEIGHTS
    # Read whole before the file is written anew: safetensors maps it into memory.
    state = {name: value.clone() for name, value in load_file(weights).items()}
    weights.unlink()  # and its mode with it
    save_weights(_with_text_prefix(state), weights)


def save_tokenizer(folder: Path) -> None:
    """Copy the tokenizer's files, in the form that every version of transformers reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in word_tokenizer.FOLDER.iterdir():
        shutil.copy(file, folder / file.name)


def ldm_state(pipeline: StableDiffusionPipeline) -> dict[str, Tensor]:
    """All weights of `pipeline` under the names of CompVis' latent diffusion code."""
    state = {}
    for name, value in _unet_state(pipeline.unet).items():
        state[f"model.diffusion_model.{name}"] = value
    for name, value in _vae_state(pipeline.vae).items():
        state[f"first_stage_model.{name}"] = value
    for name, value in _with_text_prefix(pipeline.text_encoder.state_dict()).items():
        state[f"cond_stage_model.transformer.{name}"] = value
    config = pipeline.scheduler.config
    betas = torch.linspace(
        config.beta_start**0.5,
        config.beta_end**0.5,
        config.num_train_timesteps,
        dtype=torch.float64,
    ).square()
    # WebUIs read the schedule from the checkpoint before they build the model.
    state["alphas_cumprod"] = (1 - betas).cumprod(0).float()
    return state


def ldm_yaml(pipeline: StableDiffusionPipeline, text_folder: Path) -> str:
    """The configuration of `pipeline`'s architecture for CompVis' code, as YAML."""
    unet, vae, noise = pipeline.unet.config, pipeline.vae.config, pipeline.scheduler.config
    levels, vae_levels = unet.block_out_channels, vae.block_out_channels
    base, vae_base = levels[0], vae_levels[0]
    attention = [
        2**level
        for level, block in enumerate(unet.down_block_types)
        if block == "CrossAttnDownBlock2D"
    ]
    parameterization = "v" if noise.prediction_type == "v_prediction" else "eps"
    return f"""model:
  target: ldm.models.diffusion.ddpm.LatentDiffusion
  params:
    linear_start: {noise.beta_start}
    linear_end: {noise.beta_end}
    timesteps: {noise.num_train_timesteps}
    parameterization: {parameterization}
    num_timesteps_cond: 1
    log_every_t: 200
    first_stage_key: jpg
    cond_stage_key: txt
    image_size: {unet.sample_size}
    channels: {unet.in_channels}
    cond_stage_trainable: false
    conditioning_key: crossattn
    monitor: val/loss_simple_ema
    scale_factor: {vae.scaling_factor!r}
    use_ema: false
    unet_config:
      target: ldm.modules.diffusionmodules.openaimodel.UNetModel
      params:
        image_size: {unet.sample_size}
        in_channels: {unet.in_channels}
        out_channels: {unet.out_channels}
        model_channels: {base}
        channel_mult: {[width // base for width in levels]}
        num_res_blocks: {unet.layers_per_block}
        attention_resolutions: {attention}
        num_heads: {unet.attention_head_dim}
        use_spatial_transformer: true
        transformer_depth: 1
        context_dim: {unet.cross_attention_dim}
        use_checkpoint: false
        legacy: false
    first_stage_config:
      target: ldm.models.autoencoder.AutoencoderKL
      params:
        embed_dim: {vae.latent_channels}
        monitor: val/rec_loss
        ddconfig:
          double_z: true
          z_channels: {vae.latent_channels}
          resolution: {vae.sample_size}
          in_channels: {vae.in_channels}
          out_ch: {vae.out_channels}
          ch: {vae_base}
          ch_mult: {[width // vae_base for width in vae_levels]}
          num_res_blocks: {vae.layers_per_block}
          attn_resolutions: []
          dropout: 0.0
        lossconfig:
          target: torch.nn.Identity
    cond_stage_config:
      target: ldm.modules.encoders.modules.FrozenCLIPEmbedder
      params:
        version: {str(text_folder)!r}
"""


def _with_text_prefix(state: dict[str, Tensor]) -> dict[str, Tensor]:
    # transformers 5 drops the prefix that every checkpoint of the field has.
    return {f"{_TEXT_PREFIX}{name.removeprefix(_TEXT_PREFIX)}": v for name, v in state.items()}


def _unet_state(unet: UNet2DConditionModel) -> dict[str, Tensor]:
    """The U-Net's weights: a flat list of blocks in, a middle, a flat list of blocks out."""
    places = {
        "conv_in": "input_blocks.0.0",
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "conv_norm_out": "out.0",
        "conv_out": "out.2",
        "mid_block.resnets.0": "middle_block.0",
        "mid_block.attentions.0": "middle_block.1",
        "mid_block.resnets.1": "middle_block.2",
    }
    block = 1
    for level, down in enumerate(unet.down_blocks):
        for layer in range(len(down.resnets)):
            places[f"down_blocks.{level}.resnets.{layer}"] = f"input_blocks.{block}.0"
            places[f"down_blocks.{level}.attentions.{layer}"] = f"input_blocks.{block}.1"
            block += 1
        if down.downsamplers:
            places[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{block}.0.op"
            block += 1
    block = 0
    for level, up in enumerate(unet.up_blocks):
        for layer in range(len(up.resnets)):
            places[f"up_blocks.{level}.resnets.{layer}"] = f"output_blocks.{block}.0"
            places[f"up_blocks.{level}.attentions.{layer}"] = f"output_blocks.{block}.1"
            block += 1
        if up.upsamplers:
            after = 2 if hasattr(up, "attentions") else 1
            places[f"up_blocks.{level}.upsamplers.0.conv"] = (
                f"output_blocks.{block - 1}.{after}.conv"
            )
    return {
        _moved(name, places, _RESNET_NAMES if ".resnets." in name else {}): value
        for name, value in unet.state_dict().items()
    }


def _vae_state(vae: AutoencoderKL) -> dict[str, Tensor]:
    """The autoencoder's weights; its attention's linear layers become 1x1 convolutions."""
    places = {"quant_conv": "quant_conv", "post_quant_conv": "post_quant_conv"}
    for half, blocks in (("encoder", vae.encoder.down_blocks), ("decoder", vae.decoder.up_blocks)):
        places[f"{half}.conv_in"] = f"{half}.conv_in"
        places[f"{half}.conv_norm_out"] = f"{half}.norm_out"
        places[f"{half}.conv_out"] = f"{half}.conv_out"
        for number in (0, 1):
            places[f"{half}.mid_block.resnets.{number}"] = f"{half}.mid.block_{number + 1}"
        places[f"{half}.mid_block.attentions.0"] = f"{half}.mid.attn_1"
        theirs, way, sampler = ("down_blocks", "down", "downsample")
        if half == "decoder":
            theirs, way, sampler = ("up_blocks", "up", "upsample")
        for level, block in enumerate(blocks):
            # The decoder's levels are counted from the finest, whichever runs first.
            at = level if half == "encoder" else len(blocks) - 1 - level
            for layer in range(len(block.resnets)):
                ours = f"{half}.{theirs}.{level}.resnets.{layer}"
                places[ours] = f"{half}.{way}.{at}.block.{layer}"
            places[f"{half}.{theirs}.{level}.{sampler}rs.0.conv"] = (
                f"{half}.{way}.{at}.{sampler}.conv"
            )
    state = {}
    for name, value in vae.state_dict().items():
        attention = ".attentions." in name
        inner = _VAE_ATTENTION_NAMES if attention else {"conv_shortcut": "nin_shortcut"}
        state[_moved(name, places, inner)] = (
            value[:, :, None, None] if attention and value.ndim == 2 else value
        )
    return state


def _moved(name: str, places: dict[str, str], inner: dict[str, str]) -> str:
    """`name` with its module's path and, within it, its layer's name as the other code has them."""
    path = max((p for p in places if name.startswith(f"{p}.")), key=len, default=None)
    if path is None:
        raise ValueError(f"no place in the checkpoint for the weight {name!r}")
    rest = name.removeprefix(f"{path}.")
    layer = next((old for old in inner if rest.startswith(f"{old}.")), None)
    if layer:
        rest = inner[layer] + rest.removeprefix(layer)
    return f"{places[path]}.{rest}"
