"""The command line as a user meets it: what it leaves, and what it says."""

from __future__ import annotations

import json
import re

import pytest
from PIL import Image
from typer.main import get_command

from hopping import HoppingOptions
from hopping.cli import checks, story_commands
from hopping.cli.app import app
from hopping.infotext import unguarded
from hopping.run_options import RECOMMENDED
from hopping.storybook.world import RESOLUTION
from hopping.studio.record import read_record
from hopping.studio.story_request import StoryRequest

from .command_line import FAST, error, infotext, invoke, make

TRICKY = 'A "red" dog, [big]: {wet}\\path <from:none>\n犬が川で泳いでいる 😀\n'


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
