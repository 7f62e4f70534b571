"""Hop in the U-Net: a frame's pixels see, beside their own, an earlier frame's subject's.

`graph` says who sees whom, `subject_masks` finds a subject's pixels, `bank` keeps them for later
batches, `layers` knows a library's U-Net, and `sharing` patches it for one `with` block.
"""

from .bank import Bank, bank_bytes, kept_note, story_bytes
from .graph import Phrase, PixelGraph, PixelLink, PixelSource, pixel_graph
from .layers import UNetLayers, unet_layers
from .sharing import PixelSharing, Seen

__all__ = [
    "Bank",
    "Phrase",
    "PixelGraph",
    "PixelLink",
    "PixelSharing",
    "PixelSource",
    "Seen",
    "UNetLayers",
    "bank_bytes",
    "kept_note",
    "pixel_graph",
    "story_bytes",
    "unet_layers",
]
