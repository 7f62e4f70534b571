"""Pixels in the host's sampler, with the U-Net of its own library, called as it calls it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from hopping import HoppingError
from hopping.pixels import PixelLink, PixelSource
from hopping.pixels.graph import Phrase
from hopping.webui import hosts
from hopping.webui.hosts.a1111 import A1111
from hopping.webui.jobs import PictureJob
from hopping.webui.pixels import RunPixels, StoryPixels
from hopping.webui.unet_layers import find_layers
from tests.encoders import hook_count

from .sampled_unet import (
    SIZE,
    TEXT_WIDTH,
    TIMESTEPS,
    WINDOW,
    Sampled,
    made,
    plain,
    sd1_unet,
    story_pixels,
)
from .stand_ins import MODULES


@pytest.fixture
def unet(monkeypatch):
    """That of the loaded checkpoint, on A1111."""
    made, loaded = sd1_unet(), SimpleNamespace()
    loaded.model = SimpleNamespace(diffusion_model=made)
    loaded.sd_checkpoint_info = SimpleNamespace(filename="one")
    monkeypatch.setattr(MODULES["modules.shared"], "sd_model", loaded)
    monkeypatch.setattr(MODULES["modules.shared"].state, "skipped", False)
    monkeypatch.setattr(hosts, "find_host", A1111)
    return made


def test_levels_are_those_of_the_pixels(unet):
    found = []
    sharing, mapping = find_layers(unet)
    for layer in (*sharing, *mapping):
        layer.module.register_forward_pre_hook(
            lambda _, args, level=layer.level: found.append((args[0].shape[1], level))
        )
    Sampled((1,)).sample(unet, [1])
    assert found
    assert all(n == (SIZE[0] // 2**level) * (SIZE[1] // 2**level) for n, level in found)


PARTS = {"one prompt": (1, 1, 1, 1), "sub-prompts": (2, 3, 1, 2)}


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("batches", [[[1, 2, 3, 4]], [[1, 2], [3, 4]], [[1], [2], [3], [4]]])
def test_viewers_see_and_all_others_are_plain_bit_for_bit(unet, parts, at_once, batches):
    off = plain(unet, parts, batches, at_once=at_once)
    on = made(unet, parts, batches, at_once=at_once)
    assert [torch.equal(off[n], on[n]) for n in (1, 2, 3, 4)] == [True, False] * 2
    assert min(float((off[n] - on[n]).abs().max()) for n in (2, 4)) > 0.02


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_neither_batches_nor_calls_make_a_difference(unet, parts):
    likely = made(unet, parts, [[1, 2, 3, 4]])
    for batches in ([[1, 2, 3, 4]], [[1, 2, 3], [4]], [[1], [2], [3], [4]]):
        for at_once in (True, False):
            found = made(unet, parts, batches, at_once=at_once)
            for frame, latents in likely.items():
                torch.testing.assert_close(found[frame], latents, atol=1e-4, rtol=1e-3)


def test_a_subject_is_shown_by_the_sub_prompt_that_names_it(unet):
    parts = PARTS["sub-prompts"]
    first, second = (made(unet, parts, [[1, 2]], pixels=story_pixels(parts, n)) for n in (0, 1))
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[2], second[2])


def test_another_text_at_a_step_is_another_graph(unet):
    """Where only the first steps' texts name anybody, the last steps' are plain."""
    seen = story_pixels((1, 1))
    alone = ((), ())
    never, early, always = (
        made(unet, (1, 1), [[1], [2]], pixels=StoryPixels(steps, graphs, seen.places))[2]
        for steps, graphs in (
            ((9,), (alone,)),
            ((2, 9), (seen.graphs[0], alone)),
            ((9,), seen.graphs),
        )
    )
    assert not torch.equal(never, early)
    assert not torch.equal(early, always)


def test_nothing_is_left_after_an_interrupt_or_an_error(unet):
    p = Sampled((1, 1))
    run = RunPixels(p, range(1, 1 + len(p.parts)))
    for step in range(len(TIMESTEPS)):
        run.tell(0, False, story_pixels((1, 1)))
        with (
            pytest.raises(KeyboardInterrupt),
            run.batch([PictureJob(0, 1), PictureJob(0, 2)]),
        ):
            p.sample(unet, [1, 2], fail_at=step)
        assert hook_count(unet) == 0
    assert not any("forward" in vars(module) for module in unet.modules())


def test_a_skipped_frame_is_seen_by_no_later_batch(unet, monkeypatch):
    p = Sampled((1, 1, 1, 1))
    run = RunPixels(p, range(1, 1 + len(p.parts)))
    found = {}
    for frame in (1, 2, 3, 4):
        run.tell(0, False, story_pixels(p.parts))
        with torch.no_grad(), run.batch([PictureJob(0, frame)]):
            if frame > 1:
                found |= p.sample(unet, [frame])
            else:
                monkeypatch.setattr(MODULES["modules.shared"].state, "skipped", True)
        monkeypatch.setattr(MODULES["modules.shared"].state, "skipped", False)
    off = plain(unet, p.parts, [[1], [2], [3], [4]])
    assert all(torch.equal(latents, off[frame]) for frame, latents in found.items())
    assert p.notes == ["Frame 1 was skipped, so no later batch sees its pixels."]


def test_another_checkpoint_in_the_middle_is_hooked_in_its_place(unet):
    other, p = sd1_unet(), Sampled((1, 1))
    run, loaded = RunPixels(p, range(1, 1 + len(p.parts))), MODULES["modules.shared"].sd_model
    run.tell(0, False, story_pixels((1, 1)))
    with run.batch([PictureJob(0, 1), PictureJob(0, 2)]):
        before = hook_count(unet)
        loaded.model.diffusion_model = other
        loaded.sd_checkpoint_info.filename = "other"
        run.follow()
        assert (hook_count(unet), hook_count(other)) == (0, before)
        run.hires()  # its conditionings are still to come
        assert hook_count(other) == 0
        run.tell(0, True, story_pixels((1, 1)))
        run.follow()
        assert hook_count(other) == before
    assert hook_count(other) == 0


def one_call_by_another_checkpoint(unet, told_before: bool, **cut):
    """What frame 2 is in the one call of a refiner, or of a hires pass that is cut."""
    other, p = sd1_unet(), Sampled((1, 1))
    vars(p).update(cut)
    run, loaded = RunPixels(p, range(1, 1 + len(p.parts))), MODULES["modules.shared"].sd_model
    run.tell(0, False, story_pixels((1, 1)))
    with torch.no_grad(), run.batch([PictureJob(0, 1), PictureJob(0, 2)]):
        if told_before:
            p.sample(unet, [1, 2])
        loaded.model.diffusion_model = other
        loaded.sd_checkpoint_info.filename = "other"
        if cut:
            run.hires()
            run.tell(0, True, story_pixels((1, 1)))
        run.follow()
        x = torch.randn(1, 4, *SIZE, generator=torch.Generator().manual_seed(2)).repeat(4, 1, 1, 1)
        told = torch.randn(4, WINDOW, TEXT_WIDTH, generator=torch.Generator().manual_seed(3))
        batch = [[None], [None]]
        p.sampler = SimpleNamespace(
            model_wrap_cfg=SimpleNamespace(step=0),
            sampler_extra_args={"cond": SimpleNamespace(batch=batch)},
        )
        drawn = other(x, torch.full((4,), 300.0), context=told)
    loaded.model.diffusion_model, loaded.sd_checkpoint_info.filename = unet, "one"
    return drawn


def test_its_first_call_shares_where_the_one_before_found_the_subjects(unet):
    alone, after = (one_call_by_another_checkpoint(unet, told) for told in (False, True))
    assert [torch.equal(a, b) for a, b in zip(alone, after, strict=True)] == [True, False] + 2 * [
        True
    ]


def test_a_hires_pass_of_a_cut_picture_finds_them_anew(unet):
    whole, cut = (
        one_call_by_another_checkpoint(unet, True, truncate_x=x, truncate_y=0) for x in (0, 2)
    )
    alone = one_call_by_another_checkpoint(unet, False)
    assert torch.equal(cut, alone)
    assert not torch.equal(whole, alone)


def test_what_later_batches_see_is_told_before_it_is_kept(unet, capsys):
    p = Sampled((1, 1, 1, 1))
    p.batch_size = 2
    run = RunPixels(p, range(1, 1 + len(p.parts)))
    run.tell(0, False, story_pixels(p.parts))
    for frames in ([1, 2], [3, 4]):
        with run.batch([PictureJob(0, frame) for frame in frames]):
            told = capsys.readouterr().out
            assert ("pixels that later frames see take" in told) == (frames == [1, 2])
    p.batch_size, run = 4, RunPixels(p, range(1, 1 + len(p.parts)))
    run.tell(0, False, story_pixels(p.parts))
    with run.batch([PictureJob(0, frame) for frame in (1, 2, 3, 4)]):
        assert not capsys.readouterr().out


def test_stories_in_one_batch_do_not_see_each_other(unet):
    p = Sampled((1, 1, 1, 1))
    run = RunPixels(p, range(1, 1 + len(p.parts)))
    own = StoryPixels((9,), (story_pixels((1, 1)).graphs[0],), story_pixels((1, 1)).places)
    for story in (0, 1):
        run.tell(story, False, own)
    jobs = [PictureJob(0, 2), PictureJob(1, 1), PictureJob(1, 2), PictureJob(0, 2, plain=True)]
    off = plain(unet, (1, 1, 1, 1), [[1], [2, 3, 4, 1]])
    with torch.no_grad():
        with run.batch([PictureJob(0, 1)]):
            p.sample(unet, [1])
        with run.batch(jobs):
            found = p.sample(unet, [2, 3, 4, 1])
    assert [torch.equal(found[n], off[n]) for n in (2, 3, 4, 1)] == [False, True, False, True]


def test_frames_that_nobody_wanted_sees_are_not_needed(unet):
    """Frame 5 sees 4, which sees 1; 2 sees 1 too, and 3 nobody."""
    seen = story_pixels((1, 1, 1, 1, 1)).graphs[0][1]
    fourth = (PixelLink(PixelSource(4, Phrase("dog", (2, 3))), Phrase("it", (1,))),)
    graph = ((), seen, (), seen, fourth)
    pixels = StoryPixels((9,), (graph,), story_pixels((1, 1, 1, 1, 1)).places)
    run = RunPixels(Sampled((1, 1, 1, 1, 1)), [5])
    run.tell(0, False, pixels)
    assert [run.needs(PictureJob(0, n)) for n in range(1, 6)] == [True, False, False, True, True]


def test_a_frame_made_alone_is_as_in_the_whole_story(unet):
    whole = made(unet, (1, 1, 1, 1), [[1], [2], [3], [4]])
    p = Sampled((1, 1, 1, 1))
    run = RunPixels(p, [4])
    for frame in (1, 4):
        run.tell(0, False, story_pixels(p.parts))
        with torch.no_grad(), run.batch([PictureJob(0, frame)]):
            assert torch.equal(p.sample(unet, [frame])[frame], whole[frame])


class Replacing:
    """What another extension puts into Forge's U-Net."""

    def __call__(self, *values):
        return values


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"patches_replace": {"attn1": {("middle", 0): Replacing()}}}, "its own self-attention"),
        ({"patches": {"attn1_patch": [Replacing()]}}, "its own self-attention"),
        ({"patches_replace": {"attn2": {("input", 4): Replacing()}}}, "its own cross-attention"),
    ],
)
def test_attention_that_an_extension_replaces(unet, options, told):
    p = Sampled((1, 1))
    run = RunPixels(p, range(1, 1 + len(p.parts)))
    run.tell(0, False, story_pixels((1, 1)))
    with (
        pytest.raises(HoppingError, match=rf"test_pixels\) puts {told}"),
        run.batch([PictureJob(0, 1), PictureJob(0, 2)]),
    ):
        p.sample(lambda *args, **kwargs: unet(*args, **kwargs, transformer_options=options), [1, 2])
    assert hook_count(unet) == 0


def control_net(**unit):
    title = SimpleNamespace(title=lambda: "ControlNet", args_from=0, args_to=1)
    return SimpleNamespace(alwayson_scripts=[title]), ({"enabled": True, **unit},)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: setattr(p, "sampler_name", "DPM adaptive"), "takes other steps"),
        (lambda p: setattr(p, "get_token_merging_ratio", lambda for_hr: 0.5), "Token merging"),
        (
            lambda p: vars(p).update(
                zip(("scripts", "script_args"), control_net(module="reference_only"), strict=True)
            ),
            "ControlNet's reference",
        ),
        (lambda _: setattr(MODULES["modules.sd_unet"], "current_unet", Replacing()), "TensorRT"),
        (
            lambda _: MODULES["modules.shared"].opts.data.update(hypertile_enable_unet=True),
            "Hypertile",
        ),
    ],
)
def test_what_is_known_before_is_refused_before(unet, opts, monkeypatch, change, told):
    monkeypatch.setattr(MODULES["modules.sd_unet"], "current_unet", None)
    p = Sampled((1, 1))
    change(p)
    run = RunPixels(p, range(1, 1 + len(p.parts)))
    run.tell(0, False, story_pixels((1, 1)))
    with (
        pytest.raises(HoppingError, match=told),
        run.batch([PictureJob(0, 1), PictureJob(0, 2)]),
    ):
        raise AssertionError("it began")
    assert hook_count(unet) == 0


def test_half_precision_as_the_host_has_it(unet):
    with torch.autocast("cpu", torch.bfloat16):
        off = plain(unet, (1, 1, 1, 1), [[1, 2], [3, 4]])
        on = made(unet, (1, 1, 1, 1), [[1, 2], [3, 4]])
    assert [torch.equal(off[n], on[n]) for n in (1, 2, 3, 4)] == [True, False] * 2
    assert all(latents.isfinite().all() for latents in on.values())
