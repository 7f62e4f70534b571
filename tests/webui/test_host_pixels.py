"""On a real WebUI: frames that see each other's pixels, in whatever way the host samples."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from .conftest import HIRES, PLAIN_REQUESTS
from .host import ApiError, Result

STORY = (
    "A red dog swims in the river.\nThe dog sits under the sun.\nA blue ship.\nThe dog runs away."
)
AND = "A red dog AND sun :0.7\nThe dog AND rain AND a bus\nA blue ship AND the sea\nThe dog runs"
EDITED = "A [red:old:0.5] dog.\nThe [dog|big dog] sits.\nA [blue:green:0.3] ship.\nThe dog runs."
SWAPPED = "A [dog|cat] swims.\nThe [dog|cat] sits.\nA blue ship.\nThe [dog|cat] runs."
LONG = ", ".join(f"blurry thing {n}" for n in range(40))
ONE_BY_ONE = {"override_settings": {"batch_cond_uncond": False}}
OFF = {"mode": "baseline", "grid": False}
SUBJECT = {**OFF, "pixels": "subject"}

CASES = {
    "as it is": (STORY, {}),
    "whole pictures": (STORY, {"pixels": "all"}),
    "batch": (STORY, {"batch_size": 3}),
    "two stories in a batch": (STORY, {"batch_size": 3, "n_iter": 2}),
    "and": (AND, {}),
    "and in a batch": (AND, {"batch_size": 4}),
    "and one by one": (AND, {"batch_size": 2, **ONE_BY_ONE}),
    "one by one": (STORY, {"batch_size": 2, **ONE_BY_ONE}),
    "editing": (EDITED, {"batch_size": 2}),
    "swapping": (SWAPPED, {"batch_size": 2}),
    "long negative": (STORY, {"batch_size": 2, "negative_prompt": LONG}),
    "and, long negative": (AND, {"batch_size": 2, "negative_prompt": LONG}),
    "no guidance": (STORY, {"batch_size": 2, "cfg_scale": 1}),
    "ngms": (STORY, {"batch_size": 2, "s_min_uncond": 9}),
    "skip early": (STORY, {"batch_size": 2, "override_settings": {"skip_early_cond": 0.5}}),
    "hires": (STORY, {"batch_size": 2, **HIRES}),
    "hires prompt": (STORY, {**HIRES, "hr_prompt": "A bus.\nThe bus.\nA ship.\nThe bus runs."}),
    "refiner": (STORY, {"batch_size": 2, "refiner_switch_at": 0.4, "steps": 6}),
    "refiner, hires": (STORY, {**HIRES, "batch_size": 2, "refiner_switch_at": 0.4, "steps": 6}),
    "sd2": (STORY, {"batch_size": 2}),
    "sdxl": (STORY, {"batch_size": 2}),
    "Heun": (STORY, {"sampler_name": "Heun"}),
    "DDIM": (STORY, {"sampler_name": "DDIM"}),
    "DPM++ SDE": (STORY, {"sampler_name": "DPM++ SDE"}),
    "UniPC": (STORY, {"sampler_name": "UniPC"}),
}
ON_A_SLOW_HOST = {"as it is", "batch", "and in a batch", "long negative", "hires", "refiner"}


def drawn(host, story: str, hopping: dict, **request) -> Result:
    return host.txt2img(story, hopping, **{"steps": 4, "cfg_scale": 15, **request})


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in ON_A_SLOW_HOST else pytest.mark.thorough) for n in CASES],
)
def test_frames_see_their_sources_and_others_are_plain(host, name):
    story, request = CASES[name]
    options = {**SUBJECT, "pixels": request.get("pixels", "subject")}
    request = {key: value for key, value in request.items() if key != "pixels"}
    if name.startswith("sd"):
        host.kind.need(name)
        request["override_settings"] = {"sd_model_checkpoint": f"hopping-test-{name}.safetensors"}
    if "refiner_switch_at" in request:
        request["refiner_checkpoint"] = host.kind.other
    off, on = (drawn(host, story, options, **request) for options in (OFF, options))
    assert not on.info["comments"]
    for n, (plain, seeing) in enumerate(zip(off.hashes, on.hashes, strict=True)):
        assert (plain == seeing) == (n % 2 == 0), f"frame {n + 1}"


@pytest.mark.parametrize(
    "then",
    [
        pytest.param({"refiner_switch_at": 0.4, "steps": 2}, id="refiner"),
        pytest.param(
            {**HIRES, "hr_second_pass_steps": 2, "denoising_strength": 0.4}, id="hires pass"
        ),
    ],
)
def test_the_first_call_of_what_goes_on_shares(host, then):
    """One call finds the subjects, at a noise that shares nothing; one more, at half of it, is all
    that follows."""
    if not host.kind.has_schedules:
        pytest.skip("its API takes no such schedule")
    if "refiner_switch_at" in then:
        then = {**then, "refiner_checkpoint": host.kind.other}
    # The slow hosts' smallest pictures lose a subject in the refiner's deeper layers.
    request = {"steps": 1, "batch_size": 2, "scheduler": "SGM Uniform", "width": 64, "height": 64}
    off, on = (drawn(host, STORY, hopping, **request) for hopping in (OFF, SUBJECT))
    assert off.hashes == on.hashes
    off, on = (drawn(host, STORY, hopping, **request | then) for hopping in (OFF, SUBJECT))
    assert not on.info["comments"]
    assert [a == b for a, b in zip(off.hashes, on.hashes, strict=True)] == [True, False] * 2


def test_a_later_frame_changes_no_earlier_one(host):
    longer = drawn(host, f"{STORY}\nThe ship and the dog.", SUBJECT)
    assert longer.hashes[:4] == drawn(host, STORY, SUBJECT).hashes


def test_img2img(host):
    off, on = (host.img2img(STORY, hopping, batch_size=3, steps=6) for hopping in (OFF, SUBJECT))
    assert [a == b for a, b in zip(off.hashes, on.hashes, strict=True)] == [True, False] * 2


def test_infotext_brings_it_back(host):
    result = drawn(host, STORY, SUBJECT)
    assert "Hopping pixels: subject" in result.infotexts[0]
    again = host.txt2img(STORY, infotext=result.infotexts[-1], steps=4, cfg_scale=15)
    assert again.frames == result.frames


def test_an_axis_of_the_plot(host):
    from .test_host_traces import plot

    cells = plot(host, ("[Hopping] Pixels", "off, subject"), prompt=STORY, steps=4, cfg_scale=15)
    assert cells.images[-1].tobytes() != cells.images[-2].tobytes()


def test_off_is_off(host, bare_images):
    drawn(host, STORY, SUBJECT, batch_size=2)
    for name in ("line", "batches", "hires", "syntax"):
        assert PLAIN_REQUESTS[name](host).hashes == bare_images[name], name


@pytest.mark.parametrize(
    ("reason", "request_"),
    [
        ("Token merging", {"override_settings": {"token_merging_ratio": 0.5}}),
        ("Hypertile", {"override_settings": {"hypertile_enable_unet": True}}),
        ("DPM adaptive takes other steps", {"sampler_name": "DPM adaptive"}),
    ],
)
def test_what_cannot_be_shared_is_an_error_with_its_reason(host, bare_images, reason, request_):
    if reason == "Hypertile" and host.kind.name != "a1111":
        pytest.skip("the host has no such setting")
    if "sampler_name" in request_ and host.kind.name == "neo":
        pytest.skip("the host has no such sampler")
    with pytest.raises(ApiError) as error:
        drawn(host, STORY, SUBJECT, **request_)
    assert error.value.status == 422
    assert reason in error.value.answer["detail"]
    assert PLAIN_REQUESTS["line"](host).hashes == bare_images["line"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "optimisation",
    [
        "None",
        "sdp - scaled dot product",
        "sub-quadratic",
        "V1 - original v1",
        "InvokeAI",
        "Doggettx",
    ],
)
def test_every_optimisation_of_attention(host, optimisation):
    if host.kind.name != "a1111":
        pytest.skip("the host chooses its attention when it starts")
    host.settings(cross_attention_optimization=optimisation)
    try:
        off, on = (drawn(host, STORY, hopping, batch_size=2) for hopping in (OFF, SUBJECT))
    finally:
        host.settings(cross_attention_optimization="Automatic")
    assert [a == b for a, b in zip(off.hashes, on.hashes, strict=True)] == [True, False] * 2
    likely = drawn(host, STORY, SUBJECT, batch_size=2)
    for one, other in zip(on.images, likely.images, strict=True):
        levels = np.asarray(one.convert("RGB"), int) - np.asarray(other.convert("RGB"), int)
        assert np.abs(levels).max() <= 2


@pytest.mark.parametrize("how", ["interrupt", "skip"])
def test_a_run_that_is_cut_short(host, bare_images, how):
    got: list[Result] = []
    story = "A dog.\n" + "The dog sits.\n" * 6
    run = threading.Thread(target=lambda: got.append(drawn(host, story, SUBJECT, steps=60)))
    run.start()
    for _ in range(1500):
        state = host.get("/sdapi/v1/progress?skip_current_image=true")["state"]
        if state["job_count"] == 7 and state["sampling_step"] > 2:
            break
        time.sleep(0.02)
    host.post(f"/sdapi/v1/{how}")
    run.join(timeout=300)
    if how == "skip":
        assert len(got[0].frames) == 7
        assert "Frame 1 was skipped, so no later batch sees its pixels." in got[0].info["comments"]
    assert PLAIN_REQUESTS["line"](host).hashes == bare_images["line"]
