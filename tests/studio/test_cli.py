"""The command line as a user meets it: what it leaves, what it says, how it goes on."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

import hopping
from hopping import HoppingOptions
from hopping.cli import checks, story_commands
from hopping.cli.app import app
from hopping.infotext import unguarded
from hopping.run_options import RECOMMENDED
from hopping.storybook.world import RESOLUTION
from hopping.studio.record import read_record
from hopping.studio.restore import open_story
from hopping.studio.story_request import StoryRequest

from .saved import png

ROOT = Path(hopping.__file__).parents[1]
FAST = ["--steps", "1", "--seed", "7"]
TRICKY = 'A "red" dog, [big]: {wet}\\path <from:none>\n犬が川で泳いでいる 😀\n'


def invoke(*arguments, stdin=None):
    return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)


def make(tmp_path, text, *arguments):
    """Run a story; returns its folder."""
    source = tmp_path / "story.txt"
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    out = tmp_path / "out"
    known = set(out.iterdir()) if out.exists() else set()
    result = invoke("story", source, "--out", out, *FAST, *arguments)
    assert result.exit_code == 0, result.output
    (folder,) = set(out.iterdir()) - known
    return folder


def pngs(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def error(*arguments, stdin=None):
    """The one message of a run that must end with exit code 2 and no traceback."""
    result = invoke(*arguments, stdin=stdin)
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def infotext(folder, name):
    with Image.open(folder / name) as image:
        return image.text


@pytest.fixture
def dog_file(tmp_path, dog):
    path = tmp_path / "dog.txt"
    path.write_text(dog, "utf-8")
    return path


def test_a_story_leaves_everything(tmp_path, dog_file):
    result = invoke("story", dog_file, "--out", tmp_path / "out", *FAST)
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "out").iterdir()
    assert re.fullmatch(r"\d{8}-\d{6}-a-dog-is-swimming-in", folder.name)
    names = [f"{kind}-0{n}.png" for kind in ("frame", "plain") for n in (1, 2, 3)]
    names += ["grid.png", "mask.png", "story.json"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    for name in names:
        assert str(folder / name) in result.output
    assert "layout windows" in result.output
    with Image.open(folder / "frame-01.png") as frame:
        assert frame.size == (RESOLUTION, RESOLUTION)
    frame = (folder / "frame-01.png").read_bytes()
    assert Image.open(folder / "frame-01.png").tobytes() == (
        Image.open(folder / "plain-01.png").tobytes()
    )
    assert frame != (folder / "frame-02.png").read_bytes()


def test_the_record_holds_everything(tmp_path, dog):
    folder = make(tmp_path, dog, "--reach", "all", "--no-compare", "--negative", "bad")
    data = json.loads((folder / "story.json").read_text("utf-8"))
    assert data["schema"] == 1
    assert data["story"] == dog
    assert set(data["options"]) == {row.name for row in HoppingOptions.rows()}
    assert data["options"]["reach"] == "all"
    assert data["settings"]["seed"] == 7
    assert data["settings"]["sampler"] == "LMS"
    assert data["settings"]["cfg"] == 3.0
    assert (data["settings"]["width"], data["settings"]["height"]) == (RESOLUTION,) * 2
    assert [frame["file"] for frame in data["frames"]] == [f"frame-0{n}.png" for n in (1, 2, 3)]
    recommended = HoppingOptions.from_mapping({"reach": "all"}, RECOMMENDED)
    assert read_record(folder).options == recommended


def test_pictures_carry_their_data(tmp_path):
    folder = make(
        tmp_path, TRICKY, "--preset", "consistent subject", "--after", ', "oil", painting'
    )
    text = infotext(folder, "frame-02.png")["parameters"]
    prompt, values = text.split("\n", 1)
    assert prompt == '犬が川で泳いでいる 😀, "oil", painting'
    # The host's own reading of such a line.
    pairs = re.findall(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)', values)
    read = {k: json.loads(v) if v.startswith('"') else v for k, v in pairs}
    assert read["Hopping"] == "paper"
    assert read["Hopping frame"] == "2/2"
    assert unguarded(read["Hopping story"]) == TRICKY
    assert read["Hopping after"] == ', "oil", painting'
    assert (read["Hopping layout"], read["Hopping carry"]) == ("windows", "all")
    assert (read["Hopping anchor"], read["Hopping share"]) == ("on", "subject")
    assert (read["Steps"], read["Sampler"], read["Seed"]) == ("1", "LMS", "7")
    assert (read["Size"], read["Model"]) == (f"{RESOLUTION}x{RESOLUTION}", "storybook")
    assert "Hopping: baseline" in infotext(folder, "plain-02.png")["parameters"]
    everything = json.loads(infotext(folder, "frame-02.png")["hopping"])
    assert set(everything["options"]) == {row.name for row in HoppingOptions.rows()}
    assert str(tmp_path) not in str(infotext(folder, "frame-02.png"))


@pytest.mark.parametrize("command", ["story", "plan", "mask"])
def test_flags_are_the_tables(command):
    flags = {flag.name: flag for flag in get_command(app).commands[command].params}
    names = [row.name for row in HoppingOptions.rows()]
    assert [name for name in flags if name in names] == names
    for row in HoppingOptions.rows():
        flag = flags[row.name]
        assert flag.opts == [f"--{row.name.replace('_', '-')}"]
        assert flag.default is None
        assert flag.help == f"{row.help} (default: {row.format(row.default)})"


@pytest.mark.parametrize("command", [[], ["story"], ["plan"], ["mask"]])
def test_help(command):
    result = invoke(*command, "--help")
    assert result.exit_code == 0
    assert "story" in result.output


def test_plan(dog_file):
    result = invoke("plan", dog_file, "--preset", "Paper", "--share", "subject")
    assert result.exit_code == 0, result.output
    assert "3 frames, layout joint" in result.output
    assert "sees 1 ('A dog')" in result.output


def test_the_preset_is_the_recommended_one_unless_it_is_named(dog_file):
    assert "pixels of 1" in invoke("plan", dog_file).output
    paper = invoke("plan", dog_file, "--preset", "Paper")
    assert "layout joint" in paper.output
    assert "pixels" not in paper.output
    assert invoke("plan", dog_file, "--preset", "Paper", "--mode", "reference").exit_code == 0


def test_mask(tmp_path, dog_file):
    picture = tmp_path / "mask of dogs.png"
    result = invoke("mask", dog_file, "-o", picture)
    assert result.exit_code == 0, result.output
    with Image.open(picture) as image:
        assert image.width < 4000
    assert "does not end in .png" in error("mask", dog_file, "-o", tmp_path / "mask.jpg")


@pytest.mark.parametrize(
    "data",
    [
        b"A dog.\r\nA cat.\r\n",
        b"\xef\xbb\xbfA dog.\nA cat.",
        "A dog.\nA cat.".encode("utf-16"),
        b"A dog.\rA cat.\r",
        b"# comment\n\nA dog. <sep> A cat.",
    ],
    ids=["crlf", "bom", "utf-16", "cr", "sep"],
)
def test_files_from_any_editor(tmp_path, data):
    path = tmp_path / "story.txt"
    path.write_bytes(data)
    result = invoke("plan", path)
    assert "2 frames" in result.output
    assert "\r" not in checks.read_source(str(path))


def test_standard_input():
    result = invoke("plan", "-", stdin="A dog.\r\nA cat.\r\n")
    assert "2 frames" in result.output


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


def test_what_only_a_webui_reads_is_told(tmp_path):
    result = invoke("plan", "-", stdin="A (red:1.2) dog.\nA cat.")
    assert "emphasis such as (word:1.2) (frame 1) is encoded as text here" in result.output


def test_every_kind_is_told(tmp_path):
    result = invoke("plan", "-", stdin="A {a|b} (c:1.2) dog.\n__d__ [e|f]\n# g\nA dog # h")
    told = [line for line in result.output.splitlines() if line.startswith("note: ")]
    assert len(told) == 5
    assert "comments: line 3 and line 4 from their # on" in told[0]


def test_another_model_has_the_papers_setting(tmp_path, sd1):
    sd1.save_pretrained(tmp_path / "model")
    request = StoryRequest("A dog.", HoppingOptions(), model=str(tmp_path / "model"))
    settings = request.settings(request.load())
    assert (settings.sampler, settings.steps, settings.cfg) == ("LMS", 50, 7.5)
    assert (settings.width, settings.height) == (16, 16)
    assert settings.model == str((tmp_path / "model").resolve())


def test_random_seed_is_noted(tmp_path):
    folder = make(tmp_path, "A dog.", "--seed", "-1", "--no-compare")
    seed = read_record(folder).settings.seed
    assert 0 <= seed < 2**32
    assert f"Seed: {seed}," in infotext(folder, "frame-01.png")["parameters"]


def test_no_folder_is_overwritten(tmp_path, monkeypatch):
    import datetime

    class Frozen(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 2, 3, 4, 5)

    monkeypatch.setattr(story_commands.datetime, "datetime", Frozen)
    names = [make(tmp_path, "😀!", "--no-compare").name for _ in range(3)]
    assert names == [f"20260102-030405-story{end}" for end in ("", "-2", "-3")]


def test_folder_names_keep_any_script(tmp_path):
    folder = make(tmp_path, "犬が、川で/泳いで..いる: ÄÖ?", "--no-compare")
    assert folder.name.endswith("-犬が-川で-泳いで-いる-äö")


def test_many_frames_and_long_ones(tmp_path):
    long = "a dog, " * 60
    story = "\n".join(["A dog."] * 29 + [long])
    folder = make(tmp_path, story, "--no-compare", "--batch-size", "8")
    assert len(list(folder.glob("frame-*.png"))) == 30
    with Image.open(folder / "grid.png") as grid:
        assert grid.width <= 4200


def test_resume_makes_the_missing_ones_alone(tmp_path, dog):
    folder = make(tmp_path, dog)
    whole = pngs(folder)
    (folder / "frame-02.png").unlink()
    (folder / "plain-03.png").unlink()
    (folder / "grid.png").unlink()
    kept = (folder / "frame-01.png").stat().st_mtime_ns
    result = invoke("story", "--resume", folder)
    assert result.exit_code == 0, result.output
    assert pngs(folder) == whole
    assert (folder / "frame-01.png").stat().st_mtime_ns == kept
    again = invoke("story", "--resume", folder, tmp_path / "story.txt", "--seed", "7")
    assert again.exit_code == 0, again.output


def test_resume_tells_what_pixels_take(tmp_path, dog):
    told = "pixels that later frames see take"
    folder = make(tmp_path, dog, "--preset", "Same character", "--no-compare")
    assert told not in invoke("story", "--resume", folder).output  # nothing is sampled
    (folder / "frame-02.png").unlink()
    assert told in invoke("story", "--resume", folder).output


def test_resume_refuses_what_contradicts(tmp_path, dog):
    folder = make(tmp_path, dog, "--no-compare", "--preset", "Paper")
    assert "--seed was 7; leave it out" in error("story", "--resume", folder, "--seed", "8")
    assert "--mode was 'paper'" in error("story", "--resume", folder, "--mode", "baseline")
    assert "--anchor was off" in error(
        "story", "--resume", folder, "--preset", "Consistent subject"
    )
    assert "leave out --out" in error("story", "--resume", folder, "--out", tmp_path)
    assert "has no story.json" in error("story", "--resume", tmp_path)
    record = folder / "story.json"
    text = record.read_text("utf-8")
    record.write_text(re.sub(r'"fingerprint": "\w+"', '"fingerprint": "other"', text), "utf-8")
    assert "has other weights now" in error("story", "--resume", folder)
    record.write_text("{}")
    assert "not a record of schema 1" in error("story", "--resume", folder)
    record.write_text(text[: len(text) // 2], "utf-8")
    assert "cannot be read" in error("story", "--resume", folder)


def _environment():
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def test_ctrl_c_leaves_what_is_done_and_resume_goes_on(tmp_path, dog):
    command = [sys.executable, "-m", "hopping", "story", "-", "--steps", "8", "--seed", "7"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        cwd=tmp_path,
        # A shell's background job ignores Ctrl-C, and what it starts would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    process.stdin.write(dog.encode())
    process.stdin.close()
    deadline = time.monotonic() + 100
    while not list(tmp_path.glob("out/*/frame-02.png")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    stderr = process.stderr.read().decode()
    process.stdout.close()
    process.stderr.close()
    assert process.wait(60) == 130
    assert "Traceback" not in stderr
    assert "--resume" in stderr
    (folder,) = (tmp_path / "out").iterdir()
    done = pngs(folder)
    assert "frame-02.png" in done
    assert "plain-03.png" not in done
    assert {"frame-01.png"} <= set(read_record(folder).files.values()) < {*done}
    assert not list(folder.glob(".*"))

    assert invoke("story", "--resume", folder).exit_code == 0
    whole = make(tmp_path, dog, "--steps", "8")
    assert pngs(folder) == pngs(whole)
    assert done.items() <= pngs(folder).items()


def test_pages_are_made_of_a_storys_folder(tmp_path):
    folder = make(tmp_path, "A dog runs. # Fido is off!\nIt sleeps.\nIt eats.\n")
    for name, made in (
        ("book.pdf", ["book.pdf"]),
        ("book.png", ["book-01.png", "book-02.png"]),
        ("one.gif", ["one.gif"]),
    ):
        out = tmp_path / name
        result = invoke("pages", folder, "--out", out, "--panels", "2", "--title", "Fido")
        assert result.exit_code == 0, result.output
        assert result.output.split() == [str(tmp_path / file) for file in made]
        assert all((tmp_path / file).stat().st_size > 1000 for file in made)
    assert "must end in .pdf, .png, .gif or .webp" in error("pages", folder, "--out", "book.doc")
    assert "--panels cannot be '5'" in error("pages", folder, "-o", "a.pdf", "--panels", "5")
    assert "--seconds cannot be" in error("pages", folder, "-o", "a.gif", "--seconds", "soon")
    assert "no story.json" in error("pages", tmp_path, "-o", "a.gif")


def remade(tmp_path, folder, text, *flags):
    """Go on in a folder with another text; what is said, and which pictures are other files now."""
    source = tmp_path / "changed.txt"
    source.write_text(text)
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")}
    result = invoke("story", source, "--resume", folder, *flags)
    assert result.exit_code == 0, result.output
    after = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")}
    return result.output, [
        name
        for name in sorted(after)
        if after[name] != before.get(name) and name.startswith(("frame", "plain"))
    ]


RED = "A red dog runs.\nA cat sleeps.\nThe dog sits.\nThe cat is by the river.\n"


def test_frames_alone_are_those_of_the_whole_story(tmp_path):
    whole = pngs(make(tmp_path, RED))
    part = make(tmp_path, RED, "--frames", "3-4, 2")
    assert read_record(part).settings.frames == "2-4"
    names = [f"{kind}-0{n}.png" for kind in ("frame", "plain") for n in (2, 3, 4)]
    made = {path.name for path in part.glob("*.png") if not path.name.startswith("saw")}
    assert made == {*names, "grid.png", "mask.png"}
    for name in names:
        assert Image.open(part / name).tobytes() == Image.open(io.BytesIO(whole[name])).tobytes()
        assert "Hopping frames: 2-4" in infotext(part, name)["parameters"]
    said, made = remade(tmp_path, part, RED, "--frames", "all")
    assert made == ["frame-01.png", "plain-01.png"]
    assert "making 2 of 8 pictures" in said
    assert pngs(part)["grid.png"] == whole["grid.png"]


@pytest.mark.parametrize(
    ("change", "numbers"),
    [
        (("A red dog", "A blue dog"), [1, 3]),
        (("is by the river", "is in a house"), [4]),
        (("A cat", "<seed:9> A cat"), [2, 4]),
        (("The dog sits", "The dog sits <seed:9>"), [3]),
        (("The dog sits", "The dog sits <seed:7>"), []),  # the story's
        (("sleeps.", "sleeps. # a comment"), []),
    ],
    ids=str,
)
def test_a_changed_story_keeps_what_is_unchanged(tmp_path, change, numbers):
    folder = make(tmp_path, RED, "--no-compare")
    text = RED.replace(*change)
    said, made = remade(tmp_path, folder, text)
    assert made == [f"frame-0{n}.png" for n in numbers]
    assert f"making {len(numbers)} of 4 pictures" in said
    anew = make(tmp_path, text, "--no-compare")
    for name in ("frame-01.png", "frame-02.png", "frame-03.png", "frame-04.png", "mask.png"):
        assert Image.open(folder / name).tobytes() == Image.open(anew / name).tobytes()
    _, again = remade(tmp_path, folder, text)
    assert again == []


def test_one_changed_frame_alone(tmp_path):
    folder = make(tmp_path, RED, "--no-compare")
    old = pngs(folder)
    text = RED.replace("sits", "jumps").replace("is by", "swims in")
    said, made = remade(tmp_path, folder, text, "--frames", "3")
    assert made == ["frame-03.png"]
    assert "making 1 of 1 pictures" in said
    assert "frame 4 of 4 is not made as the story is now" in said
    assert pngs(folder)["frame-04.png"] == old["frame-04.png"]
    assert pngs(folder)["grid.png"] != old["grid.png"]
    _, made = remade(tmp_path, folder, text, "--frames", "all")
    assert made == ["frame-04.png"]


def test_pictures_go_along_with_their_frames(tmp_path):
    folder = make(tmp_path, RED, "--no-compare")
    lines = RED.splitlines()
    text = "\n".join([lines[1], "A bird flies.", lines[0], lines[2]])
    said, _ = remade(tmp_path, folder, text)
    assert "making 1 of 4 pictures" in said
    anew = make(tmp_path, text, "--no-compare")
    for number in (1, 2, 3, 4):
        name = f"frame-0{number}.png"
        assert Image.open(folder / name).tobytes() == Image.open(anew / name).tobytes()
        assert infotext(folder, name) == infotext(anew, name)


@pytest.mark.parametrize("noise", ["--same-noise", "--no-same-noise"])
def test_a_frame_of_its_own_seed_brings_its_story_back(tmp_path, noise):
    text = RED.replace("A cat", "<seed:99> A cat")
    folder = make(tmp_path, text, "--no-compare", noise)
    for number in (1, 2, 3):
        parameters = infotext(folder, f"frame-0{number}.png")["parameters"]
        assert ("Seed: 99," in parameters) == ("Hopping seed: 7" in parameters) == (number == 2)
        opened = open_story(png(parameters=parameters))
        assert (opened.source, opened.settings["seed"]) == (text, 7)


def test_a_changed_story_is_checked(tmp_path):
    folder = make(tmp_path, RED, "--no-compare", "--frames", "4")
    before = (folder / "story.json").read_bytes()
    for text, flags, told in (
        ("A dog. <seed:x>", [], "line 1, column 8: <seed:x> is no seed"),
        ("A dog.\nA cat.", [], "frames cannot be '4': the story has 2 frames; name some of 1 to 2"),
        (RED, ["--frames", "0"], "--frames cannot be '0'; allowed: all, or numbers and ranges"),
    ):
        source = tmp_path / "wrong.txt"
        source.write_text(text)
        assert told in error("story", source, "--resume", folder, *flags)
    assert (folder / "story.json").read_bytes() == before
