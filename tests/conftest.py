"""Fixtures that every room's tests share: real tokenizers and small real text encoders."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from hopping import HoppingOptions, StoryPlan, parse_story, plan_story

from .chromium import browser  # noqa: F401  (a fixture)

# The WebUI's libraries come without diffusers; what stands on it is tested on the newest set.
collect_ignore = (
    [] if importlib.util.find_spec("diffusers") else ["studio", "storybook", "evaluate"]
)

# Nothing may be fetched at run time; a test that tries shall fail here, not on a user's train.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
torch.set_num_threads(1)  # bytes depend on the thread count, and xdist has the other core

# A commit that passes today passes next year: the same examples each time.
settings.register_profile(
    "hopping",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# For the files test_fuzz.py, by hand: pytest --hypothesis-profile=fuzz tests -k fuzz
settings.register_profile(
    "fuzz",
    parent=settings.get_profile("hopping"),
    derandomize=False,
    max_examples=100_000,
    database=None,
)
settings.load_profile("hopping")


def pytest_collection_modifyitems(items):
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="needs a GPU"))


@pytest.fixture(autouse=True)
def same_numbers():
    """Random tensors are the same each time, whatever ran before."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def clip_tokenizer_folder(tmp_path_factory) -> Path:
    """CLIP's own tokenizer, made from the vocabulary that open_clip_torch ships."""
    package = importlib.util.find_spec("open_clip").submodule_search_locations[0]
    lines = gzip.decompress((Path(package) / "bpe_simple_vocab_16e6.txt.gz").read_bytes())
    merges = lines.decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    letters = list(_byte_letters().values())
    vocabulary = [
        *letters,
        *(f"{letter}</w>" for letter in letters),
        *("".join(merge.split()) for merge in merges),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    folder = tmp_path_factory.mktemp("clip-tokenizer")
    ids = {token: number for number, token in enumerate(vocabulary)}
    (folder / "vocab.json").write_text(json.dumps(ids), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", "utf-8")
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True}
    special = {
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config | special))
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    return folder


@pytest.fixture(scope="session")
def clip_tokenizer(clip_tokenizer_folder):
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(str(clip_tokenizer_folder))


@pytest.fixture
def plan(clip_tokenizer) -> Callable[..., StoryPlan]:
    """Plans a story's text with options by name."""
    return lambda text, **options: plan_story(
        clip_tokenizer, parse_story(text), HoppingOptions(**options)
    )


def _byte_letters() -> dict[int, str]:
    """The printable letter that CLIP's byte-level BPE writes for each byte."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {
        byte: chr(256 + number) for number, byte in enumerate(others)
    }
