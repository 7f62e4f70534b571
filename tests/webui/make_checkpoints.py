"""Small random checkpoints that the WebUI's own classes load. Run by the WebUI's Python.

    python make_checkpoints.py WEBUI FOLDER

Writes sd1, sd2 and sdxl checkpoints with their configurations, textual inversions, a LoRA and a
ControlNet, under FOLDER as the WebUI's data directory, and an extension that tells OpenCLIP the
small architectures. Nothing outside FOLDER is written, nothing is fetched.
"""

from __future__ import annotations

import gzip
import itertools
import json
import sys
import zlib
from pathlib import Path

WIDTHS = {"l": 64, "h": 80, "g": 96}
LAYERS = 4
MODEL_CHANNELS, CHANNEL_MULT = 32, [1, 2, 2, 2]  # of the U-Nets of sd1 and sd2
SIZES = ("original_size_as_tuple", "crop_coords_top_left", "target_size_as_tuple")


def target(name: str, **params: object) -> dict:
    return {"target": name, "params": params}


def autoencoder(name: str) -> dict:
    shape = {
        "double_z": True,
        "z_channels": 4,
        "resolution": 256,
        "in_channels": 3,
        "out_ch": 3,
        "ch": 32,
        "ch_mult": [1, 2, 2, 2],
        "num_res_blocks": 1,
        "attn_resolutions": [],
        "dropout": 0.0,
    }
    return target(
        name,
        embed_dim=4,
        monitor="val/rec_loss",
        ddconfig=shape,
        lossconfig={"target": "torch.nn.Identity"},
    )


def latent_diffusion(text_encoder: dict, context: int, **unet: object) -> dict:
    network = target(
        "ldm.modules.diffusionmodules.openaimodel.UNetModel",
        image_size=32,
        in_channels=4,
        out_channels=4,
        model_channels=MODEL_CHANNELS,
        attention_resolutions=[4, 2, 1],
        num_res_blocks=2,  # as the real ones: a ControlNet counts on their blocks
        channel_mult=CHANNEL_MULT,
        use_spatial_transformer=True,
        transformer_depth=1,
        context_dim=context,
        use_checkpoint=False,
        legacy=False,
        **unet,
    )
    return target(
        "ldm.models.diffusion.ddpm.LatentDiffusion",
        linear_start=0.00085,
        linear_end=0.012,
        num_timesteps_cond=1,
        timesteps=1000,
        first_stage_key="jpg",
        cond_stage_key="txt",
        image_size=64,
        channels=4,
        cond_stage_trainable=False,
        conditioning_key="crossattn",
        monitor="val/loss_simple_ema",
        scale_factor=0.18215,
        use_ema=False,
        unet_config=network,
        first_stage_config=autoencoder("ldm.models.autoencoder.AutoencoderKL"),
        cond_stage_config=text_encoder,
    )


def diffusion_engine(clip: str) -> dict:
    discretization = {"target": "sgm.modules.diffusionmodules.discretizer.LegacyDDPMDiscretization"}
    embedders = [
        {
            "is_trainable": False,
            "input_key": "txt",
            **target(
                "sgm.modules.encoders.modules.FrozenCLIPEmbedder",
                version=clip,
                layer="hidden",
                layer_idx=LAYERS - 1,
            ),
        },
        {
            "is_trainable": False,
            "input_key": "txt",
            **target(
                "sgm.modules.encoders.modules.FrozenOpenCLIPEmbedder2",
                arch="hopping-test-g",
                version="none",
                freeze=True,
                layer="penultimate",
                always_return_pooled=True,
                legacy=False,
            ),
        },
        *(
            {
                "is_trainable": False,
                "input_key": key,
                **target("sgm.modules.encoders.modules.ConcatTimestepEmbedderND", outdim=256),
            }
            for key in SIZES
        ),
    ]
    return target(
        "sgm.models.diffusion.DiffusionEngine",
        scale_factor=0.13025,
        disable_first_stage_autocast=True,
        denoiser_config=target(
            "sgm.modules.diffusionmodules.denoiser.DiscreteDenoiser",
            num_idx=1000,
            weighting_config={
                "target": "sgm.modules.diffusionmodules.denoiser_weighting.EpsWeighting"
            },
            scaling_config={"target": "sgm.modules.diffusionmodules.denoiser_scaling.EpsScaling"},
            discretization_config=discretization,
        ),
        network_config=target(
            "sgm.modules.diffusionmodules.openaimodel.UNetModel",
            adm_in_channels=WIDTHS["g"] + 256 * 2 * len(SIZES),
            num_classes="sequential",
            use_checkpoint=False,
            in_channels=4,
            out_channels=4,
            model_channels=32,
            attention_resolutions=[4, 2],
            num_res_blocks=1,
            channel_mult=[1, 2, 2],
            num_head_channels=16,
            use_spatial_transformer=True,
            use_linear_in_transformer=True,
            transformer_depth=[1, 1, 2],
            context_dim=WIDTHS["l"] + WIDTHS["g"],
            spatial_transformer_attn_type="softmax-xformers",
            legacy=False,
        ),
        conditioner_config=target(
            "sgm.modules.GeneralConditioner",
            emb_models=embedders,
        ),
        first_stage_config=autoencoder("sgm.models.autoencoder.AutoencoderKLInferenceWrapper"),
    )


def configurations(clip: str) -> dict[str, dict]:
    modules = "ldm.modules.encoders.modules"
    return {
        "sd1": latent_diffusion(
            target(f"{modules}.FrozenCLIPEmbedder", version=clip), WIDTHS["l"], num_heads=4
        ),
        "sd2": latent_diffusion(
            target(
                f"{modules}.FrozenOpenCLIPEmbedder",
                arch="hopping-test-h",
                freeze=True,
                layer="penultimate",
            ),
            WIDTHS["h"],
            num_head_channels=16,
            use_linear_in_transformer=True,
        ),
        "sdxl": diffusion_engine(clip),
    }


def write_clip(folder: Path) -> None:
    """CLIP's own tokenizer, from the vocabulary in OpenCLIP's package, and a small text model."""
    import open_clip
    from open_clip.tokenizer import bytes_to_unicode

    packed = Path(open_clip.__file__).with_name("bpe_simple_vocab_16e6.txt.gz").read_bytes()
    merges = gzip.decompress(packed).decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    letters = list(bytes_to_unicode().values())
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    words += [merge.replace(" ", "") for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    special = {
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
    }
    model = {
        "architectures": ["CLIPTextModel"],
        "model_type": "clip_text_model",
        "vocab_size": len(words),
        "hidden_size": WIDTHS["l"],
        "intermediate_size": 4 * WIDTHS["l"],
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "max_position_embeddings": 77,
        "hidden_act": "quick_gelu",
        "projection_dim": WIDTHS["l"],
        "bos_token_id": 0,
        "eos_token_id": 2,
        "pad_token_id": 1,
    }
    files = {
        "vocab.json": json.dumps({word: n for n, word in enumerate(words)}),
        "merges.txt": "\n".join(["#version: 0.2", *merges, ""]),
        "tokenizer_config.json": json.dumps({**special, "model_max_length": 77}),
        "special_tokens_map.json": json.dumps(special),
        "config.json": json.dumps(model),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def write_architectures(extension: Path) -> None:
    """An extension whose one script tells OpenCLIP what the checkpoints are made of."""
    import open_clip

    extension.mkdir(parents=True, exist_ok=True)
    (extension / "scripts").mkdir(exist_ok=True)
    for name in ("h", "g"):
        path = extension / f"hopping-test-{name}.json"
        text = {
            "context_length": 77,
            "vocab_size": 49408,
            "width": WIDTHS[name],
            "heads": 4,
            "layers": LAYERS,
        }
        vision = {"image_size": 32, "layers": 1, "width": 32, "head_width": 32, "patch_size": 16}
        architecture = {"embed_dim": WIDTHS[name], "vision_cfg": vision, "text_cfg": text}
        path.write_text(json.dumps(architecture))
        open_clip.add_model_config(path)
    (extension / "scripts" / "architectures.py").write_text(
        "from pathlib import Path\n\nimport open_clip\n\n"
        "for path in Path(__file__).parents[1].glob('*.json'):\n"
        "    open_clip.add_model_config(path)\n"
    )


def drawn(name: str, shape, torch):
    """A weight drawn by its name. None may be zero on the way from the text to the picture, and the
    text encoder's output must not have a mean of zero, by which emphasis divides."""
    value = torch.randn(shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))
    is_text = "cond_stage_model" in name or "conditioner" in name
    if "token_embedding" in name:
        return value + 0.3
    if "positional" in name or "position_embedding" in name:
        return value * 0.2
    if len(shape) == 1 and name.endswith("weight"):
        return value * 0.05 + 1
    if is_text and ("final_layer_norm.bias" in name or "ln_final.bias" in name):
        return value * 0.1 + 0.3
    if len(shape) == 1:
        return value * 0.02
    gain = 2.0 if is_text and ("_proj" in name or "attn2" in name) else 1.0
    gain = 2.0 if "attn2.to_v" in name or "attn2.to_out" in name else gain
    return value * gain / value[0].numel() ** 0.5


def randomise(model, torch) -> None:
    for name, weight in model.named_parameters():
        if not name.endswith("logit_scale"):
            with torch.no_grad():
                weight.copy_(drawn(name, weight.shape, torch))


def write_extras(data: Path, widths: dict[str, int], layers: int) -> None:
    """Textual inversions, a style, and a LoRA that changes the sd1 checkpoint's text encoder.

    Args:
        widths: of the text encoders l, h and g.
        layers: of l.
    """
    import torch
    from safetensors.torch import save_file

    embeddings = data / "embeddings"
    embeddings.mkdir(exist_ok=True)
    draw = torch.Generator().manual_seed(7)
    vectors = {name: torch.randn(3, width, generator=draw) for name, width in widths.items()}
    save_file({"emb_params": vectors["l"]}, embeddings / "zebracorn.safetensors")
    both = {"clip_l": vectors["l"], "clip_g": vectors["g"]}
    save_file(both, embeddings / "zebraxl.safetensors")
    (data / "styles.csv").write_text(
        'name,prompt,negative_prompt\nhopping-test,"{prompt}, oil painting",ugly\n'
    )
    lora = data / "models" / "Lora" / "hopping-test-lora.safetensors"
    lora.parent.mkdir(parents=True, exist_ok=True)
    draw = torch.Generator().manual_seed(11)
    weights = {}
    for layer in range(layers):
        name = f"lora_te_text_model_encoder_layers_{layer}_self_attn_v_proj"
        weights[f"{name}.lora_down.weight"] = torch.randn(4, widths["l"], generator=draw) / 4
        weights[f"{name}.lora_up.weight"] = torch.randn(widths["l"], 4, generator=draw) / 4
        weights[f"{name}.alpha"] = torch.tensor(4.0)
    save_file(weights, lora)


def write_controlnet(path: Path, unet: dict, torch, save_file) -> None:
    """One for the sd1 checkpoint: a copy of its first half, with a way in and ways out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw = torch.Generator().manual_seed(13)
    parts = ("time_embed.", "input_blocks.", "middle_block.")
    weights = {key: value for key, value in unet.items() if key.startswith(parts)}

    def convolution(name: str, inputs: int, outputs: int, size: int) -> None:
        shape = (outputs, inputs, size, size)
        weights[f"{name}.weight"] = torch.randn(shape, generator=draw) / (inputs * size**2) ** 0.5
        weights[f"{name}.bias"] = torch.zeros(outputs)

    hint = (3, 16, 16, 32, 32, 96, 96, 256, MODEL_CHANNELS)
    for n, (inputs, outputs) in enumerate(itertools.pairwise(hint)):
        convolution(f"input_hint_block.{2 * n}", inputs, outputs, 3)
    # Each level but the last: two blocks and a step down, behind the first convolution.
    levels = [MODEL_CHANNELS * factor for factor in CHANNEL_MULT]
    channels = [MODEL_CHANNELS, *(level for level in levels for _ in range(3))][:12]
    for n, width in enumerate(channels):
        convolution(f"zero_convs.{n}.0", width, width, 1)
    convolution("middle_block_out.0", levels[-1], levels[-1], 1)
    save_file({key: value.contiguous() for key, value in weights.items()}, path)


def main(webui: Path, data: Path) -> None:
    repositories = webui / "repositories"
    for name in ("stable-diffusion-stability-ai", "generative-models"):
        sys.path.insert(0, str(repositories / name))
    import torch
    import transformers
    import yaml
    from safetensors.torch import save_file

    clip = data / "clip"
    write_clip(clip)
    write_architectures(data / "extensions" / "hopping-test-architectures")
    transformers.CLIPTextModel.from_pretrained = classmethod(
        lambda cls, name, **_: cls(transformers.CLIPTextConfig.from_pretrained(name))
    )
    import open_clip
    from ldm.util import instantiate_from_config
    from omegaconf import OmegaConf

    create = open_clip.create_model_and_transforms
    open_clip.create_model_and_transforms = lambda *args, **kwargs: create(
        *args, **{**kwargs, "pretrained": None}
    )
    checkpoints = data / "models" / "Stable-diffusion"
    checkpoints.mkdir(parents=True, exist_ok=True)
    for name, configuration in configurations(str(clip)).items():
        model = instantiate_from_config(OmegaConf.create(configuration)).eval()
        randomise(model, torch)
        weights = {
            key: value.detach().clone().contiguous()
            for key, value in model.state_dict().items()
            if not key.endswith("attn_mask")
        }
        if name == "sd1":  # the WebUI knows SD 1 by this key, which newer transformers leave out
            key = "cond_stage_model.transformer.text_model.embeddings.position_ids"
            weights.setdefault(key, torch.arange(77)[None])
            unet = model.model.diffusion_model.state_dict()
        save_file(weights, checkpoints / f"hopping-test-{name}.safetensors")
        path = checkpoints / f"hopping-test-{name}.yaml"
        path.write_text(yaml.safe_dump({"model": configuration}))
    controlnet = data / "models" / "ControlNet" / "hopping-test-control.safetensors"
    write_controlnet(controlnet, unet, torch, save_file)
    write_extras(data, WIDTHS, LAYERS)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
