import json

import pytest
import torch

from hopping import parse_story
from hopping.evaluate import storybook, strips
from hopping.evaluate.methods import METHODS, TextSide
from hopping.evaluate.stories import KINDS, make_stories
from hopping.storybook.captions import read_caption
from hopping.storybook.model import RESOLUTION, random_storybook
from hopping.storybook.oracle import Verdict, build_oracle

CASES = list(make_stories(90))


@pytest.fixture(scope="module")
def pipeline():
    return random_storybook()


def perfect(case):
    return [Verdict(shot.truth.place, shot.truth.figures) for shot in case.shots]


def test_stories_are_always_the_same():
    assert list(make_stories(90)) == CASES


def test_texts_say_what_is_true_and_only_frame_1_names_the_attribute():
    for case in CASES:
        introductions = 2 if case.kind == KINDS[1] else 1
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
        scores = storybook.score_story(case, perfect(case))
        assert scores["identity"] == scores["prompt"] == scores["spread"] == 1
        assert scores["leak"] == 0
        assert scores.get("cross-talk", 0) == 0


def test_a_telling_that_stays_in_the_first_scene_leaks_everything():
    for case in CASES:
        if case.kind == KINDS[0]:
            scores = storybook.score_story(case, [perfect(case)[0]] * len(case.shots))
            assert scores["identity"] == scores["leak"] == 1
            assert scores["place"] == scores["spread"] == 0


def test_swapped_characters_are_cross_talk():
    case = next(case for case in CASES if case.kind == KINDS[1])
    seen = perfect(case)
    seen[2], seen[3] = seen[3], seen[2]
    scores = storybook.score_story(case, seen)
    assert scores["cross-talk"] == pytest.approx(2 / 4)
    assert scores["identity"] == pytest.approx(2 / 4)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_gives_each_frame_an_embedding(pipeline, name):
    side = TextSide(pipeline.text_encoder, pipeline.tokenizer)
    for case in CASES[:3]:
        embeddings = METHODS[name](side, case)
        assert embeddings.shape == (len(case.shots), 77, 128)
        assert embeddings.isfinite().all()
        # The rivals that join all prompts change frame 1 too; hopping never does.
        if "concatenated" not in name and "Story" not in name:
            assert torch.equal(embeddings[0], side.encode([case.shots[0].text])[0])


def test_a_stopped_measurement_goes_on(pipeline, tmp_path):
    oracle = build_oracle(RESOLUTION).eval()

    def measure(count):
        storybook.measure(pipeline, oracle, CASES[:count], ["plain"], 1, tmp_path)
        return storybook.read_scores(tmp_path / "plain.jsonl")

    first = measure(1)
    with (tmp_path / "plain.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"story": 1, "se')
    both = measure(2)
    assert both[0] == first[0]
    assert [line["story"] for line in both] == [0, 1]
    assert "| plain | " in storybook.table(tmp_path, ["plain"])


def test_the_error_is_that_of_stories_not_of_seeds(tmp_path):
    lines = [{"story": s, "seed": n, "leak": s} for s in (0, 1) for n in range(50)]
    mean, error = storybook.mean_and_error(json.loads(json.dumps(lines)), "leak")
    assert mean == 0.5
    assert error == pytest.approx(0.5)


def test_strips_show_the_best_the_median_and_the_worst_story(pipeline):
    lines = [
        {"story": n, "seed": 0, "identity": n / 4, "prompt": 1.0, "leak": 0.0} for n in range(5)
    ]
    chosen = {name: line["story"] for name, line in strips.best_median_worst(lines).items()}
    assert chosen == {"best": 4, "median": 2, "worst": 0}
    with pytest.raises(ValueError, match="no scores"):
        strips.best_median_worst([])
    case = CASES[2]
    strip = strips.draw_strip(pipeline, case, "Consistent subject", seed=0)
    assert strip.width > 2 * RESOLUTION
    assert strip.height > 3 * RESOLUTION


def test_nothing_is_measured_with_an_untrained_model(monkeypatch):
    monkeypatch.setattr(storybook, "storybook_is_trained", lambda: False)
    with pytest.raises(SystemExit, match="not trained"):
        storybook.main([])
