"""One run in the stand-in host's main loop, beside extensions that change its prompts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from hopping import StoryError

pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")

from hopping.webui.script import HoppingScript

from .runs import LINES, STORY, alone, hop, sampled
from .stand_ins import Processing, process


class DynamicPrompts:
    """As the extension does it: variants of the first prompt, for the whole run."""

    args_from, args_to = 0, 2

    def title(self):
        return "Dynamic Prompts v2"

    def before_process(self, p, *args):
        pass

    postprocess = before_process

    def process(self, p, enabled, combinatorial):
        if not enabled:
            return
        count = p.n_iter * p.batch_size
        p.all_seeds = [int(p.seed) + n for n in range(count)]
        animals = ["cat", "cow", "hen", "ant"]
        template = p.all_prompts[0]
        p.all_prompts = [template.replace("X", animals[s % 4]) for s in p.all_seeds]
        p.all_negative_prompts = [p.all_negative_prompts[0]] * count
        p.prompt = template


@pytest.mark.parametrize("batch_size", [1, 2])
def test_dynamic_prompts_draws_for_each_frame(sd_model, batch_size):
    other = DynamicPrompts()
    runner = SimpleNamespace(alwayson_scripts=[other])
    p = Processing("An X swims.\nIt <lora:a:1> sits.\nThe X runs.", n_iter=2)
    p.batch_size, p.scripts, p.script_args = batch_size, runner, (True, False)
    process(p, [HoppingScript(), other], [{"enabled": True, "compare": True}])
    first = ["An cow swims.", "It <lora:a:1> sits.", "The cow runs."]
    second = ["An hen swims.", "It <lora:a:1> sits.", "The hen runs."]
    assert p.all_prompts == (first + second) * 2
    assert p.all_seeds == [5, 5, 5, 6, 6, 6] * 2
    assert p.script_args == (True, False)
    made = sampled(p)
    expected = hop(Processing("\n".join(first)))
    assert all(torch.equal(a, b) for a, b in zip(made, expected, strict=False))


def test_what_another_extension_makes_of_drawn_prompts_stays(sd_model):
    others = DynamicPrompts(), Rewriter(lambda prompts: [f"{text} At night." for text in prompts])
    p = Processing("An X swims.\nThe X runs.")
    p.scripts, p.script_args = SimpleNamespace(alwayson_scripts=[others[0]]), (True, False)
    process(p, [HoppingScript(), *others], [{"enabled": True}])
    assert p.all_prompts == ["An cow swims. At night.", "The cow runs. At night."]


def test_dynamic_prompts_combinations_are_refused(sd_model):
    p = Processing(STORY)
    p.scripts = SimpleNamespace(alwayson_scripts=[DynamicPrompts()])
    p.script_args = (True, True)
    with pytest.raises(StoryError, match="combinatorial"):
        hop(p)
    p.script_args = (False, True)
    assert len(hop(p)) == 3


class Rewriter:
    """Another extension, which changes the run's list of prompts."""

    def __init__(self, rewrite):
        self.rewrite = rewrite

    def before_process(self, p, *args):
        pass

    postprocess = before_process

    def process(self, p, *args):
        p.all_prompts = self.rewrite(p.all_prompts)


def test_what_is_compared_says_the_same_where_words_were_drawn(sd_model):
    drawn = iter(["cat", "cow", "hen", "ant"])
    other = Rewriter(lambda prompts: [text.replace("X", next(drawn)) for text in prompts])
    p = Processing("An X swims.\nThe X sits.")
    process(p, [HoppingScript(), other], [{"enabled": True, "compare": True}])
    assert p.all_prompts == ["An cat swims.", "The cow sits."] * 2
    made = sampled(p)
    assert torch.equal(made[3], alone("The cow sits."))
    assert torch.equal(made[1], hop(Processing("An cat swims.\nThe cow sits."))[1])


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_what_is_taken_out_of_a_batch_is_no_context(sd_model, batch_size):
    class TakingOut(Processing):
        """As an extension's `process_batch` may do it."""

        def setup_conds(self):
            self.prompts = [text.replace("(wet:1.3)", "") for text in self.prompts]
            super().setup_conds()

    p = TakingOut("A red dog (wet:1.3)\nThe dog sits.\nThe dog runs.", batch_size=batch_size)
    expected = hop(Processing("A red dog\nThe dog sits.\nThe dog runs."), reach="all")
    made = hop(p, reach="all")
    assert all(torch.equal(a, b) for a, b in zip(made, expected, strict=True))


def test_too_few_prompts_are_an_error(sd_model):
    p = Processing(STORY)
    with pytest.raises(StoryError, match="another extension has made 1 prompts of the run's 3"):
        process(p, [HoppingScript(), Rewriter(lambda prompts: prompts[:1])], [{"enabled": True}])


def test_other_extensions_find_single_values(sd_model):
    seen = []

    class Watching(Rewriter):
        def process(self, p, *args):
            seen.append((p.prompt, p.seed, p.subseed))

    process(Processing(STORY), [HoppingScript(), Watching(None)], [{"enabled": True}])
    assert seen == [(LINES[0], 5, 70)]
