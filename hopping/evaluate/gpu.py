"""What only a GPU can show: `make gpu`, or `python -m hopping.evaluate.gpu`, as a table.

How near its embeddings are to those of a CPU in 32 bits, how near its pictures, and what hopping
costs there. The tests with the mark `gpu` hold the first two to bars.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hopping import HoppingOptions, encode_story, parse_story
from hopping.options import Mode
from hopping.storybook.model import GUIDANCE, STEPS, build_scheduler, build_tokenizer
from hopping.studio import generate_story, load_pipeline

from .bench import encoder_of_vit_l, hopped, pass_over
from .bench_pixels import SD1, SDXL, timed, timed_alone

STORY = parse_story(
    "A red dog is swimming in the river.\nThe dog sits under the sun.\nThe dog runs into a forest."
)
OPTIONS = {
    "joint": HoppingOptions(),
    "reference": HoppingOptions(mode="reference"),
    "windows": HoppingOptions(layout="windows"),
    "carry=all": HoppingOptions(carry="all", reach="all"),
}
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
IMPLEMENTATIONS = ("eager", "sdpa")
ROUNDS = 9


def embeddings(
    options: HoppingOptions, device: str, dtype: torch.dtype, implementation: str
) -> Tensor:
    """The story's, by the embedded model's text encoder, shape (frames, 77, width)."""
    pipeline = load_pipeline(None, device, torch.float32)
    given = pipeline.text_encoder
    # Not every release that is served can change it on a loaded model.
    text_encoder = type(given)._from_config(given.config, attn_implementation=implementation)
    text_encoder.load_state_dict(given.state_dict())
    text_encoder = text_encoder.to(device, dtype).eval()
    return encode_story(text_encoder, pipeline.tokenizer, STORY, options).float().cpu()


def distance(one: Tensor, other: Tensor) -> float:
    """How far apart, as a part of the other's length."""
    return float((one - other).norm() / other.norm())


def pictures(device: str, dtype: torch.dtype, seed: int = 3) -> np.ndarray[Any, Any]:
    """The story's frames by the embedded model, shape (frames, height, width, 3), 0 to 255."""
    made = generate_story(
        load_pipeline(None, device, dtype),
        STORY,
        OPTIONS["carry=all"],
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        seed=seed,
        sampler="LMS",
    )
    return np.stack([np.asarray(frame.image, dtype=float) for frame in made])


def main() -> None:
    if not torch.cuda.is_available():
        print("There is no GPU here: nothing was run.")
        return
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    _print_parity("cuda")
    _print_encoding("cuda")
    for name, make in (("SD 1.5, 512²", random_sd1), ("SDXL, 1024²", random_sdxl)):
        _print_generation(name, make("cuda", torch.float16))
    print("\nsharing pixels, in float16, over a call of the U-Net that does not")
    for model in (SD1, SDXL):
        timed(model, "cuda", torch.float16, model.latents)
        timed_alone(model, "cuda", torch.float16, model.latents)


def _print_parity(device: str) -> None:
    print("\nembeddings: distance from a CPU's in 32 bits, eager, as a part of their length")
    print(f"{'':<12}" + "".join(f"{name:>12}" for name in OPTIONS))
    expected = {
        name: embeddings(options, "cpu", torch.float32, "eager")
        for name, options in OPTIONS.items()
    }
    for dtype in DTYPES:
        for implementation in IMPLEMENTATIONS:
            row = f"{str(dtype).removeprefix('torch.'):<9}{implementation:<6}"
            for name, options in OPTIONS.items():
                found = embeddings(options, device, dtype, implementation)
                row += f"{distance(found, expected[name]):>12.1e}"
            print(row, flush=True)
    print("pictures: mean distance from a CPU's in 32 bits, in grey levels of 255")
    expected_pictures = pictures("cpu", torch.float32)
    for dtype in DTYPES:
        apart = abs(pictures(device, dtype) - expected_pictures).mean()
        print(f"{str(dtype).removeprefix('torch.'):<9}{apart:>8.2f}", flush=True)


def _print_encoding(device: str) -> None:
    print("\nencoding in float16, ViT-L/14's size: milliseconds")
    print(f"{'layout':<20}{'frames':>7}{'a pass':>10}{'hopped':>10}{'ratio':>8}")
    encoder = encoder_of_vit_l()
    encoder.module.to(device, torch.float16)
    for layout, count in (("joint", 4), ("windows", 4), ("windows", 16), ("windows", 100)):
        alone, ours = _milliseconds(
            pass_over(encoder, count), hopped(encoder, count, {"layout": layout})
        )
        print(f"{layout:<20}{count:>7}{alone:>10.1f}{ours:>10.1f}{ours / alone:>8.2f}", flush=True)


def _print_generation(name: str, pipeline: Any) -> None:
    """Four frames of 20 steps, hopped over plain, in turn."""
    story = parse_story("\n".join(f"A dog number {n} runs." for n in range(4)))
    peaks: dict[str, int] = {}

    def run(mode: Mode, **options: Any) -> Callable[[], object]:
        def once() -> None:
            torch.cuda.reset_peak_memory_stats()
            chosen = HoppingOptions(mode=mode, **options)
            list(generate_story(pipeline, story, chosen, num_inference_steps=STEPS))
            peaks[mode] = torch.cuda.max_memory_allocated()

        return once

    plain, ours = _milliseconds(run("baseline"), run("paper", layout="windows"))
    print(
        f"{name}, 4 frames of {STEPS} steps: {ours / 1000:.2f} s over {plain / 1000:.2f} s: "
        f"{ours / plain:.4f}; peak memory {peaks['paper'] / peaks['baseline']:.4f}",
        flush=True,
    )


@torch.no_grad()
def _milliseconds(*runs: Callable[[], object]) -> list[float]:
    """The median of each, all in turn."""
    taken: list[list[float]] = [[] for _ in runs]
    for counted in range(-1, ROUNDS):  # the first is no measure
        for run, times in zip(runs, taken, strict=True):
            torch.cuda.synchronize()
            start = time.perf_counter()
            run()
            torch.cuda.synchronize()
            if counted >= 0:
                times.append(1000 * (time.perf_counter() - start))
    return [statistics.median(times) for times in taken]


def random_sd1(device: str, dtype: torch.dtype) -> Any:
    """Stable Diffusion 1.5's architecture with random weights."""
    from diffusers import StableDiffusionPipeline, UNet2DConditionModel

    with _built_on(device, dtype):
        parts = {
            "text_encoder": _text_encoder(768, 12),
            "unet": UNet2DConditionModel(sample_size=64, cross_attention_dim=768),
            "vae": _autoencoder(),
        }
    return _quiet(
        StableDiffusionPipeline(
            **_in_use(parts),
            tokenizer=build_tokenizer(),
            scheduler=build_scheduler(),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    )


def random_sdxl(device: str, dtype: torch.dtype) -> Any:
    """SDXL's architecture with random weights."""
    from diffusers import StableDiffusionXLPipeline, UNet2DConditionModel

    with _built_on(device, dtype):
        parts = {
            "text_encoder": _text_encoder(768, 12),
            "text_encoder_2": _text_encoder(1280, 32, projected=True),
            "unet": UNet2DConditionModel(
                sample_size=128,
                block_out_channels=(320, 640, 1280),
                down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * 2),
                up_block_types=(*("CrossAttnUpBlock2D",) * 2, "UpBlock2D"),
                transformer_layers_per_block=(1, 2, 10),
                attention_head_dim=(5, 10, 20),
                cross_attention_dim=2048,
                use_linear_projection=True,
                addition_embed_type="text_time",
                addition_time_embed_dim=256,
                projection_class_embeddings_input_dim=2816,
            ),
            "vae": _autoencoder(),
        }
    return _quiet(
        StableDiffusionXLPipeline(
            **_in_use(parts),
            tokenizer=build_tokenizer(),
            tokenizer_2=build_tokenizer(),
            scheduler=build_scheduler(),
        )
    )


@contextmanager
def _built_on(device: str, dtype: torch.dtype) -> Iterator[None]:
    """Weights are made where they are used, and no larger."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(before)


def _text_encoder(width: int, layers: int, projected: bool = False) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        projection_dim=width,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def _autoencoder() -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=2,
    )


def _in_use(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: part.eval().requires_grad_(False) for name, part in parts.items()}


def _quiet(pipeline: Any) -> Any:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


if __name__ == "__main__":
    main()
