"""What a run keeps of the one on the desk, by the embedded model itself."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from hopping import HoppingError
from hopping.studio.browser.keeping import read_desk
from hopping.studio.record import FrameKey, read_record

from .asking import on_desk, values
from .conftest import STORY

FIRST, SECOND, THIRD = STORY.split("\n")


def make(studio, story=STORY, desk="", **changes):
    """Generate; the run's folder, and what was said at its end."""
    before = set(studio.outputs.glob("*"))
    *_, (said, _) = studio.generate("token", story, *values(**changes), desk=desk)
    made = set(studio.outputs.glob("*")) - before
    return (made.pop() if made else None), said


def frames(folder):
    return [(folder / f"frame-0{n}.png").read_bytes() for n in (1, 2, 3)]


def pixels(folder, number):
    with Image.open(folder / f"frame-0{number}.png") as picture:
        return picture.tobytes()


def test_only_what_changed_is_made_and_is_as_in_a_story_made_whole(studio):
    first, _ = make(studio, seed=-1)
    seed = read_record(first).settings.seed
    story = "\n".join([FIRST, SECOND, "<from:1> The dog is jumping."])
    second, said = make(studio, story, on_desk(first), seed=-1)
    assert "1 of 3 frames is made, the others kept." in said
    assert read_record(second).settings.seed == seed
    assert frames(second)[:2] == frames(first)[:2]
    whole, _ = make(studio, story, seed=seed)
    assert [pixels(second, n) for n in (1, 2, 3)] == [pixels(whole, n) for n in (1, 2, 3)]
    assert frames(first)[2] != frames(second)[2]  # and what was before is still there


def test_what_a_change_reaches_is_made_too(studio):
    first, _ = make(studio)
    _, said = make(studio, f"A blue dog is running.\n{SECOND}\n{THIRD}", on_desk(first))
    assert "Done: 3 pictures" in said
    assert "kept" not in said


def test_a_seed_of_its_own_changes_one_frame(studio):
    first, _ = make(studio)
    story = f"{FIRST}\n<seed:8> {SECOND}\n{THIRD}"
    second, said = make(studio, story, on_desk(first, only=(2,)))
    assert "1 of 3 frames is made" in said
    was, now = frames(first), frames(second)
    assert [was[n] == now[n] for n in range(3)] == [True, False, True]


def test_what_is_locked_stays_whatever_is_written(studio):
    first, _ = make(studio)
    story = f"{FIRST}\nA cat sleeps.\n<seed:3> {THIRD}"
    second, _ = make(studio, story, on_desk(first, locked=(2,)))
    was, now = frames(first), frames(second)
    assert [was[n] == now[n] for n in range(3)] == [True, True, False]
    third, _ = make(studio, story, on_desk(second))  # unlocked
    assert frames(third)[1] != now[1]
    assert frames(second) == now
    _, said = make(studio, story, on_desk(first, locked=(1, 2, 3)))
    assert "every frame that would be made is locked" in said


def test_a_run_that_was_cancelled_goes_on_in_its_folder(studio):
    for _ in studio.generate("token", STORY, *values(steps=4)):
        fetched = studio.cards("token", 0)
        if fetched and fetched["made"]:
            studio.cancel("token")
    (first,) = studio.outputs.iterdir()
    made = len(read_record(first).files)
    assert 1 <= made < 3
    kept = (first / "frame-01.png").read_bytes()
    new, said = make(studio, desk=on_desk(first), steps=4)
    assert new is None
    assert f"{3 - made} of 3 frames" in said
    assert (first / "frame-01.png").read_bytes() == kept
    assert len(read_record(first).files) == 3


def test_nothing_is_made_where_nothing_has_changed(studio):
    first, _ = make(studio, seed=-1)
    new, said = make(studio, desk=on_desk(first), seed=-1)
    assert new is None
    assert "Nothing has changed" in said
    again, _ = make(studio, desk=on_desk(first, anew=True), seed=-1)
    assert read_record(again).settings.seed != read_record(first).settings.seed
    fixed, _ = make(studio, desk=on_desk(first, anew=True), seed=7)
    assert read_record(fixed).settings.seed == 7


def test_pictures_are_taken_along_to_where_their_frames_are(studio):
    story = "A red dog runs.\nA blue cat sits.\nA tree."
    first, _ = make(studio, story, mode="baseline")
    second, said = make(
        studio,
        "A tree.\nA red dog runs.\nA blue cat sits.",
        on_desk(first, was=(3, 1, 2)),
        mode="baseline",
    )
    assert "0 of 3 frames are made" in said
    assert frames(second) == [frames(first)[n] for n in (2, 0, 1)]


def test_a_variant_that_is_chosen_is_not_made_again(studio):
    first, _ = make(studio)
    texts = [f"{FIRST}\n<seed:{seed}> {SECOND}\n{THIRD}" for seed in (8, 9)]
    *_, shown = studio.seeds("strip", on_desk(first, only=(2,)), json.dumps(texts), *values())
    assert shown.count("<img") == 2
    assert "Take seed 9 for frame 2" in shown
    tried = sorted(path.name for path in first.glob("variant-2-*.png"))
    assert len(tried) == 2
    assert studio.files.answer(first.name, tried[0], {}).status_code == 200
    second, said = make(studio, texts[1], on_desk(first))
    assert "0 of 3 frames are made" in said
    whole, _ = make(studio, texts[1])
    assert pixels(second, 2) == pixels(whole, 2)
    assert read_record(second).made_from[FrameKey(False, 2)] in "".join(tried)


def test_what_generate_would_make_is_told_before(studio):
    first, _ = make(studio)
    story = f"{FIRST}\n{SECOND}\n<seed:3> {THIRD}"
    told_of_it = studio.stock(on_desk(first), story, *values())
    assert "1 of 3 frames is to be made" in told_of_it
    assert 'data-numbers="3"' in told_of_it
    assert studio.stock(on_desk(first), "A dog. <from:9>", *values()) == ""


BROKEN = '{"run": "a", "was": %s, "locked": %s, "only": [], "anew": false}'


@pytest.mark.parametrize(
    "text",
    ["[", "1", "[]", "{}", BROKEN % ("[1.5]", "[]"), BROKEN % ("[]", "[null]"), "[" * 100_000],
)
def test_what_is_no_desk_is_refused(studio, text):
    with pytest.raises(HoppingError, match="on its desk"):
        read_desk(text)
    *_, (said, _) = studio.generate("token", STORY, *values(), desk=text)
    assert "on its desk" in said
