"""One run in the stand-in host's main loop, and what is left of it."""

from __future__ import annotations

from copy import copy

import pytest
import torch

from hopping import HoppingError, StoryError

pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")

from hopping.webui import hosts, takeover
from hopping.webui.script import HoppingScript

from .runs import LINES, STORY, alone, hop, sampled
from .stand_ins import MODULES, Conditions, Processing, get_multicond, process


def test_frames_are_the_hosts_prompts(sd_model):
    p = Processing(STORY, batch_size=2)
    frames = hop(p)
    assert p.all_prompts == LINES
    assert p.all_seeds == [5, 5, 5]
    assert len(frames) == 3
    assert torch.equal(frames[0], alone(LINES[0]))
    assert not torch.equal(frames[1], alone(LINES[1]))


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5])
@pytest.mark.parametrize("n_iter", [1, 2])
def test_frames_do_not_depend_on_how_they_are_batched(sd_model, batch_size, n_iter):
    expected = hop(Processing(STORY)) * n_iter
    frames = hop(Processing(STORY, batch_size=batch_size, n_iter=n_iter))
    assert all(torch.equal(a, b) for a, b in zip(frames, expected, strict=True))


@pytest.mark.parametrize(
    ("options", "values", "seeds", "subseeds"),
    [
        ({}, {}, [5, 5, 5, 6, 6, 6], [70, 70, 70, 71, 71, 71]),
        ({"same_noise": False}, {}, [5, 6, 7, 8, 9, 10], [70, 71, 72, 73, 74, 75]),
        ({}, {"subseed_strength": 0.5}, [5] * 6, [70, 70, 70, 71, 71, 71]),
        ({}, {"seed": -1}, [1234] * 3 + [1235] * 3, [70, 70, 70, 71, 71, 71]),
    ],
)
def test_seeds(sd_model, options, values, seeds, subseeds):
    p = Processing(STORY, n_iter=2, **values)
    hop(p, **options)
    assert (p.all_seeds, p.all_subseeds) == (seeds, subseeds)


def test_compare_adds_the_frames_alone(sd_model):
    p = Processing(STORY, batch_size=2)
    frames = hop(p, compare=True)
    assert p.all_prompts == LINES * 2
    assert all(torch.equal(cond, alone(line)) for cond, line in zip(frames[3:], LINES, strict=True))


def test_the_cond_cache_is_neither_read_nor_written(sd_model):
    p = Processing(LINES[1])
    process(p)
    key, value = p.cached_c
    hopped = Processing(STORY, cached_c=p.cached_c)
    frames = hop(hopped)
    assert not torch.equal(frames[1], sampled(p)[0])
    assert p.cached_c[0] is key
    assert p.cached_c[1] is value
    assert hopped.cached_uc[0] is not None


def test_a_story_is_encoded_once(sd_model):
    hop(Processing(STORY))
    wrapper = hosts.host().engines(sd_model)[0].wrapper
    before = wrapper.passes
    hop(Processing(STORY, n_iter=3))
    once = wrapper.passes - before
    hop(Processing(STORY))
    assert wrapper.passes - before == 2 * once


def test_another_checkpoint_in_the_middle_is_hopped_too(sd_model, monkeypatch):
    p = Processing(STORY, batch_size=3)
    sample = Processing.sample

    def refine(self):
        sample(self)
        monkeypatch.setattr(self, "cached_params", lambda *args: ("another checkpoint", args[1:]))
        for weight in hosts.host().engines(sd_model)[0].module.parameters():
            weight.mul_(1.1)
        self.setup_conds()
        sample(self)

    monkeypatch.setattr(Processing, "sample", refine)
    frames = hop(p)
    monkeypatch.setattr(Processing, "sample", sample)
    assert MODULES["modules.shared"].sd_model is sd_model
    expected = hop(Processing(STORY))
    assert all(torch.equal(a, b) for a, b in zip(frames[3:], expected, strict=True))


@pytest.mark.parametrize("options", [{}, {"mode": "baseline"}])
def test_the_object_is_as_it_was(sd_model, options):
    p = Processing(STORY, seed=-1, n_iter=2)
    hop(p, **options)
    assert type(p) is Processing
    assert (p.prompt, p.seed, p.n_iter, p.do_not_save_grid) == (STORY, -1, 2, False)
    assert "hopping_run" not in vars(p)
    process(p)
    assert p.all_prompts == [STORY] * 2


def test_off_touches_nothing(sd_model):
    entries = {"Steps": 4}
    p = Processing(STORY, extra_generation_params=entries)
    before = dict(vars(p))
    for arguments in ([], [False], [{"enabled": False}], [{}]):
        HoppingScript().before_process(p, *arguments)
        assert vars(p) == before
        assert type(p) is Processing
        assert p.extra_generation_params is entries


def test_another_cells_entries_do_not_stay(sd_model):
    entries = {"Steps": 4, "Hopping": "paper", "Hopping story": "a"}
    p = Processing(STORY, extra_generation_params=entries)
    HoppingScript().before_process(p, False)
    assert p.extra_generation_params == {"Steps": 4}
    assert len(entries) == 3


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        ("", {}),
        ("<from:1> a", {}),
        ("a\nb", {"mode": "x"}),
        (["a", "b"], {}),
        ("a", {"reach": -1}),
    ],
)
def test_what_is_wrong_is_not_swallowed(sd_model, prompt, options):
    p = Processing(prompt)
    with pytest.raises(HoppingError) as error:
        hop(p, **options)
    assert vars(error.value)["status_code"] == 422
    assert vars(error.value)["detail"] == str(error.value)
    assert not p.sampled


def test_an_error_while_encoding_is_not_swallowed(sd_model):
    p = Processing("dog " * 80 + "\nb")
    with pytest.raises(HoppingError, match="use layout=windows"):
        hop(p, layout="joint")
    p.prompt = STORY
    assert len(hop(p)) == 3, "the object of a failed run serves again"


def test_an_extension_that_encodes_in_the_hosts_place_is_an_error(sd_model):
    p = Processing(STORY)
    p.get_conds_with_caching = p.get_conds_with_caching
    with pytest.raises(HoppingError, match="another extension encodes the prompts"):
        hop(p)
    assert not p.sampled


class TestCopies:
    """As detailers make them in the middle of a run."""

    def running(self):
        p = Processing(STORY, batch_size=3)
        HoppingScript().before_process(p, {"enabled": True})
        return p, takeover.run_of(p)

    def test_a_copy_is_the_hosts_own(self, sd_model):
        p, running = self.running()
        inner = copy(p)
        assert takeover.run_of(inner) is None
        inner.prompt, inner.sampled = LINES[1], []
        inner.n_iter = inner.batch_size = 1
        inner.seed = 3
        process(inner)
        assert torch.equal(sampled(inner)[0], alone(LINES[1]))
        assert takeover.run_of(p) is running

    def test_callbacks_on_a_copy_change_nothing_of_the_run(self, sd_model):
        p, running = self.running()
        p.extra_generation_params["Hopping"] = "paper"
        inner = copy(p)
        HoppingScript().before_process(inner, {"enabled": True})
        assert type(inner) is Processing
        assert "Hopping" not in inner.extra_generation_params
        HoppingScript().postprocess(copy(p), None)
        assert takeover.run_of(p) is running
        assert p.extra_generation_params["Hopping"] == "paper"
        assert p.prompt == LINES


def test_a_class_that_another_extension_puts_over_the_object_stays(sd_model):
    p = Processing(STORY)
    HoppingScript().before_process(p, {"enabled": True})
    p.__class__ = theirs = type("Theirs", (type(p),), {})
    takeover.release(p)
    assert type(p) is theirs
    assert takeover.run_of(p) is None


def test_a_detailers_own_run_is_no_story(sd_model):
    p = Processing(LINES[1], _ad_inner=True, extra_generation_params={"Hopping": "paper"})
    process(p, [HoppingScript()], [{"enabled": True}])
    assert type(p) is Processing
    assert p.extra_generation_params == {}
    assert torch.equal(sampled(p)[0], alone(LINES[1]))


class TestHires:
    def hires(self, hr_prompt, **values):
        p = Processing(STORY, enable_hr=True, hr_prompt=hr_prompt, **{"batch_size": 3, **values})
        sampled_hires = []

        def calculate():
            first = p.iteration * p.batch_size
            prompts = Conditions(p.all_hr_prompts[first : first + len(p.prompts)])
            caches = [p.cached_hr_c, p.cached_c]
            made = p.get_conds_with_caching(get_multicond, prompts, 4, caches, {}, 8)
            sampled_hires.extend(made.batch)

        p.sample = calculate
        HoppingScript().before_process(p, {"enabled": True})
        p.all_seeds, p.all_subseeds = p.seed, p.subseed
        p.setup_prompts()
        p.init(p.all_prompts, p.all_seeds, p.all_subseeds)
        p.prompts, p.seeds = p.all_prompts, p.all_seeds
        p.parse_extra_network_prompts()
        calculate()
        return p, [frame[0].schedules[0].cond for frame in sampled_hires]

    def test_the_frames_texts_without_a_hires_prompt(self, sd_model):
        p, conds = self.hires("")
        assert p.all_hr_prompts == LINES
        assert p.hr_prompt == ""
        assert all(torch.equal(a, b) for a, b in zip(conds, hop(Processing(STORY)), strict=True))

    def test_a_story_of_its_own(self, sd_model):
        other = "A cat.\nA bus.\nIt runs."
        p, conds = self.hires(other)
        assert p.all_hr_prompts == other.split("\n")
        assert p.hr_prompt == other
        assert all(torch.equal(a, b) for a, b in zip(conds, hop(Processing(other)), strict=True))
        assert p.cached_hr_c == [None, None]

    def test_one_line_for_all(self, sd_model):
        p, conds = self.hires("A cat.")
        assert p.all_hr_prompts == ["A cat."] * 3
        assert not torch.equal(conds[0], conds[1])

    def test_the_last_batch_has_as_many_negative_prompts_as_frames(self, sd_model):
        p, _ = self.hires("", batch_size=2)
        assert len(p.all_hr_negative_prompts) == len(p.all_hr_prompts) == 3

    def test_another_number_is_an_error(self, sd_model):
        with pytest.raises(StoryError, match="has 2 frames, the story 3"):
            self.hires("A cat.\nA bus.")

    def test_what_is_wrong_in_it_is_told_as_its(self, sd_model):
        with pytest.raises(StoryError, match="line 2, column 3: in the hires prompt: ＜SEP＞"):
            self.hires("A cat.\nA ＜SEP＞")
        with pytest.raises(StoryError, match="in the hires prompt: the story has tags for all"):
            self.hires("<lora:x:1>")


def test_networks_of_all_lines_in_every_batch(sd_model):
    p = Processing("A dog.\nIt sits <lora:x:1>.\nIt runs <lora:y:1>.")
    seen = []
    setup = Processing.setup_conds

    class Watching(Processing):
        def setup_conds(self):
            seen.append([network.items for network in self.extra_network_data["lora"]])
            setup(self)

    p.__class__ = Watching
    hop(p)
    assert seen == [[["x", "1"], ["y", "1"]]] * 3


def test_lines_of_networks_are_no_frames(sd_model):
    p = Processing("<lora:x:1>\n# title\nA dog. # it\nIt sits <lora:y:1>.\n<lora:z:1>")
    frames = hop(p)
    assert p.all_prompts == [
        "A dog. <lora:x:1> <lora:z:1>",
        "It sits <lora:y:1>. <lora:x:1> <lora:z:1>",
    ]
    names = [network.items[0] for network in p.extra_network_data["lora"]]
    assert names == ["x", "z", "y"]
    expected = hop(Processing("A dog.\nIt sits ."))
    assert all(torch.equal(a, b) for a, b in zip(frames, expected, strict=True))


@pytest.mark.parametrize("name", ["negative_prompt", "hr_negative_prompt"])
def test_the_negative_prompt_is_no_story(sd_model, name):
    with pytest.raises(StoryError, match="<share:a> cannot stand in the negative prompt"):
        hop(Processing(STORY, **{name: "bad,\n<share:a>"}))
    assert hop(Processing(STORY, **{name: "bad, # <SEP\n(worse:1.2) <lora:x:1>"}))


def test_the_last_batch_of_img2img_is_cut_to_its_frames(sd_model):
    widths = []

    class Img2Img(Processing):
        def sample(self):
            widths.append(len(self.init_latent))

    p = Img2Img(STORY, batch_size=2)
    p.init_latent = torch.zeros(2, 4, 8, 8)
    hop(p)
    assert widths == [2, 1]
