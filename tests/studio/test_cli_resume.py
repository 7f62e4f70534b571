"""How the command line goes on with a story: one that was stopped, and one that has changed."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from hopping.studio.record import read_record
from hopping.studio.restore import open_story

from .command_line import ROOT, error, infotext, invoke, make, pngs
from .saved import png


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
