"""Registering with the host's callbacks, in hosts of before and after they took a file."""

from __future__ import annotations

import pytest

from . import stand_ins
from .stand_ins import MODULES


@pytest.fixture
def host(monkeypatch):
    stand_ins.install()
    return MODULES["modules.script_callbacks"]


def test_the_host_is_told_the_file(host, monkeypatch):
    from hopping.webui import callbacks

    added = []

    def add_callback(callbacks, fun, *, name=None, category="unknown", filename=None):
        added.append((callbacks, fun, category, filename))

    kept = []
    monkeypatch.setattr(host, "add_callback", add_callback, raising=False)
    monkeypatch.setattr(host, "callback_map", {"callbacks_ui_tabs": kept}, raising=False)
    callbacks.register("ui_tabs", print, "a.py")
    assert added == [(kept, print, "ui_tabs", "a.py")]
    assert added[0][0] is kept


def test_an_older_host_finds_it_by_itself(host, monkeypatch):
    from hopping.webui import callbacks

    added = []
    monkeypatch.setattr(host, "on_ui_tabs", added.append, raising=False)
    for add_callback in (None, lambda callbacks, fun: None):
        if add_callback:
            monkeypatch.setattr(host, "add_callback", add_callback, raising=False)
        callbacks.register("ui_tabs", print, "a.py")
    assert added == [print, print]
