"""Stories without a WebUI: diffusers pipelines, folders of pictures, a page in the browser."""

from typing import TYPE_CHECKING

from hopping.on_demand import on_demand

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

__getattr__ = on_demand(
    __name__,
    {
        "FrameKey": "record",
        "StoryFrame": "generate",
        "generate_story": "generate",
        "load_pipeline": "pipeline",
    },
)
