"""One frame of the tab's gallery made again, on stand-ins for the host."""

from __future__ import annotations

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest
from PIL import Image

from hopping.errors import StoryError
from hopping.run_options import ROWS

from .stand_ins import MODULES
from .test_tab_run import OPTIONS, VALUES

gr = pytest.importorskip("gradio", reason="the tab needs gradio, as the WebUI has it")

LINES = ["A dog.", "It sits.", "It runs."]
STORY = "\n".join(LINES)
REQUEST = SimpleNamespace(username="me")


@pytest.fixture
def tab_frames(monkeypatch, opts):
    common = ModuleType("modules.ui_common")
    common.plaintext_to_html = lambda text, **_: f"<p>{text}</p>"
    monkeypatch.setitem(sys.modules, "modules.ui_common", common)
    pasting = MODULES["modules.infotext_utils"]
    monkeypatch.setattr(pasting, "create_override_settings_dict", lambda _: {}, raising=False)
    monkeypatch.setattr(pasting, "image_from_url_text", lambda e: e["picture"], raising=False)
    from hopping.webui import tab_frames

    return tab_frames


def infotext(frame, seed=41, mode="paper", story=STORY, **others):
    entries = {"Steps": 2, "Sampler": "Euler", "Seed": seed, "Hopping": mode}
    if frame is not None:
        entries["Hopping frame"] = f"{frame}/3"
    entries |= {"Hopping story": json.dumps(story), **others}
    text = LINES[(frame or 1) - 1]
    return f"{text}\n" + ", ".join(f"{name}: {value}" for name, value in entries.items())


def coloured(number):
    return Image.new("RGB", (8, 8), (number, 0, 0))


def of(stories=1, compare=False, grid=True):
    """The gallery's pictures and the host's data of a run."""
    frames = [infotext(n, 41 + k) for k in range(stories) for n in (1, 2, 3)]
    if compare:
        frames += [infotext(n, 41 + k, "baseline") for k in range(stories) for n in (1, 2, 3)]
    texts = [*([infotext(None)] if grid else []), *frames]
    told = {"infotexts": texts, "index_of_first_image": int(grid)}
    told |= {f"all_{name}": list(range(len(frames))) for name in ("prompts", "seeds")}
    told |= {f"all_{name}": list(range(len(frames))) for name in ("negative_prompts", "subseeds")}
    return [coloured(n) for n in range(len(texts))], told


def made(count=1, grid=True, frame=2, seed=42):
    """What the host makes of a frame: pictures from number 100 on."""
    texts = [infotext(None)] if grid else []
    texts += [infotext(frame, seed, ("paper", "baseline")[n]) for n in range(count)]
    names = ("prompts", "negative_prompts", "seeds", "subseeds")
    return SimpleNamespace(
        images=[coloured(100 + n) for n in range(len(texts))],
        infotexts=texts,
        index_of_first_image=int(grid),
        comments="",
        **{f"all_{name}": [100 + n for n in range(count)] for name in names},
    )


def numbers(pictures):
    return [picture.getpixel((0, 0))[0] for picture in pictures]


@pytest.mark.parametrize(
    ("gallery", "chosen", "result", "expected"),
    [
        (of(), 2, made(), [100, 1, 101, 3]),
        (of(grid=False), 1, made(grid=False), [0, 100, 2]),
        (of(stories=2), 5, made(), [100, 1, 2, 3, 4, 101, 6]),
        (of(compare=True), 2, made(2), [100, 1, 101, 3, 4, 102, 6]),
        (of(compare=True), 5, made(1), [100, 1, 101, 3, 4, 5, 6]),
        (of(), 2, made(2), [100, 1, 101, 3]),
    ],
)
def test_it_takes_the_place_of_what_it_was(tab_frames, gallery, chosen, result, expected):
    found = tab_frames.Gallery(*gallery)
    found.take(chosen, result)
    assert numbers(found.pictures) == expected
    places = [n for n, number in enumerate(expected) if number > result.index_of_first_image + 99]
    for place in places:
        assert found.infotexts[place] in result.infotexts
        assert found.told["all_seeds"][place - found.first] >= 100
    assert sum(seed >= 100 for seed in found.told["all_seeds"]) == len(places)


def test_the_grid_gets_all_others_as_they_were_made(tab_frames):
    pictures, told = of(stories=2, compare=True)
    told["infotexts"][6] = infotext(3, 42, story="A dog.\nIt sits.\nIt flies.")
    one = tab_frames.Gallery(pictures, told).around(5)
    assert one.number == 2
    stories = {(job.story, job.plain): 0 for job in one.others}
    assert set(stories) == {(-1, False), (0, False), (-1, True), (0, True)}
    assert len(one.others) == 12
    assert one.texts == {1: "A dog.", 2: "It sits.", 3: "It runs."}


def test_pictures_of_mode_baseline_alone_are_compared_with_nothing(tab_frames):
    texts = [infotext(n, mode="baseline") for n in (1, 2, 3)]
    found = tab_frames.Gallery([], {"infotexts": texts})
    assert not any(job.plain for job in found.jobs)


@pytest.fixture
def asked(tab_frames, monkeypatch):
    """What the host is asked for, by the buttons' events."""
    runs = []

    def run_story(values, options, user, only):
        runs.append((values, options, user, only))
        return made(frame=only.number)

    monkeypatch.setattr(tab_frames, "run_story", run_story)
    return runs


def press(tab_frames, chosen, *, again, gallery=None, story=STORY):
    pictures, told = gallery or of()
    entries = [{"picture": picture, "name": f"{n}.png?1"} for n, picture in enumerate(pictures)]
    values = (VALUES | {"story": story, "seed": -1}).values()
    return tab_frames.remake(again)(
        "task(1)", entries, chosen, json.dumps(told), REQUEST, *values, *OPTIONS
    )


def test_again_writes_the_next_seed_into_the_story(tab_frames, asked):
    story, pictures, told, info, _ = press(tab_frames, 2, again=True)
    assert story == "A dog.\n<seed:42> It sits.\nIt runs."
    assert numbers(pictures) == [100, 1, 101, 3]
    assert pictures[1].already_saved_as == "1.png"
    assert json.loads(told)["all_seeds"] == [0, 100, 2]
    assert info.startswith("<p>It sits.")
    ((values, options, user, only),) = asked
    assert (values.story, values.seed, values.batch_count, user) == (story, 41, 1, "me")
    assert only.number == 2
    assert len(options) == len(OPTIONS)


def test_after_that_it_is_the_one_after(tab_frames, asked):
    pictures, told = of()
    told["infotexts"][2] = infotext(2, 42, **{"Hopping seed": 41})
    seeded = "A dog.\n<seed:42> It sits.\nIt runs."
    story, *_ = press(tab_frames, 2, again=True, gallery=(pictures, told), story=seeded)
    assert story == seeded.replace("42", "43")
    assert asked[0][0].seed == 41


@pytest.mark.parametrize("grid", [True, False])
def test_only_this_frame_leaves_the_story(tab_frames, asked, grid):
    changed = "A dog.\nIt sits.\nIt flies."
    story, *_ = press(tab_frames, 2 + grid, again=False, gallery=of(grid=grid), story=changed)
    assert story == changed
    ((values, options, _, only),) = asked
    assert (values.story, only.number) == (changed, 3)
    place = 1 + [row.name for row in ROWS].index("grid")
    assert options[place] is grid  # as the gallery has one


@pytest.mark.parametrize(
    ("chosen", "story", "reason"),
    [
        (0, STORY, "choose a frame"),
        (-1, STORY, "choose a frame"),
        (9, STORY, "choose a frame"),
        (3, "A dog.", "frame 3 of its story, but the story has 1 now"),
        (2, "A dog.\n<from:9> It.", "line 2"),
    ],
)
@pytest.mark.parametrize("again", [True, False])
def test_what_cannot_be_made_leaves_all_as_it_was(tab_frames, asked, chosen, story, reason, again):
    *kept, log = press(tab_frames, chosen, again=again, story=story)
    assert kept == [gr.update()] * 4
    assert reason in log
    assert not asked


def test_so_does_what_the_host_refuses_or_was_interrupted_in(tab_frames, monkeypatch):
    def refuse(*_):
        raise StoryError("no")

    monkeypatch.setattr(tab_frames, "run_story", refuse)
    assert press(tab_frames, 2, again=True)[:4] == (gr.update(),) * 4
    nothing = made()
    nothing.images, nothing.infotexts, nothing.index_of_first_image = [], ["nothing"], 0
    monkeypatch.setattr(tab_frames, "run_story", lambda *_: nothing)
    assert numbers(press(tab_frames, 2, again=True)[1]) == [0, 1, 2, 3]
