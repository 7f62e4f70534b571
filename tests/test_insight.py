"""What hopping did to a frame, against the encoder's own attention and embeddings."""

from __future__ import annotations

import pytest
import torch

from hopping import HoppingOptions, chunks, parse_story, plan_story
from hopping.attention import MeanWeights, attend
from hopping.clip import ClipTextEncoder
from hopping.encoder import encode_frames
from hopping.insight import joined, look_inside

from .encoders import transformers_text_model

STORY = parse_story("A red dog swims.\nThe dog sits under the sun.\nThe dog runs.")


@pytest.fixture(scope="module")
def encoder():
    return ClipTextEncoder(transformers_text_model())


def insights(encoder, tokenizer, **options):
    chosen = HoppingOptions(**options)
    plan = plan_story(tokenizer, STORY, chosen)
    return list(look_inside(encoder, plan.visibility)), plan


@pytest.mark.parametrize("layer", [1, 3])
def test_the_weights_are_the_encoders_own(clip_tokenizer, layer):
    """Of as many layers as there are: under the causal mask, those that the library gives."""
    model = transformers_text_model("eager", num_hidden_layers=layer)
    ids = plan_story(clip_tokenizer, STORY).layout.ids
    watch = MeanWeights()
    with torch.no_grad():
        own = torch.cat(model(ids, output_attentions=True).attentions).mean(dim=(0, 1))
        with attend(model, torch.ones(77, 77, dtype=torch.bool).tril(), watch=watch):
            model(ids)
    torch.testing.assert_close(watch.of(0), own, atol=1e-6, rtol=1e-5)


def test_no_weight_on_what_is_not_seen(encoder, clip_tokenizer):
    plan = plan_story(clip_tokenizer, STORY)
    watch = MeanWeights()
    with attend(encoder.module, plan.visible, watch=watch), torch.no_grad():
        encoder.encode(plan.layout.ids)
    weights = watch.of(0)
    assert torch.allclose(weights.sum(-1), torch.ones(77), atol=1e-5)
    assert (weights[~plan.visible] == 0).all()
    assert (weights[plan.visible] > 0).all()


@pytest.fixture(scope="module")
def fresh():
    return ClipTextEncoder(transformers_text_model())


@pytest.mark.parametrize(
    "options", [{}, {"layout": "windows"}, {"layout": "windows", "carry": "all"}]
)
def test_changes_are_those_of_the_embeddings(fresh, clip_tokenizer, options):
    found, plan = insights(fresh, clip_tokenizer, **options)
    hopped = list(encode_frames(fresh, plan.visibility))
    for insight in found:
        with torch.no_grad():
            plain = fresh.encode(plan.layout.alone(insight.number)).hidden[0]
        after = hopped[insight.number - 1].hidden[0]
        count = plan.frames[insight.number - 1].tokens
        expected = (after - plain).norm(dim=-1) / plain.norm(dim=-1)
        assert insight.changes == pytest.approx(expected[1 : 1 + count].tolist(), abs=1e-5)
        whole = (after - plain).norm() / plain.norm()
        assert insight.change == pytest.approx(float(whole), abs=1e-5)


def test_the_first_frame_saw_nothing_and_did_not_move(fresh, clip_tokenizer):
    first = insights(fresh, clip_tokenizer)[0][0]
    assert first.change == 0
    assert set(first.changes) == {0}
    assert first.attended.shape == (len(first.ids), 0)
    assert first.most_attended(0) == []


def test_both_layouts_attend_to_the_frame_before_and_to_nothing_else(fresh, clip_tokenizer):
    for layout in ("joint", "windows"):
        found, plan = insights(fresh, clip_tokenizer, layout=layout)
        last = found[2]
        assert {int(plan.layout.p_id[token]) for token in last.seen.tolist()} == {2}
        assert last.attended.shape == (len(last.ids), len(last.seen))
        assert (last.attended > 0).all()
        assert (last.attended.sum(-1) < 1).all()
        best = last.most_attended(1)
        assert [weight for _, weight in best] == sorted((w for _, w in best), reverse=True)
        assert best[0][1] == pytest.approx(float(last.attended[1].max()))


def test_a_word_is_its_tokens_together(fresh, clip_tokenizer):
    one = insights(fresh, clip_tokenizer)[0][1]
    own, seen = [0, 0, *range(1, len(one.ids) - 1)], [0, *range(len(one.seen) - 1)]
    words = one.by_words(own, seen)
    assert words.ids == (one.ids[0], *one.ids[2:])
    assert words.seen.tolist() == [int(one.seen[0]), *one.seen[2:].tolist()]
    assert words.changes[0] == pytest.approx(
        float((one.moved[:2].sum() / one.size[:2].sum()) ** 0.5)
    )
    assert words.changes[1:] == pytest.approx(one.changes[2:])
    assert float(words.attended[0, 0]) == pytest.approx(float(one.attended[:2, :2].sum() / 2))
    # Every token attends to as much as before, and nothing is lost between words.
    assert words.attended[1:].sum(1).tolist() == pytest.approx(one.attended[2:].sum(1).tolist())
    tokens = one.by_words(range(len(one.ids)), range(len(one.seen)))
    assert tokens.changes == one.changes
    assert torch.equal(tokens.attended, one.attended)


def test_the_same_whatever_is_encoded_at_once(fresh, clip_tokenizer, monkeypatch):
    options = {"layout": "windows", "reach": 2}
    whole = insights(fresh, clip_tokenizer, **options)[0]
    monkeypatch.setattr(chunks, "CHUNK", 1)
    for one, other in zip(insights(fresh, clip_tokenizer, **options)[0], whole, strict=True):
        assert torch.equal(one.moved, other.moved)
        torch.testing.assert_close(one.attended, other.attended)


def test_two_encoders_side_by_side(fresh, clip_tokenizer):
    one = insights(fresh, clip_tokenizer)[0][1]
    both = joined([one, one])
    assert both.changes == pytest.approx(one.changes)
    assert torch.allclose(both.attended, one.attended)
    assert both.change == pytest.approx(one.change)
