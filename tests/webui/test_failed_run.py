"""A run that cannot be made where the host swallows errors, on the stand-in host."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")

from hopping import StoryError
from hopping.webui import failed_run
from hopping.webui.hosts import host
from hopping.webui.script import HoppingScript

from .stand_ins import MODULES, Processing, process

STORY = "A red dog swims.\nThe dog sits.\nThe dog runs."
PLOT = SimpleNamespace(
    alwayson_scripts=[],
    selectable_scripts=[
        SimpleNamespace(title=lambda: "Prompt matrix"),
        SimpleNamespace(title=lambda: "X/Y/Z plot"),
    ],
)


def cell(prompt, chosen=2, **values):
    return Processing(prompt, scripts=PLOT, script_args=(chosen,), width=64, height=48, **values)


@pytest.mark.parametrize(
    ("chosen", "expected"), [(2, True), (1, False), (0, False), (3, False), ("2", False)]
)
def test_cells_are_told_from_other_runs(chosen, expected):
    assert failed_run.is_cell(cell(STORY, chosen)) is expected
    assert not failed_run.is_cell(Processing(STORY))


@pytest.mark.parametrize(
    ("prompt", "options", "reason"),
    [
        ("<from:prev> A dog.\nIt sits.\nIt runs.", {}, "line 1"),
        (STORY, {"reach": -1}, "reach"),
        ("dog " * 80 + "\nb\nc", {"layout": "joint"}, "use layout=windows"),
        ("A <lora:x:1>.\nb <lora:x:2>\nc", {}, "one weight in frame 1 and another in frame 2"),
    ],
)
@pytest.mark.parametrize("batch_size", [1, 3])
def test_its_picture_says_why(sd_model, prompt, options, reason, batch_size):
    p = cell(prompt, batch_size=batch_size)
    arguments = [{"enabled": True, **options}]
    processed = process(p, [HoppingScript()], arguments)
    (picture,) = processed.images
    assert picture.size[0] >= 3 * p.width
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert len(picture.getcolors(100_000)) > 2
    assert reason in processed.comments
    assert len(processed.infotexts) == 1
    assert not p.sampled
    assert p.do_not_save_samples
    assert type(p) is Processing


def test_nothing_is_prepared_for_it(sd_model, monkeypatch):
    monkeypatch.setattr(Processing, "init", lambda *_: pytest.fail("img2img encodes its picture"))
    processed = process(cell("<from:prev> A dog."), [HoppingScript()], [{"enabled": True}])
    assert "line 1" in processed.comments


def test_the_next_cell_is_made(sd_model):
    process(cell("<from:prev> A dog."), [HoppingScript()], [{"enabled": True}])
    good = cell(STORY)
    process(good, [HoppingScript()], [{"enabled": True, "grid": False}])
    assert len(good.sampled) == 3


def test_other_errors_are_the_hosts(sd_model, monkeypatch):
    def fail(self):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(Processing, "sample", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        process(cell(STORY), [HoppingScript()], [{"enabled": True}])


@pytest.fixture
def losing(monkeypatch):
    """A host whose page loses errors."""
    monkeypatch.setattr(type(host()), "loses_errors", lambda self: True)
    monkeypatch.setattr(MODULES["modules.shared"].state, "interrupted", False, raising=False)


BAD = "<from:prev> A dog.\nIt sits."
ON = [{"enabled": True}]


def test_a_page_that_loses_errors_tells_it_below_no_picture(sd_model, losing):
    p = Processing(BAD, width=64, height=64)
    processed = process(p, [HoppingScript()], ON)
    assert "line 1" in processed.comments
    assert (processed.images, processed.infotexts, processed.info) == ([], [], "")
    assert not p.sampled
    assert type(p) is Processing
    # The next pictures of a batch, or of a script's loop, are not made either.
    assert MODULES["modules.shared"].state.interrupted


@pytest.mark.parametrize("told", [{"is_api": True}, {"hopping_tells": True}])
def test_what_is_told_otherwise_is_raised(sd_model, losing, told):
    with pytest.raises(StoryError, match="line 1"):
        process(Processing(BAD, **told), [HoppingScript()], ON)


def test_there_too_other_errors_are_the_hosts(sd_model, losing, monkeypatch):
    def fail(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("hopping.webui.script.HoppedRun", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        process(Processing(STORY), [HoppingScript()], ON)
