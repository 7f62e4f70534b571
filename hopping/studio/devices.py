"""Where, and in which precision, a pipeline computes."""

from __future__ import annotations

import torch

from . import processes
from .sampling import ModelError, precision


def resolve_device(device: str) -> str:
    """ "auto" as the device that is there; any other checked.

    Raises:
        ModelError: for a device that this machine has not.
    """
    several = processes.count() > 1 and torch.cuda.is_available()
    if several and device.partition(":")[0] in ("auto", "cuda"):
        return f"cuda:{processes.local_index()}"
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        cause = str(error).splitlines()[0]
        raise ModelError(
            f"device {device!r} cannot be used here ({cause}); use cpu or auto"
        ) from error
    return device


def resolve_dtype(dtype: str | torch.dtype, device: str) -> torch.dtype:
    """A precision by name; "auto" as what suits the device.

    Raises:
        ModelError: for an unknown name, and for float16 on the CPU.
    """
    name = str(dtype).removeprefix("torch.") if isinstance(dtype, torch.dtype) else dtype
    return getattr(torch, precision(name, device))
