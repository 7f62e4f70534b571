"""A story over two processes on the CPU, as `accelerate launch` starts them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hopping.studio import processes

pytest.importorskip("accelerate")

STORY = "A red dog runs.\nThe dog sleeps.\n<from:1> The dog is by the river.\n"
RUN = ["story", "--steps", "2", "--seed", "7"]


def hopping(launch, out, story, *flags):
    answer = subprocess.run(
        [sys.executable, *launch, "-m", "hopping", *RUN, *flags, str(story), "--out", str(out)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=600,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    (folder,) = out.iterdir()
    return folder, answer.stdout


@pytest.mark.parametrize(
    "flags",
    [("--batch-size", "2"), ("--preset", "Same character")],
    ids=["by twos", "the first frame sampled by both"],
)
def test_two_processes_make_the_pictures_of_one(tmp_path, flags):
    story = tmp_path / "story.txt"
    story.write_text(STORY)
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    launch = (
        "-m accelerate.commands.launch --cpu --num_processes 2 --num_machines 1 "
        f"--mixed_precision no --dynamo_backend no --main_process_port {port}"
    ).split()
    one, said_by_one = hopping([], tmp_path / "one", story, *flags)
    two, said_by_two = hopping(launch, tmp_path / "two", story, *flags)
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in two.iterdir())
    pictures = [name for name in names if name.startswith(("frame", "plain", "grid"))]
    assert len(pictures) == 7
    for name in pictures:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    # The first process alone talks.
    assert len(said_by_two.splitlines()) == len(said_by_one.splitlines())


def test_one_process_divides_nothing():
    taken = []

    def items():
        for number in range(3):
            taken.append(number)
            yield number

    results = processes.divide(items(), lambda number: number * 10)
    assert next(results) == 0
    assert taken == [0]
    assert list(results) == [10, 20]
    assert not processes.is_helper()
    assert processes.shared("as it is") == "as it is"
