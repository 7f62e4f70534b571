"""The live plan and the plan's routes, on stand-ins for the host."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from PIL import Image

from hopping.run_options import ROWS
from hopping.webui.live_plan import live_plan

from .conftest import STORY
from .stand_ins import MODULES

VALUES = [row.default for row in ROWS]


def values(**changed):
    return [changed.get(row.name, row.default) for row in ROWS]


@pytest.fixture(autouse=True)
def loaded(sd_model, monkeypatch):
    monkeypatch.setattr(MODULES["modules.sd_models"].model_data, "sd_model", sd_model)


@pytest.mark.parametrize("nothing", ["", "  \n"])
def test_no_story_no_plan(nothing):
    plan, mask, _ = live_plan("3", nothing, [], *VALUES)
    assert 'data-serial="3"' in plan
    assert "Write one prompt" in plan
    assert mask == ""


def test_plan_and_mask_of_a_story():
    plan, mask, _ = live_plan("4", STORY, [], *values(reach="all"))
    assert 'data-serial="4"' in plan
    assert plan.count('<li class="hopping-frame"') == 3
    assert ">swimming<" in mask


def test_styles_are_counted_but_are_not_the_storys():
    plain, *_ = live_plan("1", "a dog", [], *VALUES)
    styled, *_ = live_plan("1", "a dog", ["oil painting of {prompt}, dark"], *VALUES)
    assert "2/75" in plain
    assert "7/75" in styled


def test_a_styles_comments_are_not_its_text():
    styled, *_ = live_plan("1", "a dog", ["oil painting of {prompt}, dark # mine\n, wet"], *VALUES)
    assert "9/75" in styled


@pytest.mark.parametrize("serial", ["²", "9" * 5000, "-1", "1.5", "", None, 7, "\ud800"])
def test_any_serial_is_answered(serial):
    assert 'data-serial="0"' in live_plan(serial, "a", [], *VALUES)[0]


@pytest.mark.parametrize("story", ["a\n\ud800", "a\nb\0", "<shared:\ud800>"])
def test_what_cannot_be_sent_is_told(story):
    plan, *_ = live_plan("1", story, [], *VALUES)
    assert "character" in plan
    plan.encode()


def test_the_plan_says_what_was_taken_for_what():
    plan, *_ = live_plan("1", "# title\n<lora:x:1>\n<mood:sad>\na dog # or two", [], *VALUES)
    assert plan.count('<li class="hopping-frame"') == 1
    assert "for all frames: &lt;lora:x:1&gt; &lt;mood:sad&gt; (lines 2, 3)" in plan
    assert "as comments: line 1 and line 4 from their # on" in plan
    assert "left out with the words inside" in plan


def test_a_wrong_story_or_option_is_told():
    plan, mask, _ = live_plan("5", "a\nb <from:7> c", [], *VALUES)
    assert 'data-line="2"' in plan
    assert mask == ""
    plan, *_ = live_plan("6", "a", [], *values(reach="some"))
    assert "reach cannot be" in plan


def test_that_no_checkpoint_is_loaded_yet_is_no_error(monkeypatch):
    monkeypatch.setattr(MODULES["modules.sd_models"].model_data, "sd_model", None)
    plan, mask, _ = live_plan("7", "a", [], *VALUES)
    assert 'data-serial="7"' in plan
    assert '<p class="hopping-hint">no checkpoint is loaded yet' in plan
    assert "hopping-error" not in plan
    assert mask == ""


def test_what_breaks_in_the_host_is_told(monkeypatch):
    strange = SimpleNamespace(forge_objects=None)  # loaded, as Forge tells it
    monkeypatch.setattr(MODULES["modules.sd_models"].model_data, "sd_model", strange)
    assert "cannot be hopped" in live_plan("7", "a", [], *VALUES)[0]
    monkeypatch.setattr("hopping.webui.live_plan.plan_with_words", lambda *_: 1 / 0)
    assert "ZeroDivisionError" in live_plan("8", "a", [], *VALUES)[0]


@pytest.fixture
def client(monkeypatch):
    """The routes in a server of their own; made with what the host was started with."""
    pytest.importorskip("fastapi", reason="the routes need fastapi, as the WebUI has it")
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from hopping.webui import api

    def made(**flags):
        started = SimpleNamespace(**{"api": True, "nowebui": False, "api_auth": None} | flags)
        monkeypatch.setattr(MODULES["modules.shared"], "cmd_opts", started, raising=False)
        app = FastAPI()
        api.add_routes(None, app)
        return TestClient(app)

    return made


def test_the_plan_over_http(client):
    answer = client().post("/hopping/plan", json={"prompt": STORY, "reach": "all"})
    assert answer.status_code == 200
    assert answer.json()["errors"] == []
    assert [frame["sources"] for frame in answer.json()["frames"]] == [[], [1], [1, 2]]
    assert answer.json()["notes"] == []
    answer = client().post("/hopping/plan", json={"prompt": "# a\nb"})
    assert "comments: line 1" in answer.json()["notes"][0]


def test_the_mask_over_http(client):
    answer = client().post("/hopping/mask", json={"prompt": STORY, "layout": "windows"})
    assert answer.headers["content-type"] == "image/png"
    assert min(Image.open(io.BytesIO(answer.content)).size) > 200


def test_the_plan_over_http_says_whose_pixels_are_seen(client):
    answer = client().post("/hopping/plan", json={"prompt": STORY, "pixels": "subject"}).json()
    first, *later = (frame["pixels"] for frame in answer["frames"])
    assert not first
    assert any(later)


@pytest.mark.parametrize("path", ["/hopping/plan", "/hopping/mask"])
def test_what_is_wrong_over_http(client, path):
    answer = client().post(path, json={"prompt": "a\nb <from:2> c"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("line 2, column 3")
    assert answer.json()["errors"][0]["line"] == 2
    assert "unknown option" in client().post(path, json={"prompt": "a", "x": 1}).json()["detail"]
    assert "a prompt is needed" in client().post(path, json={"reach": 1}).json()["detail"]
    assert client().post(path, json=[STORY]).status_code == 422


@pytest.mark.parametrize("path", ["/hopping/plan", "/hopping/mask"])
@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ({"prompt": "a\n" * 1001}, "1001 frames are too many; allowed: up to 1000"),
        ({"prompt": "a" * 200_001}, "200001 characters are too many; allowed: up to 200000"),
        ({"prompt": "a\n" * 900, "after": "b" * 300}, "characters are too many"),
        ({"prompt": "a\n" + "(a)" * 61}, "line 2: 61 brackets in a frame are too many"),
        ({"prompt": ("[a:b:0.5]" * 50 + "\n") * 41}, "2050 brackets are too many"),
    ],
)
def test_what_would_take_minutes_is_refused(client, path, question, reason):
    answer = client().post(path, json=question)
    assert answer.status_code == 413
    assert reason in answer.json()["detail"]
    assert answer.json()["errors"][0]["message"] in answer.json()["detail"]


def test_a_long_story_is_answered(client):
    question = {"prompt": "A (red:1.1) dog.\n" * 200, "share": "subject", "reach": "all"}
    answer = client().post("/hopping/plan", json=question)
    assert len(answer.json()["frames"][-1]["sources"]) == 199
    assert client().post("/hopping/mask", json=question).status_code == 200


@pytest.mark.parametrize("path", ["/hopping/plan", "/hopping/mask"])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"prompt": "a\\ud800"}', "half a character"),
        ('{"prompt": "a", "\\ud800": 1}', "unknown option"),
        ('{"prompt": "a", "before": "\\ud800"}', "half a character"),
        ('{"prompt": "a", "reach": NaN}', "reach cannot be nan"),
        ('{"prompt": "a", "reach": 1e999}', "reach cannot be inf"),
        ('{"prompt": "a", "preset": ["Paper"]}', "unknown preset"),
        ('{"prompt": "a", "enabled": {"a": "\\ud800"}}', "enabled cannot be"),
        ('{"prompt": ["a"]}', "a prompt is needed"),
        ('["\\ud800"]', "must be an object"),
        ('"\\ud800"', "must be an object"),
        ('{"prompt": "a", "reach": ' + "9" * 4000 + "}", "reach cannot be"),
    ],
)
def test_any_body_over_http(client, path, body, says):
    answer = client().post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_no_api_no_routes(client):
    assert client(api=False).post("/hopping/plan", json={"prompt": "a"}).status_code == 404
    only = client(api=False, nowebui=True)
    assert only.post("/hopping/plan", json={"prompt": "a"}).status_code == 200


def test_the_hosts_passwords_guard_the_routes(client):
    guarded = client(api_auth="one:first,two:with:colon")
    question = {"prompt": "a"}
    assert guarded.post("/hopping/plan", json=question).status_code == 401
    for user in (("one", "second"), ("nobody", "first"), ("one", "é")):
        assert guarded.post("/hopping/mask", json=question, auth=user).status_code == 401
    for user in (("one", "first"), ("two", "with:colon")):
        assert guarded.post("/hopping/plan", json=question, auth=user).status_code == 200
