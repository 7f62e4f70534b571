"""Frames see each other's pixels: what must hold on any U-Net, held against dense computations."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hopping import HoppingError
from hopping.pixels import Bank, Phrase, unet_layers
from hopping.pixels.bank import bank_bytes
from tests.encoders import hook_count
from tests.pixels.six_frames import (
    EVERY,
    GRAPH,
    assert_close,
    call,
    link,
    run,
    same,
    sharing,
)
from tests.pixels.unets import SIZE, sample, sd1_unet, texts


def test_frames_that_see_are_changed_and_no_other(unet):
    plain = sample(unet, texts(6), [EVERY])
    shared = run(unet, [EVERY])
    assert same(plain, shared) == [True, True, False, False, False, False]
    assert all(latents.isfinite().all() for latents in shared.values())


def test_off_is_untouched(unet):
    plain = sample(unet, texts(6), [EVERY])
    assert all(same(plain, run(unet, [EVERY], graph=((),) * 6)))


def test_unconditional_rows_are_bit_for_bit_what_they_are_without(unet):
    """Within a call, whose latents are given: over a run the guidance carries what is shared."""
    latents, rows = torch.randn(3, 4, *SIZE).repeat(2, 1, 1, 1), texts(3)
    text = torch.cat([rows[:1].expand(3, -1, -1), rows[1:]])
    plain = call(unet, latents, text)
    with sharing(unet, GRAPH[:3]).batch([1, 2, 3]):
        first = call(unet, latents, text)
        second = call(unet, latents, text)
    assert torch.equal(first, plain)  # there is no mask yet
    assert torch.equal(second[:5], plain[:5])
    assert not torch.allclose(second[5], plain[5], atol=1e-3)


def test_no_frame_depends_on_a_later_one(unet):
    whole = run(unet, [[1, 2, 3, 4], [5, 6]])
    assert all(same(whole, run(unet, [[1, 2, 3, 4]])))
    changed = texts(6)
    changed[4:] = texts(6, seed=3)[4:]  # frames 4, 5 and 6
    graph = (*GRAPH[:3], (), (), ())
    other = sample(unet, changed, [[1, 2, 3, 4]], sharing(unet, graph))
    assert same(whole, other) == [True, True, True, False]


@pytest.mark.parametrize(
    "sampler", ["Euler", "LMS", "DPM++ 2M", "Heun", "Euler a", "DPM2 a", "PNDM"]
)
def test_batches_are_the_same_pictures_up_to_rounding(unet, sampler):
    whole = run(unet, [EVERY], sampler=sampler)
    for size in range(1, 6):
        batches = [EVERY[made : made + size] for made in range(0, 6, size)]
        assert_close(run(unet, batches, sampler=sampler), whole)


_PLACES = st.lists(st.integers(1, 20), min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def stories(draw):
    """Any graph of four frames, and any way to cut them into batches."""
    phrases = st.none() | st.builds(Phrase, st.just("x"), _PLACES)
    graph = []
    for frame in range(1, 5):
        earlier = draw(st.lists(st.integers(1, frame - 1), max_size=3)) if frame > 1 else []
        graph.append(tuple(link(source, draw(phrases), draw(phrases)) for source in earlier))
    cuts = [0, *sorted(draw(st.sets(st.integers(1, 3)))), 4]
    return tuple(graph), [list(range(a + 1, b + 1)) for a, b in pairwise(cuts)]


@settings(max_examples=12)
@given(stories())
def test_any_graph_in_any_batches(story):
    graph, batches = story
    unet = sd1_unet()
    plain = sample(unet, texts(6), batches, steps=2)
    made = run(unet, batches, graph, steps=2)
    assert [not equal for equal in same(plain, made)] == [bool(links) for links in graph]
    assert_close(made, run(unet, [[1, 2, 3, 4]], graph, steps=2))
    assert hook_count(unet) == 0


@pytest.mark.parametrize(
    "arguments",
    [{"start": 2, "steps": 6}, {"size": (12, 20)}, {"size": (13, 9)}, {"guidance": 1.0}],
    ids=["image to image", "wide", "odd", "no guidance"],
)
def test_other_ways_to_sample(unet, arguments):
    plain = sample(unet, texts(6), [EVERY], **arguments)
    whole = run(unet, [EVERY], **arguments)
    assert same(plain, whole) == [True, True, False, False, False, False]
    assert_close(run(unet, [[1, 2], [3, 4], [5, 6]], **arguments), whole)


def test_half_precision(unet):
    unet = unet.to(torch.bfloat16)
    plain = sample(unet, texts(6), [EVERY])
    whole = run(unet, [EVERY])
    assert same(plain, whole) == [True, True, False, False, False, False]
    bank = Bank()
    batched = sample(unet, texts(6), [[1, 2], [3, 4], [5, 6]], sharing(unet, bank=bank))
    # A mask's edge may fall on the other side of a rounding.
    assert_close(batched, whole, tolerance=0.2)


def test_no_call_is_added_and_none_is_larger(unet):
    calls = []
    unet.register_forward_pre_hook(
        lambda _, args, kwargs: calls.append(
            (args[0].shape, kwargs["encoder_hidden_states"].shape)
        ),
        with_kwargs=True,
    )
    run(unet, [[1, 2, 3], [4, 5, 6]])
    shared = calls.copy()
    calls.clear()
    sample(unet, texts(6), [[1, 2, 3], [4, 5, 6]])
    assert calls == shared


def test_what_each_frame_saw_is_told(unet):
    state = sharing(unet)
    sample(unet, texts(6), [[1, 2, 3], [4, 5, 6]], state)
    assert state.seen(1) == ()
    assert [seen.link for seen in state.seen(5)] == list(GRAPH[4])
    for seen in state.seen(5):
        assert 0 < seen.share < 1
        assert seen.mask.dtype == torch.bool
        assert 0 < float(seen.mask.float().mean()) < 1
        assert seen.notes == ()


def test_a_mask_of_nothing_or_of_all_is_not_shared_and_says_so(unet, monkeypatch):
    plain = sample(unet, texts(6), [EVERY])
    for bounds, words in (((0.99, 1.0), "next to nothing"), ((0.0, 0.001), "nearly all")):
        monkeypatch.setattr("hopping.pixels.subject_masks._LEAST", bounds[0])
        monkeypatch.setattr("hopping.pixels.subject_masks._MOST", bounds[1])
        state = sharing(unet)
        assert all(same(plain, sample(unet, texts(6), [EVERY], state)))
        (seen,) = state.seen(3)
        assert (seen.share, seen.mask) == (0, None)
        there, here = seen.notes
        assert f"'a dog' covers {words} of frame 1's picture" in there
        assert f"'the dog' covers {words} of this picture" in here
        assert here.endswith("so its pixels do not see frame 1")


def test_the_whole_picture(unet):
    graph = ((), (link(1),))
    embedded = texts(2)
    whole = sample(unet, embedded, [[1, 2]], sharing(unet, graph))
    assert same(whole, sample(unet, embedded, [[1, 2]])) == [True, False]
    state = sharing(unet, graph)
    assert_close(sample(unet, embedded, [[1], [2]], state), whole)
    (seen,) = state.seen(2)
    assert (seen.share, seen.mask) == (1, None)


def test_rows_that_are_not_frames_are_refused(unet):
    with sharing(unet).batch([1, 2, 3]), pytest.raises(HoppingError, match="9 rows for 3 frames"):
        call(unet, torch.randn(9, 4, *SIZE), texts(9)[1:])
    assert hook_count(unet) == 0


def test_merged_pixels_are_refused(unet):
    """Another extension that merges or tiles pixels leaves none where it was."""
    block = next(m for n, m in unet.named_modules() if n.startswith("up_") and hasattr(m, "attn1"))
    block.norm1.register_forward_hook(lambda _, __, output: output[:, ::2])
    with sharing(unet).batch([1, 2, 3]), pytest.raises(HoppingError, match="merges or tiles"):
        call(unet, torch.randn(3, 4, *SIZE), texts(3)[1:])


def test_a_sampler_whose_calls_differ_from_batch_to_batch_is_found_out(unet):
    state = sharing(unet)
    with state.batch([1, 2]):
        call(unet, torch.randn(2, 4, *SIZE), texts(2)[1:], timestep=500)
    with state.batch([3]), pytest.raises(HoppingError, match="never sampled at timestep 400"):
        call(unet, torch.randn(1, 4, *SIZE), texts(1)[1:], timestep=400)


def test_the_bank_holds_what_later_batches_see_and_no_longer(unet):
    bank = Bank()
    state = sharing(unet, bank=bank)
    sizes = []
    for batch in ([1, 2], [3], [4], [5], [6]):
        sample(unet, texts(6), [batch], state)
        sizes.append(bank.nbytes)
    assert sizes[0] == sizes[1] < sizes[2]  # 4 has come
    assert sizes[2] > sizes[3] > sizes[4] == 0  # 1 and 2 have gone, then all


@pytest.mark.parametrize("size", [SIZE, (13, 20)])
def test_the_bank_takes_what_was_told(unet, size):
    bank = Bank()
    state = sharing(unet, ((), (link(1),)), bank)
    sample(unet, texts(1), [[1]], state, size=size, steps=5)
    calls = 4  # the first of five is above the level from which pixels are shared
    assert bank.nbytes == bank_bytes(unet_layers(unet), size, calls, 4, share=1)


def test_nothing_is_banked_for_one_batch(unet):
    bank = Bank()
    run_state = sharing(unet, bank=bank)
    sample(unet, texts(6), [EVERY], run_state)
    assert bank.nbytes == 0
