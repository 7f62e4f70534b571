"""Small U-Nets and stories for what is shared between pictures."""

from __future__ import annotations

import importlib.util

import pytest

# A WebUI's environment has no diffusers.
if importlib.util.find_spec("diffusers") is None:
    collect_ignore = ["test_sharing.py", "test_layers.py", "unets.py"]


@pytest.fixture(params=["sd1", "sdxl"])
def unet(request):
    """Both kinds in turn."""
    from tests.pixels.unets import UNETS

    return UNETS[request.param]()
