"""How a host is told, and what each of them answers."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from torch import nn

from hopping import EncoderError, webui
from hopping.webui import hosts
from hopping.webui.hosts.a1111 import A1111

from . import forge_stand_ins, stand_ins

SCRIPT = Path(__file__).parents[2] / "scripts" / "hopping_sequence.py"


@pytest.fixture
def found():
    """Looks for the host once more."""
    find = hosts.find_host
    find.cache_clear()
    yield find
    find.cache_clear()


def test_a1111_is_told_by_its_wrappers(found):
    assert type(found()) is A1111


def test_reforge_has_them_too_and_a_thread_of_its_own(found, monkeypatch):
    thread = "modules_forge.main_thread"
    forge_stand_ins.install(monkeypatch)
    host = found()
    assert type(host).__name__ == "ReForge"
    asked = []

    def hand_over(function, *args):
        asked.append(args)
        return function(*args)

    monkeypatch.setattr(forge_stand_ins.MODULES[thread], "run_and_wait_result", hand_over)
    assert host.on_its_thread(lambda a, b: a + b)(1, 2) == 3
    assert asked == [(1, 2)]


@pytest.mark.parametrize("keeps", [True, False])
def test_reforge_loses_errors_where_its_tasks_do(found, monkeypatch, keeps):
    class Task:
        def __init__(self, task_id, func, args, kwargs):
            if keeps:
                self.exception = None

    forge_stand_ins.install(monkeypatch)
    thread = forge_stand_ins.MODULES["modules_forge.main_thread"]
    monkeypatch.setattr(thread, "Task", Task, raising=False)
    assert found().loses_errors() is not keeps


def test_a_checkpoint_that_reforge_has_torn_down_is_none(found, monkeypatch):
    forge_stand_ins.install(monkeypatch)
    host, sd_model = found(), nn.Module()
    monkeypatch.setattr(stand_ins.MODULES["modules.sd_models"].model_data, "sd_model", sd_model)
    assert host.loaded_model() is sd_model
    sd_model._modules = sd_model._parameters = None  # as its complete_model_teardown leaves it
    with pytest.raises(EncoderError, match="failed to load"):
        host.loaded_model()


@pytest.mark.parametrize(
    ("field", "expected"),
    [("hr_cfg", {"hr_cfg": 6.5}), ("hr_cfg_scale", {"hr_cfg_scale": 6.5}), ("hr_scale", {})],
)
def test_the_hires_pass_has_the_cfg_of_the_first_by_the_hosts_own_name(
    found, monkeypatch, field, expected
):
    """reForge's, forge-classic's of late 2025, which has None by itself, and that of February."""
    forge_stand_ins.install(monkeypatch)
    made = type("StableDiffusionProcessingTxt2Img", (), {field: None})
    monkeypatch.setattr(stand_ins.MODULES["modules.processing"], made.__name__, made, raising=False)
    assert found().hires_arguments(6.5) == expected


def test_forge_is_told_by_its_engines(found, monkeypatch):
    forge_stand_ins.install(monkeypatch)
    monkeypatch.delattr(
        stand_ins.MODULES["modules.sd_hijack_clip"], "FrozenCLIPEmbedderWithCustomWordsBase"
    )
    assert type(found()).__name__ == "Forge"


def test_any_other_host_is_told_in_one_line_and_left_alone(found, monkeypatch, capsys):
    monkeypatch.delattr(
        stand_ins.MODULES["modules.sd_hijack_clip"], "FrozenCLIPEmbedderWithCustomWordsBase"
    )
    # Whatever the extension would register there is missing, or is another thing.
    monkeypatch.setitem(stand_ins.MODULES, "modules.script_callbacks", ModuleType("empty"))
    loaded = runpy.run_path(str(SCRIPT))
    assert "HoppingScript" not in loaded
    (line,) = capsys.readouterr().out.strip().split("\n")
    assert "stays off" in line


def test_what_a_known_host_is_given(found, monkeypatch):
    loaded = []
    script = ModuleType("hopping.webui.script")
    script.HoppingScript = object
    monkeypatch.setitem(sys.modules, script.__name__, script)
    for name in ("api", "generation_data", "settings", "tab"):
        module = SimpleNamespace(register=lambda name=name: loaded.append(name))
        monkeypatch.setattr(webui, name, module, raising=False)
    runpy.run_path(str(SCRIPT))
    assert loaded == ["generation_data", "settings", "api", "tab"]


def test_schedules_stand_beside_the_samplers_or_in_their_names(monkeypatch):
    assert hosts.schedules() == []
    module = ModuleType("modules.sd_schedulers")
    module.schedulers = [SimpleNamespace(label="Automatic"), SimpleNamespace(label="Karras")]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert hosts.schedules() == ["Automatic", "Karras"]


class TestForge:
    def test_before_the_first_picture_there_is_no_model(self, forge, monkeypatch):
        data = SimpleNamespace(sd_model=SimpleNamespace(cond_stage_model=None))
        monkeypatch.setattr(stand_ins.MODULES["modules.sd_models"], "model_data", data)
        with pytest.raises(EncoderError, match="Forge loads it with the first picture"):
            forge.loaded_model()
        data.sd_model.forge_objects = object()
        assert forge.loaded_model() is data.sd_model

    def test_two_engines(self, forge, opts):
        model = SimpleNamespace(
            text_processing_engine_l=engine(), text_processing_engine_g=engine()
        )
        wrappers = [e.wrapper for e in forge.engines(model)]
        assert wrappers == [model.text_processing_engine_l, model.text_processing_engine_g]

    def test_a_text_is_cut_by_the_setting_that_holds_now(self, forge, opts):
        wrapper = engine()
        opts.emphasis = "None"
        (found,) = forge.engines(SimpleNamespace(text_processing_engine=wrapper))
        assert found.cutter.emphasis.name == "None"
        assert wrapper.emphasis.name == "of the last prompt"

    def test_t5_is_refused_where_it_counts(self, forge, opts):
        flux = SimpleNamespace(
            text_processing_engine_l=engine(), text_processing_engine_t5=object()
        )
        with pytest.raises(EncoderError, match="reads prompts with T5, which cannot be hopped"):
            forge.engines(flux)
        flux.text_processing_engine_g = engine()  # which makes it SD 3
        assert len(forge.engines(flux)) == 2
        opts.sd3_enable_t5 = True
        with pytest.raises(EncoderError, match="Enable T5"):
            forge.engines(flux)
        with pytest.raises(EncoderError, match="cannot be hopped"):
            forge.engines(SimpleNamespace(text_processing_engine_t5=object()))

    def test_what_the_engines_note_gets_into_the_infotext_once(self, forge, opts):
        model = forge_stand_ins.Model(None)
        notes = forge_stand_ins.MODULES["backend.text_processing.classic_engine"]
        opts.CLIP_stop_at_last_layers = 2
        with forge.encoding(model):
            assert model.clip_skip == 2
            notes.last_extra_generation_params = {"TI": "zebra, zebra, cat", "Emphasis": "No norm"}
        assert model.extra_generation_params == {"TI": "zebra, cat", "Emphasis": "No norm"}
        assert notes.last_extra_generation_params == {}
        notes.last_extra_generation_params = {"TI": "dog"}
        with pytest.raises(RuntimeError), forge.encoding(model):
            raise RuntimeError
        assert model.extra_generation_params["TI"] == "zebra, cat"
        assert notes.last_extra_generation_params == {}


def engine():
    wrapped = SimpleNamespace(transformer=object(), tokenizer=object())
    return forge_stand_ins.Engine(wrapped, forge_stand_ins.Embeddings())
