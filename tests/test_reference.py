"""Mode `reference` against outputs of the released code (KYuuto1006/sdm_hopping_mask).

tests/data/reference_public.safetensors holds three stories on a small random encoder of CLIP's
architecture: its weights in fp16 (of the token embedding only the rows that are used), the ids,
the masks and the embeddings that the released code made of them in fp32.
"""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from hopping import ClipTextEncoder, HoppingOptions, encode_frames, parse_story, plan_story
from hopping.attention import attend
from tests.encoders import hook_count

CASES = ("dog", "farm", "two")


@pytest.fixture(scope="module")
def golden():
    return safe_open(Path(__file__).parent / "data" / "reference_public.safetensors", "pt")


GPU = [pytest.param((name, "cuda"), marks=pytest.mark.gpu) for name in ("eager", "sdpa")]


@pytest.fixture(scope="module", params=[("eager", "cpu"), ("sdpa", "cpu"), *GPU], ids=str)
def text_model(request, golden):
    from transformers import CLIPTextConfig, CLIPTextModel

    implementation, device = request.param
    config = json.loads(golden.metadata()["clip_text_config"])
    model = CLIPTextModel(CLIPTextConfig(**config, eos_token_id=49407)).eval()
    if hasattr(model, "set_attn_implementation"):
        model.set_attn_implementation(implementation)
    state = {
        key.removeprefix("model."): golden.get_tensor(key).float()
        for key in golden.keys()  # noqa: SIM118
        if key.startswith("model.")
    }
    embedding = "text_model.embeddings.token_embedding.weight"
    rows = torch.zeros(config["vocab_size"], config["hidden_size"])
    rows[golden.get_tensor("used_ids").long()] = state[embedding]
    state[embedding] = rows
    if not hasattr(model, "text_model"):  # transformers 5
        state = {key.removeprefix("text_model."): value for key, value in state.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(key.endswith("position_ids") for key in missing)
    return model.to(device)


@pytest.mark.parametrize("name", CASES)
def test_reference_equals_the_released_code(golden, text_model, clip_tokenizer, name):
    story = parse_story("\n".join(json.loads(golden.metadata()["prompts"])[name]))
    options = HoppingOptions(mode="reference")
    plan = plan_story(clip_tokenizer, story, options)

    def case(key):
        return golden.get_tensor(f"case.{name}.{key}")

    assert torch.equal(plan.layout.ids[0], case("joint_input_ids").long())
    assert torch.equal(plan.visible, case("visible").bool())
    encoder = ClipTextEncoder(text_model)
    with torch.no_grad(), attend(text_model, plan.visible):
        joint = encoder.encode(plan.layout.ids).hidden[0].cpu()
    torch.testing.assert_close(joint, case("joint_hidden"), atol=1e-4, rtol=0)
    hopped = [e.hidden[0].cpu() for e in encode_frames(encoder, plan.visibility)]
    torch.testing.assert_close(torch.stack(hopped), case("frame_hopping"), atol=1e-4, rtol=0)
    alone = plan_story(clip_tokenizer, story, HoppingOptions(mode="baseline"))
    assert torch.equal(alone.layout.ids, case("frame_input_ids").long())
    plain = [e.hidden[0].cpu() for e in encode_frames(encoder, alone.visibility)]
    torch.testing.assert_close(torch.stack(plain), case("frame_solo"), atol=1e-4, rtol=0)
    assert hook_count(text_model) == 0
