from random import Random

import pytest

from hopping.storybook import captions, model, scene, word_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return model.build_tokenizer()


def test_every_word_of_a_caption_is_one_token(tokenizer):
    random, stream = Random(5), scene.scenes(5)
    for _ in range(200):
        text = captions.caption(next(stream), random)
        words = text.replace(".", " .").replace(",", " ,").split()
        assert len(tokenizer.tokenize(text)) == len(words)


@pytest.mark.parametrize(
    "text", ["Zürich", "日本の犬", "antidisestablishmentarianism", "(dog:1.3)"]
)
def test_any_other_text_is_spelt_in_bytes(tokenizer, text):
    ids = tokenizer(text).input_ids
    assert tokenizer.unk_token_id not in ids[1:-1]
    assert tokenizer.decode(ids[1:-1]).replace(" ", "") == text.lower()


def test_files_in_the_package_are_what_the_grammar_gives(tmp_path):
    word_tokenizer.write_tokenizer(captions.vocabulary(), tmp_path)
    for file in tmp_path.iterdir():
        assert file.read_text("utf-8") == (word_tokenizer.FOLDER / file.name).read_text("utf-8")


def test_end_token_has_the_highest_id(tokenizer):
    assert tokenizer.eos_token_id == len(tokenizer) - 1 == tokenizer.pad_token_id
