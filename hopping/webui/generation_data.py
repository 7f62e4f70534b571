"""What a picture's infotext says of the run that made it, and how pasting brings that back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modules import images, script_callbacks

from hopping.errors import StoryError
from hopping.infotext import (
    MODE,
    SEED,
    frame_in,
    is_hopped,
    parse_infotext,
    story_in,
    story_seed,
    unguarded,
)

from .jobs import PictureJob

HIRES_STORY = "Hopping hires story"

NO_FRAME = (
    "the picture's generation data names no frame of a story; choose a frame, or switch hopping "
    "off to enlarge this picture with the prompt as it stands"
)


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
    for name in ("Seed", "Variation seed"):
        if name == "Seed" and "Variation seed" in params and SEED not in params:
            continue  # of which all frames have one
        own = {key: value for key, value in params.items() if name == "Seed" or key != SEED}
        seed = story_seed(own, name)
        if seed is not None and str(seed) != params.get(name):
            entries[name] = str(seed)
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


def job_of(picture: Any, frames: int, mode: str) -> PictureJob:
    """The job by which a picture of a gallery was made.

    Args:
        picture: with its infotext, as the host reads it.
        frames: how many the story has.
        mode: the run's mode. A baseline picture was only compared with, unless that is it.

    Raises:
        StoryError: if it is no frame of this story.
    """
    params = of_picture(picture)
    frame = frame_in(params)
    if frame is None:
        raise StoryError(NO_FRAME)
    if frame > frames:
        raise StoryError(
            f"the picture is frame {frame} of its story, but the prompt has {frames}; paste the "
            "picture's generation data, then enlarge it"
        )
    return PictureJob(0, frame, plain=params.get(MODE) == "baseline" != mode)
