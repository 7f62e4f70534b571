"""What the page gives away over HTTP, and what it does not."""

from __future__ import annotations

import http.client
import json
import zipfile
from io import BytesIO

import pytest
from PIL import Image

from hopping.storybook.world import RESOLUTION
from hopping.studio.browser.guard import is_let_through
from hopping.studio.record import read_record
from tests.studio.browser.asking import values
from tests.studio.browser.conftest import STORY


@pytest.fixture(scope="module")
def run(page):
    """The address of a finished run."""
    for _ in page.studio.generate("run", STORY, *values()):
        pass
    return f"/hopping/runs/{page.runs[-1].name}"


def ask(page, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_the_pictures_and_the_downloads_of_a_run(page, run):
    answer, data = ask(page, f"{run}/frame-01.png")
    assert answer.status == 200
    assert Image.open(BytesIO(data)).size == (RESOLUTION, RESOLUTION)
    names = zipfile.ZipFile(BytesIO(ask(page, f"{run}/frames.zip")[1])).namelist()
    assert names[:3] == ["frame-01.png", "frame-02.png", "frame-03.png"]
    assert "story.json" in names
    assert ask(page, f"{run}/pages.pdf")[1].startswith(b"%PDF")
    for name in ("story.gif", "story.webp"):
        answer, data = ask(page, f"{run}/{name}?captions=none&seconds=2")
        animation = Image.open(BytesIO(data))
        animation.load()
        assert (animation.n_frames, animation.info["duration"]) == (3, 2000)
    for wrong in ("seconds=1,2", "panels=5", "colour=red"):
        answer, data = ask(page, f"{run}/story.gif?{wrong}")
        assert answer.status == 422
        assert wrong.partition("=")[0].encode() in data


def test_no_download_names_a_path_of_this_machine(page, run):
    """Of a run with a model from a folder: the record on the disk has it, what is given has not."""
    folder = page.studio.outputs / run.rsplit("/", 1)[1]
    written = folder / "story.json"
    own = written.read_text("utf-8")
    try:
        written.write_text(own.replace('"storybook"', '"/home/somebody/sd.safetensors"'), "utf-8")
        assert read_record(folder).settings.model == "/home/somebody/sd.safetensors"
        for name in ("story.json", "frames.zip", "pages.pdf", "story.webp", "story.gif"):
            data = ask(page, f"{run}/{name}")[1]
            assert data
            assert b"/home/" not in data
            assert str(page.studio.outputs).encode() not in data
        record = json.loads(ask(page, f"{run}/story.json")[1])
        assert record["settings"]["model"] == "sd"
        assert len(record["frames"]) == 3
        page_text = "".join(str(shown) for shown in page.studio.generate("last", STORY, *values()))
        assert str(page.studio.outputs) not in page_text
    finally:
        written.write_text(own, "utf-8")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.png",
        "/..%2fsecret.png",
        "/%2e%2e/secret.png",
        "/..%5csecret.png",
        "//etc/passwd",
        "/notes.txt",
        "/.story.json.part",
        "/link.png",
        "/frame-99.png",
    ],
)
def test_no_other_file_is_read(page, run, path):
    (page.studio.outputs / "secret.png").write_bytes(b"secret")
    folder = page.studio.outputs / run.rsplit("/", 1)[1]
    (folder / "notes.txt").write_bytes(b"secret")
    if not (folder / "link.png").exists():
        (folder / "link.png").symlink_to("/etc/passwd")
        (folder / "frame-98.png").symlink_to("/etc/passwd")
    answer, data = ask(page, run + path)
    assert answer.status in (403, 404)
    assert b"secret" not in data
    assert ask(page, f"{run}/frame-98.png")[0].status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/file=/etc/passwd",
        "/file/etc/passwd",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/proxy=http://example.com",
        "/gradio_api/proxy=http://example.com",
        "/docs",
        "/openapi.json",
        "/monitoring/summary",
    ],
)
def test_gradios_own_doors_are_shut(page, path):
    assert ask(page, path)[0].status == 403


@pytest.mark.parametrize("path", ["/upload", "/gradio_api/upload", "/gradio_api/component_server"])
def test_nothing_can_be_put_on_the_disk(page, path):
    assert ask(page, path, "POST")[0].status == 403


def test_a_name_that_is_not_this_machines_is_not_answered(page):
    for host, status in [
        ("evil.example", 400),
        ("localhost", 200),
        (f"localhost:{page.port}", 200),
        (f"127.0.0.1:{page.port}", 200),
    ]:
        assert ask(page, "/hopping/page.css", Host=host)[0].status == status


def test_the_page_asks_no_other_host(page):
    answer, html = ask(page, "/")
    assert answer.status == 200
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert html.count(b"hopping/page.js") == 1
    config = json.loads(ask(page, "/config")[1])
    assert config.get("analytics_enabled") is False


def test_style_and_script_are_the_tabs_own_and_the_pages(page):
    style = ask(page, "/hopping/page.css")[1].decode()
    script = ask(page, "/hopping/page.js")[1].decode()
    assert ".hopping-chip" in style
    assert ".desk-cards" in style
    assert "class HoppingPlan" in script
    assert "function studioGenerate" in script


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", True),
        ("/gradio_api/queue/join", True),
        ("/queue/join", True),
        ("/assets/index.js", True),
        ("/hopping/page.js", True),
        ("/gradio_api", False),
        ("/gradio_api/", False),
        ("/upload", False),
        ("/file=x", False),
        ("/gradio_api/gradio_api/file=x", False),
    ],
)
def test_what_is_let_through(path, expected):
    assert is_let_through(path) is expected
