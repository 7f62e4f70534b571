"""Every stage for two steps on a handful of pictures: that they fit together."""

import numpy as np
import pytest
import torch
from torch import nn

from hopping.storybook import data, loop, score, train_unet
from hopping.storybook.captions import read_caption
from hopping.storybook.data import Corpus
from hopping.storybook.loop import Recipe
from hopping.storybook.model import build_tokenizer
from hopping.storybook.oracle import Verdict, accuracy, judge, train_oracle, trained_oracle
from hopping.storybook.scene import PLACES
from hopping.storybook.team import Team
from hopping.storybook.train import STAGES as SHIPPED_STAGES
from hopping.storybook.train import Data
from hopping.storybook.train_text import train_text, without_padding
from hopping.storybook.train_vae import figure_weights, place_means, train_vae
from hopping.storybook.world import RESOLUTION, draw

STAGES = {
    "vae": train_vae,
    "text": train_text,
    "oracle": train_oracle,
    "unet": train_unet.train_unet,
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    corpus = training_corpus(folder)
    held_out = Corpus(folder, seed=2, count=12, resolution=RESOLUTION, held_out=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_unet, "SHOWN_PROMPTS", train_unet.SHOWN_PROMPTS[:2])
        for name, train in STAGES.items():
            recipe = Recipe(name, steps=2, learning_rate=1e-4, save_every=2)
            train(recipe, corpus, held_out, folder, batch=4, seed=1, team=Team())
    return folder


def training_corpus(folder):
    return Corpus(folder, seed=3, count=24, resolution=RESOLUTION, captions=2)


def test_every_stage_leaves_a_log_and_a_checkpoint(trained):
    for name in STAGES:
        assert (trained / f"{name}.log").read_text("utf-8").startswith("step 2 ")
        assert (trained / f"{name}.pt").is_file()
    assert (trained / "unet-000002.png").is_file()


def test_a_trained_run_is_scored_by_its_oracle(trained):
    prompts = score.held_out_prompts(3)
    result = score.score(
        train_unet.trained_pipeline(trained), trained_oracle(trained, RESOLUTION), prompts, steps=2
    )
    assert result.prompts == 3
    assert 0 <= result.everything <= min(result.subject, result.colour, result.place) <= 1


def test_the_latents_scaling_factor_brings_them_to_unit_variance(trained):
    pipeline = train_unet.trained_pipeline(trained)
    parts = [torch.load(f, weights_only=True) for f in sorted(trained.glob("latents-*.pt"))]
    scaled = torch.cat(parts).float() * pipeline.vae.config.scaling_factor
    assert scaled.std() == pytest.approx(1, abs=1e-3)


def test_drawn_pictures_and_written_captions_are_kept(trained, monkeypatch):
    monkeypatch.setattr(data, "draw", None)
    monkeypatch.setattr(data, "caption", None)
    again = training_corpus(trained)
    pictures = again.pictures(torch.tensor([0, 5]))
    assert pictures.shape == (2, 3, RESOLUTION, RESOLUTION)
    assert pictures.min() >= -1
    assert pictures.max() <= 1


def test_accuracy_counts_scenes_of_one_figure_only(trained):
    corpus = training_corpus(trained)
    oracle = trained_oracle(trained, RESOLUTION)
    seen = judge(oracle, corpus.pictures(torch.arange(24)))
    verdicts = [
        v if v.figures else Verdict(v.place, s.figures)
        for v, s in zip(seen, corpus.scenes, strict=True)
    ]
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

        recipe = Recipe("toy", steps=16, learning_rate=0.1, warmup=1, save_every=8)
        return loop.fit(recipe, module, stopping, folder, seed=5, team=Team())

    whole = run(tmp_path / "whole", 99)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", 12)
    resumed = run(tmp_path / "stopped", 99)
    assert torch.allclose(whole.weight, resumed.weight)


def test_a_missing_stage_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="run the stage 'unet' first"):
        loop.restore("unet", nn.Linear(1, 1), tmp_path)


def test_captions_are_the_grammars_in_tokens(trained):
    corpus = training_corpus(trained)
    tokenizer = build_tokenizer()
    assert corpus.captions.shape == (24, 2, 77)
    generator = torch.Generator().manual_seed(0)
    indices = torch.arange(24)
    for shown, ids in zip(corpus.scenes, corpus.caption_ids(indices, generator), strict=True):
        said = read_caption(tokenizer.decode(ids, skip_special_tokens=True))
        assert said.subjects <= {f.subject for f in shown.figures}
        assert said.places <= {shown.place}
    drawn = {tuple(corpus.caption_ids(indices, generator)[0].tolist()) for _ in range(20)}
    assert drawn == {tuple(ids) for ids in corpus.captions[0].tolist()}


def test_padding_is_cut_behind_the_longest_end_token():
    tokenizer = build_tokenizer()
    texts = ["A dog.", "A red dog runs."]
    ids = tokenizer(texts, padding="max_length", return_tensors="pt").input_ids
    short = tokenizer(texts, padding=True, return_tensors="pt").input_ids
    assert torch.equal(without_padding(ids), short)


def test_figures_count_for_more_than_backgrounds(trained):
    corpus = training_corpus(trained)
    shown = corpus.scenes[0]
    picture = corpus.pictures(torch.tensor([0]))
    background = place_means(corpus)[PLACES.index(shown.place)][None]
    weights = figure_weights(picture, background)[0, 0]
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    assert weights.max() == pytest.approx(4 * weights.min())
    figure = torch.tensor(np.asarray(draw(shown).masks[0])) > 250
    assert weights[figure].mean() > 1.5 * weights[~figure].mean()


def test_where_nobody_is_found_nothing_is_right(trained):
    shown = training_corpus(trained).scenes
    empty = [Verdict(scene.place, ()) for scene in shown]
    assert set(accuracy(empty, shown).values()) == {0.0}
    perfect = [Verdict(scene.place, scene.figures) for scene in shown]
    assert set(accuracy(perfect, shown).values()) == {1.0}


def test_a_run_goes_on_with_its_own_data_only(tmp_path):
    Data(seed=2, pictures=10).begin(tmp_path, "cpu")
    Data(seed=2, pictures=10).begin(tmp_path, "cpu")
    with pytest.raises(ValueError, match="begun with pictures 10, not 20"):
        Data(seed=2, pictures=20).begin(tmp_path, "cpu")


def test_the_stages_come_in_the_order_of_what_they_need():
    assert list(SHIPPED_STAGES) == list(STAGES)
    for name, stage in SHIPPED_STAGES.items():
        assert stage.recipe.name == name
        assert stage.train is STAGES[name]
