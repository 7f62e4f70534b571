"""What is installed: locks that hold whole trees, extras that name what is imported, and a core
that needs torch alone."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import hopping
from tests.test_readme import LOCKS, SETS, locked

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

PACKAGE = Path(hopping.__file__).parent
ROOT = PACKAGE.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
# Beside the locks: `make lock` leaves them out.
EXCLUDED = set(re.findall(r"^\w+$", (LOCKS / "excluded.txt").read_text("utf-8"), re.MULTILINE))
# What draws pictures of a story needs Pillow besides; hopping/__init__.py says so.
DRAWING = {"figure", "lettering", "mask_picture"}
ROOMS = {"cli", "evaluate", "page", "storybook", "studio", "webui"}
OTHER_NAMES = {"PIL": "pillow", "fpdf": "fpdf2", "yaml": "pyyaml", "adjustText": "adjusttext"}


@cache
def extra(name: str) -> dict[str, Requirement]:
    """What an extra asks for, with what other extras give to it."""
    found = {}
    for text in PROJECT["project"]["optional-dependencies"][name]:
        requirement = Requirement(text)
        if requirement.name == PROJECT["project"]["name"]:
            for inner in requirement.extras:
                found |= extra(inner)
        else:
            found[canonicalize_name(requirement.name)] = requirement
    return found


def lock_lines(name: str) -> list[str]:
    text = (LOCKS / f"{name}.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("name", ["torch", "studio", *SETS])
def test_a_lock_is_exact_versions_and_nothing_else(name):
    """No index, no file of one machine; each line with what wanted it."""
    for line in lock_lines(name):
        requirement, _, why = line.partition("  # via ")
        assert why
        (pin,) = Requirement(requirement).specifier
        assert pin.operator == "=="
        assert not pin.version.endswith("*")
        assert "+" not in pin.version
        assert "://" not in line


@pytest.mark.parametrize("name", ["studio", *SETS])
def test_torch_is_the_machines_own(name):
    """A lock that named torch, or CUDA's libraries, would forbid another build of it."""
    held = locked(name)
    assert not EXCLUDED & held.keys()
    assert not [package for package in held if package.startswith(("nvidia", "cuda", "triton"))]


def test_torchs_own_needs_are_locked_for_the_torch_of_the_makefile():
    assert "torch" not in locked("torch")
    (version,) = re.findall(r"^LOCKED_TORCH := torch==(\S+)$", MAKEFILE, re.MULTILINE)
    installed = importlib.metadata.version("torch").partition("+")[0]
    if installed == version:  # else TORCH named another
        needed = importlib.metadata.requires("torch") or []
        plain = {canonicalize_name(Requirement(r).name) for r in needed if ";" not in r}
        assert plain <= locked("torch").keys()


@pytest.mark.parametrize(
    ("name", "extras"), {"studio": ["studio"], "newest": ["evaluate", "dev"]}.items()
)
def test_a_lock_satisfies_its_extras(name, extras):
    held = locked(name)
    for package, requirement in {k: v for e in extras for k, v in extra(e).items()}.items():
        if package not in EXCLUDED:
            assert requirement.specifier.contains(held[package]), requirement


def test_the_lower_bounds_are_those_that_are_tested():
    held = locked("lowest")
    for package, requirement in (extra("evaluate") | extra("test")).items():
        if package not in EXCLUDED:
            (lowest,) = [s.version for s in requirement.specifier if s.operator == ">="]
            assert Version(held[package]) == Version(lowest), f"{requirement}: run `make lock`"


def test_every_set_and_the_studio_come_from_a_lock():
    assert {path.stem for path in LOCKS.glob("*.txt")} == {"excluded", "torch", "studio", *SETS}
    assert "-r tests" not in MAKEFILE


def test_pre_commit_has_the_ruff_of_the_lock():
    config = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert re.findall(r"\bruff==([\w.]+)", config) == [locked("newest")["ruff"]]


def test_every_file_beside_the_code_is_in_the_package():
    packaged = {
        path
        for package, patterns in PROJECT["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
        if path.is_file()
    }
    beside = {path for path in PACKAGE.rglob("*") if path.suffix not in (".py", ".pyc")}
    assert packaged == {path for path in beside if path.is_file()}


def test_the_citation_has_the_packages_version():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [hopping.__version__]


def imports_of(path: Path) -> set[str]:
    """The packages that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"hopping"}


@pytest.mark.parametrize(
    ("room", "extra_name"),
    {
        "studio": "studio",
        "page": "studio",
        "storybook": "studio",
        "cli": "studio",
        "evaluate": "evaluate",
    }.items(),
)
def test_what_is_imported_is_declared(room, extra_name):
    declared = extra(extra_name).keys() | {"torch"}
    for path in (PACKAGE / room).rglob("*.py"):
        names = {OTHER_NAMES.get(name, canonicalize_name(name)) for name in imports_of(path)}
        assert names <= declared, path


def core() -> list[str]:
    """The core's modules: all that stand beside the rooms which are built on it."""
    paths = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
    return sorted(
        ".".join(path.with_suffix("").parts)
        for path in paths
        if path.parts[0] not in ROOMS and path.stem != "__main__"
    )


@pytest.mark.parametrize("drawing", [False, True], ids=["torch alone", "torch and Pillow"])
def test_the_core_needs_torch_alone(drawing):
    modules = [name for name in core() if drawing or name not in DRAWING]
    allowed = closure("torch") | ({"pillow"} if drawing else set())
    result = import_with(allowed, modules)
    assert result.returncode == 0, result.stderr


def test_what_draws_says_that_it_needs_pillow():
    for name in DRAWING:
        result = import_with(closure("torch"), [name])
        assert "import of PIL halted" in result.stderr
        assert f"`{name}`" in hopping.__doc__


def closure(name: str) -> set[str]:
    """A package and what it needs, as far as it is here, by the names of their distributions."""
    found, asked = set(), [name]
    while asked:
        package = canonicalize_name(asked.pop())
        try:
            needed = importlib.metadata.requires(package) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        if package not in found:
            found.add(package)
            asked += [Requirement(r).name for r in needed if "extra ==" not in r]
    return found


def import_with(allowed: set[str], modules: list[str]) -> subprocess.CompletedProcess[str]:
    """Import modules of the core where no other package can be imported than the allowed."""
    blocked = {
        module
        for module, packages in importlib.metadata.packages_distributions().items()
        if not allowed & {canonicalize_name(package) for package in packages}
    } - {"hopping"}
    assert {"pytest", "transformers"} <= blocked
    code = f"""
import sys
for name in {sorted(blocked)!r}:
    sys.modules[name] = None
sys.path.insert(0, {str(ROOT)!r})
import importlib
for name in {modules!r}:
    importlib.import_module("hopping." + name)
import hopping
for name in hopping.__all__:
    getattr(hopping, name)
"""
    return subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False
    )


def test_python_3_10_is_what_all_tools_hold_to():
    tool = PROJECT["tool"]
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert tool["mypy"]["python_version"] == oldest == "3.10"
    assert tool["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert f'python-version = "{oldest}"' in (LOCKS / "uv.toml").read_text("utf-8")
    assert f'"{oldest}"' in (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")


@pytest.mark.parametrize(
    "path", ["/x/my story.txt", "it's.txt", 'a "b".txt', "a;b&c.txt", "-", "ä 犬.txt"]
)
@pytest.mark.parametrize("target", ["story", "studio"])
def test_what_is_typed_to_make_reaches_the_program_as_it_is(target, path):
    said = [f"STORY={path}", f"MODEL={path}", "ARGS=--preset 'Consistent subject'"]
    # Run by `make test` it is a make within a make, which would name its folder.
    command = ["make", "--no-print-directory", "--dry-run", "--old-file", ".venv/ready"]
    command += [target, *said]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    words = shlex.split(result.stdout.splitlines()[-1])
    said = ["story", path] if target == "story" else ["ui"]
    said += ["--model", path, "--preset", "Consistent subject"]
    assert words[words.index("hopping") + 1 :] == said
