"""What a run writes into its pictures' infotext, picture by picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hopping.infotext import FRAME, MODE, SEED, guarded, hopping_entries, key
from hopping.run_options import RunOptions

from .generation_data import HIRES_STORY
from .hopped_run import HoppedRun
from .host_types import Processing
from .jobs import PictureJob

_COMPARE = key(RunOptions.row("compare"))


def run_entries(run: HoppedRun) -> dict[str, Any]:
    """A run's entries for `extra_generation_params`."""
    hopping, options = run.request.hopping, run.request.run
    frames = len(run.story)
    parameters: dict[str, Any] = hopping_entries(hopping.mode, "", run.prompt, hopping, options)
    parameters[MODE] = _per_picture(run, lambda job: "baseline" if job.plain else hopping.mode)
    parameters[FRAME] = _per_picture(run, lambda job: f"{job.frame}/{frames}")
    if run.story.own_seeds:
        parameters[SEED] = _per_picture(run, lambda job: _story_seed(run, job))
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


def _story_seed(run: HoppedRun, job: PictureJob) -> str | None:
    own = run.story.frames[job.frame - 1].seed
    return None if own is None else str(run.seeds.of_story(job.story))


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
