"""What a viewing pixel becomes, held against dense computations written without the patch."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from hopping.pixels.sharing import PULL, beyond
from hopping.pixels.subject_masks import level_size
from tests.pixels.six_frames import (
    CAT,
    DOG,
    GRAPH,
    IT,
    THE_DOG,
    call,
    link,
    sharing,
)
from tests.pixels.unets import SIZE, texts


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
        alike = [
            dense.attention(name, hidden[frame - 1], hidden[frame - 1]).mean(dim=0)
            for name, (hidden, _, _) in first.items()
            if name.startswith("up_blocks") and name.endswith("attn1") and len(hidden[0]) == finest
        ]
        where = torch.stack(told).mean(dim=0)
        for _ in range(4):
            where = 0.25 * where + 0.75 * torch.stack(alike).mean(dim=0) @ where
        where = where.reshape(1, 1, *sizes[finest])
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
