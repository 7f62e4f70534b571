"""Frames whose picture is there: a user's own, of the character that later frames shall show.

Such a frame goes through the U-Net like any other, and is seen like any other, but at each call
what the U-Net is told of it is the given picture at that call's noise level. So later frames see
the pixels of the picture that the user has, whatever sampler and batches they are made with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from PIL import Image, ImageOps
from torch import Tensor

from hopping.errors import HoppingError

from .picture_files import shows_through


class GivenPictures:
    """The pictures that are given to a story's frames, for one pipeline.

    Args:
        pipeline: whose autoencoder and noise schedule are asked.
        pictures: by the number of the frame, from 1.
        size: width and height in pixels; each picture is cut to it, around its middle.

    Attributes:
        images: the pictures as they stand in the story, by frame.

    Raises:
        HoppingError: if this pipeline cannot be told a picture.
    """

    def __init__(
        self, pipeline: Any, pictures: Mapping[int, Image.Image], size: tuple[int, int]
    ) -> None:
        if pictures and hasattr(pipeline, "controlnet"):
            raise HoppingError(
                f"{type(pipeline).__name__} asks a ControlNet about the picture that it samples, "
                "so no frame's picture can be given; use a pipeline without one"
            )
        self.images = {number: fitted(image, size) for number, image in pictures.items()}
        self._pipeline = pipeline
        self._latents: dict[int, Tensor] = {}

    @contextmanager
    def batch(self, frames: Sequence[int], seeds: Sequence[int]) -> Iterator[None]:
        """While the block runs, the U-Net is told those of these frames that are given.

        Args:
            frames: numbers, as the rows of a call stand for them, again and again.
            seeds: of each frame's noise, which is the given picture's too.
        """
        rows = {
            row: (self._latents_of(number), _noise(seeds[row], self._latents_of(number)))
            for row, number in enumerate(frames)
            if number in self.images
        }
        if not rows:
            yield
            return
        levels = noise_levels(self._pipeline.scheduler)

        def tell(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            given = dict(zip(("sample", "timestep"), args, strict=False)) | kwargs
            sample = given["sample"].clone()
            timestep = float(torch.as_tensor(given["timestep"]).flatten()[0])
            for row, (latents, noise) in rows.items():
                _check_size(latents, sample)
                # An inpainting U-Net is told more in channels behind the latents'.
                sample[row :: len(frames), : len(latents)] = at_level(
                    latents, noise, levels, timestep
                ).to(sample)
            if "sample" in kwargs:
                return args, {**kwargs, "sample": sample}
            return (sample, *args[1:]), kwargs

        hook = self._pipeline.unet.register_forward_pre_hook(tell, with_kwargs=True)
        try:
            yield
        finally:
            hook.remove()

    def _latents_of(self, number: int) -> Tensor:
        if number not in self._latents:
            self._latents[number] = encoded(self._pipeline, self.images[number])
        return self._latents[number]


def fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A picture at this width and height, cut around its middle; what is clear shows paper."""
    if shows_through(image):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)


@torch.no_grad()
def encoded(pipeline: Any, image: Image.Image) -> Tensor:
    """A picture's latents as the U-Net knows them, float32, shape (channels, height, width)."""
    vae = pipeline.vae
    dtype = vae.dtype
    pixels = pipeline.image_processor.preprocess(image)
    # As the pipelines do: SDXL's autoencoder overflows in half precision.
    wide = dtype == torch.float16 and getattr(vae.config, "force_upcast", False)
    if wide:
        vae.to(dtype=torch.float32)
    try:
        pixels = pixels.to(device=pipeline._execution_device, dtype=vae.dtype)
        latents = vae.encode(pixels).latent_dist.mode().float()
    finally:
        if wide:
            vae.to(dtype=dtype)
    mean, spread = (getattr(vae.config, name, None) for name in ("latents_mean", "latents_std"))
    if mean is not None and spread is not None:
        mean, spread = (torch.tensor(part).to(latents).view(1, -1, 1, 1) for part in (mean, spread))
        latents = (latents - mean) / spread
    return (latents * vae.config.scaling_factor)[0]


def at_level(latents: Tensor, noise: Tensor, levels: Tensor, timestep: float) -> Tensor:
    """What a U-Net is told of latents at a timestep: √ᾱ·latents + √(1-ᾱ)·noise (Ho et al., 2020).

    Samplers that count in σ divide their latents by √(σ²+1) before each call, which is the same.

    Args:
        levels: log σ of each trained timestep, shape (timesteps,).
        timestep: as the U-Net is given it; between two, log σ is too.
    """
    last = len(levels) - 1
    place = min(max(timestep, 0.0), float(last))
    below = int(place)
    level = torch.lerp(levels[below], levels[min(below + 1, last)], place - below)
    sigma = level.exp().to(latents)
    return (latents + sigma * noise) / (sigma**2 + 1).sqrt()


def _check_size(latents: Tensor, sample: Tensor) -> None:
    if latents.shape[-2:] != sample.shape[-2:]:
        sizes = ["×".join(map(str, part.shape[:-3:-1])) for part in (latents, sample)]
        raise HoppingError(
            f"a picture is given as {sizes[0]} latents, and the U-Net is called with {sizes[1]}; "
            "say the width and height that the pictures shall have"
        )


def noise_levels(scheduler: Any) -> Tensor:
    """log σ of each timestep that a scheduler's model was trained on, shape (timesteps,)."""
    products = getattr(scheduler, "alphas_cumprod", None)
    if products is None:
        raise HoppingError(
            f"{type(scheduler).__name__} does not say how much noise a timestep has, so no frame's "
            "picture can be given; use another sampler"
        )
    kept = products.detach().double().cpu().clamp(min=1e-12)
    return ((1 - kept) / kept).sqrt().log().float()


def _noise(seed: int, latents: Tensor) -> Tensor:
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn(latents.shape, generator=generator).to(latents)
