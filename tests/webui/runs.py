"""Runs of the stand-in host with this project's script, and what the sampler got."""

from __future__ import annotations

from contextlib import contextmanager

from hopping.webui.pixels import RunPixels
from hopping.webui.script import HoppingScript

from .stand_ins import Processing, process

STORY = "A red dog swims.\nThe dog sits.\nThe dog runs."
LINES = STORY.split("\n")


def hop(p, **options):
    """Run `p` with hopping; what the sampler got, as tensors in the frames' order."""
    process(p, [HoppingScript()], [{"enabled": True, "grid": False, **options}])
    return sampled(p)


def sampled(p):
    return [frame[0].schedules[0].cond for frame in p.sampled]


def alone(line):
    p = Processing(line)
    process(p)
    return sampled(p)[0]


class NoUNet(RunPixels):
    """Told who sees whom, but with no U-Net to hook."""

    @contextmanager
    def batch(self, jobs):
        yield

    def follow(self):
        pass
