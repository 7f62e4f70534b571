"""On a real WebUI: infotext and its way back, the X/Y/Z plot, interrupts, the host's log."""

from __future__ import annotations

import threading
import time

import pytest
from PIL import Image

from .conftest import HIRES, LINES, PLAIN_REQUESTS, STORY
from .host import ApiError, Result, encoded

HIRES_STORY = {**HIRES, "hr_prompt": "A cat: wet.\nA bus.\nA ship."}
STORIES = {
    "commas": "A dog, red, wet: it swims.\nThe dog, dry, sits.",
    "quotes": 'A dog says "wow".\n"Wow", says the dog.',
    "one quoted word": '"dog"',
    "brackets": "A (dog:1.2) [swims], {so} <b>it</b> does.\nThe dog \\(sits\\) & rests.",
    "japanese": "赤い犬が川で泳ぐ。\n犬、座る：静かに。",
    "emoji": "🐕 swims 🌊\n🐕‍🦺 sits, \u2028 tired",
    "backslashes": "a \\n dog \\\\ swims,\nthe dog\\",
    "tags": "A <share:red dog> swims: fast\n<from:1> The dog <lora:hopping-test-lora:0.5> sits",
    "blank lines": "\n# a tale\n  A dog, wet  \n\nThe dog sits <SEP> it sleeps\n",
    "looks like parameters": "Steps: 3, Sampler: x, Seed: 1\nA dog: yes",
}


def pasted(host, result: Result) -> dict:
    """What "PNG Info" reads from the last picture, and sends on."""
    image = f"data:image/png;base64,{result.files[-1]}"
    return host.post("/sdapi/v1/png-info", {"image": image})["parameters"]


@pytest.mark.parametrize("name", STORIES)
def test_infotext_brings_the_whole_story_back(host, name):
    story = STORIES[name]
    options = {"layout": "windows", "reach": 2, "strength": 0.75, "before": 'a "photo": of'}
    result = host.txt2img(story, options, seed=77)
    params = pasted(host, result)
    assert params["Prompt"] == story
    again = host.txt2img(params["Prompt"], infotext=result.infotexts[-1], seed=int(params["Seed"]))
    assert again.frames == result.frames
    assert again.infotexts == result.infotexts


def test_the_apis_own_infotext_brings_everything_back(host):
    result = host.txt2img(STORY, {"reach": "all"}, seed=77)
    if host.kind.name in ("forge", "neo"):
        pytest.skip("the host's API fails on a request with an infotext")
    body = {"infotext": result.infotexts[-1], "sampler_name": "Euler"}
    answer = host.post("/sdapi/v1/txt2img", body)
    assert Result.of(answer).frames == result.frames


@pytest.mark.parametrize(
    "request_", [{"seed": 77}, {"seed": 77, "subseed": 5, "subseed_strength": 0.5}, HIRES_STORY]
)
def test_the_apis_own_infotext_begins_where_the_story_began(host, request_):
    if host.kind.name in ("forge", "neo"):
        pytest.skip("the host's API fails on a request with an infotext")
    result = host.txt2img(STORY, {"same_noise": False}, **request_)
    body = {"infotext": result.infotexts[2], "sampler_name": "Euler"}
    if "enable_hr" in request_:  # it fails on what the infotext leaves out
        body |= {"hr_sampler_name": "Euler", "hr_scheduler": "Automatic", "hr_checkpoint_name": ""}
    again = Result.of(host.post("/sdapi/v1/txt2img", body))
    assert again.infotexts == result.infotexts
    assert again.frames == result.frames


def test_frames_and_grid_are_saved_in_story_order(host):
    def files(folder):
        return {path: path for path in (host.outputs / folder).rglob("*.png")}

    before = {folder: files(folder) for folder in ("txt2img-images", "txt2img-grids")}
    host.txt2img(STORY, {}, save_images=True)
    saved = {name: sorted(files(name).keys() - known.keys()) for name, known in before.items()}
    texts = [Image.open(path).info["parameters"] for path in saved["txt2img-images"]]
    assert [text.split("\n")[0] for text in texts] == LINES
    assert len(saved["txt2img-grids"]) == 1
    assert Image.open(saved["txt2img-grids"][0]).width > 3 * host.size


@pytest.mark.thorough
def test_masks_that_the_host_hands_back_are_no_frames(host):
    white = encoded(Image.new("RGB", (host.size, host.size), "white"))
    override = {"override_settings": {"return_mask": True}}
    # On Forge, with or without hopping, the first run with a mask differs from those that follow.
    host.img2img(STORY, {}, mask=white)
    result = host.img2img(STORY, {}, mask=white, **override)
    plain = host.img2img(STORY, {}, mask=white)
    assert len(result.images) == 7
    assert result.hashes[0] == plain.hashes[0]
    assert result.hashes[1::2] == plain.frames


def test_pasting_finds_the_seed_that_a_counted_run_began_with(host):
    result = host.txt2img(STORY, {"same_noise": False}, seed=77)
    assert "Seed: 79" in result.infotexts[-1]
    assert pasted(host, result)["Seed"] == "77"
    varied = {"subseed": 5, "subseed_strength": 0.5}
    params = pasted(host, host.txt2img(STORY, {"same_noise": False}, seed=77, **varied))
    assert (params["Seed"], params["Variation seed"]) == ("77", "5")


def test_a_baseline_frame_comes_back_as_what_it_is(host):
    result = host.txt2img(STORY, {"compare": True})
    again = host.txt2img(STORY, infotext=result.infotexts[-1])
    assert again.frames == result.frames[3:]


def test_a_picture_that_was_made_alone_opens_its_whole_story(host):
    alone = host.txt2img(STORY, {"frames": "2"})
    again = host.txt2img(STORY, infotext=alone.infotexts[-1])
    assert again.frames == host.txt2img(STORY, {}).frames


def test_a_hires_story_comes_back(host):
    params = pasted(host, host.txt2img(STORY, {}, **HIRES_STORY))
    assert params["Hires prompt"] == HIRES_STORY["hr_prompt"]
    assert pasted(host, host.txt2img(STORY, {}, **HIRES))["Hires prompt"] == ""


def test_infotext_without_hopping_switches_off(host):
    plain = host.txt2img(LINES[0])
    assert "Hopping" not in plain.infotexts[0]
    again = host.txt2img(LINES[0], infotext=plain.infotexts[0])
    assert again.hashes == plain.hashes


def test_every_frame_tells_its_own(host):
    result = host.txt2img(STORY, {"reach": "all"}, batch_size=2, n_iter=2)
    for n, infotext in enumerate(result.infotexts[1:]):
        assert infotext.startswith(LINES[n % 3])
        assert f"Hopping frame: {n % 3 + 1}/3," in infotext
        assert "Hopping: paper," in infotext
        assert "Hopping reach: all," in infotext
        assert "Hopping strength" not in infotext
    assert "Hopping frame" not in result.infotexts[0]


MESSAGE_RED = (178, 34, 34)


def plot(host, x: tuple[str, str], y: tuple[str, str] = ("Nothing", ""), **request) -> Result:
    info = next(s for s in host.get("/sdapi/v1/script-info") if s["name"] == "x/y/z plot")
    types = info["args"][0]["choices"]
    arguments = []
    for label, values in (x, y, ("Nothing", "")):
        arguments += [types.index(label), values, []]
    arguments.append(False)  # draw_legend
    if host.kind.name == "reforge":  # draw_individual_labels, skip_grid, items_per_grid
        arguments += [False, False, info["args"][12]["value"]]
    arguments += [True, False, True, False, False, False]
    # margin_size, before which some have a row_count; then csv_mode
    arguments += [0] * (len(info["args"]) - len(arguments) - 1) + [True]
    prompt = request.pop("prompt", STORY)
    # What no axis says is the page's else, with its default preset.
    hopping = request.pop("hopping", [{"enabled": False, "preset": "Paper"}])
    return host.txt2img(prompt, hopping, script_name="x/y/z plot", script_args=arguments, **request)


class TestPlot:
    def test_modes(self, host):
        cells = plot(host, ("[Hopping] Mode", "off, paper, baseline"))
        assert len(cells.images) == 4
        assert cells.hashes[1] == host.txt2img(STORY).hashes[0]
        assert cells.hashes[2] == host.txt2img(STORY, {}).hashes[0]
        assert cells.hashes[3] == host.txt2img(STORY, {"mode": "baseline"}).hashes[0]
        assert "Hopping" not in cells.infotexts[1]
        assert "Hopping: paper" in cells.infotexts[2]
        assert "Hopping: baseline" in cells.infotexts[3]

    def test_off_behind_a_hopped_cell(self, host):
        cells = plot(host, ("[Hopping] Mode", "paper, off"))
        assert cells.hashes[2] == host.txt2img(STORY).hashes[0]
        assert "Hopping" not in cells.infotexts[2]

    def test_options_beside_each_other(self, host):
        cells = plot(
            host,
            ("[Hopping] Reach", "1, all"),
            ("[Hopping] Layout", "joint, windows"),
            alwayson_scripts={"Hopping sequence": {"args": [{"enabled": True}]}},
        )
        expected = [
            host.txt2img(STORY, {"reach": reach, "layout": layout}).hashes[0]
            for layout in ("joint", "windows")
            for reach in ("1", "all")
        ]
        assert cells.hashes[1:] == expected

    @pytest.mark.thorough
    @pytest.mark.parametrize(
        ("label", "values", "options"),
        [
            ("Strength", "0.5", {"strength": 0.5}),
            ("Carry", "all", {"carry": "all"}),
            ("Share", "subject", {"share": "subject"}),
            ("Start token", "shared", {"start_token": "shared"}),
            ("Anchor", "on", {"anchor": True}),
            ("Preset", "Consistent subject", {"preset": "Consistent subject"}),
        ],
    )
    def test_axis(self, host, label, values, options):
        cells = plot(host, (f"[Hopping] {label}", values))
        assert cells.hashes[1] == host.txt2img(STORY, options).hashes[0]

    @pytest.mark.parametrize("values", ["0-1 [3]", "0-1 (+0.5)"])
    def test_a_range(self, host, values):
        cells = plot(host, ("[Hopping] Strength", values))
        expected = [host.txt2img(STORY, {"strength": n}).hashes[0] for n in (0, 0.5, 1)]
        assert cells.hashes[1:] == expected

    @pytest.mark.parametrize(
        ("label", "value", "reason"),
        [
            ("Reach", "far", "reach cannot be 'far'"),
            ("Strength", "0-2 [3]", "strength cannot be '2'; allowed: a number from 0 to 1"),
            ("Strength", "much", "strength cannot be 'much'; allowed: a number from 0 to 1"),
            ("Mode", "papers", "allowed: off, paper, reference, baseline"),
            ("Preset", "Comic", "allowed: paper, consistent subject"),
        ],
    )
    def test_a_wrong_value_is_an_error(self, host, label, value, reason):
        with pytest.raises(ApiError) as error:
            plot(host, (f"[Hopping] {label}", value))
        assert error.value.status == 422
        assert reason in error.value.answer["detail"]

    @pytest.mark.parametrize(
        ("story", "axis", "bad"),
        [
            # Found in the story, in its layout, at its networks, while its texts are read.
            ("<from:prev> A dog.\nIt sits.", ("[Hopping] Mode", "paper, off"), 0),
            ("dog " * 80 + "\nIt sits.", ("[Hopping] Layout", "windows, joint"), 1),
            ("A dog <lora:a:1>\nIt <lora:a:2> sits.", ("[Hopping] Mode", "off, paper"), 1),
            ("A <share:dog>.\nIt sits.", ("Prompt S/R", "<share:dog>, [<share:dog>:cat:0.5]"), 1),
        ],
    )
    def test_a_cell_that_cannot_be_made_says_why(self, host, bare_images, story, axis, bad):
        cells = plot(host, axis, prompt=story, hopping=[{"enabled": True}])
        told = [
            any(colour == MESSAGE_RED for _, colour in image.convert("RGB").getcolors(1 << 24))
            for image in cells.images[1:]
        ]
        assert [n for n, is_told in enumerate(told) if is_told] == [bad]
        assert PLAIN_REQUESTS["line"](host).hashes == bare_images["line"]


def test_an_interrupted_run_shows_what_was_made(host, bare_images):
    got: list[Result] = []
    story = "\n".join(f"A dog number {n}." for n in range(30))
    run = threading.Thread(target=lambda: got.append(host.txt2img(story, {}, steps=4)))
    run.start()
    for _ in range(6000):
        progress = host.get("/sdapi/v1/progress?skip_current_image=true")
        # Until the run begins, the state is that of the run before it.
        if progress["state"]["job_no"] >= 2 and progress["state"]["job_count"]:
            assert progress["state"]["job_count"] == 30
            break
        time.sleep(0.05)
    host.post("/sdapi/v1/interrupt")
    run.join(timeout=120)
    frames = got[0].frames
    assert 2 <= len(frames) < 30
    assert got[0].info["index_of_first_image"] == 1
    assert PLAIN_REQUESTS["line"](host).hashes == bare_images["line"]


def test_nothing_of_ours_is_in_the_hosts_log(host):
    """Runs last: what the host swallows in a callback it writes down."""
    log = host.read_log()
    assert "Error running" not in log
    assert "Error creating infotext" not in log
    assert "The grid of the story could not be made" not in log
