"""Fixtures: stand-ins for the host's modules, or a real host where the developer has one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ..encoders import import_open_clip_transformer, transformers_text_model
from . import forge_stand_ins, neo_stand_ins, stand_in_encoder, stand_ins
from . import host as real
from .browser import tab, web  # noqa: F401 (fixtures of the page's tests)

stand_ins.install()  # before any test file imports what imports the host
from hopping.webui import hosts  # noqa: E402

HOW = "needs a real WebUI: pytest tests/webui --webui=PATH [--webui-python=PATH]"


def pytest_addoption(parser):
    parser.addoption("--webui", help="a checkout of a WebUI, for acceptance tests")
    parser.addoption("--webui-python", help="its Python; PATH/venv/bin/python by default")
    parser.addoption("--webui-extensions", help="a folder of other extensions' checkouts")
    parser.addoption(
        "--webui-all",
        action="store_true",
        help="every test also on a host that is slow, those marked thorough, too",
    )


def pytest_collection_modifyitems(config, items):
    """On a slow host what is marked as thorough is left out."""
    given = config.getoption("--webui", default=None)
    if not given or not real.Kind.of(Path(given)).is_slow:
        return
    if not config.getoption("--webui-all", default=False):
        skip = pytest.mark.skip(reason="left out on a slow host; --webui-all runs it")
        for item in items:
            if item.get_closest_marker("thorough"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def webui_data(request) -> tuple[Path, Path, Path]:
    """The WebUI's checkout, its Python, and a data directory with the tests' checkpoints."""
    given = request.config.getoption("--webui", default=None)
    if not given:
        pytest.skip(HOW)
    webui = Path(given).resolve()
    # Not resolved: a virtual environment is told by where its Python's link stands.
    python = Path(
        request.config.getoption("--webui-python") or webui / "venv/bin/python"
    ).absolute()
    # Ignored by git, and no dot in its path: gradio serves no picture from behind one.
    data = real.ROOT / "outputs" / f"webui-host-{real.Kind.of(webui).name}"
    real.prepare(webui, python, data)
    real.link_extension(data)
    return webui, python, data


@pytest.fixture(scope="session")
def bare_images(webui_data) -> dict[str, list[str]]:
    """What a host without the extension makes of `PLAIN_REQUESTS`."""
    bare = real.Host(*webui_data, "--disable-extra-extensions")
    try:
        return {name: ask(bare).hashes for name, ask in PLAIN_REQUESTS.items()}
    finally:
        bare.stop()


@pytest.fixture(scope="session")
def host(webui_data, bare_images) -> Iterator[real.Host]:
    """A host with this project linked in as an extension."""
    running = real.Host(*webui_data)
    try:
        yield running
    finally:
        running.stop()
        sys.stderr.write(f"\nthe WebUI's log: {running.log}\n")


@pytest.fixture
def opts(monkeypatch):
    """The stand-in host's settings, fresh for each test."""
    fresh = stand_ins.fresh_options()
    monkeypatch.setattr(stand_ins.MODULES["modules.shared"], "opts", fresh)
    return fresh


@pytest.fixture(params=["transformers", "ldm", "forge", "neo"])
def wrapped(request, clip_tokenizer, clip_tokenizer_folder, tmp_path):
    """A text encoder as the host wraps it: the real classes, with small random weights."""
    text_model = transformers_text_model()
    if request.param != "ldm":
        return SimpleNamespace(transformer=text_model, tokenizer=clip_tokenizer)
    import_open_clip_transformer()
    modules = pytest.importorskip(
        "ldm.modules.encoders.modules", reason="needs PyPI's stable-diffusion-sdkit"
    )
    shutil.copytree(clip_tokenizer_folder, tmp_path / "clip")
    text_model.save_pretrained(tmp_path / "clip")
    return modules.FrozenCLIPEmbedder(version=str(tmp_path / "clip"), device="cpu")


@pytest.fixture
def forge(monkeypatch):
    """The stand-in host has Forge's modules, and is told by them."""
    forge_stand_ins.install(monkeypatch)
    from hopping.webui.hosts.forge import Forge

    found = Forge()
    monkeypatch.setattr(hosts, "find_host", lambda: found)
    return found


@pytest.fixture
def neo(forge, opts, monkeypatch):
    """The stand-in host has Forge Neo's modules."""
    neo_stand_ins.install(monkeypatch)
    return forge


@pytest.fixture
def sd_model(request, wrapped, opts, monkeypatch):
    """A loaded checkpoint of the stand-in host."""
    name = request.node.callspec.params["wrapped"]
    engine = {"forge": forge_stand_ins.Engine, "neo": neo_stand_ins.Engine}.get(name)
    hijack = stand_in_encoder.Hijack() if engine is None else forge_stand_ins.Embeddings()
    tower = wrapped.transformer
    embeddings = getattr(tower, "text_model", tower).embeddings
    embeddings.token_embedding = stand_in_encoder.TokenEmbedding(embeddings.token_embedding, hijack)
    if engine is None:
        model = stand_in_encoder.Model(stand_in_encoder.Embedder(wrapped, hijack))
    else:
        request.getfixturevalue(name)
        model = forge_stand_ins.Model(engine(wrapped, hijack))
    monkeypatch.setattr(stand_ins.MODULES["modules.shared"], "sd_model", model)
    return model


STORY = "A red dog is swimming in the river.\nThe dog sits under the sun.\nThe dog runs away."
LINES = STORY.split("\n")
HIRES = {"enable_hr": True, "hr_scale": 2, "hr_upscaler": "Latent", "denoising_strength": 0.7}

# Runs without hopping, which must come out the same with the extension as without it.
PLAIN_REQUESTS = {
    "line": lambda host: host.txt2img(LINES[1]),
    "story as one prompt": lambda host: host.txt2img(STORY),
    "batches": lambda host: host.txt2img(LINES[1], batch_size=2, n_iter=2),
    "img2img": lambda host: host.img2img(LINES[1]),
    "hires": lambda host: host.txt2img(LINES[1], **HIRES),
    "syntax": lambda host: host.txt2img("a (red:1.3) [dog:cat:0.5] AND a zebracorn :0.6 BREAK x"),
}
