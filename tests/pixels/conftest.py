"""Small U-Nets and stories for what is shared between pictures."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sd1", "sdxl"])
def unet(request):
    """Both kinds in turn."""
    from tests.pixels.unets import UNETS

    return UNETS[request.param]()
