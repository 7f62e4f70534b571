"""Whatever fails while frames share, no trace of it is left."""

from __future__ import annotations

import copy
import sys

import pytest
import torch
from torch.overrides import TorchFunctionMode

from tests.encoders import hook_count
from tests.pixels.six_frames import (
    DOG,
    GRAPH,
    THE_DOG,
    call,
    link,
    same,
    sharing,
)
from tests.pixels.unets import sample, smallest_unet, texts


class StopError(Exception):
    pass


@pytest.mark.parametrize("raised", [StopError, KeyboardInterrupt])
def test_a_fault_at_any_call_leaves_no_trace(unet, raised):
    before = sample(unet, texts(3), [[1, 2, 3]], steps=2)
    hooks = hook_count(unet)
    count, stop_at = [0], [None]

    def fault(*_):
        count[0] += 1
        if count[0] == stop_at[0]:
            raise raised

    def faulty():
        copied = copy.deepcopy(unet)
        for module in copied.modules():
            if not list(module.children()):
                module.register_forward_pre_hook(fault)
        return copied, hook_count(copied)

    broken, with_faults = faulty()
    sample(broken, texts(3), [[1, 2, 3]], sharing(broken, GRAPH[:3]), steps=2)
    whole = count[0]
    for stop in range(1, whole, max(1, whole // 25)):
        count[0], stop_at[0] = 0, stop
        with pytest.raises(raised):
            sample(broken, texts(3), [[1, 2, 3]], sharing(broken, GRAPH[:3]), steps=2)
        assert hook_count(broken) == with_faults
    stop_at[0] = None
    assert all(same(before, sample(broken, texts(3), [[1, 2, 3]], steps=2)))
    assert hook_count(unet) == hooks


class _Faults(TorchFunctionMode):
    """Raises at one of a run's calls: of a layer of the U-Net, or of torch by what shares pixels.

    Attributes:
        at: which, from 1; None: at none.
        count: how many there have been.
    """

    def __init__(self, unet):
        super().__init__()
        self.at, self.count = None, 0
        leaves = [module for module in unet.modules() if not list(module.children())]
        self._hooks = [leaf.register_forward_pre_hook(self._called) for leaf in leaves]

    def remove(self):
        """Old diffusers has one SiLU for all models."""
        for hook in self._hooks:
            hook.remove()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if "hopping.pixels" in sys._getframe(1).f_globals["__name__"]:
            self._called()
        return func(*args, **(kwargs or {}))

    def _called(self, *_):
        self.count += 1
        if self.count == self.at:
            raise (StopError, KeyboardInterrupt)[self.at % 2]


def test_a_fault_at_every_call_leaves_no_trace():
    """Of the smallest U-Net's first two: one that finds the masks, and one that shares by them."""
    unet = smallest_unet()
    latents, embedded = torch.randn(2, 4, 8, 8), texts(2)[1:]
    graph = ((), (link(1, DOG, THE_DOG),), (link(1, DOG, THE_DOG),))

    def plain():
        return call(unet, latents, embedded)

    def share():
        with faults, sharing(unet, graph).batch([1, 2]):
            plain()
            plain()

    faults = _Faults(unet)
    before, hooks = plain(), hook_count(unet)
    faults.count = 0
    share()
    for at in range(1, faults.count + 1):
        faults.count, faults.at = 0, at
        with pytest.raises((StopError, KeyboardInterrupt)):
            share()
        assert hook_count(unet) == hooks
    faults.at = None
    assert torch.equal(plain(), before)
    faults.remove()
