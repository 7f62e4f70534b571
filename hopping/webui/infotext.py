"""What a run leaves in its pictures' infotext, and how pasting it brings the run back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from modules import script_callbacks

from hopping.errors import OptionError
from hopping.options import Option, Value
from hopping.page.options import ROWS, RunOptions

if TYPE_CHECKING:
    from .run import Job, Run

MODE = "Hopping"
"""The key that says that a picture hopped, and how."""
FRAME = "Hopping frame"
STORY = "Hopping story"
HIRES_STORY = "Hopping hires story"

_SAME_NOISE = RunOptions.row("same_noise")


def key(row: Option) -> str:
    """The infotext's key of an option."""
    return MODE if row.name == "mode" else f"Hopping {row.name.replace('_', ' ')}"


def is_hopped(params: Mapping[str, Any]) -> bool:
    """Whether a parsed infotext is of a picture that hopped."""
    return MODE in params


def story_in(params: Mapping[str, Any]) -> str | None:
    """The whole story in a parsed infotext."""
    return _unguarded(params[STORY]) if STORY in params else None


def story_to_paste(params: Mapping[str, Any]) -> str | None:
    """The whole story, where `restore` has not put it in the prompt's place already."""
    story = story_in(params)
    return None if story == params.get("Prompt") else story


def value_in(params: Mapping[str, Any], row: Option) -> Value | None:
    """An option's value in a parsed infotext; None if the picture did not hop.

    What is not there, or not a value of this version, is the default.
    """
    if not is_hopped(params):
        return None
    text = params.get(key(row))
    if text is None:
        return row.default
    try:
        return row.parse(_unguarded(text) if row.kind == "text" else text)
    except OptionError:
        return row.default


def restore(_: str, params: dict[str, Any]) -> None:
    """Put the whole story, and the seeds that it began with, where the host pastes from."""
    story = story_in(params)
    if not is_hopped(params) or story is None:
        return
    params["Prompt"] = story
    hires = params.get(HIRES_STORY)
    params["Hires prompt"] = "" if hires is None else _unguarded(hires)
    if value_in(params, _SAME_NOISE):
        return
    place = _frames_before(params.get(FRAME, ""))
    counted = "Variation seed" if "Variation seed" in params else "Seed"
    if str(params.get(counted, "")).isdigit():
        params[counted] = str(int(params[counted]) - place)


def register() -> None:
    """Let the host call `restore` whenever an infotext is pasted."""
    script_callbacks.on_infotext_pasted(restore, name="hopping_restore")


def own_parameters(parameters: Mapping[str, Any]) -> list[str]:
    """Those of a processing object's parameters that are ours."""
    return [name for name in parameters if name == MODE or name.startswith(f"{MODE} ")]


def without_own(p: Any) -> dict[str, Any]:
    """A copy of the parameters without ours: a plot's cells share one dictionary."""
    own = own_parameters(p.extra_generation_params)
    return {name: v for name, v in p.extra_generation_params.items() if name not in own}


def run_parameters(run: Run) -> dict[str, Any]:
    """A run's entries for `extra_generation_params`."""
    hopping, options = run.request.hopping, run.request.run
    frames = len(run.story)
    parameters: dict[str, Any] = {
        MODE: _per_picture(run, lambda job: "baseline" if job.plain else hopping.mode),
        FRAME: _per_picture(run, lambda job: f"{job.frame}/{frames}"),
        STORY: _guarded(run.prompt),
    }
    changed = {**hopping.changed(), **options.changed()}
    changed.pop("mode", None)
    for row in ROWS:
        if row.name == "compare" and options.compare:
            # A picture that is only compared with is brought back as what it is.
            parameters[key(row)] = _per_picture(run, lambda job: None if job.plain else "on")
        elif row.name in changed:
            text = row.format(changed[row.name])
            parameters[key(row)] = _guarded(text) if row.kind == "text" else text
    p = run.processing
    if getattr(p, "enable_hr", False):
        if run.hires_prompt.strip():
            parameters[HIRES_STORY] = _guarded(run.hires_prompt)
        # The host's own entry counts within a batch, and would name the first batch's prompts.
        parameters["Hires prompt"] = _hires_prompt(run)
    return parameters


def _per_picture(run: Run, text: Callable[[Job], str | None]) -> Callable[..., str | None]:
    """An entry that the host asks for each picture."""

    def entry(p: Any, index: int, all_prompts: Any, **_: Any) -> str | None:
        return text(run.jobs[_number(run, p, index, all_prompts)])

    return entry


def _hires_prompt(run: Run) -> Callable[..., str | None]:
    def entry(p: Any, index: int, all_prompts: Any, prompt_text: str, **_: Any) -> str | None:
        text = run.processing.all_hr_prompts[_number(run, p, index, all_prompts)]
        return None if text == prompt_text else text

    return entry


def _number(run: Run, p: Any, index: int, all_prompts: Any) -> int:
    """Which picture of the run the host means: it counts within a batch or within the run."""
    own = run.processing
    if p is not own:  # a detailer's inner run, in the middle of one of ours
        index = getattr(own, "batch_index", 0)
        return min(own.iteration * own.batch_size + index, len(run.jobs) - 1)
    return index + (own.iteration * own.batch_size if all_prompts is own.prompts else 0)


def _guarded(text: str) -> str:
    """`text` so that the host quotes it, which alone keeps blanks and quotation marks."""
    is_quoted = any(sign in text for sign in ",:\n")
    return text if is_quoted and not text.endswith("\n") else f"{text}\n"


def _unguarded(text: str) -> str:
    return text.removesuffix("\n")


def _frames_before(frame: str) -> int:
    number = str(frame).partition("/")[0]
    return int(number) - 1 if number.isdigit() else 0
