"""On a real WebUI, beside other extensions: off is off; hopping works with them, or says why not.

Their real code, from checkouts that the developer has; `neighbours/` tells what stands in for their
weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from . import host as real
from .conftest import HIRES
from .host import ApiError, Host, Result
from .test_host_prompts import distance

HOW = (
    "needs other extensions: a folder of their checkouts as --webui-extensions=FOLDER, and what "
    "they depend on in the Python of --webui-python"
)
CLOSE = 3  # grey levels, after two or three samplings one upon the other
STAND_INS = Path(__file__).with_name("neighbours")
FIRST = "A red horse swims in a river"
PICTURE = real.encoded(Image.radial_gradient("L").resize((64, 64)).convert("RGB"))


@dataclass(frozen=True)
class Run:
    """What is asked of an extension.

    Attributes:
        line: a prompt; first: the frame before it in a story.
        arguments: of the extension's script.
        more: of the request.
        clash: what the message says if it cannot be hopped; None if it can.
    """

    line: str
    arguments: list[Any] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    first: str = FIRST
    clash: str | None = None


@dataclass(frozen=True)
class Neighbour:
    """An extension: the beginning of its script's title, if it has arguments, and what is tried."""

    title: str | None
    runs: dict[str, Run]


def adetailer(**options: Any) -> list[Any]:
    return [True, False, {"ad_model": "mediapipe_face_short", **options}]


def control(**options: Any) -> list[Any]:
    model = {"module": "none", "model": "hopping-test-control"}
    return [{"enabled": True, "image": PICTURE, **model, **options}]


def regions(mode: str = "Attention", tab: str = "Matrix", common: bool = False) -> list[Any]:
    names = [tab, "Columns", "Mask", "Prompt", "1,1", "0.2"]
    ratios = ["0", "0", "0.4", None, "0", "0", False]
    return [True, False, *names, False, common, False, mode, [], *ratios]


OTHER_REGIONS = "frame 1 has 2 regions and frame 2 1 region;"
NEIGHBOURS = {
    "adetailer": Neighbour(
        "adetailer",
        {
            "its own prompt": Run("A dog", adetailer(ad_prompt="a face of [PROMPT]")),
            "the frame's prompt": Run("A dog", adetailer()),
            "all scripts": Run(
                "A dog",
                adetailer(),
                {"override_settings": {"ad_only_selected_scripts": False}},
            ),
            "hires": Run("A dog", adetailer(), HIRES),
        },
    ),
    "sd-webui-controlnet": Neighbour(
        "controlnet",
        {
            "switched off": Run("A dog", control(enabled=False)),
            "a unit": Run("A dog", control()),
            "two units": Run("A dog", [*control(weight=0.5), *control(guidance_end=0.5)]),
            "preprocessor": Run("A dog", control(module="canny")),
            "hires": Run("A dog", control(), HIRES),
        },
    ),
    "sd-dynamic-prompts": Neighbour(
        "dynamic prompts",
        {
            "variants": Run("A {red|blue|green} dog", [True], first="A {big|small} horse"),
            "hires": Run("A {red|blue|green} dog", [True], HIRES),
            "every combination": Run("A {red|blue} dog", [True, True], clash="combinatorial"),
        },
    ),
    "sd-webui-negpip": Neighbour(
        "negpip",
        {
            "no negative part": Run("A dog, (cat:1.3)", [True]),
            "negative part": Run("A dog, (cat:-1.3)", [True]),
            "one batch": Run(
                "A dog, (cat:-1.3)",
                [True],
                {"batch_size": 2},
                first=f"{FIRST}, (cat:-1.3)",
            ),
            "others in one batch": Run(
                "A dog, (cat:-1.3)",
                [True],
                {"batch_size": 2},
                clash="set the batch size to 1",
            ),
        },
    ),
    "sd-webui-cutoff": Neighbour(
        "cutoff",
        {
            "no targets": Run("A red dog, a blue house", [True, ""]),
            "targets": Run(
                "A red dog, a blue house", [True, "red, blue", 1.0], clash="sd-webui-cutoff"
            ),
        },
    ),
    "sd-webui-regional-prompter": Neighbour(
        "regional prompter",
        {
            "attention": Run("A dog BREAK a cat", regions(), first=f"{FIRST} BREAK a bus"),
            "latent": Run("A dog BREAK a cat", regions("Latent"), first=f"{FIRST} BREAK a bus"),
            "common prompt": Run(
                "In a wood BREAK a dog BREAK a cat",
                regions(common=True),
                first=f"At sea BREAK {FIRST} BREAK a bus",
            ),
            "other regions": Run(
                "A dog", regions(), first=f"{FIRST} BREAK a bus", clash=OTHER_REGIONS
            ),
            "longer regions": Run(
                f"{'very ' * 80}big BREAK a dog",
                regions(),
                first=f"{FIRST} BREAK a bus",
                clash="2 regions in 3 windows",
            ),
            "prompt mode": Run(
                "A dog BREAK dog", regions(tab="Prompt"), clash="prompt mode in the first frame"
            ),
        },
    ),
    "prompt-fusion-extension": Neighbour(
        None,
        {
            "the host's syntax": Run("A [dog:cat:0.5] (sits:1.2), [old] AND a bus :0.5"),
            "alternating": Run("A [dog|cat] sits"),
            "interpolation": Run("A [dog:cat:0.2,0.8] sits", clash="prompt-fusion-extension reads"),
            "in the first frame": Run(
                "A dog", first="A [red:blue:0.2,0.8] dog", clash="prompt-fusion-extension reads"
            ),
        },
    ),
}
EVERYTHING = "all of them together"


@dataclass(frozen=True)
class Beside:
    """A host with this project beside one other extension, or beside all.

    Attributes:
        runs: for each, the beginning of its script's title and what is tried.
        alone: what the same host makes of each run without this project.
    """

    host: Host
    runs: dict[str, tuple[str | None, Run]]
    alone: dict[str, list[str]]


def ask(host: Host, title: str | None, run: Run, hopping: Any = None, **more: Any) -> Result:
    request = {**run.more, **more}
    if title is not None:
        request["alwayson_scripts"] = {host.script(title): {"args": run.arguments}}
    return host.txt2img(run.line, hopping, **request)


def ask_all(host: Host, runs: dict[str, tuple[str | None, Run]]) -> dict[str, list[str]]:
    made = {name: ask(host, title, run).hashes for name, (title, run) in runs.items()}
    return {
        **made,
        "idle": host.txt2img("A dog").hashes,
        "img2img": host.img2img("A dog").hashes,
        "more": host.txt2img("A dog\nA cat", batch_size=2, n_iter=2).hashes,
    }


@pytest.fixture(scope="module", params=[*NEIGHBOURS, EVERYTHING])
def beside(request, webui_data) -> Iterator[Beside]:
    given = request.config.getoption("--webui-extensions")
    if not given:
        pytest.skip(HOW)
    folder = Path(given).resolve()
    there = [name for name in NEIGHBOURS if (folder / name).is_dir()]
    names = there if request.param == EVERYTHING else [request.param]
    if not set(names) <= set(there):
        pytest.skip(f"{folder / request.param} is not there")
    webui, python, base = webui_data
    data = base.with_name("webui-neighbours")
    others = [*(folder / name for name in names), STAND_INS]
    runs = {
        f"{name}: {what}": (NEIGHBOURS[name].title, run)
        for name in names
        for what, run in NEIGHBOURS[name].runs.items()
    }
    real.prepare_beside(base, data, others)
    without = Host(webui, python, data)
    try:
        alone = ask_all(without, runs)
    finally:
        without.stop()
    real.link_extension(data)
    host = Host(webui, python, data)
    try:
        yield Beside(host, runs, alone)
    finally:
        host.stop()


def test_off_is_off(beside):
    made = ask_all(beside.host, beside.runs)
    assert made == beside.alone


def test_a_story(beside):
    """With hardly any strength a frame is what the other extension makes of it alone; with all of
    it the frame hops; what clashes says so. Nothing of it stays."""
    for name, (title, run) in beside.runs.items():
        story = replace(run, line=f"{run.first}\n{run.line}")
        if run.clash is not None:
            with pytest.raises(ApiError) as error:
                ask(beside.host, title, story, {})
            assert error.value.status == 422, name
            assert run.clash in error.value.answer["detail"], name
            continue
        size = {"batch_size": 1, **run.more}["batch_size"]
        alone = [
            ask(beside.host, title, replace(run, line=line), batch_size=size).images[0]
            for line in (run.first, run.line)
        ]
        barely = ask(beside.host, title, story, {"strength": 1e-6}).images[1:3]
        assert max(distance(a, b) for a, b in zip(alone, barely, strict=True)) <= CLOSE, name
        hopped = ask(beside.host, title, story, {}).images[1:3]
        assert distance(hopped[0], alone[0]) <= CLOSE, name
        assert distance(hopped[1], alone[1]) > CLOSE, name
    assert ask_all(beside.host, beside.runs) == beside.alone


def test_a_last_batch_that_is_smaller(beside):
    for name, (title, run) in beside.runs.items():
        if run.clash is not None:
            continue
        if name.startswith("adetailer") and beside.host.kind.name == "forge":
            continue  # there its pictures depend on the batch's size, with and without hopping
        story = replace(run, line="\n".join([run.line] * 3))
        if name.startswith("sd-webui-regional-prompter") or "(cat:-1.3)" in run.line:
            with pytest.raises(ApiError, match="set the batch size to 1"):
                ask(beside.host, title, story, {}, batch_size=2)
            continue
        made = ask(beside.host, title, story, {}, batch_size=2)
        again = ask(beside.host, title, story, {}, batch_size=1)
        assert len(made.images) == len(again.images) >= 4, name
        for one, other in zip(made.images[1:4], again.images[1:4], strict=True):
            assert distance(one, other) <= CLOSE, name


def seeing(pixels: str) -> dict[str, Any]:
    return {"mode": "baseline", "pixels": pixels, "grid": False}


def test_a_frame_sees_the_pixels_of_the_one_before(beside):
    for name, (title, run) in beside.runs.items():
        if run.clash is not None:
            continue
        story = replace(run, line=f"{run.first}\n<from:1> {run.line}")
        off, on = (
            ask(beside.host, title, story, seeing(pixels), steps=4, cfg_scale=15).hashes
            for pixels in ("off", "all")
        )
        assert [a == b for a, b in zip(off[:2], on[:2], strict=True)] == [True, False], name


def test_pixels_beside_controlnets_reference(beside):
    if "sd-webui-controlnet: a unit" not in beside.runs:
        pytest.skip("is another extension's")
    run = Run(f"{FIRST}\n<from:1> A dog", control(module="reference_only", model="None"))
    with pytest.raises(ApiError) as error:
        ask(beside.host, "controlnet", run, seeing("all"))
    assert error.value.status == 422
    assert "ControlNet's reference shares pixels" in error.value.answer["detail"]
    assert len(ask(beside.host, "controlnet", run, seeing("off")).images) >= 2


def test_dynamic_prompts_draws_every_frame(beside):
    if "sd-dynamic-prompts: variants" not in beside.runs:
        pytest.skip("is another extension's")
    title = NEIGHBOURS["sd-dynamic-prompts"].title
    run = Run("A {red|blue|green} dog\nA {big|small|wet} dog\nA {red|blue|green} dog", [True])
    made = ask(beside.host, title, run, {"same_noise": False, "compare": True})
    prompts = [infotext.split("\n")[0] for infotext in made.infotexts[1:]]
    assert prompts[:3] == prompts[3:]
    assert not any(sign in "".join(prompts) for sign in "{|}")
    spelt = beside.host.txt2img("\n".join(prompts[:3]), {"same_noise": False})
    assert made.frames[:3] == spelt.frames
    drawn = {
        ask(beside.host, title, run, {}, seed=seed).infotexts[1].split("\n")[0] for seed in range(9)
    }
    assert len(drawn) > 1


def test_nothing_of_ours_is_in_the_log(beside):
    log = beside.host.read_log()
    ours = [line for line in log.split("\n") if "Error running" in line and "hopping" in line]
    assert not ours
