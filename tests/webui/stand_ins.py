"""Small stand-ins for the WebUI's modules: as much of each as the extension touches.

They are not the WebUI. What they share with it is the shape of its calls: who calls whom, with
what, and what is done with the answer. `install` puts them where `import modules` finds them.
"""

from __future__ import annotations

import contextlib
import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from PIL import Image

from .stand_in_encoder import Embedder, Fix
from .stand_in_prompts import (
    Composable,
    Conditions,
    Multicond,
    Scheduled,
    emphasised,
    parse_network,
    schedules,
    split_and,
)


def get_learned_conditioning(model, prompts, steps, hires_steps=None, old=False):
    made = []
    for schedule in schedules(prompts, steps, hires_steps, old):
        texts = Conditions([text for _, text in schedule], copy_from=prompts)
        conds = model.get_learned_conditioning(texts)
        made.append([Scheduled(end, conds[n]) for n, (end, _) in enumerate(schedule)])
    return made


def get_multicond(model, prompts, steps, hires_steps=None, old=False):
    indexes, flat, _ = split_and(prompts)
    learn = MODULES["modules.prompt_parser"].get_learned_conditioning
    learned = learn(model, Conditions(flat, copy_from=prompts), steps)
    batch = [[Composable(learned[n], weight) for n, weight in found] for found in indexes]
    return Multicond((len(prompts),), batch)


class Decoded(list):
    """What `sample` gives where nothing is left to decode."""


class Processing:
    """The host's processing object, as far as a run touches it, and its main loop without
    pictures: what is sampled is told by `sampled`."""

    def __init__(self, prompt, **values):
        self.prompt, self.negative_prompt = prompt, ""
        self.seed, self.subseed, self.subseed_strength = 5, 70, 0
        self.batch_size, self.n_iter, self.steps = 1, 1, 4
        self.styles: list[str] = []
        self.do_not_save_grid = False
        self.extra_generation_params: dict[str, Any] = {}
        self.comments: dict[str, int] = {}
        self.enable_hr, self.hr_prompt = False, ""
        self.is_api = False
        self.scripts, self.script_args = None, ()
        self.iteration = 0
        self.cached_c, self.cached_uc, self.cached_hr_c = [None, None], [None, None], [None, None]
        self.sampled: list[Any] = []
        self.saved: list[bool] = []
        self.draws, self.pictures = False, []  # whether there are pictures: coloured by number
        vars(self).update(values)

    def comment(self, text):
        self.comments[text] = 1

    def setup_prompts(self):
        listed = isinstance(self.prompt, list)
        self.all_prompts = (
            list(self.prompt) if listed else [self.prompt] * (self.batch_size * self.n_iter)
        )
        self.all_negative_prompts = [self.negative_prompt] * len(self.all_prompts)
        if self.enable_hr:
            self.all_hr_negative_prompts = [""] * (self.batch_size * self.n_iter)
            hires = self.hr_prompt or self.prompt
            self.all_hr_prompts = (
                list(hires) if isinstance(hires, list) else [hires] * len(self.all_prompts)
            )

    def init(self, all_prompts, all_seeds, all_subseeds):
        pass

    def cached_params(self, prompts, steps, networks, hires_steps=None, old=False):
        return (prompts, steps, hires_steps, old, networks)

    def parse_extra_network_prompts(self):
        parsed = [parse_network(prompt) for prompt in self.prompts]
        self.prompts = [prompt for prompt, _ in parsed]
        self.extra_network_data = parsed[0][1]

    def get_conds_with_caching(self, function, prompts, steps, caches, networks, hires_steps=None):
        key = self.cached_params(list(prompts), steps, networks, hires_steps)
        for cache in caches:
            if cache[0] == key:
                return cache[1]
        caches[0][:] = [key, function(MODULES["modules.shared"].sd_model, prompts, steps)]
        return caches[0][1]

    def setup_conds(self):
        self.uc = self.get_conds_with_caching(
            get_learned_conditioning,
            Conditions([self.negative_prompt] * len(self.prompts), is_negative_prompt=True),
            self.steps,
            [self.cached_uc],
            self.extra_network_data,
        )
        self.c = self.get_conds_with_caching(
            get_multicond,
            Conditions(self.prompts, width=64, height=64),
            self.steps,
            [self.cached_c],
            self.extra_network_data,
        )

    def sample(self):
        self.sampled += self.c.batch

    def save_samples(self):
        return True


class Processed(SimpleNamespace):
    """The host's result of a run."""

    def js(self):
        return json.dumps({"infotexts": self.infotexts})


TOLD = ("all_prompts", "all_negative_prompts", "all_seeds", "all_subseeds")


def process(p, scripts=(), arguments=()):
    """The host's order of calls. Like the host, it swallows what a callback raises.

    Args:
        arguments: for the scripts that have no place among the run's `script_args`.
    """

    def callback(name, *values):
        for script in scripts:
            given = arguments
            if hasattr(script, "args_from"):
                given = p.script_args[script.args_from : script.args_to]
            with contextlib.suppress(Exception):
                getattr(script, name)(p, *values, *given)

    callback("before_process")
    seed, subseed = p.seed, p.subseed
    p.setup_prompts()
    count = len(p.all_prompts)
    p.all_seeds = seed if isinstance(seed, list) else [seed + n for n in range(count)]
    p.all_subseeds = subseed if isinstance(subseed, list) else [subseed] * count
    callback("process")
    p.init(p.all_prompts, p.all_seeds, p.all_subseeds)
    for n in range(p.n_iter):
        p.iteration = n
        p.prompts = p.all_prompts[n * p.batch_size : (n + 1) * p.batch_size]
        p.seeds = p.all_seeds[n * p.batch_size : (n + 1) * p.batch_size]
        if not p.prompts:
            break
        p.parse_extra_network_prompts()
        p.setup_conds()
        p.sample()
        p.saved.append(p.save_samples())
        for _ in p.prompts if p.draws else ():
            p.pictures.append(Image.new("RGB", (8, 8), (len(p.pictures), 0, 0)))
    comments = "".join(f"{comment}\n" for comment in p.comments)
    processed = Processed(
        images=list(p.pictures),
        infotexts=[f"picture {n}" for n in range(len(p.pictures))] or ["nothing was made"],
        comments=comments,
        **{name: getattr(p, name) for name in TOLD},
    )
    callback("postprocess", processed)
    return processed


class Script:
    """The base of the host's scripts."""

    def elem_id(self, name):
        return f"script_{name}"

    def process(self, p, *args):
        pass


class PasteField(tuple):
    def __new__(cls, component, target, *, api=None):
        return super().__new__(cls, (component, target))


class Options(SimpleNamespace):
    """The host's settings; `data` holds those that a user has set."""

    @property
    def data(self):
        return vars(self)


def fresh_options() -> Options:
    return Options(
        emphasis="Original",
        use_old_emphasis_implementation=False,
        use_old_scheduling=False,
        enable_prompt_comments=True,
        return_mask=False,
        return_mask_composite=False,
        CLIP_stop_at_last_layers=1,
        sd3_enable_t5=False,
    )


def styled(prompt, styles):
    for style in styles:
        prompt = style.replace("{prompt}", prompt)
    return prompt


MODULES: dict[str, ModuleType] = {}


def module(name: str, **members: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(members)
    MODULES[name] = made
    return made


# By the module of its functions the extension tells the host's own.
for function in (get_learned_conditioning, get_multicond):
    function.__module__ = "modules.prompt_parser"


def nothing(*_: Any, **__: Any) -> None:
    """A call that the tests do not look at."""


def install() -> None:
    """Put the stand-ins into `sys.modules`, once."""
    if MODULES:
        return
    package = module("modules")
    package.__path__ = []
    state = SimpleNamespace(job_count=-1, processing_has_refined_job_count=False, skipped=False)
    module(
        "modules.shared",
        opts=fresh_options(),
        state=state,
        sd_model=None,
        prompt_styles=SimpleNamespace(apply_styles_to_prompt=styled),
        OptionInfo=SimpleNamespace,
    )
    module(
        "modules.devices",
        device=torch.device("cpu"),
        autocast=contextlib.nullcontext,
    )
    module(
        "modules.prompt_parser",
        SdConditioning=Conditions,
        ScheduledPromptConditioning=Scheduled,
        ComposableScheduledPromptConditioning=Composable,
        MulticondLearnedConditioning=Multicond,
        get_multicond_prompt_list=split_and,
        get_learned_conditioning_prompt_schedules=schedules,
        parse_prompt_attention=emphasised,
        get_learned_conditioning=get_learned_conditioning,
        get_multicond_learned_conditioning=get_multicond,
    )
    module(
        "modules.extra_networks",
        parse_prompt=parse_network,
        extra_network_registry={"lora": None, "hypernet": None},
        extra_network_aliases={"lyco": None},
    )
    module(
        "modules.sd_hijack_clip",
        FrozenCLIPEmbedderWithCustomWordsBase=Embedder,
        PromptChunkFix=Fix,
    )
    module("modules.sd_models", model_data=SimpleNamespace(sd_model=None))
    module("modules.sd_unet", current_unet=None)
    module(
        "modules.processing",
        get_fixed_seed=lambda seed: 1234 if seed in (-1, None, "") else int(seed),
        DecodedSamples=Decoded,
    )
    module(
        "modules.images",
        save_image=nothing,
        read_info_from_image=lambda image: (image.info.get("parameters"), {}),
    )
    module("modules.errors", report=nothing)
    module("modules.progress", current_task=None)
    module(
        "modules.script_callbacks",
        on_infotext_pasted=nothing,
        on_before_ui=nothing,
        on_ui_settings=nothing,
    )
    module("modules.scripts", Script=Script, AlwaysVisible=object(), scripts_data=[])
    module("modules.infotext_utils", PasteField=PasteField)
    module("modules.ui_components", InputAccordion=None)
    for name, stand_in in MODULES.items():
        sys.modules[name] = stand_in
        if "." in name:
            setattr(package, name.partition(".")[2], stand_in)
