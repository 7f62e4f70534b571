"""What a studio leaves on disk, as tests hand it in: a PNG with texts, the settings of a record."""

from __future__ import annotations

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

SETTINGS = {
    "model": "/home/me/model.safetensors",
    "negative": "",
    "steps": 4,
    "cfg": 3.0,
    "sampler": "LMS",
    "seed": 1,
    "width": 64,
    "height": 64,
    "batch_size": 1,
    "compare": False,
    "before": "",
    "after": "",
    "device": "cpu",
    "dtype": "float32",
}


def png(**texts: str) -> bytes:
    """A small PNG with text chunks."""
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()
