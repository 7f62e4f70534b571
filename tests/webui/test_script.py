"""What a run asks for: the page's arguments, the API's, a plot's axes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hopping import HoppingOptions, OptionError

pytest.importorskip("gradio", reason="the script's page needs gradio, as the WebUI has it")

from hopping.run_options import ROWS, HoppingRequest, RunOptions
from hopping.webui import axes, settings
from hopping.webui.hosts import host
from hopping.webui.script import SENT, HoppingScript, read_request

from .stand_ins import MODULES

DEFAULTS = [row.default for row in ROWS]
SUBJECT = HoppingOptions.from_mapping({}, "Consistent subject")


def read(*args, is_api=True, **on_axes):
    return read_request(args, on_axes, is_api)


def test_nothing_given_is_off():
    for args in ([], [None], [False], [{}], [{"enabled": False, "mode": "reference"}]):
        assert not read(*args).enabled


def test_one_object_of_names():
    asked = {"enabled": True, "reach": "all", "compare": True}
    expected = HoppingRequest(True, HoppingOptions(reach="all"), RunOptions(compare=True))
    assert read(asked) == expected
    assert read(asked, "Consistent subject", *DEFAULTS) == expected, (
        "the rest is the host's filling"
    )


@pytest.mark.parametrize("enabled", [True, False])
def test_the_hosts_answer_has_no_number_beyond_64_bits(enabled):
    asked = {"enabled": enabled, "reach": 10**20}
    assert read(asked).hopping.reach == 10**20
    assert asked == {"enabled": enabled, "reach": "1" + 20 * "0"}


def test_a_pasted_picture_opens_its_whole_story():
    params = {"Hopping": "paper", "Hopping frames": "2", "Hopping reach": "all"}
    pasted = dict(
        zip((row.name for row in ROWS), (field(params) for field in SENT[2:]), strict=True)
    )
    assert (pasted["frames"], pasted["reach"]) == (RunOptions().frames, "all")
    assert [field({"Steps": "4"}) for field in SENT[1:]] == [None] * (len(ROWS) + 1)


def test_positions_are_the_tables_order():
    values = [row.default for row in ROWS]
    values[[row.name for row in ROWS].index("strength")] = 0.5
    assert read(True, "", *values) == HoppingRequest(
        True, HoppingOptions(strength=0.5), RunOptions()
    )
    assert read(True, None, "baseline").hopping.mode == "baseline"


def test_a_preset_by_position_counts_from_the_api(opts):
    filled = settings.defaults().values()
    assert read(True, "Consistent subject").hopping == SUBJECT
    assert read(True, "Consistent subject", *filled).hopping == SUBJECT
    assert read(True, "Paper", *filled).hopping == HoppingOptions()
    over = read(True, "Consistent subject", "paper", 3).hopping
    assert over == SUBJECT.replace(reach=3)


def test_on_the_page_the_widgets_count(opts):
    own = [row.default for row in ROWS]
    asked = read(True, "Consistent subject", *own, is_api=False)
    assert asked.hopping == HoppingOptions()


def test_the_page_opens_with_the_recommended_preset_or_the_users(opts):
    def opened():
        values = {row.name: settings.defaults()[row.name] for row in HoppingOptions.rows()}
        return HoppingOptions(**values)

    assert opened() == HoppingOptions.from_mapping({}, settings.RECOMMENDED)
    opts.hopping_default_preset = "Paper"
    opts.hopping_default_reach = "all"  # counts where no preset does
    assert opened() == HoppingOptions()
    opts.hopping_default_preset = settings.CUSTOM
    assert opened() == HoppingOptions(reach="all")
    opts.hopping_default_preset = "of a later version"
    assert opened() == HoppingOptions.from_mapping({}, settings.RECOMMENDED)


def test_a_users_own_defaults_are_no_choice_against_a_preset(opts):
    opts.hopping_default_reach, opts.hopping_default_preset = "all", settings.CUSTOM
    filled = [settings.defaults()[row.name] for row in ROWS]
    assert read(True, "Consistent subject", *filled).hopping == SUBJECT


@pytest.mark.parametrize(
    "args", [[{"mod": 1}], [{"enabled": "maybe"}], [True, "Comic"], [True, "", "x"]]
)
def test_what_is_wrong_is_an_error(args, opts):
    with pytest.raises(OptionError):
        read(*args)


class TestAxes:
    def test_they_come_first_and_switch_on(self):
        assert read({"enabled": False}, reach="2") == HoppingRequest(
            True, HoppingOptions(reach=2), RunOptions()
        )
        assert read({"enabled": True, "reach": 1, "compare": True}, reach="2").run.compare

    def test_off(self):
        assert not read({"enabled": True}, mode="Off", reach="2").enabled

    def test_a_preset_replaces_what_it_could_set(self):
        asked = {"enabled": True, "anchor": True, "strength": 0.5, "captions": False}
        found = read(asked, preset="paper")
        assert found == HoppingRequest(True, HoppingOptions(), RunOptions(captions=False))
        assert read(asked, preset="Consistent subject", reach="all").hopping == SUBJECT.replace(
            reach="all"
        )

    @pytest.fixture
    def plot(self, monkeypatch):
        class AxisOption(SimpleNamespace):
            def __init__(self, label, type, apply, **others):
                super().__init__(label=label, type=type, apply=apply, **others)

        module = SimpleNamespace(AxisOption=AxisOption, axis_options=[])
        script = type("Script", (), {"__module__": "xyz_grid.py"})
        data = [SimpleNamespace(script_class=script, module=module)]
        monkeypatch.setattr(MODULES["modules.scripts"], "scripts_data", data)
        HoppingScript()
        HoppingScript()  # one for img2img
        return {axis.label: axis for axis in module.axis_options}

    def test_one_axis_for_each_option_once(self, plot):
        labels = [row.label for row in HoppingOptions.rows()]
        assert list(plot) == [f"[Hopping] {label}" for label in [*labels, "Preset", "Frames"]]

    def test_a_value_goes_by_the_cell(self, plot):
        p = SimpleNamespace()
        plot["[Hopping] Start token"].apply(p, "shared", None)
        plot["[Hopping] Mode"].apply(p, "off", None)
        assert axes.axis_values(p) == {"mode": "off", "start_token": "shared"}
        assert axes.axis_values(SimpleNamespace()) == {}

    def test_every_choice_is_a_value(self, plot):
        for axis in plot.values():
            if axis.choices:
                axis.confirm(None, axis.choices())
        with pytest.raises(OptionError):
            plot["[Hopping] Reach"].confirm(None, ["far"])

    def test_what_is_wrong_names_what_is_allowed(self, plot):
        with pytest.raises(OptionError, match="allowed: off, paper, reference, baseline") as error:
            plot["[Hopping] Mode"].confirm(SimpleNamespace(is_api=True), ["paper", "papers"])
        assert error.value.status_code == 422

    def test_where_a_page_loses_it_the_cell_says_it(self, plot, monkeypatch):
        monkeypatch.setattr(type(host()), "loses_errors", lambda self: True)
        plot["[Hopping] Mode"].confirm(SimpleNamespace(), ["papers"])
        with pytest.raises(OptionError):
            plot["[Hopping] Mode"].confirm(SimpleNamespace(is_api=True), ["papers"])

    @pytest.mark.parametrize(
        ("label", "typed", "values"),
        [
            ("Strength", "0-1 [3]", "0 0.5 1"),
            ("Strength", "0-1 (+0.25)", "0 0.25 0.5 0.75 1"),
            ("Strength", "0 - 1 (+0.1)", "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1"),
            ("Strength", "0-1 (+0.3)", "0 0.3 0.6 0.9"),
            ("Strength", "1-0 (-0.5)", "1 0.5 0"),
            ("Strength", ".25, .5-1 [ 2 ],", ".25 0.5 1"),
            ("Strength", "0.5-1 [1]", "0.5"),
            ("Strength", "0-1", "0 1"),
            ("Reach", "0-3, all", "0 1 2 3 all"),
            ("Reach", "1-5 (+2)", "1 3 5"),
            ("Reach", "0-3 [2]", "0 3"),
        ],
    )
    def test_ranges_are_written_out(self, plot, label, typed, values):
        axis = plot[f"[Hopping] {label}"]
        assert axis.prepare(typed) == values.split()
        axis.confirm(None, values.split())

    @pytest.mark.parametrize(
        "typed",
        [
            "0-1 [0]",
            "0-1 (+0)",
            "1-0",
            "0-1 (+0.0000001)",
            "0-2 [3]",
            f"0-1 [{'9' * 5000}]",
            f"{'9' * 400}-{'9' * 401} (+1)",
            f"0-1 (+0.{'0' * 400}1)",
        ],
    )
    def test_what_is_no_range_is_an_error(self, plot, typed):
        axis = plot["[Hopping] Strength"]
        with pytest.raises(OptionError, match="allowed: a number from 0 to 1"):
            axis.confirm(None, axis.prepare(typed))

    def test_names_have_no_ranges(self, plot):
        assert plot["[Hopping] Mode"].prepare is None
