"""Hopping mask: picture sequences with Stable Diffusion whose prompts see the prompts before them.

After Zhao et al., "ホッピングマスクを利用した Stable Diffusion Model による連続画像生成", NLP 2023.
This package needs torch alone; `hopping.studio` adds diffusers, `hopping.webui` runs in a WebUI.
"""

from .clip import ClipTextEncoder, encode_story, plan_story
from .encoder import Embedding, TextEncoder, encode_frames
from .errors import EncoderError, HoppingError, LayoutError, OptionError, StoryError
from .options import HoppingOptions
from .plan import FramePlan, StoryPlan
from .story import Frame, Story, parse_story

__version__ = "0.1.0"

__all__ = [
    "ClipTextEncoder",
    "Embedding",
    "EncoderError",
    "Frame",
    "FramePlan",
    "HoppingError",
    "HoppingOptions",
    "LayoutError",
    "OptionError",
    "Story",
    "StoryError",
    "StoryPlan",
    "TextEncoder",
    "encode_frames",
    "encode_story",
    "parse_story",
    "plan_story",
]
