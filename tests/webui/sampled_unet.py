"""A U-Net of the host's own library, sampled as the host samples a batch, with pixels shared."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from hopping.pixels import PixelLink, PixelSource
from hopping.pixels.graph import Phrase
from tests.encoders import hook_count

openaimodel = pytest.importorskip(
    "ldm.modules.diffusionmodules.openaimodel", reason="needs PyPI's stable-diffusion-sdkit"
)
from hopping.webui.jobs import PictureJob  # noqa: E402
from hopping.webui.pixels import RunPixels, StoryPixels  # noqa: E402

TEXT_WIDTH, WINDOW = 24, 77
SIZE = (16, 24)
TIMESTEPS = (900, 700, 500, 100)


def sd1_unet():
    torch.manual_seed(0)
    unet = openaimodel.UNetModel(
        image_size=16,
        in_channels=4,
        out_channels=4,
        model_channels=32,
        attention_resolutions=[4, 2, 1],
        num_res_blocks=1,
        channel_mult=[1, 2, 2, 2],
        num_heads=4,
        use_spatial_transformer=True,
        context_dim=TEXT_WIDTH,
        use_checkpoint=False,
        legacy=False,
    ).eval()
    # At their first values an untrained U-Net draws nothing, and hardly attends.
    for name, weight in unet.named_parameters():
        if "attn" in name and weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.15)
        elif not weight.any():
            torch.nn.init.normal_(weight, std=0.05)
    return unet.requires_grad_(False)


class Sampled:
    """The host's processing object, as far as `pixels` asks it, and its sampling."""

    def __init__(self, parts: tuple[int, ...], *, at_once: bool = True) -> None:
        self.parts, self.at_once = parts, at_once
        self.notes: list[str] = []
        self.scripts, self.script_args, self.sampler_name = None, (), "Euler"
        self.height, self.width = (8 * length for length in SIZE)
        self.hr_upscale_to_x, self.hr_upscale_to_y = 2 * self.width, 2 * self.height
        self.truncate_x = self.truncate_y = 0
        self.batch_size = len(parts)

    def comment(self, note):
        self.notes.append(note)

    def get_token_merging_ratio(self, for_hr=False):
        return 0

    def sample(self, unet, frames, fail_at=None):
        """The latents of these of the story's frames, as A1111 samples them in a batch."""
        generator = torch.Generator().manual_seed(1)
        texts = torch.randn(
            len(self.parts), max(self.parts), WINDOW, TEXT_WIDTH, generator=generator
        )
        noise = torch.randn(1, 4, *SIZE, generator=generator)
        x, owners = noise.repeat(len(frames), 1, 1, 1), []
        for place, frame in enumerate(frames):
            owners += [(place, part) for part in range(self.parts[frame - 1])]
        told = [texts[frames[place] - 1, part] for place, part in owners]
        told = torch.stack([*told, *[torch.zeros(WINDOW, TEXT_WIDTH)] * len(frames)])
        batch = [[None] * self.parts[frame - 1] for frame in frames]
        self.sampler = SimpleNamespace(
            model_wrap_cfg=SimpleNamespace(step=0),
            sampler_extra_args={"cond": SimpleNamespace(batch=batch)},
        )
        for step, timestep in enumerate(TIMESTEPS):
            self.sampler.model_wrap_cfg.step = step
            if step == fail_at:
                raise KeyboardInterrupt
            rows = torch.stack([*(x[place] for place, _ in owners), *x])
            timesteps = torch.full((len(rows),), float(timestep))
            count = len(rows) if self.at_once else len(frames)
            drawn = torch.cat(
                [
                    unet(rows[n : n + count], timesteps[n : n + count], context=told[n : n + count])
                    for n in range(0, len(rows), count)
                ]
            )
            guided = drawn[len(owners) :].clone()
            for (place, _), row in zip(owners, drawn, strict=False):
                guided[place] += 2 * (row - drawn[len(owners) + place])
            x = x - 0.3 * guided
        return dict(zip(frames, x, strict=True))


def story_pixels(parts: tuple[int, ...], told: int = 0) -> StoryPixels:
    """Frame 2 and 4 see the subject of frame 1, which the sub-prompt `told` is told."""
    subject = Phrase("dog", (WINDOW * told + 2, WINDOW * told + 3))
    link = PixelLink(PixelSource(1, subject), Phrase("it", (1,)))
    graph = ((), (link,), (), (link,))
    places = tuple(
        tuple(range(WINDOW * n, WINDOW * (n + 1)) for n in range(count)) for count in parts
    )
    return StoryPixels((len(TIMESTEPS),), (graph[: len(parts)],), places)


def made(unet, parts, batches, *, pixels=None, at_once=True):
    p = Sampled(parts, at_once=at_once)
    run = RunPixels(p, range(1, 1 + len(p.parts)))
    found = {}
    with torch.no_grad():
        for frames in batches:
            run.tell(0, False, pixels or story_pixels(parts))
            with run.batch([PictureJob(0, frame) for frame in frames]):
                found |= p.sample(unet, frames)
            assert hook_count(unet) == 0
    return found


def plain(unet, parts, batches, *, at_once=True):
    off = StoryPixels((9,), (((),) * len(parts),), story_pixels(parts).places)
    return made(unet, parts, batches, pixels=off, at_once=at_once)
