"""A run from the tab, on stand-ins for the host."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from hopping.run_options import ROWS

from .conftest import STORY
from .stand_ins import MODULES

gr = pytest.importorskip("gradio", reason="the tab needs gradio, as the WebUI has it")

VALUES = {
    "story": STORY,
    "negative_prompt": "blurry",
    "styles": [],
    "steps": 7,
    "sampler": "LMS",
    "scheduler": "Automatic",
    "width": 64,
    "height": 96,
    "cfg_scale": 7.5,
    "batch_count": 2,
    "batch_size": 3,
    "seed": 41,
    "enable_hr": False,
    "hr_upscaler": "Latent",
    "hr_steps": 0,
    "denoising_strength": 0.7,
    "hr_scale": 2.0,
    "hr_resize_x": 0,
    "hr_resize_y": 0,
    "hr_checkpoint": "Use same checkpoint",
    "hr_sampler": "Use same sampler",
    "hr_scheduler": "Use same scheduler",
    "hr_prompt": "",
    "hr_negative_prompt": "",
    "override_settings": [],
}
OPTIONS = ["Paper", *(row.default for row in ROWS)]
COMPONENTS = [None, *(SimpleNamespace(value=f"default {n}") for n in range(1, 40))]


class Processing(SimpleNamespace):
    made: list = []  # noqa: RUF012

    def __init__(self, **values):
        super().__init__(closed=False, **values)
        self.made.append(self)

    def close(self):
        self.closed = True


@pytest.fixture
def tab_run(monkeypatch, opts):
    """The module under test, with what it needs of the host."""
    shared = MODULES["modules.shared"]
    for name in ("outdir_samples", "outdir_txt2img_samples", "outdir_grids"):
        monkeypatch.setattr(opts, name, "out", raising=False)
    monkeypatch.setattr(opts, "outdir_txt2img_grids", "out", raising=False)
    monkeypatch.setattr(opts, "samples_log_stdout", False, raising=False)
    monkeypatch.setattr(opts, "do_not_show_images", False, raising=False)
    monkeypatch.setattr(shared, "total_tqdm", SimpleNamespace(clear=list), raising=False)
    runner = SimpleNamespace(inputs=COMPONENTS, script=SCRIPTS.get)
    monkeypatch.setattr(MODULES["modules.scripts"], "scripts_txt2img", runner, raising=False)
    host = MODULES["modules.processing"]
    monkeypatch.setattr(host, "StableDiffusionProcessingTxt2Img", Processing, raising=False)
    processed = SimpleNamespace(images=["grid"], info="info", comments="", js=lambda: "{}")
    monkeypatch.setattr(host, "process_images", lambda _: processed, raising=False)
    pasting = MODULES["modules.infotext_utils"]
    monkeypatch.setattr(pasting, "create_override_settings_dict", lambda _: {}, raising=False)
    common = ModuleType("modules.ui_common")
    common.plaintext_to_html = lambda text, **_: f"<p>{text}</p>"
    monkeypatch.setitem(sys.modules, "modules.ui_common", common)
    monkeypatch.setattr(Processing, "made", [])
    from hopping.webui import tab_run

    monkeypatch.setattr(tab_run, "schedules", lambda: ["Automatic", "Karras"])
    return tab_run


SCRIPTS = {
    "Sampler": SimpleNamespace(args_from=1),
    "Seed": SimpleNamespace(args_from=6),
    "Hopping sequence": SimpleNamespace(args_from=20),
}
REQUEST = SimpleNamespace(username="me")


def run(tab_run, options=OPTIONS, **changed):
    values = VALUES | changed
    return tab_run.generate(
        "task(1)", REQUEST, *(values[name] for name in tab_run.TAB_FIELDS), *options
    )


def test_the_values_cover_the_tab(tab_run):
    assert tuple(VALUES) == tab_run.TAB_FIELDS


def test_the_host_runs_the_story_with_our_script(tab_run):
    assert run(tab_run) == (["grid"], "{}", "<p>info</p>", "<p></p>")
    (p,) = Processing.made
    assert (p.prompt, p.negative_prompt, p.n_iter, p.batch_size) == (STORY, "blurry", 2, 3)
    assert (p.width, p.height, p.cfg_scale, p.user) == (64, 96, 7.5, "me")
    assert p.scripts is MODULES["modules.scripts"].scripts_txt2img
    assert p.closed


def test_the_hires_pass_does_as_the_first_or_otherwise(tab_run):
    run(tab_run)
    chosen = {"hr_checkpoint": "other", "hr_sampler": "Euler", "hr_scheduler": "Karras"}
    size = {"hr_resize_x": 128, "hr_resize_y": 96}
    prompts = {"hr_prompt": "A dog.\nA cat.\nA bus.", "hr_negative_prompt": "wet"}
    run(tab_run, **chosen, **prompts, **size)
    names = ("hr_checkpoint_name", "hr_sampler_name", "hr_scheduler", *prompts, *size)
    same, other = ([getattr(p, name) for name in names] for p in Processing.made)
    assert same == [None, None, None, "", "", 0, 0]
    assert other == [*chosen.values(), *prompts.values(), *size.values()]


def test_the_other_scripts_keep_their_defaults(tab_run):
    run(tab_run)
    arguments = Processing.made[0].script_args
    assert arguments[0] == 0
    assert arguments[1:4] == (7, "LMS", "Automatic")
    assert arguments[6] == 41
    assert arguments[20 : 21 + len(OPTIONS)] == (True, *OPTIONS)
    rest = [n for n in range(1, 20) if n not in (1, 2, 3, 6)]
    assert [arguments[n] for n in rest] == [f"default {n}" for n in rest]


def test_a_host_whose_samplers_name_their_schedules_is_not_told_of_any(tab_run, monkeypatch):
    monkeypatch.setattr(tab_run, "schedules", list)
    monkeypatch.delitem(SCRIPTS, "Sampler")
    run(tab_run)
    (p,) = Processing.made
    assert (p.sampler_name, p.steps) == ("LMS", 7)
    assert not {"scheduler", "hr_scheduler"} & vars(p).keys()


def test_never_a_run_without_the_script(tab_run, monkeypatch):
    monkeypatch.delitem(SCRIPTS, "Hopping sequence")
    assert "is not loaded" in run(tab_run)[3]
    assert Processing.made == []


def test_what_the_engine_refuses_stands_at_the_result(tab_run, monkeypatch):
    def refuse(_):
        raise tab_run.HoppingError("no <b>", line=2)

    monkeypatch.setattr(MODULES["modules.processing"], "process_images", refuse)
    *kept, log = run(tab_run)
    assert kept == [gr.update()] * 3  # what was made before stays
    assert "line 2: no &lt;b&gt;" in log
    assert Processing.made[0].closed
