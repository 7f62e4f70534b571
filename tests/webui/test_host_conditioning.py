"""The conditionings of a story, on the real text encoder and the stand-in host around it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from hopping import EncoderError, HoppingOptions, LayoutError, encode_story, parse_story
from hopping.webui import encoders, host_conditioning, hosts, moments, texts

from . import stand_in_encoder, stand_ins

STORY = "A red dog is swimming in the river.\nThe dog sits under the sun.\nThe dog runs."
LAYOUTS = ["joint", "windows"]


def engine_of(sd_model):
    return hosts.host().engines(sd_model)[0]


def conditionings(sd_model, story, steps=10, **options):
    """For each frame its sub-prompts, as the sampler gets them."""
    frames = parse_story(story, cast=options.get("cast", "said")).encoded
    timing = texts.Timing(steps)
    prompts = stand_ins.Conditions([frame.text for frame in frames], width=64, height=64)
    call = host_conditioning.HostCall(stand_ins.get_multicond, sd_model, prompts, timing)
    scheduled = moments.schedule_frames(frames, list(prompts), str, timing)
    return host_conditioning.HostStory(call, scheduled, HoppingOptions(**options)).conditionings()


def conds(sd_model, story, **options):
    """For each frame its one conditioning."""
    return [frame[0].schedules[0].cond for frame in conditionings(sd_model, story, **options)]


def plain(sd_model, text):
    return sd_model.get_learned_conditioning([text])[0]


def inversion(sd_model, name, words):
    """Declares the word `name` to mean the vectors that `words` have."""
    engine = engine_of(sd_model)
    tower = getattr(engine.module, "text_model", engine.module)
    table = tower.embeddings.token_embedding.wrapped
    vectors = table(torch.tensor(engine.cutter.tokenize([words])[0])).detach()
    (token,) = engine.cutter.tokenize([name])[0]
    made = SimpleNamespace(name=name, vectors=len(vectors), vec=vectors)
    engine.inversions.by_id[token] = made


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("options", [{}, {"reach": "all"}, {"strength": 0.4}, {"anchor": True}])
def test_without_syntax_they_are_the_cores(sd_model, layout, options):
    options = {"layout": layout, **options}
    wrapped = engine_of(sd_model).wrapper.wrapped
    expected = encode_story(
        wrapped.transformer, wrapped.tokenizer, parse_story(STORY), HoppingOptions(**options)
    )
    made = conds(sd_model, STORY, **options)
    torch.testing.assert_close(torch.stack(made), expected)
    assert torch.equal(made[0], plain(sd_model, STORY.split("\n")[0]))
    assert not torch.allclose(made[1], plain(sd_model, STORY.split("\n")[1]), atol=1e-3)


@pytest.mark.parametrize("options", [{}, {"share": "subject", "carry": "all"}])
def test_a_description_that_is_seen_is_the_cores(sd_model, options):
    options = {"layout": "windows", "cast": "seen", **options}
    story = "<cast:Mia: a girl in a red hat>\nMia swims.\nA dog.\nMia sits by the river."
    wrapped = engine_of(sd_model).wrapper.wrapped
    expected = encode_story(
        wrapped.transformer,
        wrapped.tokenizer,
        parse_story(story, cast="seen"),
        HoppingOptions(**options),
    )
    made = conds(sd_model, story, **options)
    torch.testing.assert_close(torch.stack(made), expected)
    assert not torch.allclose(made[0], plain(sd_model, "Mia swims."), atol=1e-3)
    # The host reads what is written in it: an emphasis, an edit.
    edited = story.replace("a girl in a red hat", "a (girl:1.2) in a [red:blue:0.5] hat")
    (frame, *_) = conditionings(sd_model, edited, **options)
    first, second = frame[0].schedules
    assert (first.end_at_step, second.end_at_step) == (5, 10)
    torch.testing.assert_close(first.cond, made[0])
    assert not torch.allclose(second.cond, made[0], atol=1e-3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_emphasis_acts_on_each_frame_as_alone(sd_model, layout):
    hopped = conds(sd_model, "A dog swims.\nThe dog sits there.", layout=layout)[1]
    weighted = conds(sd_model, "A dog swims.\nThe (dog:1.5) sits there.", layout=layout)[1]
    weights = torch.ones(77, 1)
    weights[2] = 1.5
    expected = hopped * weights
    torch.testing.assert_close(weighted, expected * (hopped.mean() / expected.mean()))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("lines", [("A dog {}.", "It sits."), ("A dog.", "It {} sits {}.")])
def test_inversions_are_what_their_vectors_are(sd_model, layout, lines):
    inversion(sd_model, "zebra", "river sun")
    story = "\n".join(lines)
    spelt = conds(sd_model, story.replace("{}", "river sun"), layout=layout)
    invented = conds(sd_model, story.replace("{}", "zebra"), layout=layout)
    torch.testing.assert_close(torch.stack(invented), torch.stack(spelt))


def test_subjects_are_found_around_an_inversion(sd_model):
    inversion(sd_model, "zebra", "river sun moon")
    story = "In a zebra, a red dog swims.\nThe dog sits."
    one = conds(sd_model, story, layout="windows", share="subject")[1]
    marked = story.replace("a red dog", "<share:a red dog>")
    assert torch.equal(one, conds(sd_model, marked, layout="windows")[1])
    assert not torch.equal(one, conds(sd_model, story, layout="windows")[1])


def test_the_context_follows_the_earlier_frames_editing(sd_model):
    (edited,) = conditionings(sd_model, "A [cat:dog:0.5] swims.\nIt sits.")[1]
    assert [entry.end_at_step for entry in edited.schedules] == [5, 10]
    for entry, animal in zip(edited.schedules, ("cat", "dog"), strict=True):
        expected = conds(sd_model, f"A {animal} swims.\nIt sits.")[1]
        torch.testing.assert_close(entry.cond, expected)


def test_own_editing_within_one_context(sd_model):
    (edited,) = conditionings(sd_model, "A cat swims.\nIt [sits:runs:0.3].", layout="windows")[1]
    assert [entry.end_at_step for entry in edited.schedules] == [3, 10]
    frames = [conds(sd_model, f"A cat swims.\nIt {what}.")[1] for what in ("sits", "runs")]
    assert not torch.allclose(frames[0], frames[1], atol=1e-3)


def test_equal_neighbours_are_one_entry(sd_model):
    third = conditionings(sd_model, "A [cat:dog:0.5].\nIt sits.\nIt runs.", layout="windows")
    assert [len(part.schedules) for frame in third for part in frame] == [2, 2, 2]
    alone = conditionings(sd_model, "A [cat:dog:0.5].\nIt sits.\n<from:none> It runs.")
    assert [len(part.schedules) for frame in alone for part in frame] == [2, 2, 1]


def test_and_keeps_weights_and_shows_all_sub_prompts(sd_model):
    story = "A cat AND a ship :0.5\nIt sits AND it runs :0.7"
    made = conditionings(sd_model, story)
    assert [[part.weight for part in frame] for frame in made] == [[1.0, 0.5], [1.0, 0.7]]
    other = conditionings(sd_model, story.replace("a ship", "a wolf"))
    for one, another in zip(made[1], other[1], strict=True):
        assert not torch.equal(one.schedules[0].cond, another.schedules[0].cond)
    first = plain(sd_model, "A cat")
    assert torch.equal(made[0][0].schedules[0].cond, first)


def test_break_and_long_prompts(sd_model):
    long = "The dog " + "runs " * 100
    made = conds(sd_model, f"A dog swims.\n{long}")
    assert made[1].shape == (154, made[0].shape[1])
    broken = conds(sd_model, "A dog BREAK swims.\nIt sits BREAK here.")
    assert [len(cond) for cond in broken] == [154, 154]
    assert torch.equal(broken[0], plain(sd_model, "A dog BREAK swims."))


def test_editing_to_more_windows_fills_the_shorter_text_up_as_the_host_does(sd_model):
    second = "It [sits:" + "runs and " * 50 + ":0.5]."
    (edited,) = conditionings(sd_model, f"A dog.\n{second}", strength=1e-7)[1]
    (host,) = stand_ins.get_multicond(sd_model, [second], 10).batch[0]
    for ours, theirs in zip(edited.schedules, host.schedules, strict=True):
        torch.testing.assert_close(ours.cond, theirs.cond, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("options", [{"strength": 0}, {"reach": 0}, {"mode": "baseline"}])
def test_what_sees_nothing_is_the_hosts_own(sd_model, options):
    for text, cond in zip(STORY.split("\n"), conds(sd_model, STORY, **options), strict=True):
        assert torch.equal(cond, plain(sd_model, text))


def hooks(module):
    return [
        hook
        for part in module.modules()
        for hook in (*part._forward_pre_hooks.values(), *part._forward_hooks.values())
    ]


def untouched(sd_model):
    engine = engine_of(sd_model)
    return (
        not hooks(engine.wrapper)
        and not hooks(engine.module)
        and "encode_with_transformers" not in vars(engine.wrapper)
        and engine.slot.fixes is None
    )


def test_nothing_is_left_after_a_run(sd_model):
    conds(sd_model, STORY)
    assert untouched(sd_model)


def test_what_another_extension_put_on_the_encoder_stays(sd_model):
    wrapper = engine_of(sd_model).wrapper
    own, calls = wrapper.encode_with_transformers, []

    def theirs(tokens):
        calls.append(len(tokens))
        return own(tokens)

    wrapper.encode_with_transformers = theirs
    conds(sd_model, STORY)
    assert vars(wrapper)["encode_with_transformers"] is theirs
    assert calls  # and it was asked
    with pytest.raises(LayoutError):
        conds(sd_model, "dog " * 80 + "\nIt sits.", layout="joint")
    assert vars(wrapper)["encode_with_transformers"] is theirs


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fails_at", range(2, 4))  # the first pass is the host's own
def test_nothing_is_left_after_an_error(sd_model, layout, fails_at, monkeypatch):
    calls = 0
    encoder = type(engine_of(sd_model).module)
    forward = encoder.forward

    def fail(self, *args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise RuntimeError("out of memory")
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(encoder, "forward", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        conds(sd_model, STORY, layout=layout)
    assert untouched(sd_model)


def test_a_host_that_encodes_something_else_is_an_error(sd_model, monkeypatch):
    forward = stand_in_encoder.Embedder.forward
    monkeypatch.setattr(
        stand_in_encoder.Embedder,
        "forward",
        lambda self, texts: forward(self, [t + " x" for t in texts]),
    )
    with pytest.raises(EncoderError, match="other tokens are encoded than were laid out"):
        conds(sd_model, STORY)
    assert untouched(sd_model)


def test_what_cannot_be_done_is_told_before_anything_is_encoded(sd_model, opts):
    wrapper = engine_of(sd_model).wrapper
    wrapper.passes = 0
    with pytest.raises(LayoutError, match="use layout=windows"):
        conds(sd_model, "dog " * 80 + "\nIt sits.", layout="joint")
    with pytest.raises(LayoutError, match="frame 1: it is encoded in several windows"):
        conds(sd_model, "A dog BREAK swims.\nIt sits.", layout="joint")
    assert wrapper.passes == 0


def test_the_old_emphasis_implementation_is_refused(opts):
    opts.use_old_emphasis_implementation = True
    with pytest.raises(EncoderError, match="old emphasis implementation"):
        encoders.text_encoders(SimpleNamespace())


def test_other_text_encoders_are_refused(opts):
    for model in (SimpleNamespace(cond_stage_model=torch.nn.Linear(1, 1)), SimpleNamespace()):
        with pytest.raises(EncoderError, match="cannot be hopped"):
            encoders.text_encoders(model)
