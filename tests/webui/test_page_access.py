"""The live plan and the plan's routes behind passwords and proxies, with the host's API or not."""

from __future__ import annotations

import base64
import io
import json
import time
import urllib.error
import urllib.request

import pytest
from PIL import Image

from . import host as real
from .browser import DOG_STORY, WebPage, proxy
from .conftest import STORY


class _Guarded(real.Host):
    """A host whose API asks for a password, or is not there."""

    def _wait(self) -> None:
        for _ in range(240):
            if _status(f"{self.url}/internal/ping") == 200:
                return
            time.sleep(0.5)
        self.stop()
        raise RuntimeError(self.read_log()[-4000:])

    @property
    def has_checkpoint(self) -> bool:
        """Forge and Neo load theirs with the first picture, and none is made here."""
        return self.kind.name not in ("forge", "neo")

    def wait_for_plan(self, web: WebPage) -> None:
        """Until the page shows the plan, or that there is no checkpoint to make it with."""
        if self.has_checkpoint:
            web.plan(".hopping-frame").nth(2).wait_for()
        else:
            web.plan(".hopping-hint:text('no checkpoint is loaded yet')").wait_for()


def test_the_live_plan_without_the_api_under_a_proxys_path(web, webui_data, monkeypatch):
    monkeypatch.setattr(real, "FLAGS", [flag for flag in real.FLAGS if flag != "--api"])
    running = _Guarded(*webui_data, "--subpath", "hop")
    try:
        with proxy(running.port, "hop") as address:
            web.open(address)
            web.open_tab()
            web.write(DOG_STORY)
            running.wait_for_plan(web)
        assert _status(f"{running.url}/hopping/plan", {"prompt": "a"}) in (404, 405)
    finally:
        running.stop()


def test_passwords_for_the_page_and_for_the_api(web, webui_data):
    running = _Guarded(*webui_data, "--gradio-auth", "me:secret", "--api-auth", "api:key")
    try:
        web.page.goto(running.url)
        web.page.locator("input").nth(0).fill("me")
        web.page.locator("input").nth(1).fill("secret")
        web.page.get_by_role("button", name="Login").click()
        web.wait_until_loaded()
        web.open_tab()
        web.write(DOG_STORY)
        running.wait_for_plan(web)
        for path in ("/hopping/plan", "/hopping/mask"):
            url, question = running.url + path, {"prompt": DOG_STORY}
            assert _status(url, question) == 401
            assert _status(url, question, "api:wrong") == 401
            assert _status(url, question, "api:key") == (200 if running.has_checkpoint else 422)
    finally:
        running.stop()


def test_the_plan_over_http(host):
    plan = host.post("/hopping/plan", {"prompt": STORY, "reach": "all", "layout": "windows"})
    assert plan["layout"] == "windows"
    assert plan["errors"] == []
    assert [frame["text"] for frame in plan["frames"]] == STORY.split("\n")
    assert [frame["sources"] for frame in plan["frames"]] == [[], [1], [1, 2]]
    assert plan["frames"][1]["tokens"] == 7
    assert plan["frames"][1]["windows"] == 1


def test_a_preset_and_what_overrides_it_over_http(host):
    question = {"prompt": STORY, "preset": "Consistent subject"}
    plan = host.post("/hopping/plan", question)
    assert plan["layout"] == "windows"
    assert plan["frames"][1]["shown"] == {"1": ["A red dog"]}
    assert host.post("/hopping/plan", question | {"share": "all"})["frames"][1]["shown"] == {
        "1": [STORY.split("\n")[0]]
    }


@pytest.mark.parametrize("path", ["/hopping/plan", "/hopping/mask"])
@pytest.mark.parametrize(
    ("question", "expected", "line", "column"),
    [
        ({"prompt": "a\nb <from:2> c"}, "line 2, column 3", 2, 3),
        ({"prompt": "# nothing"}, "one prompt per line", 1, 1),
        ({"prompt": "a", "mood": "good"}, "unknown option 'mood'", None, None),
        ({"prompt": "a", "reach": -1}, "reach cannot be -1", None, None),
        ({"prompt": "dog " * 80 + "\na", "layout": "joint"}, "more than the joint", None, None),
        ({}, "a prompt is needed", None, None),
    ],
)
def test_what_is_wrong_over_http(host, path, question, expected, line, column):
    with pytest.raises(real.ApiError) as caught:
        host.post(path, question)
    assert caught.value.status == 422
    assert expected in caught.value.answer["detail"]
    told = caught.value.answer["errors"][0]
    assert (told["line"], told["column"]) == (line, column)


def test_the_mask_over_http(host):
    request = _request(f"{host.url}/hopping/mask", {"prompt": STORY})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Content-Type"] == "image/png"
        picture = Image.open(io.BytesIO(answer.read()))
    assert min(picture.size) > 200


def _request(url: str, body: dict | None = None, user: str = "") -> urllib.request.Request:
    headers = {"Content-Type": "application/json"}
    if user:
        headers["Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
    return urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers)


def _status(url: str, body: dict | None = None, user: str = "") -> int:
    """The HTTP status of an answer; 0 where none comes."""
    try:
        with urllib.request.urlopen(_request(url, body, user), timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
