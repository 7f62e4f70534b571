"""What the tests do on the command line again and again."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from typer.testing import CliRunner

import hopping
from hopping.cli.app import app

ROOT = Path(hopping.__file__).parents[1]
FAST = ["--steps", "1", "--seed", "7"]


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
