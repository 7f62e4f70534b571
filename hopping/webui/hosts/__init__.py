"""The hosts, one file each: all in which they differ. Nothing else asks which of them it runs in.

A host is told by what it offers, never by its name or version.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from .base import Engine, Host

__all__ = ["Engine", "Host", "find_host", "host", "schedules"]


@cache
def find_host() -> Host | None:
    """The host that this process is, or None for one whose text encoders cannot be reached."""
    if _offers("modules.sd_hijack_clip", "FrozenCLIPEmbedderWithCustomWordsBase"):
        if _offers("modules_forge.main_thread", "run_and_wait_result"):
            from .reforge import ReForge

            return ReForge()
        from .a1111 import A1111

        return A1111()
    if _offers("backend.text_processing.classic_engine", "ClassicTextProcessingEngine") or _offers(
        "backend.text_processing.sd_engine", "ClipEngine"
    ):
        from .forge import Forge

        return Forge()
    return None


def host() -> Host:
    """The host that this process is; the extension is loaded in no other."""
    found = find_host()
    assert found is not None
    return found


def schedules() -> list[str]:
    """The schedules that a page chooses beside the sampler; none where samplers name theirs."""
    if not _offers("modules.sd_schedulers", "schedulers"):
        return []
    return [schedule.label for schedule in import_module("modules.sd_schedulers").schedulers]


def _offers(module: str, name: str) -> bool:
    try:
        return hasattr(import_module(module), name)
    except ImportError:
        return False
