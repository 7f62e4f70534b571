"""What the command line refuses, and what it says is to be done."""

from __future__ import annotations

import pytest

from .command_line import ROOT, error


@pytest.mark.parametrize(
    ("text", "flags", "told"),
    [
        ("", [], "line 1, column 1: the story has no frame"),
        ("# nothing\n\n", [], "the story has no frame"),
        (
            "A dog.\n＜SEP＞ A cat.",
            [],
            "line 2, column 1: ＜SEP＞ is not a tag; did you mean <SEP>?",
        ),
        ("A <shared:red> dog.", [], "line 1, column 3: <shared:red> is not a tag"),
        ("# a\nA dog. # b <lora:y:1>\n<lora:x:1>", [], "line 3, column 1: <lora:x:1> is a WebUI's"),
        ("A dog.", ["--negative", "a <from:1>"], "<from:1> cannot stand in the negative prompt"),
        (
            "A dog.",
            ["--negative", "<lora:x:1>"],
            "the negative prompt: <lora:x:1> is a WebUI's tag",
        ),
        ("A dog.", ["--after", "#"], "# begins a comment, which cannot stand in the text after"),
        ("A dog.", ["--reach", "nan"], "reach cannot be 'nan'; allowed: 0, 1, 2"),
        ("A dog.", ["--cfg", "nan"], "cfg cannot be nan; allowed: 0 to 100"),
        ("A dog.\n<from:3> A cat.", [], "line 2, column 1: frame 2 links to frame 3"),
        ("A dog <lora:x:1>.", [], "line 1, column 7: <lora:x:1> is a WebUI's tag"),
        ("A dog.\n" + "word " * 90, ["--layout", "joint"], "use --layout windows"),
        ("A dog.", ["--mode", "papr"], "--mode cannot be 'papr'; allowed: paper, reference"),
        (
            "A dog.",
            ["--carry", "all", "--layout", "joint"],
            "--carry all contradicts --layout joint",
        ),
        ("A dog.", ["--preset", "Consistant subject"], "did you mean 'Consistent subject'"),
        ("A dog.", ["--sampler", "LSM"], "known: LMS, "),
        ("A dog.", ["--width", "100"], "multiple of 8, 96 or 104"),
        ("A dog.", ["--steps", "0"], "--steps cannot be 0"),
        ("A dog.", ["--seed", "-2"], "--seed cannot be -2"),
        ("A dog.", ["--frames", "3-2"], "--frames cannot be '3-2'; allowed: all, or numbers"),
        ("A dog.", ["--frames", "2"], "--frames cannot be '2': the story has 1 frame; name"),
        ("A dog <seed 3>.", [], "column 7: <seed 3> is not a tag; did you mean <seed:123>?"),
        ("A dog.", ["--batch-size", "0"], "--batch-size cannot be 0"),
        ("A dog.", ["--start-token", "last"], "--start-token cannot be 'last'"),
        (
            "A dog.",
            ["--mode", "reference", "--anchor"],
            "--anchor would change it; use --mode paper",
        ),
        ("A dog.", ["--mode", "reference"], "--preset Paper begins with the paper's options"),
        ("A dog.", ["--layout", "joint"], "the preset is Same character where none is named"),
        ("A dog.", ["--dtype", "fp16", "--device", "cpu"], "use --dtype float32"),
        ("A dog.", ["--dtype", "int8"], "unknown dtype 'int8'; known: auto, float32"),
        ("A dog.", ["--device", "cuda:99"], "device 'cuda:99' cannot be used here"),
        ("A dog.", ["--model", "no-such-model"], "there is no model 'no-such-model'"),
        ("A dog.", ["--model", "missing.safetensors"], "there is no file missing.safetensors"),
        ("A dog.", ["--model", "tests"], "has no model_index.json"),
        ("A dog.", ["--model", "nobody/nothing"], "cannot be had from the hub"),
    ],
)
def test_errors_say_what_to_do(tmp_path, monkeypatch, text, flags, told):
    monkeypatch.chdir(ROOT)
    path = tmp_path / "story.txt"
    path.write_text(text)
    assert told in error("story", path, "--out", tmp_path / "out", *flags)
    assert not (tmp_path / "out").exists()


def test_bad_files(tmp_path):
    assert "No such file" in error("story", tmp_path / "missing.txt")
    latin = tmp_path / "latin.txt"
    latin.write_bytes("A dog.\nUn caf\xe9.".encode("latin-1"))
    assert "not UTF-8 text (line 2); save it as UTF-8" in error("plan", latin)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nothing of the kind")
    assert "not a checkpoint" in error("story", "-", "--model", broken, stdin="A dog.")
    assert "no story; name a text file" in error("story")
