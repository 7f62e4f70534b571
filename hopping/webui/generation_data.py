"""What a run leaves in its pictures' infotext, and how pasting it brings the run back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from modules import images, script_callbacks

from hopping.infotext import (
    FRAME,
    MODE,
    STORY,
    frame_in,
    frames_before,
    guarded,
    hopping_entries,
    is_hopped,
    key,
    own_entries,
    parse_infotext,
    story_in,
    unguarded,
    value_in,
    without_own,
)
from hopping.run_options import RunOptions
from hopping.values import whole_number

from .host_types import Processing

if TYPE_CHECKING:
    from .hopped_run import HoppedRun
    from .jobs import PictureJob

HIRES_STORY = "Hopping hires story"

__all__ = [
    "FRAME",
    "MODE",
    "STORY",
    "frame_in",
    "frames_before",
    "is_hopped",
    "key",
    "of_picture",
    "of_whole_story",
    "own_entries",
    "register",
    "restore",
    "run_parameters",
    "story_in",
    "to_paste",
    "value_in",
    "without_own",
]

_SAME_NOISE = RunOptions.row("same_noise")
_COMPARE = key(RunOptions.row("compare"))


def of_picture(picture: Any) -> dict[str, str]:
    """The parsed infotext of a picture, with no entry of ours where it has none."""
    return parse_infotext(images.read_info_from_image(picture)[0] or "")


def of_whole_story(params: Mapping[str, Any]) -> dict[str, str]:
    """What stands in a frame's parsed infotext for the whole story's: its prompts, its first seed.

    Empty for a picture that did not hop.
    """
    story = story_in(params)
    if not is_hopped(params) or story is None:
        return {}
    hires = params.get(HIRES_STORY)
    entries = {"Prompt": story, "Hires prompt": "" if hires is None else unguarded(hires)}
    counted = "Variation seed" if "Variation seed" in params else "Seed"
    seed = whole_number(params.get(counted))
    if not value_in(params, _SAME_NOISE) and seed is not None:
        entries[counted] = str(seed - frames_before(params))
    return entries


def restore(_: str, params: dict[str, Any]) -> None:
    """Put the whole story, and the seeds that it began with, where the host pastes from."""
    params.update(of_whole_story(params))


def to_paste(name: str) -> Callable[[Mapping[str, Any]], str | None]:
    """What the host's API, which does not call `restore`, is to paste for an entry of the host's.

    Gives None where nothing is to be changed, or `restore` has been there.
    """

    def value(params: Mapping[str, Any]) -> str | None:
        whole = of_whole_story(params)
        return None if whole.get("Prompt") == params.get("Prompt") else whole.get(name)

    return value


def register() -> None:
    """Let the host call `restore` whenever an infotext is pasted."""
    script_callbacks.on_infotext_pasted(restore)


def run_parameters(run: HoppedRun) -> dict[str, Any]:
    """A run's entries for `extra_generation_params`."""
    hopping, options = run.request.hopping, run.request.run
    frames = len(run.story)
    parameters: dict[str, Any] = hopping_entries(hopping.mode, "", run.prompt, hopping, options)
    parameters[MODE] = _per_picture(run, lambda job: "baseline" if job.plain else hopping.mode)
    parameters[FRAME] = _per_picture(run, lambda job: f"{job.frame}/{frames}")
    if options.compare:
        # A picture that is only compared with is brought back as what it is.
        parameters[_COMPARE] = _per_picture(run, lambda job: None if job.plain else "on")
    p = run.processing
    if getattr(p, "enable_hr", False):
        if run.hires_prompt.strip():
            parameters[HIRES_STORY] = guarded(run.hires_prompt)
        # The host's own entry counts within a batch, and would name the first batch's prompts.
        parameters["Hires prompt"] = _hires_prompt(run)
    return parameters


class _Entry(str):
    """An entry that the host asks for each picture.

    It is a text too, that of the first picture: forge-classic writes all entries as JSON.
    """

    ask: Callable[..., str | None]

    def __call__(self, **asked: Any) -> str | None:
        return self.ask(**asked)


def _entry(first: str | None, ask: Callable[..., str | None]) -> _Entry:
    entry = _Entry(first or "")
    entry.ask = ask
    return entry


def _per_picture(run: HoppedRun, text: Callable[[PictureJob], str | None]) -> _Entry:
    def ask(p: Processing, index: int, all_prompts: Any, **_: Any) -> str | None:
        return text(run.jobs.all[_number(run, p, index, all_prompts)])

    return _entry(text(run.jobs.all[0]), ask)


def _hires_prompt(run: HoppedRun) -> _Entry:
    def ask(p: Processing, index: int, all_prompts: Any, prompt_text: str, **_: Any) -> str | None:
        text = run.processing.all_hr_prompts[_number(run, p, index, all_prompts)]
        return None if text == prompt_text else text

    return _entry(None, ask)


def _number(run: HoppedRun, p: Processing, index: int, all_prompts: Any) -> int:
    """Which picture of the run the host means: it counts within a batch or within the run."""
    own = run.processing
    if p is not own:  # a detailer's inner run, in the middle of one of ours
        index = getattr(own, "batch_index", 0)
        return min(own.iteration * own.batch_size + index, len(run.jobs.all) - 1)
    # reForge hands in copies, so that a batch's list is told by its length.
    is_batch = len(all_prompts) < len(own.all_prompts)
    return index + (own.iteration * own.batch_size if is_batch else 0)
