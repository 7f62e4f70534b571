"""Hopping mask: picture sequences with Stable Diffusion whose prompts see the prompts before them.

After Zhao et al., "ホッピングマスクを利用した Stable Diffusion Model による連続画像生成", NLP 2023.
This package needs torch alone, but for what draws: `figure`, `lettering` and `mask_picture` need
Pillow, too. `hopping.studio` adds diffusers, `hopping.webui` runs in a WebUI, `hopping.cli` stands
above all.
"""

from typing import TYPE_CHECKING

from .errors import EncoderError, HoppingError, LayoutError, OptionError, StoryError
from .on_demand import on_demand
from .options import HoppingOptions
from .story import Frame, Story, parse_story

if TYPE_CHECKING:
    from .clip import ClipTextEncoder, encode_story, plan_story
    from .encoder import Embedding, TextEncoder, encode_frames
    from .plan import FramePlan, StoryPlan

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

__getattr__ = on_demand(
    __name__,
    {
        "ClipTextEncoder": "clip",
        "Embedding": "encoder",
        "FramePlan": "plan",
        "StoryPlan": "plan",
        "TextEncoder": "encoder",
        "encode_frames": "encoder",
        "encode_story": "clip",
        "plan_story": "clip",
    },
)
