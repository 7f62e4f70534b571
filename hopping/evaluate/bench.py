"""What hopping costs: `make bench`, or `python -m hopping.evaluate.bench`.

Encoding is timed on a random text encoder of ViT-L/14's size, in turn with one batched pass of it
over the same prompts, each in windows of its own: the least that any encoding of them takes. Both
in CPU seconds of one thread, so that the ratio holds while the machine's speed drifts and others
use it. Each row runs in a process of its own, whose peak memory is therefore its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from hopping import ClipTextEncoder, HoppingOptions, Story, encode_frames, parse_story
from hopping.layout import FrameTokens, SpecialIds, lay_out, windows_layout
from hopping.mask import Visibility

from . import bench_pixels

SPECIAL = SpecialIds(49406, 49407, 49407)
WORDS = 10  # content tokens a frame; four such frames fit the joint row
CASES: Sequence[tuple[str, dict[str, Any], int]] = (
    ("joint", {"layout": "joint"}, 4),
    ("windows", {"layout": "windows"}, 4),
    ("windows, carry=all", {"carry": "all"}, 4),
    ("windows", {"layout": "windows"}, 16),
    ("windows, reach=all", {"layout": "windows", "reach": "all"}, 16),
    ("windows, reach=all", {"layout": "windows", "reach": "all"}, 100),
    ("windows", {"layout": "windows"}, 100),
    ("windows", {"layout": "windows"}, 200),
)
HUNDRED = len(CASES) - 2
STEPS = 20


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="counted runs of each (default 3)")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--no-unet", action="store_true", help="leave out the generation")
    given = parser.parse_args(arguments)
    if given.case is not None:
        print(json.dumps(_measure(given.case, given.repeat)))
        return
    print(f"{'layout':<20}{'frames':>7}{'pass s':>10}{'hopped s':>10}{'ratio':>8}{'peak MiB':>10}")
    rows = [_in_own_process(case, given.repeat) for case in range(len(CASES))]
    hundred, double = rows[HUNDRED], rows[HUNDRED + 1]
    print(f"100 → 200 frames: {double['hopped'] / hundred['hopped']:.2f} × the time")
    if not given.no_unet:
        _generation(rows[1])
        bench_pixels.count()
        bench_pixels.timed(bench_pixels.SD1, "cpu", torch.float32, 32, given.repeat)
        bench_pixels.timed_alone(bench_pixels.SD1, "cpu", torch.float32, 32)


def _in_own_process(case: int, repeat: int) -> dict[str, float]:
    command = [sys.executable, "-m", "hopping.evaluate.bench"]
    command += ["--case", str(case), "--repeat", str(repeat)]
    row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    name, _, frames = CASES[case]
    print(
        f"{name:<20}{frames:>7}{row['pass']:>10.2f}{row['hopped']:>10.2f}"
        f"{row['ratio']:>8.2f}{row['peak']:>10.0f}",
        flush=True,
    )
    return row


def _measure(case: int, repeat: int) -> dict[str, float]:
    torch.set_num_threads(1)
    _, values, count = CASES[case]
    encoder = encoder_of_vit_l()

    with torch.no_grad():
        alone, ours = pass_over(encoder, count), hopped(encoder, count, values)
        alone(), ours()  # the first run is no measure
        pairs = [(_seconds(alone), _seconds(ours)) for _ in range(repeat)]
    return {
        "pass": statistics.median(pair[0] for pair in pairs),
        "hopped": statistics.median(pair[1] for pair in pairs),
        "ratio": statistics.median(pair[1] / pair[0] for pair in pairs),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def pass_over(encoder: ClipTextEncoder, count: int) -> Callable[[], object]:
    """All prompts alone, as one batch."""
    story, frames = _story(count)
    ids = windows_layout(story, frames, SPECIAL).ids
    return lambda: encoder.encode(ids)


def hopped(encoder: ClipTextEncoder, count: int, values: dict[str, Any]) -> Callable[[], object]:
    story, frames = _story(count)
    options = HoppingOptions(**values)
    visibility = Visibility(lay_out(story, frames, SPECIAL, options), options)
    return lambda: [None for _ in encode_frames(encoder, visibility)]


def _story(count: int) -> tuple[Story, list[FrameTokens]]:
    """A story of random tokens: no tokenizer is needed to know what encoding costs."""
    ids = torch.randint(300, 49000, (count, WORDS), generator=torch.Generator().manual_seed(0))
    frames = [FrameTokens((tuple(row.tolist()),), tuple) for row in ids]
    return parse_story("\n".join(f"frame {n}" for n in range(count))), frames


def encoder_of_vit_l() -> ClipTextEncoder:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12
    )
    return ClipTextEncoder(CLIPTextModel(config).eval().requires_grad_(False))


def _generation(row: dict[str, float]) -> None:
    """What 4 hopped frames add to 20 steps of an SD 1 U-Net at 512×512, from one timed step."""
    from diffusers import UNet2DConditionModel

    unet: Any = UNet2DConditionModel(sample_size=64, cross_attention_dim=768)
    unet.eval()
    torch.set_num_threads(1)
    latents, text = torch.randn(2, 4, 64, 64), torch.randn(2, 77, 768)

    @torch.no_grad()
    def step() -> None:
        unet(latents, 1, text)

    step()
    seconds = STEPS * statistics.median(_seconds(step) for _ in range(3))
    added = (row["hopped"] - row["pass"]) / 4
    print(
        f"a picture of {STEPS} steps at 512×512: {seconds:.0f} s of U-Net, hopping adds "
        f"{added:.2f} s: {100 * added / seconds:.2f} %"
    )


def _seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


if __name__ == "__main__":
    main()
