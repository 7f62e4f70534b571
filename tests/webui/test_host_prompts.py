"""On a real WebUI: the host's prompt syntax, its settings and its checkpoints, hopped."""

from __future__ import annotations

import itertools

import pytest
from PIL import Image, ImageChops

from .conftest import HIRES
from .host import ApiError

FIRST = "A red dog is swimming in the river."
BARELY = {"strength": 1e-6}
SYNTAX = {
    "plain": "The dog sits under the sun.",
    "emphasis": "The (dog:1.4) [sits] under ((the)) sun.",
    "editing": "A [cat:dog:0.5] sits under the sun.",
    "alternating": "A [cat|dog] sits under the sun.",
    "emphasis at the ends": "(The dog:1.3) sits under (the sun:0.8)",
    "and": "The dog sits AND the sun (shines:1.2) :0.7",
    "break": "The dog sits BREAK under the sun.",
    "long": "The dog sits " + " ".join(f"under sun {n}" for n in range(30)),
    "inversion": "The zebracorn sits under the sun.",
    "editing to long": "A [dog:" + "big brown dog " * 30 + ":0.5] sits.",
}
SETTINGS = {
    "as they are": {},
    "clip skip": {"CLIP_stop_at_last_layers": 2},
    "emphasis no norm": {"emphasis": "No norm"},
    "emphasis ignored": {"emphasis": "Ignore"},
    "no emphasis": {"emphasis": "None"},
    "sd2": {"sd_model_checkpoint": "hopping-test-sd2.safetensors"},
    "sdxl": {"sd_model_checkpoint": "hopping-test-sdxl.safetensors"},
    "sdxl clip skip": {
        "sd_model_checkpoint": "hopping-test-sdxl.safetensors",
        "sdxl_clip_l_skip": True,
        "CLIP_stop_at_last_layers": 2,
    },
}
# On a slow host these tell nothing that the others do not.
THOROUGH = {
    *itertools.product(("and", "editing"), ("sd2", "sdxl")),
    ("long", "sd2"),
    ("emphasis", "emphasis ignored"),
    ("emphasis at the ends", "as they are"),
}


def distance(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of two pictures, in grey levels."""
    extrema = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getextrema()
    return max(most for _, most in extrema)


def cases():
    every = [(name, "as they are") for name in SYNTAX]
    checkpoints = itertools.product(("emphasis", "long", "and", "editing"), ("sd2", "sdxl"))
    settings = [("emphasis", name) for name in SETTINGS if name not in ("sd2", "sdxl")]
    # In groups of one checkpoint, so that each is loaded once.
    wanted = {*every, *checkpoints, *settings, ("inversion", "clip skip")}
    return [
        pytest.param(*case, marks=pytest.mark.thorough if case in THOROUGH else ())
        for case in sorted(wanted, key=lambda case: (case[1], case[0]))
    ]


@pytest.mark.parametrize(("syntax", "settings"), cases())
def test_syntax(host, syntax, settings):
    """With hardly any strength the way through hopping gives what the host gives; with all of it
    the frame hops."""
    if settings.startswith("sd"):
        host.kind.need(settings.split()[0])
    if settings == "sdxl clip skip" and host.kind.name in ("forge-classic", "neo"):
        pytest.skip("the host has no such setting")
    text, override = SYNTAX[syntax], {"override_settings": SETTINGS[settings]}
    plain = host.txt2img(text, **override)
    barely = host.txt2img(f"{FIRST}\n{text}", {**BARELY, "grid": False}, **override)
    hopped = host.txt2img(f"{FIRST}\n{text}", {"grid": False}, **override)
    assert barely.frames[0] == hopped.frames[0] == host.txt2img(FIRST, **override).frames[0]
    assert distance(barely.images[1], plain.images[0]) <= 1
    assert hopped.frames[1] != plain.frames[0]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A cat swims.", "A [cat:dog:0.5] swims."),
        ("A [cat:dog:0.5] swims.", "A [cat|dog] swims."),
        ("A cat swims.", "A cat swims AND a bus"),
        ("A cat swims.", "A zebracorn swims."),
        ("A cat swims.", "A cat BREAK swims."),
        ("A cat swims.", "<share:A cat> swims."),
        ("<share:A cat> swims.", "A cat <share:swims>."),
        ("<share:A (cat:1.3)> swims.", "A (cat:1.3) <share:swims>."),
        ("<share:A cat> swims.", "<share:A zebracorn> swims."),
    ],
)
@pytest.mark.parametrize("checkpoint", ["sd1", "sdxl"])
def test_the_context_is_what_the_earlier_frame_says(host, one, other, checkpoint):
    host.kind.need(checkpoint)
    if checkpoint == "sdxl":  # which has inversions of its own
        one, other = (text.replace("zebracorn", "zebraxl") for text in (one, other))
    override = {
        "override_settings": {"sd_model_checkpoint": f"hopping-test-{checkpoint}.safetensors"}
    }
    # The host takes the edited text one step later than it says: two steps would not show it.
    frames = [
        host.txt2img(f"{first}\nThe cat sits.", {"layout": "windows"}, steps=4, **override).frames[
            1
        ]
        for first in (one, other)
    ]
    assert frames[0] != frames[1]


def test_an_inversion_of_two_text_encoders(host):
    host.kind.need("sdxl")
    override = {"override_settings": SETTINGS["sdxl"]}
    text = "The zebraxl sits (under:1.2) the sun."
    plain = host.txt2img(text, **override)
    assert plain.frames != host.txt2img(text.replace("zebraxl", "zebraxm"), **override).frames
    barely = host.txt2img(f"{FIRST}\n{text}", {**BARELY, "grid": False}, **override)
    assert distance(barely.images[1], plain.images[0]) <= 1
    hopped = [
        host.txt2img(f"A {word} swims.\n{text}", {}, **override).frames
        for word in ("zebraxl", "zebraxm")
    ]
    assert hopped[0][1] != hopped[1][1] != plain.frames[0]


@pytest.mark.parametrize(
    "story", ["A red dog runs.\nA blue cat sits.", "赤い犬が走る。\n青い猫が座る。"]
)
def test_frames_that_are_shown_nothing_are_plain_and_it_says_so(host, story):
    result = host.txt2img(story, {"preset": "Consistent subject", "compare": True})
    assert result.frames[:2] == result.frames[2:]
    assert "Frame 2: frame 1 shows it nothing" in result.info["comments"]
    assert host.txt2img(story, {"grid": False}).info["comments"] == ""  # no note on fonts
    assert "comments" not in host.txt2img(story).info


def test_a_description_is_seen_by_those_who_name_it(host):
    told = {"preset": "Consistent subject", "cast": "seen", "grid": False}
    red, blue = (
        host.txt2img(f"<cast:Mia: a girl in a {colour} coat>\nA cat sleeps.\nMia runs.", told)
        for colour in ("red", "blue")
    )
    assert red.frames[0] == blue.frames[0]
    assert red.frames[1] != blue.frames[1]
    assert "Hopping cast: seen" in red.infotexts[1]
    assert "is seen as" in red.info["comments"]


def test_a_part_of_a_story_is_made_as_in_the_whole(host):
    story = f"{FIRST}\n<seed:5> The dog sits.\nThe dog sleeps."
    whole = host.txt2img(story, {"grid": False})
    part = host.txt2img(story, {"grid": False, "frames": "2-3"})
    assert part.frames == whole.frames[1:]
    alone = host.txt2img("The dog sits.", {"grid": False}, seed=5)
    barely = host.txt2img(story, {**BARELY, "grid": False, "frames": "2"})
    assert distance(barely.images[0], alone.images[0]) <= 1


def test_share_subject_sees_the_subject_alone(host):
    options = {"layout": "windows", "share": "subject"}
    first = host.txt2img("A red dog swims in a river.\nThe dog sits.", options).frames[1]
    marked = host.txt2img("<share:A red dog> swims in a river.\nThe dog sits.", options).frames[1]
    assert first == marked
    styled = host.txt2img(
        "A red dog swims in a river.\nThe dog sits.", options, styles=["hopping-test"]
    )
    assert styled.infotexts[1].startswith("A red dog swims in a river., oil painting")


def test_styles_belong_to_every_frame(host):
    styled = host.txt2img(f"{FIRST}\nThe dog sits.", {}, styles=["hopping-test"])
    spelt = host.txt2img(
        f"{FIRST}, oil painting\nThe dog sits., oil painting", {}, negative_prompt="blurry, ugly"
    )
    assert styled.frames == spelt.frames
    after = host.txt2img(
        f"{FIRST}\nThe dog sits.", {"after": ", oil painting"}, negative_prompt="blurry, ugly"
    )
    assert after.frames == spelt.frames


@pytest.mark.thorough
def test_marks_within_styles(host):
    marked = f"<share:{FIRST}>\nThe dog sits."
    frames = host.txt2img(marked, {"layout": "windows"}, styles=["hopping-test"]).frames
    unmarked = host.txt2img(
        f"{FIRST}\nThe dog sits.", {"layout": "windows"}, styles=["hopping-test"]
    ).frames
    assert frames[0] == unmarked[0]
    assert frames[1] != unmarked[1]


def test_networks_of_every_line_serve_all_frames(host):
    tag = "<lora:hopping-test-lora:1>"
    story = host.txt2img(f"{FIRST}\nThe dog {tag} sits.", {})
    assert story.frames[0] == host.txt2img(f"{FIRST} {tag}").frames[0]
    assert story.frames[0] != host.txt2img(FIRST).frames[0]
    behind = host.txt2img(f"{FIRST}\nThe dog sits. {tag}", {})
    assert behind.frames[0] == story.frames[0]
    both = host.txt2img(f"{FIRST}{tag}\nThe dog {tag} sits.", {}, batch_size=2)
    assert both.frames[1] != host.txt2img(f"{FIRST}\nThe dog sits.", {}, batch_size=2).frames[1]


def test_comments_are_no_text(host):
    story = host.txt2img(f"# told by a fire\n{FIRST} # or a lake\nThe dog sits.", {})
    assert story.frames == host.txt2img(f"{FIRST}\nThe dog sits.", {}).frames


class TestHires:
    def test_each_frame_has_its_own_text_in_the_second_pass(self, host):
        story = host.txt2img(f"{FIRST}\nThe dog sits.", {}, **HIRES)
        assert story.frames[0] == host.txt2img(FIRST, **HIRES).frames[0]
        assert story.frames[1] != host.txt2img("The dog sits.", **HIRES).frames[0]
        alone = host.txt2img(f"{FIRST}\nThe dog sits.", {"mode": "baseline"}, **HIRES)
        assert alone.frames[1] == host.txt2img("The dog sits.", **HIRES).frames[0]

    @pytest.mark.thorough
    @pytest.mark.parametrize("upscaler", ["Latent", "Lanczos"])
    def test_a_last_batch_that_is_smaller(self, host, upscaler):
        hires = {**HIRES, "hr_upscaler": upscaler}
        story = host.txt2img(f"{FIRST}\nThe dog sits.\nIt runs.", {}, batch_size=2, **hires)
        assert len(story.frames) == 3
        assert {image.size for image in story.images[1:]} == {(2 * host.size, 2 * host.size)}

    def test_a_hires_prompt_is_a_story_too(self, host):
        hires = {**HIRES, "hr_prompt": "A cat.\nA bus."}
        story = host.txt2img(f"{FIRST}\nThe dog sits.", {}, batch_size=1, **hires)
        assert story.frames[0] == host.txt2img(FIRST, **{**HIRES, "hr_prompt": "A cat."}).frames[0]
        assert "Hires prompt: A bus." in story.infotexts[2]
        other = {**HIRES, "hr_prompt": "A ship.\nA bus."}
        changed = host.txt2img(f"{FIRST}\nThe dog sits.", {}, batch_size=1, **other)
        assert changed.frames[1] != story.frames[1]

    def test_one_line_serves_all(self, host):
        hires = {**HIRES, "hr_prompt": "A cat."}
        story = host.txt2img(f"{FIRST}\nThe dog sits.", {}, **hires)
        assert story.frames[0] == host.txt2img(FIRST, **hires).frames[0]
        assert "Hires prompt: A cat." in story.infotexts[2]

    def test_another_number_of_frames_is_an_error(self, host):
        with pytest.raises(ApiError, match="the hires prompt has 3 frames, the story 2"):
            host.txt2img(f"{FIRST}\nThe dog sits.", {}, **{**HIRES, "hr_prompt": "a\nb\nc"})

    def test_another_checkpoint(self, host):
        hires = {**HIRES, "hr_checkpoint_name": host.kind.other}
        story = host.txt2img(f"{FIRST}\nThe dog sits.", {}, **hires)
        assert story.frames[0] == host.txt2img(FIRST, **hires).frames[0]
        assert story.frames[1] != host.txt2img("The dog sits.", **hires).frames[0]


@pytest.mark.thorough
def test_the_refiner_hops_too(host):
    other = host.kind.other
    refined = {"refiner_checkpoint": other, "refiner_switch_at": 0.5, "steps": 4}
    story = host.txt2img(f"{FIRST}\nThe dog sits.", {}, **refined)
    assert story.frames[0] == host.txt2img(FIRST, **refined).frames[0]
    assert story.frames[1] != host.txt2img("The dog sits.", **refined).frames[0]
