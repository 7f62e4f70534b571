"""Stories without a WebUI: diffusers pipelines, a command line, folders of pictures."""

from .generate import FrameKey, StoryFrame, generate_story
from .pipeline import ModelError, load_pipeline
from .samplers import SAMPLERS

__all__ = [
    "SAMPLERS",
    "FrameKey",
    "ModelError",
    "StoryFrame",
    "generate_story",
    "load_pipeline",
]
