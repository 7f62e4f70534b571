"""One seed is one noise in every precision, as in WebUIs.

A generator may give other numbers in 16 bits than in 32, so whatever a pipeline and its sampler
draw is drawn in 32 and then rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from hopping.patch import patched


@contextmanager
def drawn_in_32_bits(pipeline: Any) -> Iterator[None]:
    """While the block runs, the pipeline's first noise and its sampler's are drawn in 32 bits."""
    if pipeline.unet.dtype == torch.float32:
        yield
        return
    # Not all of the call: a mode looks at each operation, and the U-Net's are many.
    with ExitStack() as patches:
        for owner, name in ((pipeline, "prepare_latents"), (pipeline.scheduler, "step")):
            patches.enter_context(patched(owner, name, _drawing(getattr(owner, name))))
        yield


def _drawing(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def drawing(*args: Any, **kwargs: Any) -> Any:
        with _DrawnIn32Bits():
            return function(*args, **kwargs)

    return drawing


class _DrawnIn32Bits(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is not torch.randn:
            return func(*args, **kwargs)
        return func(*args, **{**kwargs, "dtype": torch.float32}).to(kwargs.get("dtype"))
