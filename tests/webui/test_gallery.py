"""What the host's page shows is kept where a run of its buttons fails for its story's sake."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import pytest

pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")

import gradio as gr

from hopping import HoppingError
from hopping.webui import axes
from hopping.webui.gallery import keep_at_failure
from hopping.webui.hosts import host
from hopping.webui.script import HoppingScript

from .stand_ins import MODULES, Processing, process

BAD = "<from:prev> A dog.\nIt sits."
TASK = "task(a)"
EMPTY = [None, "", ""]


@pytest.fixture
def page(monkeypatch):
    """The events of a page of the host's, by the ends of their components' ids."""
    monkeypatch.setattr(MODULES["modules.progress"], "current_task", TASK)
    events = {}

    def connect(name):
        return lambda fn, **_: events.__setitem__(name, fn)

    for name in ("generate", "upscale", "prompt", "interrupt"):
        component = SimpleNamespace(click=connect(name), submit=connect(name))
        keep_at_failure(component, name)
        event = component.submit if name == "prompt" else component.click
        event(fn=hosts_own, inputs=[], outputs=[])
    return events


def hosts_own(id_task, p):
    """The host's function, with what it makes of errors."""
    try:
        processed = process(p, [HoppingScript()], [{"enabled": True}])
    except Exception as error:
        return [*EMPTY, str(error)]
    return [["a picture"], "{}", "", processed.comments]


def is_kept(made):
    *shown, log = made
    return shown == [gr.update()] * 3 and "line 1" in log


@pytest.mark.parametrize("name", ["generate", "upscale", "prompt"])
def test_what_it_shows_stays_where_a_story_is_wrong(page, sd_model, name):
    assert is_kept(page[name](TASK, Processing(BAD)))
    assert page[name](TASK, Processing("A dog."))[0] == ["a picture"]


def test_so_it_does_in_mid_run(page, sd_model):
    made = page["generate"](TASK, Processing("A <lora:x:1>.\nb <lora:x:2>"))
    assert made[0] == gr.update()
    assert "one weight in frame 1" in made[-1]


def test_so_it_does_where_the_host_loses_errors(page, sd_model, monkeypatch):
    monkeypatch.setattr(type(host()), "loses_errors", lambda self: True)
    monkeypatch.setattr(MODULES["modules.shared"].state, "interrupted", False, raising=False)
    assert is_kept(page["generate"](TASK, Processing(BAD, width=64, height=64)))


def test_so_it_does_at_a_plots_bad_value(page):
    plot = SimpleNamespace(
        axis_options=[], AxisOption=lambda *_, **of: SimpleNamespace(label="", **of)
    )
    confirm = axes._axis(plot, axes._ROWS[0]).confirm
    with pytest.raises(HoppingError):
        confirm(Processing(BAD), ["nonsense"])
    made = page["generate"](TASK, Processing("A dog."))
    assert made[0] == gr.update()


def test_other_errors_and_buttons_are_the_hosts(page, sd_model, monkeypatch):
    assert page["interrupt"] is hosts_own

    def fail(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(Processing, "sample", fail)
    assert page["generate"](TASK, Processing("A dog.")) == [*EMPTY, "out of memory"]


def test_another_pages_run_is_its_own(page, sd_model, monkeypatch):
    monkeypatch.setattr(MODULES["modules.progress"], "current_task", "task(b)")
    assert page["generate"](TASK, Processing(BAD))[0] is None


def test_gradio_sees_the_hosts_own_function(page):
    assert inspect.signature(page["generate"]) == inspect.signature(hosts_own)
