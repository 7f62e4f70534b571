"""Forge Neo without one: what is taken from it is there, and hops on stand-ins."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from hopping import EncoderError, webui
from hopping.webui import hosts

from . import forge_stand_ins, neo_stand_ins, stand_ins
from .neo_names import NAMES, SETTINGS

# What only other hosts are asked for.
OTHERS = {"a1111.py", "reforge.py"}
FILES = sorted(
    path for path in Path(webui.__file__).parent.rglob("*.py") if path.name not in OTHERS
)
SIGNATURES = {
    f"{module}.{entry.partition('(')[0]}": entry
    for module, found in NAMES.items()
    for entry in found
}


def host_names(tree: ast.Module) -> dict[str, str]:
    """What a file imports from the host: its name there, and where it stands."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level and node.module
        if node.module.split(".")[0] in ("modules", "backend", "modules_forge")
        for alias in node.names
    }


def uses(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Each use of something of the host's, by its full name; `shared.opts.x` is "….opts.x"."""
    names = host_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            yield names[node.id], node
        elif isinstance(node, ast.Attribute):
            dotted = ast.unparse(node).split(".")
            if dotted[0] in names and all(part.isidentifier() for part in dotted):
                yield ".".join([names[dotted[0]], *dotted[1:]]), node


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_taken_from_the_host_is_there(path):
    tree = ast.parse(path.read_text("utf-8"))
    for name in host_names(tree).values():
        assert name in NAMES or name in SIGNATURES, name
    for name, _ in uses(tree):
        module = max((m for m in NAMES if f"{name}.".startswith(f"{m}.")), key=len)
        first = name[len(module) + 1 :].partition(".")[0]
        assert not first or first == "__name__" or f"{module}.{first}" in SIGNATURES, name


def test_what_is_called_takes_what_it_is_given():
    checked = set()
    for path in FILES:
        tree = ast.parse(path.read_text("utf-8"))
        found = {id(node): name for name, node in uses(tree)}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = found.get(id(call.func))
            entry = SIGNATURES.get(name or "")
            if entry is None:
                continue
            assert "(" in entry, f"{name} is called in {path.name}"
            if any(isinstance(a, ast.Starred) for a in call.args):
                continue  # of the host's own functions only one, which takes any
            space: dict = {}
            exec(f"def {entry.replace(name.rpartition('.')[2], 'stand_in', 1)}: pass", space)
            keywords = {k.arg: None for k in call.keywords if k.arg}
            inspect.signature(space["stand_in"]).bind(*call.args, **keywords)
            checked.add(name)
    assert len(checked) > 30


def test_settings_that_it_lacks_are_asked_for_with_a_default():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in (
                "opts",
                "shared.opts",
            ):
                # SD 3 alone is asked for it, which Neo does not know.
                assert node.attr in {*SETTINGS, "sd3_enable_t5"}, f"{node.attr} in {path.name}"


def test_it_is_told_by_its_engines(neo, monkeypatch):
    monkeypatch.undo()
    neo_stand_ins.install(monkeypatch)
    monkeypatch.delattr(
        stand_ins.MODULES["modules.sd_hijack_clip"], "FrozenCLIPEmbedderWithCustomWordsBase"
    )
    hosts.find_host.cache_clear()
    try:
        assert type(hosts.find_host()).__name__ == "Forge"
    finally:
        hosts.find_host.cache_clear()


def engine():
    wrapped = SimpleNamespace(transformer=object(), tokenizer=object())
    return neo_stand_ins.Engine(wrapped, forge_stand_ins.Embeddings())


def test_an_engine_that_asks_for_the_emphasis_by_itself_needs_no_copy(neo, opts):
    wrapper = engine()
    (found,) = neo.engines(SimpleNamespace(text_processing_engine=wrapper))
    assert found.cutter is wrapper


def test_the_hosts_pieces_follow_the_setting(neo, opts):
    assert neo.emphasised("a (dog:1.5)") == [["a ", 1.0], ["dog", 1.5]]
    opts.emphasis = "None"
    assert neo.emphasised("a (dog:1.5)") == [["a (dog:1.5)", 1.0]]


@pytest.mark.parametrize(
    ("engines", "reason"),
    [
        (["qwen"], "QwenImage"),
        (["gemma"], "text encoder"),
        (["t5"], "cannot be hopped; load an SD 1.x"),
        (["l", "t5"], "reads prompts with T5, which cannot be hopped"),
    ],
)
def test_other_kinds_of_models_are_refused_in_a_line(neo, engines, reason):
    """Qwen Image, Z-Image, Wan, Flux."""
    found = {f"text_processing_engine_{name}": engine() for name in engines}
    model = type("QwenImage", (), found)()
    with pytest.raises(EncoderError, match=reason) as refusal:
        neo.engines(model)
    assert "\n" not in str(refusal.value)
    assert "switch hopping off" in str(refusal.value)


def test_what_the_engines_note_gets_into_the_infotext_once(neo, opts):
    notes, model = neo_stand_ins.DynamicArgs, forge_stand_ins.Model(None)
    with neo.encoding(model):
        notes.last_extra_generation_params = {"TI": "zebra, zebra, cat"}
    assert model.extra_generation_params == {"TI": "zebra, cat"}
    assert notes.last_extra_generation_params == {}


class TestRuns:
    """What the other tests do not see of runs on Neo; those take it for one more host."""

    @pytest.fixture(autouse=True)
    def page(self):
        pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")

    @pytest.mark.parametrize("wrapped", ["neo"], indirect=True)
    def test_each_frame_keeps_its_own_hires_prompt(self, sd_model):
        from .runs import LINES, STORY, hop

        p = stand_ins.Processing(STORY, enable_hr=True, hr_prompt="A dog.\nA cat.\nA ship.")
        hop(p)
        entry = p.extra_generation_params["Hires prompt"]
        assert entry is not neo_stand_ins.get_hr_prompt
        told = []
        for n, line in enumerate(LINES):
            p.iteration = n
            told.append(entry(p=p, index=0, all_prompts=[line], prompt_text=line))
        assert told == ["A dog.", "A cat.", "A ship."]

    @pytest.mark.parametrize("wrapped", ["neo"], indirect=True)
    def test_a_model_that_is_refused_runs_without_hopping(self, sd_model, monkeypatch):
        from .runs import LINES, STORY, hop

        expected = hop(stand_ins.Processing(STORY), mode="baseline")
        # As a Qwen Image's: one engine, and none of CLIP's.
        sd_model.text_processing_engine_qwen = sd_model.text_processing_engine
        del sd_model.text_processing_engine
        monkeypatch.setattr(
            type(sd_model),
            "get_learned_conditioning",
            lambda self, texts: self.text_processing_engine_qwen(texts),
        )
        with pytest.raises(EncoderError, match="cannot be hopped"):
            hop(stand_ins.Processing(STORY))
        made = hop(stand_ins.Processing(STORY), mode="baseline")
        assert len(made) == len(LINES)
        assert all(torch.equal(a, b) for a, b in zip(made, expected, strict=True))
