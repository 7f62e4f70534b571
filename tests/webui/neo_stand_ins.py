"""Stand-ins for what Forge Neo has otherwise than Forge, over the same parts.

Their signatures are those of its release 2.30, of 2026, as read in Haoming02/sd-webui-forge-classic
at 21886f41 and, where that has no copy at hand, in its fork youlijie/sd-webui-forge-classic at
b3b8a1e5. What they do is our own.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import ClassVar

from . import forge_stand_ins, stand_in_prompts, stand_ins
from .forge_stand_ins import parse_prompt_attention
from .stand_in_encoder import Embedder
from .stand_ins import get_learned_conditioning as learned
from .stand_ins import get_multicond as multicond


class DynamicArgs:
    """`backend.args.dynamic_args`: a class, with the engines' notes among what it holds."""

    last_extra_generation_params: ClassVar[dict[str, str]] = {}


class Engine(Embedder):
    """Its `ClipEngine`: the emphasis is asked of the settings each time and cannot be set."""

    def __init__(self, wrapped, embeddings):
        super().__init__(wrapped, embeddings)
        self.embeddings = embeddings
        self.text_encoder, self.tokenizer = wrapped, wrapped.tokenizer

    @property
    def emphasis(self):
        return forge_stand_ins.current_emphasis(stand_ins.MODULES["modules.shared"].opts.emphasis)()

    def emphasis_name(self):
        return self.emphasis.name

    @staticmethod
    def emphasised(hidden, weights):
        """In place, as its `EmphasisOriginal`."""
        mean = hidden.mean()
        hidden *= weights
        hidden *= mean / hidden.mean()
        return hidden

    def forward(self, texts):
        DynamicArgs.last_extra_generation_params["TI"] = "a, a"
        return super().forward(texts)


def get_learned_conditioning_prompt_schedules(prompts, base_steps, hires_steps=None):
    return stand_in_prompts.schedules(prompts, base_steps, hires_steps)


def get_learned_conditioning(model, prompts, steps, hires_steps=None):
    return learned(model, prompts, steps, hires_steps)


def get_multicond_learned_conditioning(model, prompts, steps, hires_steps=None):
    return multicond(model, prompts, steps, hires_steps)


for function in (get_learned_conditioning, get_multicond_learned_conditioning):
    function.__module__ = "modules.prompt_parser"


def cached_params(self, required_prompts, steps, extra_network_data, hires_steps):
    return (required_prompts, steps, hires_steps, extra_network_data)


def get_hr_prompt(p, index, prompt_text, **kwargs):
    text = p.all_hr_prompts[index]
    return text if text != prompt_text else None


def sample(self):
    self.sampled += self.c.batch
    if self.enable_hr:
        self.extra_generation_params["Hires prompt"] = get_hr_prompt


def install(monkeypatch) -> None:
    """Put Forge Neo's modules where `import backend` finds them, for one test."""
    forge_stand_ins.install(monkeypatch)
    monkeypatch.setattr(DynamicArgs, "last_extra_generation_params", {})
    modules = forge_stand_ins.MODULES
    monkeypatch.setattr(modules["backend.args"], "dynamic_args", DynamicArgs)
    monkeypatch.setattr(
        modules["backend.text_processing.parsing"],
        "parse_prompt_attention",
        lambda text, emphasis=None: parse_prompt_attention(text, emphasis),
    )
    classic = "backend.text_processing.classic_engine"
    monkeypatch.setitem(sys.modules, classic, None)  # importing it fails
    monkeypatch.delattr(modules["backend.text_processing"], "classic_engine")
    engines = ModuleType("backend.text_processing.sd_engine")
    engines.ClipEngine = Engine
    monkeypatch.setitem(sys.modules, engines.__name__, engines)
    parser = stand_ins.MODULES["modules.prompt_parser"]
    monkeypatch.delattr(parser, "parse_prompt_attention")
    for function in (
        get_learned_conditioning_prompt_schedules,
        get_learned_conditioning,
        get_multicond_learned_conditioning,
    ):
        monkeypatch.setattr(parser, function.__name__, function)
    monkeypatch.setattr(stand_ins, "get_learned_conditioning", get_learned_conditioning)
    monkeypatch.setattr(stand_ins, "get_multicond", get_multicond_learned_conditioning)
    for setting in ("use_old_scheduling", "use_old_emphasis_implementation", "sd3_enable_t5"):
        monkeypatch.delattr(stand_ins.MODULES["modules.shared"].opts, setting)
    monkeypatch.setattr(stand_ins.Processing, "cached_params", cached_params)
    monkeypatch.setattr(stand_ins.Processing, "sample", sample)
