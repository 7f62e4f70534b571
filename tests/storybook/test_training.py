"""Every stage for two steps on a handful of pictures: that they fit together."""

import pytest
import torch
from torch import nn

from hopping.storybook import loop, score, train_unet
from hopping.storybook.data import Corpus
from hopping.storybook.loop import Plan
from hopping.storybook.oracle import accuracy, judge, train_oracle, trained_oracle
from hopping.storybook.team import Team
from hopping.storybook.train_text import train_text
from hopping.storybook.train_vae import crop, surprises, train_vae

CPU = torch.device("cpu")
STAGES = {
    "vae": train_vae,
    "text": train_text,
    "oracle": train_oracle,
    "unet": train_unet.train_unet,
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    corpus = Corpus(folder, seed=3, count=24, resolution=64)
    held_out = Corpus(folder, seed=2, count=12, resolution=64, held_out=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_unet, "SHOWN_PROMPTS", train_unet.SHOWN_PROMPTS[:2])
        for name, train in STAGES.items():
            plan = Plan(name, steps=2, learning_rate=1e-4, save_every=2)
            train(plan, corpus, held_out, folder, batch=4, seed=1, team=Team(), device=CPU)
    return folder


def test_every_stage_leaves_a_log_and_a_checkpoint(trained):
    for name in STAGES:
        assert (trained / f"{name}.log").read_text("utf-8").startswith("step 2 ")
        assert (trained / f"{name}.pt").is_file()
    assert (trained / "unet-000002.png").is_file()


def test_a_trained_run_is_scored_by_its_oracle(trained):
    prompts = score.held_out_prompts(3)
    result = score.score(
        train_unet.trained_pipeline(trained), trained_oracle(trained, 64), prompts, steps=2
    )
    assert result.prompts == 3
    assert 0 <= result.everything <= min(result.subject, result.colour, result.place) <= 1


def test_the_latents_scaling_factor_brings_them_to_unit_variance(trained):
    pipeline = train_unet.trained_pipeline(trained)
    parts = [torch.load(f, weights_only=True) for f in sorted(trained.glob("latents-*.pt"))]
    scaled = torch.cat(parts).float() * pipeline.vae.config.scaling_factor
    assert scaled.std() == pytest.approx(1, abs=1e-3)


def test_drawn_pictures_are_kept(trained):
    again = Corpus(trained, seed=3, count=24, resolution=64)
    pictures = again.pictures(torch.tensor([0, 5]), CPU)
    assert pictures.shape == (2, 3, 64, 64)
    assert pictures.min() >= -1
    assert pictures.max() <= 1


def test_accuracy_counts_scenes_of_one_figure_only(trained):
    corpus = Corpus(trained, seed=3, count=24, resolution=64)
    oracle = trained_oracle(trained, 64)
    verdicts = judge(oracle, corpus.pictures(torch.arange(24), CPU))
    shares = accuracy(verdicts, corpus.scenes)
    singles = sum(len(scene.figures) == 1 for scene in corpus.scenes)
    assert shares["place"] * singles == pytest.approx(round(shares["place"] * singles))


def toward_zero(module):
    def loss(generator):
        return (module.weight * torch.rand(4, generator=generator)).square().sum()

    return loss


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    def run(folder, steps_now):
        torch.manual_seed(0)
        module = nn.Linear(4, 1)
        loss = toward_zero(module)
        count = 0

        def stopping(generator):
            nonlocal count
            if count == steps_now:
                raise KeyboardInterrupt
            count += 1
            return loss(generator)

        plan = Plan("toy", steps=16, learning_rate=0.1, warmup=1, save_every=8)
        return loop.fit(plan, module, stopping, folder, seed=5, team=Team())

    whole = run(tmp_path / "whole", 99)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", 12)
    resumed = run(tmp_path / "stopped", 99)
    assert torch.allclose(whole.weight, resumed.weight)


def test_a_missing_stage_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="run the stage 'unet' first"):
        loop.restore("unet", nn.Linear(1, 1), tmp_path)


def test_crops_find_the_figures(trained):
    corpus = Corpus(trained, seed=3, count=24, resolution=64)
    surprise = surprises(corpus)
    assert surprise.shape == (24, 8, 8)
    everything = torch.arange(24)
    pictures = corpus.pictures(everything, CPU)
    crops = crop(pictures, surprise, torch.Generator().manual_seed(0))
    assert crops.shape == (24, 3, 32, 32)
    # Each is a part of its own picture, cut where latents meet.
    for picture, part in zip(pictures, crops, strict=True):
        parts = picture.unfold(1, 32, 8).unfold(2, 32, 8).permute(1, 2, 0, 3, 4)
        assert (parts == part).flatten(2).all(dim=2).any()
    # A lone surprise is in the crop.
    surprise = torch.zeros(1, 8, 8)
    surprise[0, 7, 0] = 100.0
    ramp = torch.arange(64.0).expand(1, 3, 64, 64)
    for seed in range(20):
        found = crop(ramp, surprise, torch.Generator().manual_seed(seed))
        assert found.amin() == 0
