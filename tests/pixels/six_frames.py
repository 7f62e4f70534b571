"""A story of six frames for the tests of sharing: who sees whom, and how it is sampled."""

from __future__ import annotations

import torch

from hopping.pixels import Bank, Phrase, PixelLink, PixelSharing, PixelSource, unet_layers
from tests.pixels.unets import extra, sample, texts

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
