"""What the command line says before anything heavy is there, and how it says it."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import pytest
import typer

import hopping
from hopping import HoppingError, HoppingOptions
from hopping.cli import checks
from hopping.cli.app import app
from hopping.cli.flags import as_typed
from hopping.run_options import RunOptions
from hopping.studio.browser.addresses import refuse_taken
from hopping.studio.record import Settings
from hopping.studio.sampling import MACHINE, SAMPLING
from hopping.studio.story_request import StoryRequest

ROOT = Path(hopping.__file__).parents[1]
# Each takes a second or several to import, and none can tell what is wrong with these arguments.
HEAVY = ("torch", "diffusers", "transformers", "accelerate", "gradio", "numpy", "matplotlib")
DOG = ["story", "examples/dog.txt"]
SUITE = ["evaluate", "suite", "examples/suite.yaml"]
STORYBOOK = ["evaluate", "storybook"]


def run(code, *arguments, **environment):
    """A process of its own in the project's folder."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )


def light(*arguments):
    """Exit code and output of a run that must not have imported anything heavy."""
    code = (
        "import json, sys\n"
        "from hopping.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n"
        f"    heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "    print(json.dumps([end.code, heavy]))\n"
    )
    result = run(code, *arguments)
    assert "Traceback" not in result.stderr, result.stderr
    exit_code, heavy = json.loads(result.stdout.splitlines()[-1])
    assert not heavy
    # typer's own errors come in a frame.
    return exit_code, " ".join(re.sub("[│╭╮╰╯─]", " ", result.stdout + result.stderr).split())


@pytest.mark.parametrize(
    "command",
    [[], ["story"], ["plan"], ["mask"], ["ui"], ["storybook", "export"], STORYBOOK, SUITE[:2]],
)
def test_help_waits_for_nothing(command):
    exit_code, output = light(*command, "--help")
    assert exit_code == 0
    assert "Usage:" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["stroy"], "No such command 'stroy'"),
        ([*DOG, "--stesp", "3"], "No such option: --stesp"),
        ([*DOG, "--steps", "many"], "Invalid value for '--steps'"),
        (["story", "missing.txt"], "missing.txt: No such file or directory"),
        ([*DOG, "--out", "README.md"], "--out README.md cannot be used: "),
        ([*DOG, "--out", "README.md/deeper"], "README.md is not a folder"),
        ([*DOG, "--mode", "papr"], "--mode cannot be 'papr'; allowed: paper, reference"),
        ([*DOG, "--start-token", "last"], "--start-token cannot be 'last'"),
        ([*DOG, "--carry", "all", "--layout", "joint"], "use --layout windows or auto, or --carry"),
        ([*DOG, "--preset", "Papper"], "did you mean 'Paper'"),
        ([*DOG, "--sampler", "LSM"], "unknown sampler 'LSM'; known: LMS, "),
        ([*DOG, "--batch-size", "0"], "--batch-size cannot be 0; allowed: 1 to 100"),
        ([*DOG, "--width", "100"], "--width cannot be 100; it must be a multiple of 8"),
        ([*DOG, "--cfg", "nan"], "--cfg cannot be nan"),
        ([*DOG, "--dtype", "int8"], "unknown dtype 'int8'"),
        ([*DOG, "--dtype", "fp16", "--device", "cpu"], "use --dtype float32 or bfloat16"),
        ([*DOG, "--before", "<lora:x:1>"], "<lora:x:1> is a WebUI's tag"),
        ([*DOG, "--model", "no-such"], "there is no model 'no-such'"),
        ([*DOG, "--model", "docs"], "has no model_index.json"),
        ([*DOG, "--model", "missing.ckpt"], "there is no file missing.ckpt"),
        (["plan", *DOG[1:], "--model", "no-such"], "there is no model 'no-such'"),
        (["mask", *DOG[1:], "-o", "mask.jpg"], "does not end in .png"),
        (["mask", *DOG[1:], "-o", "no/such/mask.png"], "there is no folder no/such"),
        (["story", "--resume", "docs"], "docs has no story.json"),
        (["ui", "--model", "no-such"], "there is no model 'no-such'"),
        (["ui", "--out", "README.md"], "README.md is not a folder"),
        (["ui", "--dtype", "int8"], "unknown dtype 'int8'"),
        (["ui", "--host", "192.0.2.1"], "cannot listen at 192.0.2.1"),
        (["storybook", "export", "--webui", "no/such"], "there is no folder no/such"),
        ([*STORYBOOK, "--methods", "papr"], "there is no method 'papr' here; known: drawn truth"),
        ([*STORYBOOK, "--methods", "papr"], "start_token=shared; reach=2"),
        ([*STORYBOOK, "--out", "README.md"], "README.md is not a folder"),
        ([*STORYBOOK, "--model-run", "no/such"], "is no folder of a training run"),
        (["evaluate", "report", "no/such"], "no results in no/such"),
        (["evaluate", "strips", "papr"], "there is no method 'papr'"),
        (["evaluate", "suite", "missing.yaml"], "missing.yaml: No such file"),
        ([*SUITE, "--metrics", "FID"], "there is no metric 'FID'"),
        ([*SUITE, "--naming", "twice"], "--naming cannot be 'twice'"),
        ([*SUITE, "--seed", "-2"], "--seed cannot be -2"),
        ([*SUITE, "--sampler", "LSM"], "unknown sampler 'LSM'"),
        ([*SUITE, "--model", "no-such"], "there is no model 'no-such'"),
        ([*SUITE, "--out", "README.md"], "README.md is not a folder"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_loaded(arguments, told):
    exit_code, output = light(*arguments)
    assert exit_code == 2
    assert told in output


def test_a_device_is_refused_before_diffusers_is_there():
    code = (
        "import sys\nfrom hopping.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    print('diffusers' in sys.modules)"
    )
    result = run(code, *DOG, "--device", "cuda:99")
    assert "device 'cuda:99' cannot be used here" in result.stderr
    assert result.stdout.strip() == "False"


def test_a_folder_is_tried_and_left_as_it_was(tmp_path):
    checks.check_folder("--out", tmp_path / "new" / "deeper")
    checks.check_file("--out", tmp_path / "mask.png")
    assert not list(tmp_path.iterdir())
    with pytest.raises(HoppingError, match="is a folder; name a file"):
        checks.check_file("--out", tmp_path)
    if Path("/proc/self").is_dir():  # no one can write there, not even root
        with pytest.raises(HoppingError, match="nothing can be written into /proc"):
            checks.check_folder("--out", Path("/proc/hopping"))


def test_a_port_that_is_taken_is_refused_before_the_model():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(HoppingError, match="choose another with --port"):
            refuse_taken("127.0.0.1", port)
        assert light("ui", "--port", str(port))[0] == 2


def test_messages_name_flags_as_they_are_typed():
    switch, text = (Annotated[kind | None, typer.Option()] for kind in (bool, str))
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind)
        for name, kind in (("anchor", switch), ("start_token", text), ("mode", text))
    ]
    for message, typed in {
        "start_token=shared and anchor=on": "--start-token shared and --anchor",
        "anchor=off": "--no-anchor",
        "start_token cannot be 'x'": "--start-token cannot be 'x'",
        "leave mode at paper": "leave --mode at paper",
        "--mode cannot be twice": "--mode cannot be twice",
        "the model was begun": "the model was begun",
        "reach=2": "reach=2",
    }.items():
        assert as_typed(message, parameters) == typed


def test_the_settings_are_one_list():
    settings = [*SAMPLING, *MACHINE]
    run_options = ("compare", "before", "after", "same_noise", "frames")
    names = {setting.name for setting in settings} | {*run_options, "model"}
    assert names == {field.name for field in fields(Settings)}
    assert names | {"source", "options"} == {field.name for field in fields(StoryRequest)}
    flags = typer.main.get_command(app).commands["story"].params
    beside = {row.name for row in HoppingOptions.rows()} | {"preset", "file", "out", "resume"}
    assert names | beside == {flag.name for flag in flags}
    assert {row.name for row in RunOptions.rows()} >= set(run_options)


@pytest.mark.parametrize(
    "command",
    [
        [*DOG, "--steps", "1", "--no-compare"],
        [*SUITE, "--steps", "1", "--sets", "1", "--method", "plain", "--metrics", "none"],
        [*STORYBOOK, "--stories", "1", "--seeds", "1", "--methods", "plain"],
    ],
)
def test_libraries_show_no_bars(tmp_path, command):
    result = run("from hopping.cli import main; main()", *command, "--out", str(tmp_path / "out"))
    assert result.returncode == 0, result.stderr
    assert "Loading" not in result.stderr
    assert "Warning" not in result.stderr


@pytest.mark.parametrize("door", ["python -m hopping", "hopping"])
def test_the_command_line_is_an_extra(door):
    """Without its libraries both doors say in one sentence what to install."""
    if door == "hopping":
        scripts = (ROOT / "pyproject.toml").read_text("utf-8").partition("[project.scripts]")[2]
        module, function = re.search(r'^hopping = "(.+):(.+)"$', scripts, re.MULTILINE).groups()
        start = f"from {module} import {function}; {function}()"
    else:
        start = "import runpy; runpy.run_module('hopping', run_name='__main__')"
    result = run(f"import sys; sys.modules['typer'] = None; {start}")
    assert result.returncode == 1
    assert result.stderr.startswith("The command line needs typer, which is not installed")
    assert 'pip install ".[studio]"' in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [("diffusers", DOG, "studio"), ("gradio", ["ui"], "studio"), ("yaml", SUITE, "evaluate")],
)
def test_what_a_command_needs_and_has_not_is_said(missing, arguments, extra):
    code = f"import sys; sys.modules[{missing!r}] = None; from hopping.cli import main; main()"
    result = run(code, *arguments)
    assert result.returncode == 2
    assert f"needs {missing}, which is not installed" in result.stderr
    assert f'pip install ".[{extra}]"' in result.stderr
