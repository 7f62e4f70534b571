"""The suite's plumbing, on tiny models with random weights; its numbers mean nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import hopping
from hopping import HoppingError
from hopping.cli.app import app
from hopping.evaluate.suite import metrics
from hopping.evaluate.suite.foreground import views_of
from hopping.evaluate.suite.metric_models import Lpips
from hopping.evaluate.suite.metrics import METRICS, Views
from hopping.evaluate.suite.parts import PARTS
from hopping.evaluate.suite.prompts import PromptSet, read_suite

ROOT = Path(hopping.__file__).parents[1]
SUITE = ROOT / "examples" / "suite.yaml"
FOX = PromptSet("a-001", "A drawing of", "A red fox", "fox", ("in a den", "on a hill"))


def pictures(count, size=32):
    random = np.random.default_rng(1234)
    shape = (count, size, size, 3)
    return [Image.fromarray(p) for p in random.integers(0, 256, shape, np.uint8)]


@pytest.fixture(scope="module")
def weights(clip_tokenizer_folder, tmp_path_factory):
    """A folder of metrics' models: CLIP and DINO, tiny, random and marked as such."""
    from transformers import (
        CLIPConfig,
        CLIPImageProcessor,
        CLIPModel,
        ViTConfig,
        ViTImageProcessor,
        ViTModel,
    )

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    size["num_attention_heads"] = 2
    vision = {**size, "image_size": 32, "patch_size": 8}
    clip = CLIPModel(CLIPConfig(text_config=size | {"eos_token_id": 49407}, vision_config=vision))
    clip.save_pretrained(folder / "clip")
    square = {"height": 32, "width": 32}
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=square).save_pretrained(
        folder / "clip"
    )
    for file in clip_tokenizer_folder.iterdir():
        (folder / "clip" / file.name).write_bytes(file.read_bytes())
    ViTModel(ViTConfig(**vision)).save_pretrained(folder / "dino")
    ViTImageProcessor(size=square).save_pretrained(folder / "dino")
    for part in ("clip", "dino"):
        (folder / part / metrics.RANDOM_MARK).touch()
    return folder


def test_prompts_name_the_subject_in_full_or_once():
    full, once = FOX.wordings("full"), FOX.wordings("once")
    assert FOX.prompts == ("A drawing of A red fox in a den", "A drawing of A red fox on a hill")
    assert tuple(frame.text for frame in full) == FOX.prompts
    assert [frame.text for frame in once] == [FOX.prompts[0], "A drawing of the fox on a hill"]
    assert tuple(frame.repeated for frame in once) == FOX.prompts
    assert [frame.marked for frame in once] == [
        "A drawing of <share:A red fox> in a den",
        "<from:1> A drawing of the fox on a hill",
    ]


def test_our_own_suite_is_one():
    sets = read_suite(SUITE)
    assert [prompts.name for prompts in sets[:3]] == ["animals-001", "animals-002", "people-001"]
    assert (
        sets[-1].prompts[0] == "A red steam locomotive with a golden bell crossing a stone bridge"
    )
    for prompts in sets:
        assert prompts.concept_token in prompts.subject


GOOD = "{style: '', subject: A fox, concept_token: fox, settings: [here, there]}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "is not a YAML file: while parsing"),
        ("", "has no categories"),
        ("- a", "has no categories"),
        ("a: 1", "a is not a list"),
        ("a: [1]", "set 1 of a is no mapping"),
        (f"a: [{GOOD}, {{subject: A fox}}]", "set 2 of a has no style, concept_token, settings"),
        (f"a: [{GOOD[:-1]}, colour: red}}]", "set 1 of a has unknown colour"),
        (f"a: [{GOOD.replace('[here, there]', 'here')}]", "settings must be a list of two"),
        (f"a: [{GOOD.replace('here,', 'yes,')}]", "setting 1 must be text, not True"),
        (f"a: [{GOOD.replace('A fox', '<b>')}]", "subject may not hold <"),
    ],
)
def test_what_is_no_suite_is_said_with_its_place(tmp_path, text, message):
    file = tmp_path / "suite.yaml"
    file.write_text(text)
    with pytest.raises(HoppingError, match=message):
        read_suite(file)


def test_missing_models_are_named_with_their_place(weights, tmp_path):
    everything = metrics.missing(tmp_path)
    assert list(everything) == list(METRICS)
    assert f"preprocessor_config.json not in {tmp_path / 'clip'}" in everything["CLIP-T"]
    assert "CLIP-T" not in metrics.missing(weights)
    assert "rembg" in metrics.missing(weights)["CLIP-I"]


def test_the_docs_name_every_model_that_metrics_need():
    text = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    for part in PARTS.values():
        (row,) = (line for line in text.splitlines() if line.startswith(f"| `{part.folder}` |"))
        users = {name for name, metric in METRICS.items() if PARTS[metric.parts[0]] is part}
        assert users <= set(row.split("|")[3].strip().split(", "))


def test_what_is_taken_away_is_noise_and_the_rest_stays():
    left = Image.new("L", (32, 32), 0)
    left.paste(255, (0, 0, 16, 32))
    views = views_of(pictures(2), lambda _: left)
    for whole, subject, background in zip(
        views.whole, views.subjects, views.backgrounds, strict=True
    ):
        whole, subject, background = (np.asarray(i) for i in (whole, subject, background))
        assert (subject[:, :16] == whole[:, :16]).all()
        assert (background[:, 16:] == whole[:, 16:]).all()
        assert (subject[:, 16:] != whole[:, 16:]).mean() > 0.9
    again = views_of(pictures(2), lambda _: left)
    assert [i.tobytes() for i in again.subjects] == [i.tobytes() for i in views.subjects]
    assert views.subjects[0].crop((16, 0, 32, 32)).tobytes() != (
        views.subjects[1].crop((16, 0, 32, 32)).tobytes()
    )


def test_equal_pictures_are_at_no_distance(weights):
    one, other = pictures(2)
    same, different = Views([one] * 3, [one] * 3, [one] * 3), Views([], [one, other], [one, other])
    for part in ("clip", "dino"):
        model = metrics.load_part(part, weights, "cpu")
        assert metrics.similarity(model, same, ()) == pytest.approx(1, abs=1e-5)
        assert metrics.similarity(model, different, ()) < 1
        for background in (False, True):
            near = metrics.distance(model, same, (), background=background)
            far = metrics.distance(model, different, (), background=background)
            assert near == pytest.approx(0, abs=1e-5)
            assert far > near


def test_clip_score_is_two_and_a_half_cosines(weights):
    clip = metrics.load_part("clip", weights, "cpu")
    images, prompts = pictures(3), ["a fox", "a hill", "fox " * 200]
    texts = clip.embed_texts([f"A photo depicts {prompt}" for prompt in prompts])
    cosines = torch.nn.functional.cosine_similarity(clip.embed(images), texts)
    expected = 2.5 * cosines.clamp(min=0).mean().item()
    assert metrics.clip_score(clip, Views(images), prompts) == pytest.approx(expected, abs=1e-6)


def test_lpips_is_that_of_its_package(tmp_path):
    lpips = pytest.importorskip("lpips")
    from torchvision.models import alexnet

    torch.manual_seed(0)
    trunk = alexnet()
    torch.save(trunk.state_dict(), tmp_path / PARTS["lpips"].files[0])
    ours = Lpips(tmp_path, "cpu")
    one, other = pictures(2, size=64)
    assert ours(one, one) == 0
    theirs = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    for name, value in theirs.net.named_parameters():
        value.data = trunk.state_dict()[f"features.{name.split('.', 1)[1]}"]
    a, b = (torch.tensor(np.array(i)).permute(2, 0, 1)[None] / 127.5 - 1 for i in (one, other))
    assert ours(one, other) == pytest.approx(theirs(a, b).item(), abs=1e-6)


def command(tmp_path, weights, *more):
    out = ["--out", str(tmp_path / "out"), "--weights", str(weights)]
    size = ["--steps", "1", "--sets", "2", "--device", "cpu"]
    return ["evaluate", "suite", str(SUITE), *out, *size, *more]


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_suite_becomes_a_table_and_goes_on(tmp_path, weights):
    asked = command(tmp_path, weights, "--method", "plain,Consistent subject")
    result = run(*asked)
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    table = (out / "table.md").read_text(encoding="utf-8")
    assert table.startswith("**random weights: no meaning**")
    assert table in result.output
    header = table.splitlines()[2]
    assert [cell.strip() for cell in header.strip("|").split("|")] == [
        "method",
        "base model",
        "train-free",
        "CLIP-T ↑",
        "CLIP-I ↑",
        "DreamSim ↓",
        "DreamSim-B ↑",
        "DINO ↑",
        "LPIPS ↓",
        "steps",
        "memory (GiB) ↓",
        "seconds per picture ↓",
    ]
    assert "| plain | storybook | yes |" in table
    assert "- DreamSim is missing:" in table
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["stamp"] == "random weights: no meaning"
    for row in results["rows"].values():
        assert row["scores"]["CLIP-T"]["sets"] == 2
        assert row["seconds"] > 0
    drawn = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    assert len(drawn) == 2 * 10
    (out / "plain" / "animals-001" / "pictures.json").unlink()
    assert run(*asked).exit_code == 0
    changed = {path for path, at in drawn.items() if path.stat().st_mtime_ns != at}
    assert {path.parent for path in changed} == {out / "plain" / "animals-001"}
    result = run(*asked, "--seed", "5")
    assert result.exit_code == 2
    assert "another run (seed)" in " ".join(result.output.split())


def test_two_processes_share_a_suite(tmp_path, weights):
    # What `accelerate launch` starts on GPUs; on CPUs it would want MPI.
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    launch += ["--master_port", "0", "--standalone", "-m", "hopping"]
    done = subprocess.run(
        [*launch, *command(tmp_path, weights, "--method", "plain")],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "process 1: 1 of 1 sets drawn" in done.stderr
    assert "process 2: 1 of 1 sets drawn" in done.stderr
    assert done.stdout.count("| plain |") == 1
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["rows"]["plain"]["scores"]["CLIP-T"]["sets"] == 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--metrics", "CLIP-I"], "CLIP-I cannot be computed: "),
        (["--metrics", "FID"], "there is no metric 'FID'; known: CLIP-T"),
        (["--method", "One-Prompt-One-Story"], "there is no method 'One-Prompt-One-Story' here"),
        (["--naming", "twice"], "--naming cannot be 'twice'; allowed: full, once"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path, weights, more, message):
    result = run(*command(tmp_path, weights, *more))
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
