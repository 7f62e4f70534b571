"""The option cast=seen: a description is a source that is no frame. Its invariants, on encoders."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hopping import HoppingOptions, LayoutError, OptionError, chunks, encode_frames, parse_story
from hopping.clip import content_tokenize, special_ids
from hopping.layout import lay_out, tokenize_frame
from hopping.mask import Visibility
from hopping.mask_drawing import draw, frame_name
from hopping.plan import plan_of
from tests import strategies
from tests.encoders import ENCODERS, dense_hidden

CAST = ("<cast:Zyx: a mandrake in a purple hat>", "<cast:Qua|the queen: a tall lady with a crown>")
KINDS = st.sampled_from(list(ENCODERS))
OPTIONS = strategies.options(layout="windows", strength=1.0, cast="seen")


@st.composite
def casts(draw):
    """A story's lines, in which each of the cast is named, the first in frame 1."""
    lines = draw(strategies.stories(most=4))
    lines[0] += " Zyx waves."
    for number in range(1, len(lines)):
        lines[number] += draw(st.sampled_from(["", "", " Zyx waves.", " Zyx sees the queen."]))
    return [*lines, "The queen and Qua."]


@pytest.fixture(scope="module")
def encoders():
    return {name: make() for name, make in ENCODERS.items()}


@pytest.fixture(scope="module")
def seen(clip_tokenizer):
    def visibility(lines, options, cast=CAST):
        story = parse_story("\n".join([*cast, *lines]), cast="seen")
        tokenize = content_tokenize(clip_tokenizer)
        tokens = [tokenize_frame(tokenize, frame.text) for frame in story.encoded]
        layout = lay_out(story, tokens, special_ids(clip_tokenizer), options)
        return Visibility(layout, options)

    return visibility


@given(lines=casts(), options=OPTIONS)
@settings(max_examples=40)
def test_a_frame_sees_the_description_of_whom_it_names_and_it_sees_nobody(seen, lines, options):
    visibility = seen(lines, options)
    layout = visibility.layout
    for number, line in enumerate(lines, start=1):
        context = visibility.context(number)
        for description, names in ((-1, ("Zyx",)), (-2, ("Qua", "queen"))):
            whole = torch.isin(layout.content(description), context)
            named = any(name in line for name in names)
            assert whole.all() if named else options.share == "subject" or not whole.any()
    matrix = visibility.matrix()
    for description in (-1, -2):
        own = layout.windows(description).flatten()
        assert torch.equal(matrix[own][:, own], torch.ones(77, 77, dtype=torch.bool).tril())
        assert matrix[own].sum() == matrix[own][:, own].sum()


@given(lines=casts(), options=OPTIONS, kind=KINDS)
@settings(max_examples=30)
def test_a_frame_without_the_cast_is_as_in_the_story_without_cast_lines(
    encoders, seen, lines, options, kind
):
    """Bit for bit, if it sees no frame that is told who somebody is."""
    visibility = seen(lines, options)
    without = seen(lines, options, cast=())
    told = set()
    pairs = zip(
        encode_frames(encoders[kind], visibility),
        encode_frames(encoders[kind], without),
        strict=True,
    )
    for number, (frame, bare) in enumerate(pairs, start=1):
        sees = set(visibility.layout.p_id[visibility.context(number)].tolist())
        if visibility.cast(number) or sees & told:
            told.add(number)
        else:
            assert torch.equal(frame.hidden, bare.hidden)
    assert {1, len(lines)} <= told


@given(lines=casts(), options=OPTIONS, kind=KINDS, more=strategies.prompts())
@settings(max_examples=30)
def test_a_frame_that_is_added_changes_none_before_it(encoders, seen, lines, options, kind, more):
    before = [*encode_frames(encoders[kind], seen(lines, options))]
    after = [*encode_frames(encoders[kind], seen([*lines, f"{more} Zyx."], options))]
    for one, other in zip(before, after, strict=False):
        assert torch.equal(one.hidden, other.hidden)


@given(lines=casts(), options=OPTIONS, kind=KINDS, size=st.integers(1, 3))
@settings(max_examples=30)
def test_it_is_one_big_mask_whatever_is_encoded_at_once(encoders, seen, lines, options, kind, size):
    options = options.replace(carry="all")
    visibility = seen(lines, options)
    dense = dense_hidden(encoders[kind], visibility.layout, visibility.matrix())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK", size)
        frames = [*encode_frames(encoders[kind], visibility)]
    assert len(frames) == len(lines)
    for number, frame in enumerate(frames, start=1):
        expected = dense[visibility.layout.windows(number)]
        torch.testing.assert_close(frame.hidden, expected, atol=2e-4, rtol=1e-3)


@given(lines=casts(), options=OPTIONS)
@settings(max_examples=20)
def test_a_description_is_encoded_as_it_is_alone(seen, lines, options):
    visibility = seen(lines, options)
    alone = {tuple(row.tolist()) for chunk in chunks.chunks(visibility) for row in chunk.free}
    for description in (-1, -2):
        for window in visibility.layout.windows(description):
            assert tuple(window.tolist()) in alone


def test_those_who_meet_see_their_own_description_alone(seen):
    options = HoppingOptions.from_mapping({"cast": "seen"}, "Consistent subject")
    visibility = seen(["Zyx waves.", "Zyx and the queen sit."], options)
    layout = visibility.layout
    matrix = visibility.matrix()
    for span, own, other in (((0, 3), -1, -2), ((8, 17), -2, -1)):  # "Zyx", "the queen"
        words = layout.content(2)[layout.frames[1].covered([span])]
        assert matrix[words][:, layout.content(own)].all()
        assert not matrix[words][:, layout.content(other)].any()


def test_whom_a_pronoun_means_is_seen_too_with_share_subject(seen):
    lines = ["The queen sits.", "She waves at Zyx.", "A dog."]
    preset = HoppingOptions.from_mapping({"cast": "seen"}, "Consistent subject")
    for options, second in ((preset, ["Zyx", "Qua"]), (preset.replace(share="all"), ["Zyx"])):
        found = [[d.cast[0].names[0] for d in seen(lines, options).cast(n)] for n in (1, 2, 3)]
        assert found == [["Qua"], second, []]


def test_plan_and_mask_say_so(seen):
    options = HoppingOptions.from_mapping({"cast": "seen"}, "Consistent subject")
    plan = plan_of(seen(["Zyx waves.", "A dog.", "The queen sees Zyx."], options))
    assert [frame.cast for frame in plan.frames] == [("Zyx",), (), ("Zyx", "Qua")]
    assert plan.as_dict()["frames"][0]["cast"] == ["Zyx"]
    assert "sees no other frame, the cast's 'Zyx'] Zyx waves." in plan.summary()
    assert plan.notes[0] == "Zyx is seen as 'a mandrake in a purple hat' in frames 1, 3"
    assert {frame_name(token.frame) for token in draw(plan, str).tokens} == {
        "cast 1",
        "cast 2",
        "1",
        "2",
        "3",
    }


def test_pixels_come_from_the_first_frame_that_names_her(seen, plan):
    lines = ("A dog.", "Zyx waves.", "The queen sits.", "Zyx runs. The queen sleeps.", "Zyx.")
    preset = {"layout": "windows", "share": "subject", "pixels": "subject", "carry": "all"}
    for told in ("seen", "said"):
        options = HoppingOptions(**preset, cast=told)
        if told == "seen":
            pixels = plan_of(seen(lines, options)).pixels
        else:
            pixels = plan("\n".join([*CAST, *lines]), **preset).pixels
        assert [[link.source.frame for link in links] for links in pixels] == [
            [],
            [],
            [],
            [2, 3],
            [2],
        ]


def test_host_tags_of_a_description_serve_all_frames():
    story = parse_story("<cast:Mia: a girl <lora:mia:0.8>>\nMia runs.\nA dog.", cast="seen")
    assert story.texts == ("Mia runs. <lora:mia:0.8>", "A dog. <lora:mia:0.8>")
    assert [frame.text for frame in story.descriptions] == ["a girl"]


def test_one_row_has_no_place_for_a_description(seen):
    with pytest.raises(LayoutError, match="cast=seen the descriptions have windows of their own"):
        seen(["Zyx. Qua."], HoppingOptions(layout="joint", cast="seen"))
    layout = seen(["Zyx. Qua."], HoppingOptions(cast="seen")).layout
    assert (layout.kind, layout.reason) == ("windows", "auto: cast=seen needs windows")
    assert seen(["A dog."], HoppingOptions(cast="seen"), cast=()).layout.kind == "joint"
    assert not seen(["Zyx. Qua."], HoppingOptions(mode="baseline", cast="seen")).cast(1)


def test_a_story_is_read_for_one_of_both(seen):
    with pytest.raises(OptionError, match=r'use parse_story\(…, cast="said"\)'):
        seen(["Zyx. Qua."], HoppingOptions())
