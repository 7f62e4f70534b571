"""Frames see each other's pixels: what must hold on any U-Net, held against dense computations."""

from __future__ import annotations

import copy
import sys
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from hopping import HoppingError
from hopping.pixels import Bank, Phrase, PixelLink, PixelSharing, PixelSource, unet_layers
from hopping.pixels.bank import bank_bytes
from hopping.pixels.sharing import PULL, beyond
from hopping.pixels.subject_masks import level_size
from tests.encoders import hook_count
from tests.pixels.unets import SIZE, extra, sample, sd1_unet, smallest_unet, texts

DOG, CAT = Phrase("a dog", (2, 3)), Phrase("a cat", (5,))
THE_DOG, IT = Phrase("the dog", (4, 5)), Phrase("it", (1,))


def link(source, subject=None, own=None):
    return PixelLink(PixelSource(source, subject), own)


# 1 and 2 introduce somebody, 3 and 4 name one each, 5 both; 4 shows 6 what it made of the cat.
GRAPH = (
    (),
    (),
    (link(1, DOG, THE_DOG),),
    (link(2, CAT, IT),),
    (link(1, DOG, THE_DOG), link(2, CAT, IT)),
    (link(4, IT),),
)
EVERY = list(range(1, 7))


def sharing(unet, graph=GRAPH, bank=None):
    return PixelSharing(graph, unet_layers(unet), Bank() if bank is None else bank)


def run(unet, batches, graph=GRAPH, seed=0, **arguments):
    return sample(unet, texts(6, seed), batches, sharing(unet, graph), **arguments)


def same(a, b):
    return [torch.equal(a[frame], b[frame]) for frame in sorted(a.keys() & b.keys())]


def assert_close(a, b, tolerance=3e-3):
    for frame, latents in b.items():
        assert (a[frame] - latents).abs().max() < tolerance * latents.abs().max(), frame


def call(unet, latents, text, timestep=500):
    with torch.no_grad():
        return unet(
            latents, timestep, encoder_hidden_states=text, **extra(unet, len(latents))
        ).sample


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


class _Dense:
    """Attention written out in float64, with a mask over the pixels of all rows together."""

    def __init__(self, layers):
        self._layers = layers

    def _project(self, name, hidden, part):
        layer = self._layers[name]
        weight = getattr(layer, f"to_{part}").weight.double()
        return (hidden.double() @ weight.T).unflatten(-1, (layer.heads, -1)).transpose(-3, -2)

    def attention(self, name, queries, keys, visible=None):
        q, k = self._project(name, queries, "q"), self._project(name, keys, "k")
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
        if visible is not None:
            scores = scores.masked_fill(~visible, -torch.inf)
        return scores.softmax(dim=-1)

    def output(self, name, hidden, row, visible):
        """One row's, of hidden (rows, pixels, width); visible: bool, (rows, pixels)."""
        flat = hidden.flatten(0, 1)
        weights = self.attention(name, hidden[row], flat, visible.flatten())
        mixed = (weights @ self._project(name, flat, "v")).transpose(0, 1).flatten(1)
        out = self._layers[name].to_out[0]
        return mixed @ out.weight.double().T + out.bias.double()


def _otsu(values):
    values = values.double()
    kinds = values.unique()

    def between(t):
        low, high = values[values <= t], values[values > t]
        return len(low) * len(high) * (high.mean() - low.mean()) ** 2

    best = max(range(len(kinds) - 1), key=lambda n: between(kinds[n]))
    return (kinds[best] + kinds[best + 1]) / 2


def _pulled(plain, again, pull):
    """Beyond, channel by channel with the mean and the standard deviation of `again`."""
    drawn = plain + pull * (again - plain)
    off, wanted = drawn - drawn.mean(dim=0), again - again.mean(dim=0)
    of_drawn, of_again = ((part**2).mean(dim=0).sqrt() for part in (off, wanted))
    return again.mean(dim=0) + off / of_drawn.clamp(min=1e-9) * of_again


@pytest.mark.parametrize(("timestep", "pull"), [(500, PULL), (501, 1)])
def test_attention_equals_a_dense_computation(unet, timestep, pull):
    """Maps, cuts, masks and attention, all done again from the layers' inputs of two calls."""
    graph = (*GRAPH[:3], (link(1, DOG, THE_DOG), link(2, CAT, IT), link(2)))
    rows = len(graph)
    latents, embedded = torch.randn(rows, 4, *SIZE), texts(rows)[1:]
    layers = {name: m for name, m in unet.named_modules() if name.endswith(("attn1", "attn2"))}
    seen: list[dict] = [{}, {}]
    for name, module in layers.items():
        module.register_forward_hook(
            lambda _, args, kwargs, output, name=name: seen[-1].__setitem__(
                name, (args[0], kwargs.get("encoder_hidden_states"), output)
            ),
            with_kwargs=True,
        )
    with sharing(unet, graph).batch([1, 2, 3, 4]):  # its hooks change the outputs in place
        call(unet, latents, embedded)
        first = dict(seen[-1])
        call(unet, latents, embedded, timestep)
    dense = _Dense(layers)
    sizes = {h * w: (h, w) for h, w in (level_size(SIZE, level) for level in range(4))}
    finest = max(len(hidden[0]) for hidden, _, _ in first.values())

    def mask(frame, phrase, size):
        """Where the phrase is, of the first call, in a layer of the second."""
        if phrase is None:
            return torch.ones(size[0] * size[1], dtype=torch.bool)
        told = [
            dense.attention(name, hidden[frame - 1], text[frame - 1])
            .mean(dim=0)[:, list(phrase.tokens)]
            .sum(dim=-1)
            for name, (hidden, text, _) in first.items()
            if name.endswith("attn2") and len(hidden[0]) == finest
        ]
        where = torch.stack(told).mean(dim=0).reshape(1, 1, *sizes[finest])
        resized = functional.interpolate(where, size=size, mode="bilinear", antialias=True)
        return (resized > _otsu(where.flatten())).flatten()

    changed = 0
    for name, (hidden, _, output) in seen[-1].items():
        if not (name.startswith("up_blocks") and name.endswith("attn1")):
            continue
        size = sizes[len(hidden[0])]
        for viewer, links in enumerate(graph):
            own = torch.zeros(rows, len(hidden[0]), dtype=torch.bool)
            own[viewer] = True
            plain = dense.output(name, hidden, viewer, own)
            drawn, times = torch.zeros_like(plain), torch.zeros(len(plain), 1)
            for one in links:
                visible = own.clone()
                shown = mask(one.source.frame, one.source.subject, size)
                visible[one.source.frame - 1] = shown
                again = dense.output(name, hidden, viewer, visible)
                # What a small layer has lost of a subject nobody sees.
                where = mask(viewer + 1, one.own, size) & shown.any()
                if one.own is not None and pull > 1:
                    again[where] = _pulled(plain[where], again[where], pull)
                drawn += where[:, None] * (again - plain)
                times += where[:, None]
            expected = plain + drawn / times.clamp(min=1)
            torch.testing.assert_close(output[viewer].double(), expected, atol=1e-4, rtol=1e-4)
            changed += not torch.allclose(plain, expected, atol=1e-3)
    assert changed >= 2


def test_what_is_drawn_beyond_is_no_stronger():
    result, again = torch.randn(2, 5, 8)
    made = beyond(result, again)
    torch.testing.assert_close(made.mean(dim=0), again.mean(dim=0))
    torch.testing.assert_close(made.std(dim=0), again.std(dim=0))
    assert not torch.allclose(made, again, atol=0.1)
    torch.testing.assert_close(beyond(result[:1], again[:1]), again[:1])  # one differs from none
    same_all = again[:1].expand(5, -1)
    torch.testing.assert_close(beyond(same_all, same_all), same_all)


def test_where_composition_is_decided_nothing_is_shared(unet):
    latents, embedded = torch.randn(3, 4, *SIZE), texts(3)[1:]
    with sharing(unet, GRAPH[:3]).batch([1, 2, 3]):
        call(unet, latents, embedded)
        early, late = (call(unet, latents, embedded, at) for at in (801, 800))
    assert torch.equal(early, call(unet, latents, embedded, 801))
    assert not torch.equal(late, call(unet, latents, embedded, 800))


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


class StopError(Exception):
    pass


@pytest.mark.parametrize("raised", [StopError, KeyboardInterrupt])
def test_a_fault_at_any_call_leaves_no_trace(unet, raised):
    before = sample(unet, texts(3), [[1, 2, 3]], steps=2)
    hooks = hook_count(unet)
    count, stop_at = [0], [None]

    def fault(*_):
        count[0] += 1
        if count[0] == stop_at[0]:
            raise raised

    def faulty():
        copied = copy.deepcopy(unet)
        for module in copied.modules():
            if not list(module.children()):
                module.register_forward_pre_hook(fault)
        return copied, hook_count(copied)

    broken, with_faults = faulty()
    sample(broken, texts(3), [[1, 2, 3]], sharing(broken, GRAPH[:3]), steps=2)
    whole = count[0]
    for stop in range(1, whole, max(1, whole // 25)):
        count[0], stop_at[0] = 0, stop
        with pytest.raises(raised):
            sample(broken, texts(3), [[1, 2, 3]], sharing(broken, GRAPH[:3]), steps=2)
        assert hook_count(broken) == with_faults
    stop_at[0] = None
    assert all(same(before, sample(broken, texts(3), [[1, 2, 3]], steps=2)))
    assert hook_count(unet) == hooks


class _Faults(TorchFunctionMode):
    """Raises at one of a run's calls: of a layer of the U-Net, or of torch by what shares pixels.

    Attributes:
        at: which, from 1; None: at none.
        count: how many there have been.
    """

    def __init__(self, unet):
        super().__init__()
        self.at, self.count = None, 0
        leaves = [module for module in unet.modules() if not list(module.children())]
        self._hooks = [leaf.register_forward_pre_hook(self._called) for leaf in leaves]

    def remove(self):
        """Old diffusers has one SiLU for all models."""
        for hook in self._hooks:
            hook.remove()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if "hopping.pixels" in sys._getframe(1).f_globals["__name__"]:
            self._called()
        return func(*args, **(kwargs or {}))

    def _called(self, *_):
        self.count += 1
        if self.count == self.at:
            raise (StopError, KeyboardInterrupt)[self.at % 2]


def test_a_fault_at_every_call_leaves_no_trace():
    """Of the smallest U-Net's first two: one that finds the masks, and one that shares by them."""
    unet = smallest_unet()
    latents, embedded = torch.randn(2, 4, 8, 8), texts(2)[1:]
    graph = ((), (link(1, DOG, THE_DOG),), (link(1, DOG, THE_DOG),))

    def plain():
        return call(unet, latents, embedded)

    def share():
        with faults, sharing(unet, graph).batch([1, 2]):
            plain()
            plain()

    faults = _Faults(unet)
    before, hooks = plain(), hook_count(unet)
    faults.count = 0
    share()
    for at in range(1, faults.count + 1):
        faults.count, faults.at = 0, at
        with pytest.raises((StopError, KeyboardInterrupt)):
            share()
        assert hook_count(unet) == hooks
    faults.at = None
    assert torch.equal(plain(), before)
    faults.remove()


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
