"""Stand-ins for what Forge has in place of AUTOMATIC1111's text encoders, over the same parts."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

from . import stand_in_encoder, stand_in_prompts, stand_ins


class Embeddings(stand_in_encoder.Inversions):
    """An engine's inversions, and those that its next pass takes."""

    def __init__(self):
        super().__init__()
        self.fixes = None

    @property
    def embedding_db(self):
        return self


class Engine(stand_in_encoder.Embedder):
    """Forge's engine: like the older host's wrapper, but it takes the emphasis setting over only
    when it encodes."""

    def __init__(self, wrapped, embeddings):
        super().__init__(wrapped, embeddings)
        self.embeddings = embeddings
        self.text_encoder, self.tokenizer = wrapped, wrapped.tokenizer
        self.emphasis = SimpleNamespace(name="of the last prompt")

    def emphasis_name(self):
        return self.emphasis.name

    def forward(self, texts):
        self.emphasis = current_emphasis(stand_ins.MODULES["modules.shared"].opts.emphasis)()
        MODULES["backend.text_processing.classic_engine"].last_extra_generation_params["TI"] = (
            "a, a"
        )
        return super().forward(texts)


class Model:
    """A loaded checkpoint of Forge's."""

    def __init__(self, engine):
        self.text_processing_engine = engine
        self.forge_objects = SimpleNamespace()
        self.cond_stage_model = None
        self.extra_generation_params = {}
        self.clip_skip = None

    def set_clip_skip(self, skip):
        self.clip_skip = skip

    def get_learned_conditioning(self, texts):
        return self.text_processing_engine(texts)


def current_emphasis(name):
    return lambda: SimpleNamespace(name=name)


def parse_prompt_attention(text, emphasis):
    return [[text, 1.0]] if emphasis == "None" else stand_in_prompts.emphasised(text)


MODULES: dict[str, ModuleType] = {}


def install(monkeypatch) -> None:
    """Put Forge's modules where `import backend` finds them, for one test."""
    for name, members in {
        "backend": {"__path__": []},
        "backend.args": {"dynamic_args": {}},
        "backend.text_processing": {"__path__": []},
        "backend.text_processing.classic_engine": {
            "ClassicTextProcessingEngine": Engine,
            "last_extra_generation_params": {},
        },
        "backend.text_processing.emphasis": {"get_current_option": current_emphasis},
        "backend.text_processing.parsing": {"parse_prompt_attention": parse_prompt_attention},
        "modules_forge": {"__path__": []},
        "modules_forge.main_thread": {"run_and_wait_result": lambda f, *a, **k: f(*a, **k)},
    }.items():
        module = MODULES.setdefault(name, ModuleType(name))
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
        package, _, last = name.rpartition(".")
        if package:
            setattr(MODULES[package], last, module)
