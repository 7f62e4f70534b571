"""What the page's events are answered with, by the embedded model itself."""

from __future__ import annotations

import re
import threading

from PIL import Image

from hopping.run_options import RunOptions
from hopping.story import parse_story
from hopping.studio.browser.answers import PAGE_ROWS
from hopping.studio.browser.desk import State
from hopping.studio.record import read_record

from .asking import frames_in, generate, on_desk, run_of, values, watch
from .conftest import STORY


def test_frames_come_one_by_one_and_their_files_are_the_command_lines(studio):
    (progress, _, downloads), told = generate(studio, steps=8)
    folder, record = run_of(studio)
    assert [frames.count("<img") for frames in frames_in(told)] == [1, 2, 3]
    assert "Done: 3 pictures, seed 7" in progress
    # Which of the steps are shown depends on how long each takes.
    assert any("Steps" in progress and re.search("[1-8]/8", progress) for progress, _, _ in told)
    assert sorted(path.name for path in folder.iterdir()) == [
        "frame-01.png",
        "frame-02.png",
        "frame-03.png",
        "grid.png",
        "mask.png",
        "story.json",
    ]
    assert "pages.pdf" in downloads
    assert record.source == STORY


def test_the_cards_that_are_sent_are_those_of_new_pictures(studio):
    sent, made = [], 0
    for _ in studio.generate("token", STORY, *values(steps=8, compare=True)):
        fetched = studio.cards("token", made)
        made = fetched["made"]
        if fetched["cards"]:
            sent.append([number for number, _ in fetched["cards"]])
    # Two that come together are sent together.
    assert [number for numbers in sent for number in numbers] == [1, 2, 3, 1, 2, 3]
    assert studio.cards("token", 6) == {"made": 6, "more": False, "cards": []}
    assert studio.cards("nobody's", 0) is None


def test_a_story_is_parsed_once_however_many_frames_it_has(studio, monkeypatch):
    parsed = []

    def counted(*texts, **cast):
        parsed.append(texts)
        return parse_story(*texts, **cast)

    for module in ("record", "unread_syntax", "pipeline_conditioner"):  # all that call it
        monkeypatch.setattr(f"hopping.studio.{module}.parse_story", counted)
    counts = []
    for story in (STORY, STORY + "\nIt sleeps.\nIt runs."):
        parsed.clear()
        generate(studio, story, steps=1)
        counts.append(sum(texts[0] == story for texts in parsed))
    assert counts[0] == counts[1] <= 2  # the request's and the record's


def test_plain_pictures_stand_beside_where_asked_for(studio):
    _, told = generate(studio, compare=True)
    _, record = run_of(studio)
    assert len(record.files) == 6
    assert frames_in(told)[-1].count("plain SD</figcaption>") == 3


def test_it_says_how_far_each_token_moved_and_what_it_attended_to(studio):
    _, told = generate(studio)
    frames = frames_in(told)[-1]
    assert "its embedding is the plain one" in frames  # frame 1
    assert frames.count("Hopping moved this frame") == 2
    assert "Attended most to" in frames


def fold(card):
    """What of a card is in its fold, and what is not."""
    before, rest = card.split("<details>")
    within, after = rest.split("</details>")
    return within, before + after


def test_what_hopping_did_is_folded_and_told_in_words(studio):
    """In whole words: the model's tokens of "sits" are s, it and s."""
    _, told = generate(studio, "A red dog sits.\nThe dog sits on the sofa.", pixels="subject")
    card = frames_in(told)[-1].split('<div class="studio-frame"')[2]
    within, outside = fold(card)
    words = re.findall(r'class="studio-word">([^<]*)<', within)
    assert words == ["the", "dog", "sits", "on", "the", "sofa", "."]
    assert "</b> sits " in within
    for what in ("saw of frame", "Hopping moved", "Fade to plain"):
        assert what in within
        assert what not in outside


def test_a_run_of_before_tells_what_a_new_one_does(studio):
    """What is found out again is the same, to the letter."""
    *_, _ = studio.generate("token", STORY, *values())
    fresh = dict(studio.cards("token", 0)["cards"])
    folder, _ = run_of(studio)
    *_, (progress, downloads) = studio.follow("", folder.name)
    assert "3 of 3 pictures are made and kept" in progress
    assert "pages.pdf" in downloads
    cards, made, more = {}, 0, True
    while more:
        fetched = studio.cards(folder.name, made)
        made, more = fetched["made"], fetched["more"]
        cards |= dict(fetched["cards"])
    assert cards == fresh
    studio.desk._jobs.clear()  # as if much else had been made since
    again = studio.cards(folder.name, 0)
    assert "when the model is free" in again["cards"][1][1]
    assert "Fade to plain" in again["cards"][1][1]


def test_a_run_of_another_model_says_why_its_words_are_not_told(studio):
    generate(studio)
    folder, record = run_of(studio)
    record.fingerprint = "other"
    record.write(folder)
    list(studio.follow("", folder.name))
    fetched = studio.cards(folder.name, 0)
    assert not fetched["more"]
    for _, card in fetched["cards"]:
        within, _ = fold(card)
        assert "How far its words moved cannot be told: the model" in within
        assert "Fade to plain" not in within


def test_generate_does_not_wait_for_what_was_done_before(studio):
    generate(studio)
    folder, _ = run_of(studio)
    gate = threading.Event()
    studio.desk.submit("other", lambda job: gate.wait(10))
    list(studio.follow("", folder.name))
    told = studio.generate("next", STORY + "\nIt runs.", *values(), desk=on_desk(folder))
    next(told)
    gate.set()
    *_, (progress, _) = told
    assert "Done" in progress
    assert studio.desk.find(folder.name).state is State.CANCELLED


def test_it_shows_what_each_frame_saw_of_earlier_pictures(studio):
    _, told = generate(studio, steps=4, pixels="subject", mode="baseline")
    assert any("(pixels that later frames see take " in progress for progress, _, _ in told)
    folder, record = run_of(studio)
    frames = frames_in(told)[-1]
    assert frames.count("saw of frame</span> <b>1</b> “A red dog”, ") == 2
    assert frames.count('alt="What was seen of frame 1"') == 2
    for number in (2, 3):
        (saw,) = record.saw[number]
        assert f"{saw.share:.0%} of the picture" in frames
        assert studio.files.answer(folder.name, saw.file, {}).status_code == 200
        with Image.open(folder / saw.file) as seen, Image.open(folder / "frame-01.png") as whole:
            assert seen.size == whole.size
            assert seen.tobytes() != whole.tobytes()
    assert record.saw == read_record(folder).saw


def test_the_whole_picture_needs_none_of_what_was_seen(studio):
    _, told = generate(studio, pixels="all")
    assert frames_in(told)[-1].count("saw of frame</span> <b>1</b> the whole picture") == 2
    assert not list(run_of(studio)[0].glob("saw*"))


def test_cancelling_keeps_what_is_done(studio):
    told = []
    for shown in watch(studio, steps=4):
        told.append(shown)
        if isinstance(shown[1], str) and "<img" in shown[1]:
            studio.cancel("token")
    folder, record = run_of(studio)
    made = len(record.files)
    assert 1 <= made < 3
    assert f"Cancelled. {made} of 3 pictures are made and kept." in told[-1][0]
    assert (folder / "grid.png").is_file()
    assert "frames.zip" in told[-1][2]


def test_the_page_has_every_run_option_that_means_something_here():
    names = {row.name for row in PAGE_ROWS}
    assert {row.name for row in RunOptions.rows()} - names == {"grid", "captions", "save_mask"}
