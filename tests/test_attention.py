"""The patch: any visibility, any of the known encoders, and no trace of it afterwards."""

import contextlib

import pytest
import torch
from torch import nn

from hopping import EncoderError
from hopping.attention import attend, attention_depth
from tests.encoders import (
    ENCODERS,
    LAYERS,
    WIDTH,
    hook_count,
    open_clip_text_model,
    transformers_text_model,
)

CAUSAL = torch.ones(77, 77, dtype=torch.bool).tril()


@pytest.fixture(params=list(ENCODERS))
def encoder(request):
    return ENCODERS[request.param]()


@pytest.fixture
def ids():
    return torch.randint(0, 49000, (3, 77), generator=torch.Generator().manual_seed(1))


def test_the_causal_mask_changes_nothing(encoder, ids):
    plain = encoder.encode(ids).hidden
    with attend(encoder.module, CAUSAL):
        hidden = encoder.encode(ids).hidden
    torch.testing.assert_close(hidden, plain, atol=1e-5, rtol=1e-4)
    with attend(encoder.module):
        assert torch.equal(encoder.encode(ids).hidden, plain)


def test_each_row_has_its_own_mask(encoder, ids):
    visible = torch.stack([CAUSAL, torch.eye(77, dtype=torch.bool), CAUSAL])
    plain = encoder.encode(ids).hidden
    with attend(encoder.module, visible):
        hidden = encoder.encode(ids).hidden
    torch.testing.assert_close(hidden[[0, 2]], plain[[0, 2]], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(hidden[1, 1:], plain[1, 1:], atol=1e-2)


def test_context_is_as_if_it_stood_in_the_row(encoder, ids):
    """The second half of a row, given the first half as context, comes out as in the whole row."""
    with attend(encoder.module) as record:
        whole = encoder.encode(ids[:1]).hidden
    assert len(record) == LAYERS - getattr(encoder, "skip", 0)
    assert record[0].shape == (1, 77, WIDTH)
    context = [layer[0, :40] for layer in record]
    visible = torch.cat([torch.ones(77, 40, dtype=torch.bool), CAUSAL], dim=1)
    visible[:40] = torch.cat([CAUSAL[:40, :40], torch.eye(77, dtype=torch.bool)[:40]], dim=1)
    visible[40:, 40:80] = False
    with attend(encoder.module, visible, context):
        hidden = encoder.encode(ids[:1]).hidden
    torch.testing.assert_close(hidden[:, 40:], whole[:, 40:], atol=1e-5, rtol=1e-4)


def test_a_row_that_sees_nothing_is_uniform(encoder, ids):
    """It takes the mean of all values; seeing everything under equal scores would be the same."""
    visible = CAUSAL.clone()
    visible[5] = False
    with attend(encoder.module, visible):
        masked = encoder.encode(ids[:1]).hidden
        assert not masked.isnan().any()
        changed = ids[:1].clone()
        changed[0, 76] = (changed[0, 76] + 1) % 49000
        leaked = encoder.encode(changed).hidden
    assert not torch.equal(leaked[0, 5], masked[0, 5])  # even the last position counts
    assert torch.equal(leaked[0, :5], masked[0, :5])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("backend", [None, "MATH", "FLASH_ATTENTION", "EFFICIENT_ATTENTION"])
def test_a_row_that_sees_nothing_takes_the_mean_of_all_values(ids, backend, device, dtype):
    """Of a fused kernel too, which makes something else of a row that is wholly masked."""
    model = transformers_text_model().to(device, dtype)
    layer = getattr(model, "text_model", model).encoder.layers[0].self_attn
    seen = {}
    for name, module in (("values", layer.v_proj), ("mixed", layer.out_proj)):
        module.register_forward_hook(
            lambda _, args, output, name=name: seen.update({name: (args[0], output)})
        )
    visible = CAUSAL.clone()
    visible[5] = False
    allowed = contextlib.nullcontext()
    if backend is not None:
        kind = getattr(torch.nn.attention.SDPBackend, backend)
        allowed = torch.nn.attention.sdpa_kernel([kind, torch.nn.attention.SDPBackend.MATH])
    with torch.no_grad(), allowed, attend(model, visible):
        model(ids[:1].to(device))
    mean = seen["values"][1].float().mean(dim=0)
    close = {torch.float32: 1e-5, torch.float16: 5e-3, torch.bfloat16: 4e-2}[dtype]
    torch.testing.assert_close(seen["mixed"][0][0, 5].float(), mean, atol=close, rtol=close)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_dtypes(encoder, ids, dtype):
    plain = encoder.encode(ids).hidden
    encoder.module.to(dtype)
    with attend(encoder.module, CAUSAL):
        hidden = encoder.encode(ids).hidden
    assert hidden.dtype == dtype
    assert not hidden.isnan().any()
    close = {torch.float32: 1e-4, torch.float16: 0.05, torch.bfloat16: 0.4}[dtype]
    torch.testing.assert_close(hidden.float(), plain, atol=close, rtol=close)


class StopError(Exception):
    pass


@pytest.mark.parametrize("raised", [StopError, KeyboardInterrupt])
def test_no_trace_whatever_is_raised(encoder, ids, raised):
    plain = encoder.encode(ids).hidden
    with pytest.raises(raised), attend(encoder.module, torch.eye(77, dtype=torch.bool)):
        raise raised if encoder.encode(ids) else AssertionError
    assert hook_count(encoder.module) == 0
    assert torch.equal(encoder.encode(ids).hidden, plain)


def test_no_trace_of_an_error_in_the_encoder(encoder, ids):
    with (
        pytest.raises((RuntimeError, ValueError)),
        attend(encoder.module, torch.ones(5, 5, dtype=torch.bool)),
    ):
        encoder.encode(ids)
    assert hook_count(encoder.module) == 0


def test_an_unknown_encoder_is_named():
    class T5(nn.Module):
        pass

    with pytest.raises(EncoderError, match="T5 is not a CLIP"), attend(T5(), CAUSAL):
        pytest.fail("the block must not run")


def test_an_attention_that_takes_no_mask_hops_like_any_other(ids, monkeypatch):
    """As flash attention is: what is seen is nothing that the library's attention is told."""
    from transformers.models.clip import modeling_clip

    if not hasattr(modeling_clip, "ALL_ATTENTION_FUNCTIONS"):
        pytest.skip("this transformers knows eager and sdpa alone")

    def flash(module, query, key, value, attention_mask, scaling, **kwargs):
        out = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return out.transpose(1, 2).contiguous(), None

    visible = torch.stack([CAUSAL, torch.eye(77, dtype=torch.bool), CAUSAL])
    hidden = {}
    for name in ("eager", "flash"):
        model = transformers_text_model("eager")
        if name == "flash":
            monkeypatch.setitem(modeling_clip.ALL_ATTENTION_FUNCTIONS, "flash", flash)
            model.config._attn_implementation = "flash"
        with attend(model, visible):
            hidden[name] = model(ids).last_hidden_state
    torch.testing.assert_close(hidden["flash"], hidden["eager"])


def test_openclip_as_a_host_holds_it():
    """The text tower alone, inside a CLIP model, and as its `.text`."""
    tower = open_clip_text_model()
    whole = nn.Module()
    whole.text = tower
    assert attention_depth(tower) == attention_depth(whole) == LAYERS


def test_the_context_must_have_every_layer_that_runs(ids):
    model = transformers_text_model()
    visible = torch.cat([torch.ones(77, 1, dtype=torch.bool), CAUSAL], dim=1)
    with (
        pytest.raises(ValueError, match="layer 2 runs"),
        attend(model, visible, [torch.zeros(1, WIDTH)]),
    ):
        model(ids)
    assert hook_count(model) == 0
