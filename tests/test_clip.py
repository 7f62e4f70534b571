"""The engine over transformers' CLIP classes: plans, embeddings, clip skip, long prompts."""

import pytest
import torch

from hopping import (
    EncoderError,
    HoppingOptions,
    LayoutError,
    encode_story,
    parse_story,
    plan_story,
)
from tests.encoders import LAYERS, WIDTH, transformers_text_model

DOGS = "A red dog is swimming in the river.\nThe dog sits under the sun.\nThe dog runs."


@pytest.fixture(scope="module")
def text_model():
    return transformers_text_model()


def plain(text_model, tokenizer, text, **kwargs):
    ids = tokenizer(text, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
    with torch.no_grad():
        return text_model(ids["input_ids"], **kwargs)


def test_one_embedding_per_frame(text_model, clip_tokenizer):
    story = parse_story(DOGS)
    hopped = encode_story(text_model, clip_tokenizer, story)
    assert hopped.shape == (3, 77, WIDTH)
    first = plain(text_model, clip_tokenizer, story.texts[0]).last_hidden_state[0]
    second = plain(text_model, clip_tokenizer, story.texts[1]).last_hidden_state[0]
    assert torch.equal(hopped[0], first)
    assert not torch.allclose(hopped[1, 1:8], second[1:8], atol=1e-2)
    assert torch.equal(hopped[1, 8:], second[8:])


@pytest.mark.parametrize("skip", [1, 2, LAYERS])
def test_clip_skip_is_the_webuis(text_model, clip_tokenizer, skip):
    hopped = encode_story(text_model, clip_tokenizer, parse_story(DOGS), clip_skip=skip)
    states = plain(text_model, clip_tokenizer, DOGS.split("\n")[0], output_hidden_states=True)
    tower = getattr(text_model, "text_model", text_model)
    assert torch.equal(hopped[0], tower.final_layer_norm(states.hidden_states[-skip])[0])


@pytest.mark.parametrize("skip", [0, LAYERS + 1])
def test_clip_skip_out_of_range(text_model, clip_tokenizer, skip):
    with pytest.raises(EncoderError, match=f"layers 1 to {LAYERS}"):
        encode_story(text_model, clip_tokenizer, parse_story(DOGS), clip_skip=skip)


def test_long_frames_take_further_windows(text_model, clip_tokenizer):
    story = parse_story(f"A dog.\n{'A dog runs. ' * 30}\nThe dog.")
    hopped = encode_story(text_model, clip_tokenizer, story)
    assert hopped.shape == (3, 2 * 77, WIDTH)
    assert torch.equal(
        hopped[0, :77], plain(text_model, clip_tokenizer, "A dog.").last_hidden_state[0]
    )
    empty = plain(text_model, clip_tokenizer, "").last_hidden_state[0]
    torch.testing.assert_close(hopped[0, 77:], empty)


def test_a_story_that_does_not_fit(text_model, clip_tokenizer):
    story = parse_story(f"{'A dog runs. ' * 18}\nThe dog sits and waits for a long time.")
    with pytest.raises(LayoutError, match="tokens more"):
        encode_story(text_model, clip_tokenizer, story, HoppingOptions(layout="joint"))


def test_no_gradient_is_kept(clip_tokenizer):
    model = transformers_text_model().requires_grad_(True)
    assert not encode_story(model, clip_tokenizer, parse_story(DOGS)).requires_grad


def test_projection(clip_tokenizer):
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    from hopping import ClipTextEncoder, encode_frames

    config = CLIPTextConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        projection_dim=16, eos_token_id=49407,
    )  # fmt: skip
    model = CLIPTextModelWithProjection(config).eval()
    plan = plan_story(clip_tokenizer, parse_story(DOGS), HoppingOptions(carry="all"))
    frames = list(encode_frames(ClipTextEncoder(model, 2, False), plan.visibility))
    assert [frame.pooled.shape for frame in frames] == [(1, 16)] * 3
    states = plain(model, clip_tokenizer, DOGS.split("\n")[0], output_hidden_states=True)
    assert torch.equal(frames[0].hidden, states.hidden_states[-2])
    assert torch.equal(frames[0].pooled, states.text_embeds)


def test_plan_of_the_default(clip_tokenizer):
    plan = plan_story(clip_tokenizer, parse_story(DOGS))
    assert plan.layout.kind == "joint"
    assert [frame.tokens for frame in plan.frames] == [9, 7, 4]
    assert [frame.sources for frame in plan.frames] == [(), (1,), (2,)]
    assert plan.visible.shape == (77, 77)
    assert plan.summary() == (
        "3 frames, layout joint (auto: the story fits one row)\n"
        "1. [9/75 tokens, sees no other frame] A red dog is swimming in the river.\n"
        "2. [7/75 tokens, sees 1] The dog sits under the sun.\n"
        "3. [4/75 tokens, sees 2] The dog runs."
    )


def test_plan_tells_what_is_shown(clip_tokenizer):
    options = HoppingOptions.from_mapping({}, "Consistent subject")
    plan = plan_story(clip_tokenizer, parse_story(DOGS + "\nA cat sleeps."), options)
    assert plan.layout.kind == "windows"
    assert plan.frames[1].shown == {1: ("A red dog",)}
    assert plan.frames[2].shown == {1: ("A red dog",), 2: ("The dog",)}
    assert plan.frames[3].shown == {1: (), 3: ()}
    assert len(plan.frames[3].notes) == 1
    assert plan.frames[3].notes[0].startswith("frames 1, 3 show it nothing")
    assert "<share:…>" in plan.frames[3].notes[0]
    assert "sees 1 ('A red dog'), 2 ('The dog')" in plan.summary()
    assert "sees 1, 3 (nothing)" in plan.summary()


def test_plan_tells_who_was_recognised(clip_tokenizer):
    options = HoppingOptions.from_mapping({}, "Consistent subject")
    lines = "A red dog sits.\nThe dog meets a cat.\nIt rains.\nDOG: “Woof.”"
    plan = plan_story(clip_tokenizer, parse_story(lines), options)
    assert plan.frames[1].new == ("a cat",)
    assert [who[:2] for who in plan.frames[1].recognised] == [(("The dog",), 1)]
    assert "who: 'The dog' is 'A red dog' of frame 1; new 'a cat'" in plan.summary()
    assert not plan.frames[2].who
    assert "nobody whom it names is recognised" in plan.frames[2].notes[0]
    assert "who speaks is 'A red dog' of frame 1" in plan.summary()
    alone = plan_story(clip_tokenizer, parse_story(lines), HoppingOptions())
    assert not any(frame.who for frame in alone.frames)


def test_plan_as_plain_data(clip_tokenizer):
    import json

    plan = plan_story(clip_tokenizer, parse_story(DOGS), HoppingOptions(share="subject"))
    data = json.loads(json.dumps(plan.as_dict()))
    assert data["layout"] == "joint"
    assert data["frames"][1] == {
        "number": 2,
        "line": 2,
        "text": "The dog sits under the sun.",
        "tokens": 7,
        "windows": 1,
        "sources": [1],
        "shown": {"1": ["A red dog"]},
        "cast": [],
        "who": [
            {"words": ["The dog"], "frame": 1, "introduced_as": ["A red dog"]},
            {"words": ["the sun"], "frame": None, "introduced_as": []},
        ],
        "pixels": {},
        "notes": [],
    }


def test_plan_tells_whose_pixels_are_seen(clip_tokenizer):
    options = HoppingOptions(mode="baseline", pixels="subject")
    plan = plan_story(clip_tokenizer, parse_story(DOGS), options)
    assert "2. [7/75 tokens, sees no other frame, pixels of 1 ('A red dog')]" in plan.summary()
    assert plan.as_dict()["frames"][2]["pixels"] == {"1": ["A red dog"]}
    everything = plan_story(clip_tokenizer, parse_story(DOGS), options.replace(pixels="all"))
    assert "3. [4/75 tokens, sees no other frame, pixels of 1 (all)]" in everything.summary()


class StoredInFp8(torch.nn.Module):
    """As the WebUI's fp8 storage: the weights lie in 8 bits, and are cast for each use."""

    def __init__(self, linear, compute):
        super().__init__()
        self.weight = linear.weight.detach().to(torch.float8_e4m3fn)
        self.bias = linear.bias.detach().to(torch.float8_e4m3fn)
        self.compute = compute

    def forward(self, hidden):
        hidden, weight, bias = (x.to(self.compute) for x in (hidden, self.weight, self.bias))
        return torch.nn.functional.linear(hidden, weight, bias).float()


@pytest.mark.parametrize("layout", ["joint", "windows"])
@pytest.mark.parametrize("compute", [torch.float32, torch.bfloat16])
def test_weights_stored_in_fp8(clip_tokenizer, layout, compute):
    text_model = transformers_text_model()
    for parent in list(text_model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, torch.nn.Linear):
                setattr(parent, name, StoredInFp8(child, compute))
    options = HoppingOptions(layout=layout, carry="all" if layout == "windows" else "tokens")
    hopped = encode_story(text_model, clip_tokenizer, parse_story(DOGS), options)
    assert hopped.dtype == torch.float32
    assert hopped.isfinite().all()
    alone = [
        plain(text_model, clip_tokenizer, line).last_hidden_state[0] for line in DOGS.split("\n")
    ]
    assert torch.equal(hopped[0], alone[0])
    assert not torch.allclose(hopped[1, 1:8], alone[1][1:8], atol=1e-2)
