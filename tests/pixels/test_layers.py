"""Which U-Nets can share pixels, and what is said of those that cannot."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from hopping import HoppingError
from hopping.evaluate.bench_pixels import SD1, SDXL
from hopping.pixels import PixelLink, PixelSharing, PixelSource, unet_layers
from hopping.pixels.bank import Bank
from hopping.pixels.sharing import asked
from tests.pixels.unets import sample, sd1_unet, texts


def test_the_upward_half_shares(unet):
    layers = unet_layers(unet)
    names = [layer.name for layer in layers.sharing]
    assert names == [n for n, _ in unet.named_modules() if n[:3] == "up_" and n[-5:] == "attn1"]
    assert len(set(names)) == len(names)


def test_levels_are_those_of_the_pixels(unet):
    """`level` is read from names; the layers themselves say how many pixels there are."""
    found = []
    for layer in (*unet_layers(unet).sharing, *unet_layers(unet).mapping):
        layer.module.register_forward_pre_hook(
            lambda _, args, level=layer.level: found.append((args[0].shape[1], level))
        )
    sample(unet, texts(1), [[1]], steps=1, size=(16, 16))
    assert found
    assert all(pixels == (16 // 2**level) ** 2 for pixels, level in found)


@pytest.mark.parametrize(
    ("model", "mapping", "relating"), [(SD1, 5, "up_blocks.1"), (SDXL, 60, "up_blocks.0")]
)
def test_at_full_size_three_layers_tell_which_pixels_belong_together(model, mapping, relating):
    """One of each block, where SDXL's blocks have ten."""
    layers = unet_layers(model.build("meta", torch.float16))
    mapped, related = asked(layers, (model.latents, model.latents))
    assert len(mapped) == mapping
    assert {layer.level for layer in (*mapped, *related)} == {2}
    assert {layer.name for layer in related} == {
        f"{relating}.attentions.{n}.transformer_blocks.0.attn1" for n in range(3)
    }


@pytest.mark.parametrize("processor", ["AttnProcessor", "AttnProcessor2_0", "SlicedAttnProcessor"])
def test_processors_are_kept(processor):
    from diffusers.models import attention_processor

    unet = sd1_unet()
    made = sample(unet, texts(2), [[1, 2]], _sharing(unet))
    kind = getattr(attention_processor, processor)
    if processor == "SlicedAttnProcessor":
        unet.set_attention_slice(1)
    else:
        unet.set_attn_processor(kind())
    again = sample(unet, texts(2), [[1, 2]], _sharing(unet))
    assert all(isinstance(one, kind) for one in unet.attn_processors.values())
    for frame in (1, 2):
        torch.testing.assert_close(made[frame], again[frame], atol=1e-3, rtol=1e-3)


def _sharing(unet):
    return PixelSharing(((), (PixelLink(PixelSource(1)),)), unet_layers(unet), Bank())


def _fused(unet):
    unet.fuse_qkv_projections()


def _fused_without_its_processor(unet):
    unet.up_blocks[1].attentions[0].transformer_blocks[0].attn1.fuse_projections()


def _perturbed(unet):
    from diffusers.models.attention_processor import PAGCFGIdentitySelfAttnProcessor2_0

    unet.up_blocks[1].attentions[0].transformer_blocks[0].attn1.set_processor(
        PAGCFGIdentitySelfAttnProcessor2_0()
    )


def _another_extensions(unet):
    class Mine:
        def __call__(self, attn, hidden_states, **kwargs):
            return hidden_states

    unet.mid_block.attentions[0].transformer_blocks[0].attn1.set_processor(Mine())


def _merged(unet):
    block = unet.down_blocks[0].attentions[0].transformer_blocks[0]
    block.__class__ = type("ToMeBlock", (type(block),), {})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_fused, "fused"),
        (_fused_without_its_processor, "unfuse_qkv_projections"),
        (_perturbed, "PAGCFGIdentitySelfAttnProcessor2_0"),
        (_another_extensions, "Mine"),
        (_merged, "ToMe"),
    ],
)
def test_what_cannot_be_shared_is_refused_with_its_reason(change, told):
    unet = sd1_unet()
    change(unet)
    with pytest.raises(HoppingError, match=told):
        unet_layers(unet)


def test_a_compiled_unet_is_refused():
    with pytest.raises(HoppingError, match="compiled"):
        unet_layers(torch.compile(sd1_unet()))


def test_an_upscalers_unet_is_refused():
    unet = sd1_unet()
    unet.up_blocks[2].attentions[0].transformer_blocks[0].only_cross_attention = True
    with pytest.raises(HoppingError, match="no self-attention"):
        unet_layers(unet)


def test_an_unknown_network_is_named():
    class Flux(nn.Module):
        pass

    with pytest.raises(HoppingError, match="Flux is not a U-Net"):
        unet_layers(Flux())


def test_a_unet_without_attention_is_refused():
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel(
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
        mid_block_type=None,
        block_out_channels=(32,),
        layers_per_block=1,
    )
    with pytest.raises(HoppingError, match="no attention"):
        unet_layers(unet)
