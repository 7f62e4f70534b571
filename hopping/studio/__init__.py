"""Stories without a WebUI: diffusers pipelines, folders of pictures, a page in the browser."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .samplers import SAMPLERS
from .sampling import ModelError

if TYPE_CHECKING:
    from .generate import StoryFrame, generate_story
    from .pipeline import load_pipeline
    from .record import FrameKey

__all__ = [
    "SAMPLERS",
    "FrameKey",
    "ModelError",
    "StoryFrame",
    "generate_story",
    "load_pipeline",
]

# As in the package above: what takes seconds to import waits until it is asked for.
_WITH_DIFFUSERS = {
    "FrameKey": "record",
    "StoryFrame": "generate",
    "generate_story": "generate",
    "load_pipeline": "pipeline",
}


def __getattr__(name: str) -> Any:
    if name in _WITH_DIFFUSERS:
        return getattr(import_module(f".{_WITH_DIFFUSERS[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
