"""One frame of the tab's gallery made again. The rest stays; the grid has the newest of each.

All that is known of the gallery comes with the click, from the page: its pictures and what the host
has written beside them. So nothing is kept here, and pages do not disturb each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr
from modules import infotext_utils
from modules.ui_common import plaintext_to_html
from PIL import Image

from hopping.errors import HoppingError, StoryError
from hopping.infotext import MODE, frame_in, is_hopped, parse_infotext, story_in, story_seed
from hopping.page.plan_html import render_failure
from hopping.run_options import ROWS
from hopping.story import parse_story, with_seed
from hopping.values import LARGEST_SEED, whole_number

from .host_types import Processed
from .jobs import OneFrame, PictureJob
from .tab_run import KEPT, TAB_FIELDS, TabValues, comments_of, run_story
from .texts import hides_comments

_OF_EACH = ("all_prompts", "all_negative_prompts", "all_seeds", "all_subseeds")
_GRID = 1 + [row.name for row in ROWS].index("grid")  # behind the preset


@dataclass
class Gallery:
    """The tab's gallery.

    Attributes:
        pictures: the grid, if there is one, the frames, then what else was made.
        told: the host's generation data of them.
        jobs: for each infotext which frame its picture is; None for a grid.
    """

    pictures: list[Image.Image]
    told: dict[str, Any]
    jobs: list[PictureJob | None] = field(init=False)

    def __post_init__(self) -> None:
        self.first = int(self.told.get("index_of_first_image", 0))
        self.infotexts: list[str] = self.told.get("infotexts", [])
        self.params = [parse_infotext(text) for text in self.infotexts]
        # Beside others, what has mode baseline was compared with.
        compares = any(params.get(MODE) != "baseline" for params in self.params[self.first :])
        self.jobs = []
        for params in self.params:
            frame = frame_in(params) if is_hopped(params) else None
            if frame is None:
                self.jobs.append(None)
                continue
            plain = compares and params[MODE] == "baseline"
            # Of each story before this one there is the same frame.
            known = ((job.frame, job.plain) for job in self.jobs if job is not None)
            story = sum(job == (frame, plain) for job in known)
            self.jobs.append(PictureJob(story, frame, plain))

    def around(self, chosen: int) -> OneFrame:
        """One of its frames and all others.

        Raises:
            StoryError: if it is none.
        """
        job = self.jobs[chosen] if 0 <= chosen < len(self.jobs) else None
        if job is None:
            raise StoryError("choose a frame in the gallery, not the grid; then make it again")
        others, texts = {}, {}
        for other, picture, params in zip(self.jobs, self.pictures, self.params, strict=False):
            if other is not None:
                others[replace(other, story=other.story - job.story)] = picture
                story = parse_story(story_in(params) or "", inline_comments=hides_comments())
                texts[other.frame] = story.frames[other.frame - 1].text
        return OneFrame(job.frame, others, texts)

    def take(self, chosen: int, processed: Processed) -> None:
        """Put what was made of one frame in its place, and the new grid in that of the old."""
        story = self.jobs[chosen].story  # type: ignore[union-attr]
        if self.first and processed.index_of_first_image:
            self.pictures[0], self.infotexts[0] = processed.images[0], processed.infotexts[0]
        made = len(processed.all_prompts)
        for n in range(made):
            at = processed.index_of_first_image + n
            frame = frame_in(parse_infotext(processed.infotexts[at]))
            job = PictureJob(story, frame or 0, plain=n > 0)
            if job not in self.jobs and n > 0:
                continue  # compared with, and there was no such picture
            place = self.jobs.index(job) if job in self.jobs else chosen
            self.pictures[place] = processed.images[at]
            self.infotexts[place] = processed.infotexts[at]
            for name in _OF_EACH:
                self.told[name][place - self.first] = getattr(processed, name)[n]


def remake(again: bool) -> Callable[..., tuple[Any, ...]]:
    """What makes the selected frame alone: with its next seed, or with the story as it stands.

    Gives the story, with the seed in it, then what the tab's run gives.
    """

    def made(
        _id_task: str, pictures: Any, chosen: Any, told: str, request: gr.Request, *values: Any
    ) -> tuple[Any, ...]:
        asked = TabValues(*values[: len(TAB_FIELDS)])
        options = values[len(TAB_FIELDS) :]
        try:
            gallery = Gallery(list(map(_picture, pictures or [])), json.loads(told or "{}"))
            return _remade(gallery, int(chosen), asked, options, request.username, again)
        except HoppingError as error:
            return gr.update(), *KEPT, render_failure(str(error))

    return made


def _remade(
    gallery: Gallery,
    chosen: int,
    values: TabValues,
    options: Sequence[Any],
    user: str | None,
    again: bool,
) -> tuple[Any, ...]:
    only = gallery.around(chosen)
    params = gallery.params[chosen]
    story, comments = values.story, hides_comments()
    frames = len(parse_story(story, inline_comments=comments))
    if only.number > frames:
        raise StoryError(
            f"the picture is frame {only.number} of its story, but the story has {frames} now; "
            "choose another frame, or generate the whole story"
        )
    if again:
        seed = (whole_number(params.get("Seed")) or 0) % LARGEST_SEED + 1
        story = with_seed(story, only.number, seed, inline_comments=comments)
    asked = replace(values, story=story, seed=story_seed(params), batch_count=1)
    options = [*options[:_GRID], gallery.first > 0, *options[_GRID + 1 :]]
    processed = run_story(asked, options, user, only)
    if len(processed.images) > processed.index_of_first_image:  # not interrupted
        gallery.take(chosen, processed)
    infotext = plaintext_to_html(gallery.infotexts[chosen])
    return story, gallery.pictures, json.dumps(gallery.told), infotext, comments_of(processed)


def _picture(entry: Any) -> Image.Image:
    """A picture as gradio hands it in, so that the host hands it back as the file that it is."""
    picture: Image.Image = infotext_utils.image_from_url_text(entry)
    name = entry["name"] if isinstance(entry, dict) else picture.filename  # type: ignore[attr-defined]
    picture.already_saved_as = name.rsplit("?", 1)[0]  # type: ignore[attr-defined]
    return picture
