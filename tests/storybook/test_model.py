import pytest
import torch

from hopping.storybook import model, ship
from hopping.storybook.world import RESOLUTION


@pytest.fixture(scope="module")
def pipeline():
    return model.random_storybook()


def picture(pipeline, prompt, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return pipeline(prompt, num_inference_steps=2, generator=generator, output_type="np").images


def test_weights_fit_into_the_repository(pipeline):
    parts = pipeline.text_encoder, pipeline.unet, pipeline.vae
    parameters = sum(p.numel() for part in parts for p in part.parameters())
    assert 2 * parameters <= ship.MAX_BYTES  # in float16


def test_load_storybook_draws_offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    images = picture(model.load_storybook(), "A red dog.")
    assert images.shape == (1, RESOLUTION, RESOLUTION, 3)


def test_random_weights_are_the_same_each_time_and_leave_the_global_seed_alone(pipeline):
    before = torch.random.get_rng_state()
    again = model.random_storybook()
    assert torch.equal(before, torch.random.get_rng_state())
    pairs = zip(pipeline.unet.parameters(), again.unet.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_untrained_pictures_depend_on_the_prompt(pipeline):
    difference = abs(picture(pipeline, "A red dog.") - picture(pipeline, "A blue dog.")).mean()
    assert difference > 0.01


def test_hidden_states_have_a_mean_that_word_weights_can_divide_by(pipeline):
    ids = pipeline.tokenizer("A red dog.", padding="max_length", return_tensors="pt").input_ids
    assert ids.shape == (1, 77)
    assert pipeline.text_encoder(ids)[0].mean().abs() > 0.05
