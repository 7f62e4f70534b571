"""On a real Forge, beside the extensions that it brings itself."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import LINES, STORY
from .host import ApiError

BUILT_IN = {  # the beginning of a script's title: its arguments
    "freeu": [True, 1.3, 1.4, 0.9, 0.2, 0.0, 1.0],
    "perturbedattention": [True, 3.0, 0.0, 0.0, 1.0],
    "selfattention": [True, 0.75, 2.0, 1.0],
    "stylealign": [True, 1.0],
    "multidiffusion": [True, "MultiDiffusion", 32, 32, 16, 4],
}
SIZE = {"width": 64, "height": 64}  # more than a tile, and than self-attention guidance leaves out


@pytest.mark.parametrize("title", BUILT_IN)
def test_it_works_beside_it(host, title):
    if host.kind.name != "forge":
        pytest.skip("the other hosts bring none of these, or others")

    def beside(prompt: str, hopping: dict[str, Any] | None, arguments: list[Any]) -> list[str]:
        scripts = {host.script(title): {"args": arguments}}
        return host.txt2img(prompt, hopping, alwayson_scripts=scripts, **SIZE).frames

    arguments = BUILT_IN[title]
    alone = [beside(line, None, arguments)[0] for line in LINES]
    assert beside(STORY, {"mode": "baseline"}, arguments) == alone
    hopped = beside(STORY, {}, arguments)
    assert hopped[0] == alone[0]
    assert all(a != b for a, b in zip(hopped[1:], alone[1:], strict=True))
    # StyleAlign joins the pictures of a batch, and here is one in each; FreeU goes by the widths of
    # the U-Net's levels, and that of the tests has one for all.
    if title not in ("stylealign", "freeu"):
        off = beside(STORY, {}, [False])
        assert all(a != b for a, b in zip(hopped, off, strict=True))


def test_style_align_joins_the_frames_of_a_batch(host):
    if host.kind.name != "forge":
        pytest.skip("the other hosts do not bring it")
    scripts = {host.script("stylealign"): {"args": BUILT_IN["stylealign"]}}
    aligned = host.txt2img(STORY, {}, batch_size=3, alwayson_scripts=scripts).frames
    assert len(set(aligned)) == 3
    assert aligned[0] != host.txt2img(STORY, {}, batch_size=3).frames[0]


@pytest.mark.parametrize("title", BUILT_IN)
def test_pixels_beside_it_are_shared_or_refused_with_the_reason(host, title):
    if host.kind.name != "forge":
        pytest.skip("the other hosts bring none of these, or others")
    story = "A red dog swims in the river.\nThe dog sits under the sun."
    scripts = {host.script(title): {"args": BUILT_IN[title]}}
    request = {**SIZE, "steps": 4, "alwayson_scripts": scripts}
    off = {"mode": "baseline", "grid": False}
    plain = host.txt2img(story, off, **request)
    if title == "freeu":
        seeing = host.txt2img(story, {**off, "pixels": "all"}, **request)
        assert seeing.frames[0] == plain.frames[0]
        assert seeing.frames[1] != plain.frames[1]
        return
    with pytest.raises(ApiError) as error:
        host.txt2img(story, {**off, "pixels": "all"}, **request)
    assert error.value.status == 422
    assert re.search("puts its own self-attention|draws tiles", error.value.answer["detail"])
    assert host.txt2img(story, off, **request).frames == plain.frames
