"""The table of options: what it takes, what it refuses, what it says."""

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopping import HoppingOptions, OptionError
from hopping.run_options import RunOptions, frames_to_make
from hopping.values import read_ranges, write_ranges


def test_defaults_are_the_papers():
    options = HoppingOptions()
    assert dataclasses.asdict(options) == {
        "mode": "paper",
        "reach": 1,
        "anchor": False,
        "layout": "auto",
        "carry": "tokens",
        "share": "all",
        "start_token": "first",
        "strength": 1.0,
        "pixels": "off",
        "cast": "said",
    }
    assert options.changed() == {}


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        HoppingOptions().mode = "baseline"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"reach": "ALL"}, {"reach": "all"}),
        ({"reach": "3"}, {"reach": 3}),
        ({"reach": 2.0}, {"reach": 2}),
        ({"mode": " Baseline "}, {"mode": "baseline"}),
        ({"anchor": "on"}, {"anchor": True}),
        ({"anchor": 0}, {"anchor": False}),
        ({"strength": "0.5"}, {"strength": 0.5}),
        ({"anchor": True}, {"anchor": 1}),
    ],
)
def test_values_as_text(given, meant):
    assert HoppingOptions(**given) == HoppingOptions(**meant)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("mode", "papr", "paper, reference, baseline"),
        ("reach", -1, "0, 1, 2, … or all"),
        ("reach", 1.5, "or all"),
        ("reach", True, "or all"),
        ("reach", "inf", "or all"),
        ("strength", 1.1, "from 0 to 1"),
        ("strength", "nan", "from 0 to 1"),
        ("strength", "much", "from 0 to 1"),
        ("anchor", "maybe", "on, off"),
        ("layout", None, "auto, joint, windows"),
        ("layout", ["auto"], "auto, joint, windows"),
        pytest.param("layout", 10**5000, "a number of 16610 bits", id="huge layout"),
        ("reach", "nan", "or all"),
        ("reach", float("nan"), "or all"),
        ("reach", 10**400, "or all"),
        ("reach", "9" * 5000, "or all"),
        ("reach", "²", "or all"),
        ("reach", {"a": [1]}, "or all"),
        ("strength", 10**400, "from 0 to 1"),
        ("strength", "\ud800", "from 0 to 1"),
        ("anchor", 2, "on, off"),
        pytest.param("anchor", 10**5000, "on, off", id="huge anchor"),
    ],
)
def test_wrong_values_list_what_is_allowed(name, value, says):
    with pytest.raises(OptionError, match=says) as caught:
        HoppingOptions(**{name: value})
    assert str(caught.value).startswith(f"{name} cannot be")
    assert len(str(caught.value)) < 300
    str(caught.value).encode()


def test_unknown_names_list_what_is_known():
    with pytest.raises(OptionError, match="did you mean 'reach'") as caught:
        HoppingOptions.from_mapping({"reech": 1})
    assert "start_token" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"mode": "reference", "layout": "windows"}, "layout=windows"),
        ({"mode": "reference", "carry": "all"}, "carry=all"),
        ({"mode": "reference", "reach": 2}, "reach=2"),
        ({"mode": "reference", "anchor": True}, "anchor=on"),
        ({"mode": "reference", "pixels": "subject"}, "pixels=subject"),
        ({"carry": "all", "layout": "joint"}, "layout=windows or auto"),
    ],
)
def test_contradictions(values, says):
    with pytest.raises(OptionError, match=says):
        HoppingOptions(**values)


def test_options_are_described_by_the_nearest_preset():
    for name in HoppingOptions.PRESETS:
        assert HoppingOptions.from_mapping({}, name).described() == name
    assert HoppingOptions(reach=2).described() == "Paper, reach=2"
    subject = HoppingOptions.from_mapping({}, "Consistent subject")
    other = subject.replace(anchor=False, strength=0.5)
    assert other.described() == "Consistent subject, anchor=off, strength=0.5"
    assert subject.replace(pixels="all").described() == "Consistent subject, pixels=all"


def test_each_preset_says_what_it_is_for():
    assert list(HoppingOptions.PRESET_HELP) == list(HoppingOptions.PRESETS)


def test_presets():
    assert HoppingOptions.from_mapping({}, "paper") == HoppingOptions()
    subject = HoppingOptions.from_mapping({}, "consistent subject")
    assert subject == HoppingOptions(layout="windows", carry="all", anchor=True, share="subject")
    same = HoppingOptions.from_mapping({}, "same character")
    assert same == subject.replace(pixels="subject")
    assert HoppingOptions.from_mapping({"anchor": False}, "Consistent subject").anchor is False
    for wrong in ("Papper", 0, False, ["Paper"], 10**5000):
        with pytest.raises(OptionError, match="Paper, Consistent subject, Same character"):
            HoppingOptions.from_mapping({}, wrong)


@pytest.mark.parametrize("row", HoppingOptions.rows(), ids=lambda row: row.name)
def test_format_is_parsed_back(row):
    assert row.parse(row.format(row.default)) == row.default
    assert row.label
    assert row.help.endswith(".") or row.help.endswith(")")
    values = row.choices or {"reach": (0, 7, "all"), "number": (0.0, 0.25)}.get(row.kind, (True,))
    for value in values:
        assert row.parse(row.format(value)) == value


def test_changed_names_only_what_differs():
    assert HoppingOptions(reach="all", strength=0.5).changed() == {"reach": "all", "strength": 0.5}


FRAMES = RunOptions.row("frames")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("all", "all"),
        ("", "all"),
        (" ALL ", "all"),
        ("2", "2"),
        (2, "2"),
        ("2,4-5", "2,4-5"),
        ("5 , 2, 4", "2,4-5"),
        ("2 4 - 5", "2,4-5"),
        ("4–6,1-4", "1-6"),
    ],
)
def test_frames(written, meant):
    assert FRAMES.parse(written) == meant
    assert FRAMES.parse(FRAMES.format(meant)) == meant


@pytest.mark.parametrize(
    "written",
    ["0", "-1", "3-2", "2,", ",", "1-2-3", "a", "1.5", "²", 1.5, True, None, [1], "9" * 50],
)
def test_what_names_no_frames(written):
    with pytest.raises(OptionError, match=r"frames cannot be .*; allowed: all, or numbers and"):
        FRAMES.parse(written)


def test_frames_are_the_storys():
    assert frames_to_make("all", 3) == (1, 2, 3)
    assert frames_to_make("3,1", 3) == (1, 3)
    with pytest.raises(OptionError, match="'2-999999999': the story has 3 frames; name some of 1"):
        frames_to_make("2-999999999", 3)


@given(st.sets(st.integers(1, 60), min_size=1))
def test_ranges_are_read_as_they_are_written(numbers):
    ranges = read_ranges(",".join(map(str, numbers)))
    assert {n for first, last in ranges for n in range(first, last + 1)} == numbers
    assert read_ranges(write_ranges(ranges)) == ranges
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(ranges))
