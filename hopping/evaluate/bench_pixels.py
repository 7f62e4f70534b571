"""What `pixels` costs, a part of `make bench` and `make gpu`.

Counted: the operations of a run's U-Net calls, shared over plain, exactly and on any machine.
Timed: one call that shares against one that does not, in turn, on random weights; on a GPU at full
size and with its peak memory, on the CPU a quarter of the pixels.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from hopping.pixels import (
    Bank,
    Phrase,
    PixelLink,
    PixelSharing,
    PixelSource,
    bank_bytes,
    unet_layers,
)
from hopping.pixels.bank import SUBJECT
from hopping.pixels.sharing import SHARING_CALLS, asked
from hopping.pixels.subject_masks import level_size, mean_attention

STEPS = 20


@dataclass(frozen=True)
class Model:
    """A U-Net of real size, by its config, with the latents of its own resolution."""

    name: str
    latents: int
    config: dict[str, Any]

    def build(self, device: str, dtype: torch.dtype) -> Any:
        from diffusers import UNet2DConditionModel

        with torch.device(device):
            unet: Any = UNet2DConditionModel(sample_size=self.latents, **self.config)
        return unet.to(dtype).eval().requires_grad_(False)

    def inputs(self, rows: int, latents: int, device: str, dtype: torch.dtype) -> dict[str, Any]:
        def noise(*shape: int) -> torch.Tensor:
            return torch.randn(shape, device=device, dtype=dtype)

        sample, inner = noise(rows, 4, latents, latents), slice(latents // 4, -latents // 4)
        sample[:, :, inner, inner] += 8  # a subject: masks of mere noise differ from level to level
        given: dict[str, Any] = {
            "sample": sample,
            "timestep": torch.tensor(500, device=device),
            "encoder_hidden_states": noise(rows, 77, self.config["cross_attention_dim"]),
        }
        if "addition_embed_type" in self.config:
            pooled, ids = noise(rows, 1280), noise(rows, 6)
            given["added_cond_kwargs"] = {"text_embeds": pooled, "time_ids": ids}
        return given


SD1 = Model("SD 1, 512×512", 64, {"cross_attention_dim": 768})
SDXL = Model(
    "SDXL, 1024×1024",
    128,
    {
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "block_out_channels": (320, 640, 1280),
        "transformer_layers_per_block": (1, 2, 10),
        "attention_head_dim": (5, 10, 20),
        "use_linear_projection": True,
        "cross_attention_dim": 2048,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
)


def count() -> None:
    """Operations of a whole run, shared over plain, and what the bank takes, without running it."""
    print(f"{'operations, shared over plain':<34}{'subject':>9}{'all':>7}")
    for model in (SD1, SDXL):
        unet = model.build("meta", torch.float16)
        layers, size = unet_layers(unet), (model.latents, model.latents)
        with FlopCounterMode(display=False) as plain:
            unet(**model.inputs(2, model.latents, "meta", torch.float16))

        def added(
            viewers: int,
            share: float,
            model: Model = model,
            layers: Any = layers,
            size: tuple[int, int] = size,
        ) -> float:
            """Per call: maps of one source and the viewers, and the viewers' second attention."""
            with FlopCounterMode(display=False) as mapped:
                mapping, relating = asked(layers, size)
                for layer in (*mapping, *relating) if share < 1 else ():
                    text = torch.empty(1, 77, model.config["cross_attention_dim"])
                    hidden = torch.empty(1, math.prod(level_size(size, layer.level)), layer.width)
                    given = {"hidden_states": hidden, "encoder_hidden_states": text}
                    given = {n: part.to("meta").half() for n, part in given.items()}
                    queries, keys = layer.project((), given, 0)
                    mean_attention(queries, keys, layer.heads, layer.scale)
            with FlopCounterMode(display=False) as shared:
                for layer in layers.sharing:
                    pixels = math.prod(level_size(size, layer.level))
                    shown = round(share * pixels)
                    hidden = torch.empty(1, shown, layer.width, device="meta").half()
                    layer.attend(hidden, hidden.new_empty(1, pixels + shown, layer.width), {})
            return (
                1 + viewers
            ) * mapped.get_total_flops() + SHARING_CALLS * viewers * shared.get_total_flops()

        for frames, viewers in ((4, 3), (1, 1)):
            whole = frames * plain.get_total_flops()
            subject, everything = (1 + added(viewers, share) / whole for share in (SUBJECT, 1.0))
            what = f"{model.name}, {frames} in a batch"
            print(f"{what:<34}{subject:>9.3f}{everything:>7.3f}")
        kept = bank_bytes(layers, size, round(SHARING_CALLS * STEPS), 2, SUBJECT) / 2**20
        print(f"{model.name}: a frame's subject, kept for later batches: {kept:.0f} MiB")


class Cost(NamedTuple):
    """Of a call that shares pixels, over one that does not.

    Attributes:
        what: is shared, subject or all; share: of the source's picture.
        time: of a call; memory: at its peak, None where that cannot be told.
    """

    what: str
    share: float
    time: float
    memory: float | None


def costs(
    model: Model, device: str, dtype: torch.dtype, latents: int, repeat: int
) -> Iterator[Cost]:
    """4 frames in a batch, three of which see the first, in turn with a plain call of as many."""
    unet = model.build(device, dtype)
    inputs = model.inputs(8, latents, device, dtype)
    phrase = Phrase("subject", (2,))
    subject = (PixelLink(PixelSource(1, phrase), phrase),)

    @torch.no_grad()
    def call() -> None:
        unet(**inputs)

    for name, links in (("subject", subject), ("all", (PixelLink(PixelSource(1)),))):
        sharing = PixelSharing(((), *(links,) * 3), unet_layers(unet), Bank())
        call()
        plain, shared = [], []
        for _ in range(repeat):
            plain.append(_measured(call, device))
            with sharing.batch([1, 2, 3, 4]):
                call()  # finds the mask
                shared.append(_measured(call, device))
        time_ = statistics.median(s[0] / p[0] for s, p in zip(shared, plain, strict=True))
        memory = shared[-1][1] / plain[-1][1] if plain[-1][1] else None
        yield Cost(name, sharing.seen(2)[0].share, time_, memory)


def timed(model: Model, device: str, dtype: torch.dtype, latents: int, repeat: int = 3) -> None:
    """Print the `costs`."""
    for cost in costs(model, device, dtype, latents, repeat):
        peak = "" if cost.memory is None else f", peak memory {cost.memory:.3f}"
        print(
            f"{model.name.partition(',')[0]} with {latents}×{latents} latents, 4 in a batch, "
            f"pixels={cost.what} ({cost.share:.0%} of the picture): a call {cost.time:.3f}{peak}",
            flush=True,
        )


class Alone(NamedTuple):
    """Of frames in batches of one that see the first, over frames that see none.

    Attributes:
        frames: how many; share: of the first one's picture that the others see.
        time: of all calls; memory: at its peak, None where that cannot be told.
        kept: bytes for later batches, at most; told: those of `bank_bytes` for this share.
        seconds: of all calls that share.
    """

    frames: int
    share: float
    time: float
    memory: float | None
    kept: int
    told: int
    seconds: float


MOMENTS = (700, 500, 300, 100)
"""The timesteps of a frame's calls. The first finds the mask, so that as great a part of them
shares as of a whole run."""


def alone(model: Model, device: str, dtype: torch.dtype, latents: int, frames: int) -> Alone:
    """Frame by frame, each in turn with one that sees none."""
    unet = model.build(device, dtype)
    layers, inputs = unet_layers(unet), model.inputs(2, latents, device, dtype)
    phrase, bank = Phrase("subject", (2,)), Bank()
    graph = ((), *((PixelLink(PixelSource(1, phrase), phrase),),) * (frames - 1))
    sharing = PixelSharing(graph, layers, bank)

    @torch.no_grad()
    def sample() -> None:
        for timestep in MOMENTS:
            unet(**inputs | {"timestep": torch.tensor(timestep, device=device)})

    sample()  # the first is no measure
    plain, shared, kept = [], [], 0
    for number in range(1, frames + 1):
        plain.append(_measured(sample, device))
        with sharing.batch([number]):
            shared.append(_measured(sample, device))
        kept = max(kept, bank.nbytes)
    seconds, peaks = zip(*shared, strict=True)
    plain_seconds, plain_peaks = zip(*plain, strict=True)
    share = sharing.seen(2)[0].share
    return Alone(
        frames,
        share,
        sum(seconds) / sum(plain_seconds),
        max(peaks) / max(plain_peaks) if any(plain_peaks) else None,
        kept,
        bank_bytes(layers, (latents, latents), len(MOMENTS) - 1, dtype.itemsize, share),
        sum(seconds),
    )


def timed_alone(model: Model, device: str, dtype: torch.dtype, latents: int) -> None:
    """Print `alone` for 4 frames and for 8: time grows with them, and what is kept does not."""
    four, eight = (alone(model, device, dtype, latents, frames) for frames in (4, 8))
    for row in (four, eight):
        peak = "" if row.memory is None else f", peak memory {row.memory:.3f}"
        print(
            f"{model.name.partition(',')[0]} with {latents}×{latents} latents, {row.frames} one by "
            f"one ({row.share:.0%} of the picture): {row.time:.3f}{peak}, kept "
            f"{row.kept / 2**20:.1f} MiB, {row.kept / row.told:.2f} of what is told"
        )
    print(
        f"4 → 8 frames: {eight.seconds / four.seconds:.2f} × the time, "
        f"{eight.kept / four.kept:.2f} × what is kept",
        flush=True,
    )


def _measured(run: Callable[[], None], device: str) -> tuple[float, int]:
    """Seconds (of the CPU's, where it computes) and the peak of the memory where it computes."""
    if device == "cpu":
        told = _forget_peak()
        start = time.process_time()
        run()
        return time.process_time() - start, _peak() if told else 0
    torch.cuda.reset_peak_memory_stats(device)
    torch.cuda.synchronize(device)
    start = time.perf_counter()
    run()
    torch.cuda.synchronize(device)
    return time.perf_counter() - start, torch.cuda.max_memory_allocated(device)


_PROCESS = Path("/proc/self")


def _forget_peak() -> bool:
    """From now on `_peak` is that of this process since now; False where that cannot be."""
    try:
        (_PROCESS / "clear_refs").write_text("5")  # proc(5): the peak of the resident set
    except OSError:
        return False
    return True


def _peak() -> int:
    """The most bytes that this process held, weights and all."""
    lines = (_PROCESS / "status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return int(told["VmHWM"].split()[0]) * 1024
