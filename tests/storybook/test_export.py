import json
import os

import pytest
import torch
from safetensors.torch import load_file
from transformers import CLIPTextConfig
from typer.testing import CliRunner

from hopping.cli.app import app
from hopping.storybook import export, model, score, ship


@pytest.fixture(scope="module")
def pipeline():
    return model.random_storybook()


def test_every_weight_has_a_place_of_its_own_in_the_checkpoint(pipeline):
    state = export.ldm_state(pipeline)
    parts = pipeline.text_encoder, pipeline.unet, pipeline.vae
    weights = sum(p.numel() for part in parts for p in part.parameters())
    assert sum(v.numel() for v in state.values()) == weights + 1000  # and the noise schedule


def test_checkpoint_has_the_names_by_which_webuis_know_stable_diffusion_1(pipeline):
    assert {
        "model.diffusion_model.input_blocks.0.0.weight",
        "model.diffusion_model.input_blocks.2.0.op.weight",
        "model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight",
        "model.diffusion_model.output_blocks.1.2.conv.weight",
        "model.diffusion_model.out.2.bias",
        "first_stage_model.decoder.up.3.upsample.conv.weight",
        "first_stage_model.encoder.mid.attn_1.q.weight",
        "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight",
        "alphas_cumprod",
    } <= export.ldm_state(pipeline).keys()


def test_schedule_is_the_pipelines(pipeline):
    ours = export.ldm_state(pipeline)["alphas_cumprod"]
    assert torch.allclose(ours, pipeline.scheduler.alphas_cumprod, atol=1e-6)


def test_export_writes_checkpoint_yaml_and_text_encoder(pipeline, tmp_path):
    checkpoint = export.export_webui(pipeline, tmp_path / "models")
    assert all(v.dtype == torch.float16 for v in load_file(checkpoint).values())
    yaml = checkpoint.with_suffix(".yaml").read_text("utf-8")
    assert "parameterization: v" in yaml
    assert "channel_mult: [1, 2]" in yaml
    text_folder = tmp_path / "models" / "storybook-text-encoder"
    assert repr(str(text_folder.resolve())) in yaml
    assert (text_folder / "merges.txt").is_file()
    assert CLIPTextConfig.from_pretrained(text_folder).hidden_size == 128


def test_a_webui_finds_one_checkpoint_in_what_was_exported(pipeline, tmp_path):
    older = tmp_path / "storybook-text-encoder" / "model.safetensors"
    older.parent.mkdir()
    older.touch()
    checkpoint = export.export_webui(pipeline, tmp_path)
    found = [f for f in tmp_path.rglob("*") if f.suffix in (".safetensors", ".ckpt", ".gguf")]
    assert found == [checkpoint]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_every_file_has_the_mode_of_a_new_file(pipeline, tmp_path):
    (tmp_path / "new").touch()
    export.export_webui(pipeline, tmp_path / "webui")
    export.save_text_encoder(pipeline.text_encoder, tmp_path / "text")
    modes = {path.stat().st_mode for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {(tmp_path / "new").stat().st_mode}


def test_saved_folder_gives_the_same_hidden_states(pipeline, tmp_path):
    ids = pipeline.tokenizer("A red dog.", padding="max_length", return_tensors="pt").input_ids
    with torch.no_grad():
        before = pipeline.text_encoder(ids)[0]
    ship.save_half(model.random_storybook(), tmp_path / "folder")
    loaded = model.load_checkpoint(tmp_path / "folder")
    with torch.no_grad():
        assert torch.allclose(loaded.text_encoder(ids)[0], before, atol=0.02)
    assert (tmp_path / "folder" / "tokenizer" / "vocab.json").is_file()


def test_a_run_below_the_bars_is_not_shipped(tmp_path):
    below = score.Score(
        1000, 20, 3.0, found=1, subject=0.9, colour=0.95, place=1, action=1, everything=0.8
    )
    assert not below.passes
    report = {name: getattr(below, name) for name in score.Score.__dataclass_fields__}
    (tmp_path / "score.json").write_text(json.dumps(report), "utf-8")
    with pytest.raises(ValueError, match="subject"):
        ship.ship(tmp_path, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_the_command_finds_the_webuis_checkpoints(tmp_path):
    checkpoints = tmp_path / "models" / "Stable-diffusion"
    checkpoints.mkdir(parents=True)
    result = CliRunner().invoke(app, ["storybook", "export", "--webui", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert {path.name for path in checkpoints.iterdir()} == {
        "storybook.safetensors",
        "storybook.yaml",
        "storybook-text-encoder",
    }
    result = CliRunner().invoke(app, ["storybook", "export", "--webui", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "there is no folder" in result.output
