"""What the page is answered where something is wrong, or looks like markup."""

from __future__ import annotations

import pytest

from hopping.studio.browser.answers import PAGE_ROWS

from .asking import generate


@pytest.mark.parametrize(
    ("story", "changes", "expected"),
    [
        ("A dog.\n<from:9> It sits.", {}, "line 2, column 1"),
        ("A <lora:x:1> dog.", {}, "line 1, column 3"),
        ("", {}, "one prompt per line"),
        ("A dog.", {"steps": 0}, "steps cannot be 0"),
        ("A dog.", {"width": 65}, "width cannot be 65"),
        ("A dog.", {"width": 8_000_000}, "width cannot be 8000000; allowed: 8 to 4096"),
        ("A dog.", {"height": 4104}, "height cannot be 4104; allowed: 8 to 4096"),
        ("A dog.", {"steps": 10**9}, "steps cannot be 1000000000; allowed: 1 to 1000"),
        ("A dog.", {"steps": 2.5}, "steps cannot be 2.5; it must be a whole number"),
        ("A dog.", {"steps": float("nan")}, "steps cannot be nan"),
        ("A dog.", {"seed": 1.5}, "seed cannot be 1.5; it must be a whole number"),
        ("A dog.", {"width": None}, "width is empty; it must be a number"),
        ("A dog.", {"seed": ""}, "seed is empty; it must be a number"),
        ("A dog.", {"cfg": None}, "cfg is empty; it must be a number"),
        ("A dog.", {"steps": "many"}, "steps cannot be &#39;many&#39;; it must be a number"),
        ("A dog.", {"batch_size": 10**6}, "batch_size cannot be 1000000; allowed: 1 to 100"),
        ("A dog.", {"cfg": 101}, "cfg cannot be 101; allowed: 0 to 100"),
        ("A dog.", {"cfg": float("inf")}, "cfg cannot be inf; allowed: 0 to 100"),
        ("A dog.", {"seed": 2**63}, "seed cannot be 9223372036854775808; allowed: -1 to"),
        ("A dog.\n" * 1001, {}, "1001 frames are too many; allowed: up to 1000"),
        ("A" * 200_001, {}, "200001 characters are too many; allowed: up to 200000"),
        ("A dog.\n" * 900, {"after": "b" * 300}, "characters are too many"),
        ("A dog.", {"negative": "b" * 200_001}, "200001 characters are too many"),
        ("A dog.", {"seed": -2}, "seed cannot be -2"),
        ("A dog.", {"reach": "far"}, "reach cannot be"),
        ("A dog.", {"sampler": "magic"}, "unknown sampler"),
        ("dog " * 80 + "\nA cat.", {"layout": "joint"}, "more than the joint"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_begun(studio, story, changes, expected):
    (progress, _, _), told = generate(studio, story, **changes)
    assert expected in progress
    assert len(told) == 1
    assert not studio.outputs.exists()


@pytest.mark.parametrize("story", ["A dog.\n" * 1001, "A" * 200_001])
def test_a_story_that_is_too_large_is_not_planned(studio, story):
    plan, mask, _ = studio.plan("4", story, *(row.default for row in PAGE_ROWS))
    assert "are too many; allowed: up to" in plan
    assert len(plan) < 2000
    assert mask == ""


def test_a_crash_in_a_run_is_told_and_the_next_run_works(studio, monkeypatch):
    forward = studio.pipeline.unet.forward
    monkeypatch.setattr(studio.pipeline.unet, "forward", lambda *_, **__: 1 / 0)
    (progress, _, _), _ = generate(studio)
    assert "ZeroDivisionError" in progress
    monkeypatch.setattr(studio.pipeline.unet, "forward", forward)
    assert "Done: 3 pictures" in generate(studio)[0][0]


def test_prompts_are_shown_as_text(studio):
    evil = 'A <b>dog</b> & "<img src=x onerror=alert(1)>".\nThe dog.'
    _, told = generate(studio, evil)
    plan, *_ = studio.plan("1", evil, *(row.default for row in PAGE_ROWS))
    for text in [plan, *(part for shown in told for part in shown if isinstance(part, str))]:
        assert "<b>dog" not in text
        assert "<img src=x" not in text


def test_the_plan_says_what_is_wrong_at_its_line(studio):
    plan, mask, _ = studio.plan("4", "A dog.\n<from:2> It.", *(row.default for row in PAGE_ROWS))
    assert 'data-serial="4"' in plan
    assert "line 2, column 1" in plan
    assert mask == ""
