"""What of other extensions clashes with a story, on the stand-in host; see test_host_neighbours."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from hopping import EncoderError, StoryError
from hopping.webui import neighbours

from .stand_ins import MODULES, Conditions
from .test_host_conditioning import STORY, conds


def extension(name, source, **known):
    """The function `made` of an extension's file that says `source`."""
    code = compile(source, f"/webui/extensions/{name}/lib/file.py", "exec")
    members = {"__name__": "lib.file", **known}
    exec(code, members)  # functions tell by their code's file whose they are
    return members["made"]


INTERPOLATING = """
def made(model, prompts, *steps):
    texts = [part for prompt in prompts for part in prompt.split(" to ")]
    model.get_learned_conditioning([""])
    made = original(model, Conditions([text.replace(".", " . ") for text in texts]), *steps)
    return made[: len(prompts)]
"""


class TestAnotherReading:
    @pytest.fixture
    def interpolating(self, monkeypatch):
        parser = MODULES["modules.prompt_parser"]
        known = {"original": parser.get_learned_conditioning, "Conditions": Conditions}
        function = extension("fusion", INTERPOLATING, **known)
        monkeypatch.setattr(parser, "get_learned_conditioning", function)

    def test_what_is_read_as_the_host_reads_it_hops(self, sd_model, request):
        alone = conds(sd_model, STORY)
        request.getfixturevalue("interpolating")
        assert torch.equal(conds(sd_model, STORY)[2], alone[2])

    @pytest.mark.parametrize("story", ["A dog.\nA cat to a bus.", "A cat to a bus.\nA dog."])
    def test_what_is_read_otherwise_is_an_error(self, sd_model, interpolating, story):
        with pytest.raises(StoryError, match=r"extension fusion reads 'A cat to a bus\.'"):
            conds(sd_model, story)

    def test_frames_that_see_no_other_are_its_own(self, sd_model, interpolating):
        assert len(conds(sd_model, "A dog.\nA cat to a bus.", reach=0)) == 2


def test_who_encodes_more_is_named(sd_model):
    if sd_model.cond_stage_model is None:
        pytest.skip("Forge's engines are no modules that another extension could hook")
    encoding = """
def made(module, inputs, output):
    if inputs[0] != ["red"]:
        module(["red"])
"""
    handle = sd_model.cond_stage_model.register_forward_hook(extension("cutting", encoding))
    with pytest.raises(EncoderError, match="the extension cutting changes prompts while"):
        conds(sd_model, STORY)
    handle.remove()
    conds(sd_model, STORY)


def run_with(title, *arguments, **values):
    script = SimpleNamespace(title=lambda: title, args_from=1, args_to=1 + len(arguments))
    runner = SimpleNamespace(alwayson_scripts=[script])
    return SimpleNamespace(
        scripts=runner, script_args=("other", *arguments, "another"), batch_size=1, **values
    )


class TestRegions:
    @staticmethod
    def check(p, *prompts):
        neighbours.check_regions(
            p, prompts, [1, 2] * 3, lambda text: [0] * (1 + text.count("very"))
        )

    def test_frames_with_the_regions_of_the_first(self):
        p = run_with("Regional Prompter", True, False, "Matrix")
        self.check(p, "a BREAK b", "c BREAK d", "e BREAK f")
        self.check(p, "a", "b")
        self.check(p, "a AND b <lora:very:1>", "c ADDCOL d")

    @pytest.mark.parametrize(
        ("prompts", "told"),
        [
            (("a BREAK b", "c"), "frame 1 has 2 regions and frame 2 1 region;"),
            (("a", "b", "c", "d AND e BREAK f"), "frame 1 has 1 region and frame 2 3 regions;"),
            (("a BREAK b", "a very BREAK b"), "frame 2 2 regions in 3 windows;"),
            (("a very BREAK b", "a BREAK very b"), "frame 2 2 regions in 3 windows;"),
        ],
    )
    def test_other_regions_are_an_error(self, prompts, told):
        with pytest.raises(StoryError, match=told):
            self.check(run_with("Regional Prompter", True, False, "Matrix"), *prompts)

    def test_its_prompt_mode_is_an_error(self):
        p = run_with("Regional Prompter", True, False, "Prompt")
        self.check(p, "a BREAK b", "a BREAK b")
        with pytest.raises(StoryError, match="prompt mode in the first frame alone"):
            self.check(p, "a BREAK b", "c BREAK d")

    def test_a_batch_that_is_not_full_is_an_error(self):
        p = run_with("Regional Prompter", True, False, "Matrix")
        p.batch_size = 2
        self.check(p, "a BREAK b", "c BREAK d")
        self.check(p, "a", "b", "c")
        with pytest.raises(StoryError, match="3 pictures do not fill batches of 2"):
            self.check(p, *["a BREAK b"] * 3)

    @pytest.mark.parametrize(
        "p",
        [
            run_with("Regional Prompter", False, False, "Matrix"),
            run_with("Regional Prompter"),
            run_with("Another", True),
            SimpleNamespace(scripts=None, script_args=()),
        ],
    )
    def test_without_it_nothing_is_asked(self, p):
        self.check(p, "a BREAK b", "c")


class TestNegativeParts:
    @staticmethod
    def check(title, prompts, batch_size, *arguments):
        p = run_with(title, *arguments)
        p.batch_size = batch_size
        neighbours.check_negative_parts(p, prompts)

    def test_what_it_does_right(self, opts):
        self.check("NegPiP", ["a (x:-1)", "b (y:-1.5)", "c"], 1, True)
        self.check("NegPiP", ["a (x:-1)", "b (x:-1)", "c (y:-1)", "d (y:-1)"], 2, True)
        self.check("NegPiP", ["a (x:1.2)", "b", "c"], 2, True)

    def test_others_in_one_batch_are_an_error(self, opts):
        with pytest.raises(StoryError, match="set the batch size to 1"):
            self.check("NegPiP", ["a (x:-1)", "b (y:-1.5)"], 2, True)
        opts.negpip_hide = True
        with pytest.raises(StoryError, match="set the batch size to 1"):
            self.check("NegPiP", ["a (x:-1)", "b"], 2, False)

    def test_a_batch_that_is_not_full_is_an_error(self, opts):
        with pytest.raises(StoryError, match="3 pictures do not fill batches of 2"):
            self.check("NegPiP", ["a (x:-1)"] * 3, 2, True)

    def test_without_it_nothing_is_asked(self, opts):
        self.check("NegPiP", ["a (x:-1)", "b (y:-1.5)"], 2, False)
        self.check("Another", ["a (x:-1)", "b (y:-1.5)"], 2, True)
