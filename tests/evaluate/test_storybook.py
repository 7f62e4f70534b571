import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import hopping
from hopping import HoppingError
from hopping.cli.app import app
from hopping.evaluate import code, report, results, storybook, strips, workers
from hopping.evaluate.code import code_fingerprint
from hopping.evaluate.measurements import Line, Provenance, read_lines
from hopping.evaluate.methods import CEILING, METHODS, NAMES, TextSide, parse_methods, pixels_seen
from hopping.evaluate.scores import SCORES
from hopping.evaluate.stories import AMBIGUOUS, KINDS
from hopping.evaluate.storybook import measure, noises
from hopping.storybook import sources
from hopping.storybook.model import random_storybook
from hopping.storybook.oracle import build_oracle
from hopping.storybook.world import RESOLUTION
from tests.evaluate.cases import CASES, perfect

ROOT = Path(hopping.__file__).parents[1]


@pytest.fixture(scope="module")
def pipeline():
    return random_storybook()


@pytest.fixture(scope="module")
def oracle():
    torch.manual_seed(0)
    return build_oracle(RESOLUTION).eval()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_gives_each_frame_an_embedding(pipeline, name):
    side = TextSide(pipeline.text_encoder, pipeline.tokenizer)
    for case in CASES[:4]:
        embeddings = METHODS[name](side, case.shots)
        assert embeddings.shape == (len(case.shots), 77, 128)
        assert embeddings.isfinite().all()
        # Rivals that join all prompts change frame 1 too, and a cast its words; hopping never.
        if not any(other in name for other in ("concatenated", "Story", "cast ")):
            assert torch.equal(embeddings[0], side.encode([case.shots[0].text])[0])


def test_other_noises_are_other_from_frame_2_on():
    case = CASES[0]
    one = noises("plain", case, 1)
    assert len(set(one)) == 1
    several = noises("plain (other noises)", case, 1)
    assert several[0] == one[0]
    assert len(set(several)) == len(case.shots)
    of_other_seeds = {n for c in CASES for seed in (0, 2) for n in noises("plain", c, seed)}
    assert of_other_seeds.isdisjoint(several)


@pytest.fixture(scope="module")
def measured(pipeline, oracle, tmp_path_factory):
    """A folder of results of five stories, one of each kind, three of them after a stop."""
    folder = tmp_path_factory.mktemp("results")
    methods = (CEILING, "plain", "Same character", "attribute repeated")
    Provenance("trial", "0", passes=False).begin(folder)
    measure(pipeline, oracle, CASES[:2], methods, 1, folder)
    before = list(read_lines(folder))
    with (folder / "seen-0.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"method": "plain", "sto')
    measure(pipeline, oracle, CASES[:5], methods, 1, folder, batch=5)
    return folder, before


def test_a_stopped_measurement_goes_on(measured):
    folder, before = measured
    lines = list(read_lines(folder))
    assert lines[: len(before)] == before
    assert len({line.key for line in lines}) == len(lines) == 4 * 5


def test_equal_pictures_are_sampled_once(pipeline, oracle, tmp_path):
    told = []
    measure(
        pipeline,
        oracle,
        CASES[:1],
        ["plain", "paper", "attribute repeated"],
        2,
        tmp_path,
        told=lambda progress: told.append(progress.pictures),
    )
    frames = len(CASES[0].shots)
    # For each of two noises: plain's frames, and of both others all but the first.
    assert told == [2 * (frames + 2 * (frames - 1))]
    first = {line.verdicts[0] for line in read_lines(tmp_path) if line.seed == 0}
    assert len(first) == 1


def test_results_of_another_run_do_not_mix(tmp_path):
    Provenance("one", "a", passes=True).begin(tmp_path)
    Provenance("one", "a", passes=True).begin(tmp_path)
    with pytest.raises(HoppingError, match="another run \\(model, fingerprint\\)"):
        Provenance("two", "b", passes=True).begin(tmp_path)
    with pytest.raises(HoppingError, match="no results"):
        Provenance.read(tmp_path / "nothing")


def test_results_of_other_code_do_not_mix(tmp_path, monkeypatch):
    Provenance("one", "a", passes=True, code="before").begin(tmp_path)
    with pytest.raises(HoppingError, match="another run \\(code\\)"):
        Provenance("one", "a", passes=True).begin(tmp_path)
    older = json.loads((tmp_path / "run.json").read_text())
    del older["code"]
    (tmp_path / "run.json").write_text(json.dumps(older))
    with pytest.raises(HoppingError, match="another version"):
        Provenance("one", "a", passes=True).begin(tmp_path)


def test_the_fingerprint_is_that_of_all_that_is_run(tmp_path, monkeypatch):
    copy = tmp_path / "hopping"
    shutil.copytree(sources.PACKAGE, copy, ignore=shutil.ignore_patterns("weights"))
    before = code_fingerprint("hopping.evaluate.storybook")
    for module in (sources, code):
        monkeypatch.setattr(module, "PACKAGE", copy)

    def changed(name, old, new):
        text = (copy / name).read_text("utf-8")
        assert old in text
        (copy / name).write_text(text.replace(old, new, 1), "utf-8")
        fingerprint = code_fingerprint("hopping.evaluate.storybook")
        (copy / name).write_text(text, "utf-8")
        return fingerprint

    assert changed("mask.py", '"""', '"""Said in other words: ') == before
    assert changed("figure.py", "def ", "def _") == before  # draws grids, no results
    assert changed("mask.py", "return", "pass; return") != before
    assert changed("storybook/coats.py", "0.05, 0.05", "0.05, 0.06") != before
    assert changed("evaluate/phrasing.py", "here too", "there too") != before


def test_batches_take_pictures_of_several_stories(pipeline, oracle, tmp_path, monkeypatch):
    sizes = []
    sample = storybook.sample_frames

    def noted(pipeline, embeddings, *others):
        sizes.append(len(embeddings))
        return sample(pipeline, embeddings, *others)

    monkeypatch.setattr(storybook, "sample_frames", noted)
    monkeypatch.setattr(storybook, "STEPS", 1)
    measure(pipeline, oracle, CASES[:6], ["plain"], 1, tmp_path, batch=8)
    assert sum(sizes) == sum(len(case.shots) for case in CASES[:6])
    assert set(sizes[:-1]) == {8}
    measure(pipeline, oracle, CASES[:6], ["Same character"], 1, tmp_path, batch=8)
    of_pixels = sizes[len(sizes) // 2 :]
    assert 5 < max(of_pixels) <= 8  # several stories, none of them cut


def test_pixels_are_those_of_ones_own_story(pipeline):
    """Stories that are sampled together, or with others, are the same pictures."""
    side = storybook.text_side(pipeline)
    method, texts, graphs = METHODS["plain + pixels"], [], []
    for case in CASES[:2]:
        texts.append(method(side, case.shots))
        graphs.append(pixels_seen(method, side, case.shots))
    both, seeds = torch.cat(texts), [7] * sum(map(len, texts))
    graph = graphs[0] + storybook.shifted(graphs[1], len(graphs[0]))
    plain = storybook.sample_frames(pipeline, both, seeds)
    together = storybook.sample_frames(pipeline, both, seeds, graph)
    alone = storybook.sample_frames(pipeline, texts[1], seeds[: len(texts[1])], graphs[1])
    assert torch.allclose(together[len(texts[0]) :], alone, atol=1e-3)
    unchanged = [torch.equal(a, b) for a, b in zip(plain, together, strict=True)]
    assert unchanged == [not links for links in graph]


def test_a_given_picture_is_judged_and_seen_as_it_is(pipeline, monkeypatch):
    monkeypatch.setattr(storybook, "STEPS", 3)
    side, case = storybook.text_side(pipeline), CASES[0]
    texts = METHODS["Same character"](side, case.shots)
    graph = pixels_seen(METHODS["Same character"], side, case.shots)
    seeds = noises("Same character", case, 0)
    own = storybook.sample_frames(pipeline, texts, seeds, graph)
    scenes = storybook.first_given("Same character (picture given)", case)
    assert scenes == [case.shots[0].truth, *[None] * (len(case.shots) - 1)]
    given = storybook.sample_frames(pipeline, texts, seeds, graph, given=scenes)
    image = np.asarray(storybook.drawn(case.shots[0].truth, seeds[0]), dtype=float)
    assert np.abs((given[0].permute(1, 2, 0).numpy() + 1) * 127.5 - image).max() < 0.01
    changed = [not torch.equal(a, b) for a, b in zip(own, given, strict=True)]
    assert changed == [True, *(bool(links) for links in graph[1:])]
    assert storybook.first_given("Same character", case) == [None] * len(case.shots)


def test_a_picture_is_the_same_in_every_batch(pipeline):
    side = storybook.text_side(pipeline)
    embeddings = side.encode([shot.text for case in CASES[:2] for shot in case.shots])
    seeds = list(range(len(embeddings)))
    together = storybook.sample_frames(pipeline, embeddings, seeds)
    alone = storybook.sample_frames(pipeline, embeddings[2:3], seeds[2:3])
    assert torch.allclose(together[2:3], alone, atol=1e-3)


def test_a_rounded_picture_is_the_same_picture(pipeline):
    side, case = storybook.text_side(pipeline), CASES[0]
    method = METHODS["Same character"]
    exact, rounded = (
        storybook.sample_frames(
            pipeline,
            method(side, case.shots),
            storybook.noises("Same character", case, 0),
            pixels_seen(method, side, case.shots),
            dtype,
        )
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    assert (exact - rounded).abs().mean() < 0.02


def test_results_hold_every_score_of_every_method(measured):
    found = results.summarise(measured[0])
    assert found["stories"] == 5
    assert found["seeds"] == 1
    assert list(found["methods"]) == [
        CEILING,
        "plain",
        "attribute repeated",
        "Same character",
    ]
    for method in found["methods"].values():
        assert set(method["scores"][results.ALL]) == set(SCORES)
        assert all(method["scores"][kind]["identity"]["stories"] == 1 for kind in KINDS)
        assert list(method["identity by frame"]) == [
            str(n) for n in range(2, len(CASES[0].shots) + 1)
        ]
    assert [(d["kind"], d["against"]) for d in found["differences"]] == [
        (kind, other) for kind in (results.ALL, *KINDS) for other in ("plain", "attribute repeated")
    ]
    assert json.loads(json.dumps(results.write_results(measured[0]))) == found


def test_a_perfect_telling_beats_another_by_the_difference(tmp_path):
    cases = CASES[:10]
    Provenance("trial", "0", passes=False).begin(tmp_path)
    still = [Line("plain", c.number, 0, (perfect(c)[0],) * len(c.shots)) for c in cases]
    right = [Line("paper", c.number, 0, tuple(perfect(c))) for c in cases]
    with (tmp_path / "seen-0.jsonl").open("w", encoding="utf-8") as file:
        for line in still + right:
            seen = [[v.place, [list(vars(f).values()) for f in v.figures]] for v in line.verdicts]
            keys = {"method": line.method, "story": line.story, "seed": line.seed, "seen": seen}
            file.write(json.dumps(keys) + "\n")
    found = results.summarise(tmp_path)
    assert found["methods"]["paper"]["scores"][results.ALL]["leak"]["mean"] == 0
    difference, *of_kinds = found["differences"]
    assert [d["leak"]["stories"] for d in of_kinds] == [2] * len(KINDS)
    assert difference["leak"] == {"mean": -1.0, "error": 0.0, "stories": 10}
    assert difference["spread"]["mean"] == 1.0


def test_the_error_is_that_of_stories_not_of_seeds():
    found = results.mean_and_error((story, story) for story in (0, 1) for _ in range(50))
    assert found == {"mean": 0.5, "error": 0.5, "stories": 2}


def test_strips_show_the_best_the_median_and_the_worst_story(pipeline):
    cases = {case.number: case for case in CASES}
    long = [case.number for case in CASES if case.kind != AMBIGUOUS][:5]
    scored = {
        ("plain", story, 0): {"identity": n / 4, "prompt": 1.0, "leak": 0.0}
        for n, story in enumerate(long)
    }
    scored["plain", 4, 0] = {"identity": 1.0, "prompt": 2.0, "leak": 0.0}
    chosen = strips.best_median_worst(scored, cases, "plain")
    assert [story for story, _ in chosen.values()] == [long[4], long[2], long[0]]
    with pytest.raises(HoppingError, match="no scores"):
        strips.best_median_worst({}, cases, "plain")
    strip = strips.draw_strip(pipeline, CASES[4], "Consistent subject", seed=0)
    assert strip.width > 2 * RESOLUTION
    assert strip.height > 3 * RESOLUTION


def test_the_page_is_made_from_results(pipeline, measured, tmp_path):
    folder, _ = measured
    page = tmp_path / "evidence.md"
    marks = "".join(f"<!-- {name} -->\n<!-- /{name} -->\n\n" for name in report.SECTIONS)
    page.write_text(f"# Evidence\n\n{marks}The end.\n")

    def draw(method, target):
        return strips.save_strips(pipeline, folder, method, target)

    with pytest.raises(HoppingError, match="below its bars"):
        report.write_page([folder], page, draw)
    assert report.BELOW_BARS in report.numbers([results.summarise(folder)])
    run = json.loads((folder / "run.json").read_text()) | {"passes": True}
    (folder / "run.json").write_text(json.dumps(run))
    written = report.write_page([folder, folder], page, draw)
    assert written[0] == page
    text = page.read_text()
    assert text.startswith("# Evidence\n")
    assert text.endswith("The end.\n")
    assert "5 stories with 1 noise" in text
    assert report.NOTHING not in text
    links = re.findall(r"\]\((.+?)\)", text)
    assert len(links) == 5
    for link in links:
        with Image.open(tmp_path / link) as image:
            assert image.width > 100
    # Written again, from what lies beside the page, it is the same.
    for name, make in report.SECTIONS.items():
        assert report.section_of(page, name) == make(**report.record_of(page))
    page.write_text("# Evidence\n")
    with pytest.raises(HoppingError, match="no lines"):
        report.write_page([folder], page, draw)


def test_nothing_is_measured_with_a_model_below_its_bars(monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "storybook_is_trained", lambda: False)
    with pytest.raises(HoppingError, match="not trained"):
        workers.load_model(None)
    (tmp_path / "score.json").write_text('{"passes": false}')
    with pytest.raises(HoppingError, match="reaches the bars"):
        workers.load_model(tmp_path)
    (tmp_path / "score.json").write_text('{"passes": true}')
    with pytest.raises(HoppingError, match="run the stage 'unet' first"):
        workers.load_model(tmp_path)


def test_two_workers_share_a_measurement(tmp_path):
    command = ["evaluate", "storybook", "--below-bars", "--stories", "2", "--seeds", "1"]
    command += ["--methods", "Plain, share=subject", "--workers", "2", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    lines = list(read_lines(tmp_path))
    assert {line.key for line in lines} == {
        (method, story, 0) for method in ("plain", "share=subject") for story in (0, 1)
    }
    assert "2 stories" in result.output
    result = CliRunner().invoke(app, ["evaluate", "storybook", "--methods", "plane"])
    assert result.exit_code == 2
    assert "there is no method 'plane' here; known:" in result.output


def test_the_projects_page_shows_what_its_record_holds():
    page = ROOT / report.PAGE
    for name, make in report.SECTIONS.items():
        assert report.section_of(page, name) == make(**report.record_of(page))
    table = page.read_text(encoding="utf-8").partition("<!-- scores -->\n")[2]
    assert table.startswith(f"{report.meanings_table()}\n<!-- /scores -->")


def test_every_method_can_be_asked_for_by_its_name():
    assert parse_methods(",".join(NAMES), NAMES) == NAMES
