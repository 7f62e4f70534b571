"""The stories that are measured, and what their pictures score."""

import re
from dataclasses import replace

import pytest

from hopping import parse_story
from hopping.evaluate.scores import score_frames, score_story
from hopping.evaluate.stories import FREE, ONE, PRONOUN, TWO, make_stories
from hopping.storybook.captions import read_caption, vocabulary
from hopping.storybook.oracle import Verdict
from hopping.storybook.scene import COATS
from tests.evaluate.cases import CASES, perfect


def test_stories_are_always_the_same():
    assert list(make_stories(90)) == CASES


def test_texts_say_what_is_true_and_only_frame_1_names_the_attribute():
    for case in CASES:
        introductions = 2 if case.kind == TWO else 1
        for n, shot in enumerate(case.shots):
            said, again = read_caption(shot.text), read_caption(shot.repeated)
            colours = {figure.colour for figure in shot.truth.figures}
            subjects = {figure.subject for figure in shot.truth.figures}
            assert said.places == {shot.truth.place}
            assert said.colours == (colours if n < introductions else set())
            assert said.subjects <= subjects
            assert again.colours == colours
            assert again.subjects == subjects


def test_marked_texts_are_the_same_story():
    for case in CASES:
        story = parse_story("\n".join(shot.marked for shot in case.shots))
        assert story.texts == case.texts
        assert story.frames[0].marks


def test_a_perfect_telling_scores_one_and_leaks_nothing():
    for case in CASES:
        scores = score_story(case, perfect(case))
        assert scores["identity"] == scores["prompt"] == scores["spread"] == 1
        assert scores["found"] == scores["individual"] == 1
        assert scores["leak"] == 0
        assert scores.get("cross-talk", 0) == 0


def test_a_telling_that_stays_in_the_first_scene_leaks_everything():
    for case in CASES:
        if case.kind in (ONE, PRONOUN, FREE):
            scores = score_story(case, [perfect(case)[0]] * len(case.shots))
            assert scores["identity"] == scores["leak"] == 1
            assert scores["place"] == scores["spread"] == 0


def test_where_nobody_is_found_nothing_counts_but_a_leak():
    for case in CASES:
        seen = [Verdict(verdict.place, ()) for verdict in perfect(case)]
        assert not any(score_story(case, seen).values())
        stays = [seen[0]] * len(seen)
        assert {name for name, value in score_story(case, stays).items() if value} == {"leak"}


def test_an_individual_has_the_colour_and_the_coat_of_its_first_picture():
    for case in CASES:
        seen = perfect(case)
        changed = [
            Verdict(v.place, tuple(replace(f, coat=other(f.coat, COATS)) for f in v.figures))
            for v in seen
        ]
        # The truth's coat counts for nothing: what the first picture shows does.
        assert score_story(case, changed)["individual"] == 1
        assert score_story(case, [seen[0], *changed[1:]])["individual"] < 1
        assert score_story(case, [seen[0], *changed[1:]])["identity"] == 1
        introductions = 2 if case.kind == TWO else 1
        unseen = [Verdict(v.place, ()) for v in seen[:introductions]] + seen[introductions:]
        frames = score_frames(case, unseen)[introductions - 1 :]
        assert [frame["individual"] for frame in frames] == [0] * len(frames)


def test_framing_is_the_side_and_size_of_the_first_picture():
    case = CASES[0]
    seen = perfect(case)
    for change in ({"side": "left"}, {"size": "medium"}):
        moved = [Verdict(v.place, tuple(replace(f, **change) for f in v.figures)) for v in seen]
        scores = [score_story(case, told) for told in (seen, moved, [seen[0], *moved[1:]])]
        assert [score["framing"] for score in scores] == [1, 1, 0]
        assert {score["individual"] for score in scores} == {1}


def other(value, values):
    return values[(values.index(value) + 1) % len(values)]


def test_a_character_has_one_coat_in_all_of_a_story():
    coats = set()
    for case in CASES:
        of_subject = {}
        for shot in case.shots:
            for figure in shot.truth.figures:
                assert of_subject.setdefault(figure.subject, figure.coat) == figure.coat
        coats |= set(of_subject.values())
    assert coats == set(COATS)


def test_freer_english_keeps_to_the_models_words_and_varies():
    known = set(vocabulary())
    texts = [shot.text for case in make_stories(900) if case.kind == FREE for shot in case.shots]
    for text in texts:
        assert set(re.findall(r"[a-z]+", text.lower())) <= known, text
        assert all(part[:1].isupper() for part in text.split(". ")), text
    opening = {tuple(text.lower().split()[:2]) for text in texts}
    assert len(opening) > 40
    assert 0.3 < sum(text.count(".") > 1 for text in texts) / len(texts) < 0.8
    firsts = [case.shots[0].text for case in make_stories(900) if case.kind == FREE]
    predicates = [
        text for text in firsts if re.search(r" (is|wears|has|wearing) (a )?\w+[.,]", text)
    ]
    assert len(predicates) > 0.2 * len(firsts)


def test_swapped_characters_are_cross_talk():
    case = next(case for case in CASES if case.kind == TWO)
    seen = perfect(case)
    seen[2], seen[3] = seen[3], seen[2]
    scores = score_story(case, seen)
    assert scores["cross-talk"] == pytest.approx(2 / 4)
    assert scores["identity"] == pytest.approx(2 / 4)


def test_an_action_of_any_earlier_frame_is_a_leak():
    case = next(c for c in CASES if c.kind == ONE and len(c.shots) > 3)
    seen = perfect(case)
    for n in range(2, len(seen)):
        actions = {shot.truth.figures[0].action for shot in case.shots[:n]}
        for action in actions - {case.shots[n].truth.figures[0].action}:
            figure = replace(seen[n].figures[0], action=action)
            told = [*seen[:n], Verdict(seen[n].place, (figure,)), *seen[n + 1 :]]
            assert [f["leak"] for f in score_frames(case, told)] == [
                float(m == n) for m in range(1, len(seen))
            ]
