"""On a real WebUI: what a run gives, and that nothing is left of it."""

from __future__ import annotations

import pytest

from .conftest import HIRES, LINES, PLAIN_REQUESTS, STORY
from .host import ApiError


@pytest.fixture(scope="module")
def plain(host) -> list[str]:
    """Each line of the story alone, without hopping."""
    return [host.txt2img(line).hashes[0] for line in LINES]


@pytest.fixture(scope="module")
def off(host) -> dict[str, list[str]]:
    """Asked in the bare host's order: what its img2img makes depends on what came before."""
    return {name: ask(host).hashes for name, ask in PLAIN_REQUESTS.items()}


@pytest.mark.parametrize("name", PLAIN_REQUESTS)
def test_off_is_the_host_without_the_extension(off, bare_images, name):
    assert off[name] == bare_images[name]


def test_off_is_untouched_after_a_run_and_after_an_error(host, bare_images):
    host.txt2img(STORY, {}, **HIRES)
    with pytest.raises(ApiError):
        host.txt2img(" ".join(["dog"] * 90) + "\nb", {"layout": "joint"})
    for name, ask in PLAIN_REQUESTS.items():
        assert ask(host).hashes == bare_images[name]


def test_without_a_negative_pass(host):
    """At CFG 1, where Forge and its kin leave the negative prompt out."""
    story = host.txt2img(STORY, {}, cfg_scale=1)
    alone = [host.txt2img(line, cfg_scale=1).hashes[0] for line in LINES]
    assert story.frames[0] == alone[0]
    assert story.frames[1] != alone[1]


def test_first_frame_is_plain_and_the_others_hop(host, plain):
    frames = host.txt2img(STORY, {}).frames
    assert frames[0] == plain[0]
    assert frames[1] != plain[1]
    assert frames[2] != plain[2]


@pytest.mark.parametrize("layout", ["joint", "windows"])
@pytest.mark.parametrize("options", [{"strength": 0}, {"reach": 0}, {"mode": "baseline"}])
def test_nothing_seen_is_plain(host, plain, options, layout):
    assert host.txt2img(STORY, {"layout": layout, **options}).frames == plain


@pytest.mark.thorough
def test_one_line_is_plain(host, plain):
    assert host.txt2img(LINES[0], {}).frames == plain[:1]


def test_the_cond_cache_serves_neither_side(host, plain):
    hopped = host.txt2img(STORY, {}).frames
    assert host.txt2img(LINES[1]).hashes == plain[1:2]
    assert host.txt2img(STORY, {}).frames == hopped
    assert host.txt2img(LINES[1]).hashes == plain[1:2]


@pytest.mark.parametrize("layout", ["joint", "windows"])
def test_a_later_frame_changes_no_earlier_one(host, layout):
    whole = host.txt2img(STORY, {"layout": layout}).frames
    shorter = host.txt2img("\n".join(LINES[:2]), {"layout": layout}).frames
    other = host.txt2img("\n".join([*LINES[:2], "A ship."]), {"layout": layout}).frames
    assert whole[:2] == shorter
    assert whole[:2] == other[:2]
    assert whole[2] != other[2]


def test_a_frame_sees_the_one_before_it(host):
    third = host.txt2img(STORY, {}).frames[2]
    second_changed = host.txt2img("\n".join([LINES[0], "A ship.", LINES[2]]), {}).frames[2]
    assert third != second_changed


@pytest.mark.thorough
def test_equal_lines_are_not_mistaken_for_each_other(host):
    frames = host.txt2img("\n".join([LINES[0], LINES[1], LINES[1]]), {"layout": "windows"}).frames
    assert len(set(frames)) == 3


@pytest.mark.parametrize("batch_size", [1, 2, 3, 4])
def test_any_batch_size(host, batch_size):
    result = host.txt2img(STORY, {}, batch_size=batch_size)
    assert len(result.frames) == 3
    assert len(set(result.frames)) == 3
    assert [infotext.split("\n")[0] for infotext in result.infotexts[1:]] == LINES


def test_batch_count_is_whole_stories_with_the_next_seed(host):
    both = host.txt2img(STORY, {}, n_iter=2)
    assert both.frames[:3] == host.txt2img(STORY, {}).frames
    assert both.frames[3:] == host.txt2img(STORY, {}, seed=6).frames
    assert both.info["all_seeds"] == [5, 5, 5, 6, 6, 6]


def test_without_same_noise_the_seed_counts_frames(host):
    result = host.txt2img(STORY, {"same_noise": False}, n_iter=2)
    assert result.info["all_seeds"] == [5, 6, 7, 8, 9, 10]
    assert result.frames[0] == host.txt2img(LINES[0]).hashes[0]


@pytest.mark.thorough
def test_variation_seed_counts_as_the_host_counts(host):
    request = {"subseed": 70, "subseed_strength": 0.4}
    result = host.txt2img(STORY, {"same_noise": False}, **request)
    assert result.info["all_seeds"] == [5, 5, 5]
    assert result.info["all_subseeds"] == [70, 71, 72]
    stories = host.txt2img(STORY, {}, n_iter=2, **request)
    assert stories.info["all_subseeds"] == [70, 70, 70, 71, 71, 71]
    assert stories.frames[0] == host.txt2img(LINES[0], **request).hashes[0]


def test_compare_adds_the_plain_frames(host, plain):
    result = host.txt2img(STORY, {"compare": True})
    assert result.frames == [*host.txt2img(STORY, {}).frames, *plain]
    assert "Hopping: baseline" in result.infotexts[4]
    assert "Hopping: paper" in result.infotexts[3]


def test_the_grid_is_first(host):
    result = host.txt2img(STORY, {"captions": False})
    assert result.info["index_of_first_image"] == 1
    assert result.images[0].width > 3 * host.size
    assert host.txt2img(STORY, {}).images[0].height > result.images[0].height
    assert host.txt2img(STORY, {"grid": False}).info["index_of_first_image"] == 0


def test_the_mask_picture_is_last(host):
    result = host.txt2img(STORY, {"save_mask": True})
    assert len(result.images) == 5
    assert result.images[-1].size[0] > 300


def test_img2img(host):
    result = host.img2img(STORY, {}, batch_size=2)
    assert len(result.frames) == 3
    assert host.img2img(STORY, {}).frames[0] == host.img2img(LINES[0]).hashes[0]
    assert host.img2img(STORY, {}).frames[1] != host.img2img(LINES[1]).hashes[0]


@pytest.mark.thorough
def test_positional_arguments(host):
    # What is not given is the page's, with its default preset.
    named = host.txt2img(STORY, {"preset": "Consistent subject", "reach": "all"}).frames
    assert host.txt2img(STORY, [True, None, "paper", "all"]).frames == named


@pytest.mark.parametrize("enabled", [True, False])
def test_a_number_beyond_all_bounds(host, enabled):
    result = host.txt2img(STORY, [{"enabled": enabled, "reach": 10**20}])
    # The grid's rows name their options as they were given.
    assert result.frames == host.txt2img(STORY, {"reach": "all"} if enabled else None).frames


@pytest.mark.thorough
def test_presets(host):
    subject = {"layout": "windows", "carry": "all", "anchor": True, "share": "subject"}
    spelt = host.txt2img(STORY, subject).frames
    assert host.txt2img(STORY, {"preset": "Consistent subject"}).frames == spelt
    assert host.txt2img(STORY, [True, "Consistent subject"]).frames == spelt
    over = host.txt2img(STORY, {"preset": "Consistent subject", "share": "all"}).frames
    assert over == host.txt2img(STORY, {**subject, "share": "all"}).frames


@pytest.mark.parametrize(
    ("prompt", "options", "reason"),
    [
        ("", {}, "the story has no frame"),
        ("a\n<from:2> b", {}, "line 2, column 1: frame 2 links to itself"),
        ("a\n<picture:dog.png> b", {}, "line 2, column 1: frame 2: a picture of your own"),
        ("a\nb", {"mod": "paper"}, "unknown option 'mod'"),
        ("a\nb", {"mode": "papers"}, "mode cannot be 'papers'"),
        ("a\nb", {"carry": "all", "layout": "joint"}, "contradicts layout=joint"),
        ("a\nb", {"preset": "Comic"}, "unknown preset 'Comic'"),
        (" ".join(["dog"] * 90) + "\nb", {"layout": "joint"}, "use layout=windows"),
        ("a BREAK b\nc", {"layout": "joint"}, "frame 1: it is encoded in several windows"),
        ("a\n<lora:none:1> b\n<lora:none:0.5> c", {}, "one weight in frame 2 and another"),
        ("A [<share:red>:blue:0.5] dog\nb", {}, "cuts through emphasis, prompt editing"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_its_reason(host, prompt, options, reason):
    with pytest.raises(ApiError) as error:
        host.txt2img(prompt, options)
    assert error.value.status == 422
    assert reason in error.value.answer["detail"]


def test_the_old_emphasis_implementation_is_refused(host):
    if host.kind.name in ("forge", "neo", "forge-classic"):
        pytest.skip("the host has no other emphasis implementation")
    with pytest.raises(ApiError) as error:
        host.txt2img(STORY, {}, override_settings={"use_old_emphasis_implementation": True})
    assert "old emphasis implementation" in error.value.answer["detail"]
