"""A plan needs a model's tokenizer and none of its weights."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from hopping import plan_story
from hopping.cli.app import app
from hopping.studio import ModelError, load_pipeline, pipeline
from hopping.studio.tokenizer import load_tokenizer


@pytest.fixture
def no_weights(monkeypatch):
    monkeypatch.setattr(pipeline, "load_pipeline", lambda *_: pytest.fail("weights were loaded"))


def ids(tokenizer):
    return tokenizer("A zürich dog, sitting.")["input_ids"]


@pytest.mark.parametrize("kind", ["sd1", "sdxl"])
def test_a_folders_tokenizer_is_its_pipelines(request, tmp_path, kind, no_weights):
    whole = request.getfixturevalue(kind)
    whole.save_pretrained(tmp_path / "a model")
    assert ids(load_tokenizer(str(tmp_path / "a model"))) == ids(whole.tokenizer)


@pytest.mark.parametrize("name", [None, "storybook"])
def test_the_embedded_models_tokenizer_is_its_pipelines(name):
    assert ids(load_tokenizer(name)) == ids(load_pipeline(name, "cpu").tokenizer)


def test_a_plan_of_many_frames_is_short_and_reads_no_weights(no_weights):
    story = "\n".join(["A red dog swims in the river.", *["The dog sits in the sun."] * 199])
    flags = ["--reach", "all", "--share", "subject"]
    result = CliRunner().invoke(app, ["plan", "-", *flags], input=story)
    assert result.exit_code == 0, result.output
    assert "200 frames, layout windows" in result.output
    assert "sees 1 ('A red dog'); 199 ('The dog'); 2–198 (nothing)" in " ".join(
        result.output.split()
    )
    assert len(result.output) < 50_000


@pytest.mark.parametrize("name", ["nowhere/at all", "nothing.safetensors"])
def test_a_model_that_is_not_there_is_told(name):
    with pytest.raises(ModelError, match="there is no"):
        load_tokenizer(name)


def test_a_folder_that_is_no_model_is_told(tmp_path):
    with pytest.raises(ModelError, match="not a diffusers model"):
        load_tokenizer(str(tmp_path))


def test_the_square_of_a_long_story_is_never_made(clip_tokenizer, monkeypatch):
    from hopping import HoppingOptions, parse_story
    from hopping.mask import Visibility
    from hopping.mask_picture import draw_mask

    sizes = []
    matrix = Visibility.matrix

    def noted(self, rows=None, columns=None):
        part = matrix(self, rows, columns)
        sizes.append(part.numel())
        return part

    monkeypatch.setattr(Visibility, "matrix", noted)
    story = parse_story("A red dog swims in the river.\n" * 200)
    plan = plan_story(clip_tokenizer, story, HoppingOptions(reach="all"))
    plan.summary()
    assert sizes == []
    draw_mask(plan, clip_tokenizer.decode)
    assert max(sizes) <= 280**2
