"""Samplers by the names that users know, as diffusers' schedulers."""

from __future__ import annotations

from typing import Any

from hopping.errors import OptionError

# What k-diffusion's samplers do, the paper's LMS among them: steps spread evenly from the last to
# the first, whatever the model's own file says for its own sampler.
_K = {"timestep_spacing": "linspace"}
_KARRAS = {**_K, "use_karras_sigmas": True}

_SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "LMS": ("LMSDiscreteScheduler", {**_K, "use_karras_sigmas": False}),
    "LMS Karras": ("LMSDiscreteScheduler", _KARRAS),
    "Euler": ("EulerDiscreteScheduler", {**_K, "use_karras_sigmas": False}),
    "Euler a": ("EulerAncestralDiscreteScheduler", _K),
    "Heun": ("HeunDiscreteScheduler", {**_K, "use_karras_sigmas": False}),
    "DPM2": ("KDPM2DiscreteScheduler", {**_K, "use_karras_sigmas": False}),
    "DPM2 a": ("KDPM2AncestralDiscreteScheduler", {**_K, "use_karras_sigmas": False}),
    "DPM++ 2M": (
        "DPMSolverMultistepScheduler",
        {**_K, "algorithm_type": "dpmsolver++", "use_karras_sigmas": False},
    ),
    "DPM++ 2M Karras": (
        "DPMSolverMultistepScheduler",
        {**_KARRAS, "algorithm_type": "dpmsolver++"},
    ),
    "DPM++ 2M SDE": (
        "DPMSolverMultistepScheduler",
        {**_K, "algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": False},
    ),
    "DDIM": ("DDIMScheduler", {}),
    "DDPM": ("DDPMScheduler", {}),
    "PNDM": ("PNDMScheduler", {"skip_prk_steps": True}),
    "UniPC": ("UniPCMultistepScheduler", {}),
}

SAMPLERS: tuple[str, ...] = tuple(_SAMPLERS)
"""The names that `sampler_name` and `build_scheduler` know."""


def sampler_name(name: str) -> str:
    """`name` as `SAMPLERS` spells it; case does not matter.

    Raises:
        OptionError: listing the known names, if it is none of them.
    """
    for known in SAMPLERS:
        if known.lower() == name.strip().lower():
            return known
    raise OptionError(f"unknown sampler {name!r}; known: {', '.join(SAMPLERS)}")


def build_scheduler(name: str, scheduler: Any) -> Any:
    """The sampler of this name for the model that `scheduler` was made for.

    Noise schedule and prediction type (noise, or v as SD 2.1 and the storybook model have it) are
    taken over from the model's own scheduler.

    Raises:
        OptionError: if the name is unknown.
    """
    import diffusers

    kind, settings = _SAMPLERS[sampler_name(name)]
    return getattr(diffusers, kind).from_config(scheduler.config, **settings)
