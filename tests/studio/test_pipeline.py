"""Models from a folder and the package, on devices and in precisions that are there."""

from __future__ import annotations

import warnings

import pytest
import torch

from hopping.studio import ModelError, generate_story, load_pipeline
from hopping.studio.devices import resolve_dtype
from hopping.studio.pipeline import fingerprint


@pytest.mark.parametrize("kind", ["sd1", "sdxl"])
def test_a_folder_is_the_pipeline_that_was_saved(request, tmp_path, kind):
    pipeline = request.getfixturevalue(kind)
    pipeline.save_pretrained(tmp_path / "a model")
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        loaded = load_pipeline(tmp_path / "a model", device="cpu")
    assert fingerprint(loaded) == fingerprint(pipeline)
    settings = {"num_inference_steps": 2, "seed": 3}
    ours, theirs = (next(generate_story(p, "a dog", **settings)) for p in (pipeline, loaded))
    assert ours.image.tobytes() == theirs.image.tobytes()


def test_precision_is_what_was_asked_for(sd1, tmp_path, dog):
    sd1.save_pretrained(tmp_path)
    pipeline = load_pipeline(tmp_path, device="cpu", dtype="bf16")
    assert {pipeline.unet.dtype, pipeline.text_encoder.dtype} == {torch.bfloat16}
    frames = list(generate_story(pipeline, dog, num_inference_steps=2))
    assert len({frame.image.tobytes() for frame in frames}) == 3


def test_the_embedded_model_is_the_default():
    assert fingerprint(load_pipeline(device="cpu")) == fingerprint(load_pipeline("storybook"))


def test_other_weights_have_another_fingerprint(sd1):
    before = fingerprint(sd1)
    with torch.no_grad():
        next(sd1.vae.parameters())[0] += 1
    assert fingerprint(sd1) != before


def test_precisions_suit_the_device():
    assert resolve_dtype("auto", "cpu") == torch.float32
    assert resolve_dtype("auto", "cuda:0") == torch.float16
    assert resolve_dtype("FP16", "cuda") == torch.float16
    with pytest.raises(ModelError, match="float32 or bfloat16"):
        resolve_dtype(torch.float16, "cpu")


@pytest.mark.parametrize("name", ["not-a-model.safetensors", "not-a-model.ckpt"])
def test_a_file_that_is_no_checkpoint(tmp_path, name):
    (tmp_path / name).write_bytes(b"\0" * 64)
    with pytest.raises(ModelError, match="not a checkpoint that can be read"):
        load_pipeline(tmp_path / name)


def test_a_file_whose_configuration_cannot_be_had(tmp_path):
    from safetensors.torch import save_file

    key = "model.diffusion_model.input_blocks.0.0.weight"
    save_file({key: torch.zeros(320, 4, 3, 3)}, tmp_path / "weights.safetensors")
    with pytest.raises(ModelError, match="Without a connection, give the folder"):
        load_pipeline(tmp_path / "weights.safetensors")
