"""What the page's events are answered with. One `Studio` serves all visitors of a page."""

from __future__ import annotations

import base64
import datetime
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from hopping.errors import HoppingError, OptionError
from hopping.mask_drawing import TokenText
from hopping.options import HoppingOptions, Option
from hopping.page.limits import check_story, check_text
from hopping.page.plan_answer import answer_plan
from hopping.page.plan_html import render_error, render_failure
from hopping.page.widgets import matching_preset, shown
from hopping.plan import StoryPlan
from hopping.run_options import parse_request
from hopping.studio.folder import kept_pictures
from hopping.studio.picture_files import check_pictures, open_pictures
from hopping.studio.record import Record, model_name, read_record
from hopping.studio.restore import MOST_BYTES, OpenError, open_story
from hopping.studio.sampling import RANDOM_SEED, RUN, SAMPLING, STORYBOOK, Setting
from hopping.studio.story_request import StoryRequest
from hopping.studio.story_run import made_now, plan_for
from hopping.studio.unread_syntax import read_plain_story
from hopping.values import brief

from . import given, result_html
from .desk import Desk
from .files import RunFiles
from .keeping import EMPTY, Kept, OnDesk, frames_asked, keep, read_desk
from .strip_html import render_strip
from .strip_work import StripWork, read_texts, seed_strip, strength_strip
from .work import OpenedWork, RunOnDesk, StoryWork

_log = logging.getLogger(__name__)

PAGE_ROWS: tuple[Option, ...] = (*HoppingOptions.rows(), *RUN)
"""The options that the page has, in the order of their widgets."""


class Studio:
    """A page's answers.

    Args:
        pipeline: what samples.
        model: as `load_pipeline` was given it.
        outputs: where runs leave their folders.
    """

    def __init__(self, pipeline: Any, model: str | None, outputs: Path) -> None:
        self.pipeline = pipeline
        self.model = model
        self.outputs = outputs
        self.files = RunFiles(outputs)
        self.pictures = outputs / given.FOLDER
        self.desk = Desk()

    def plan(self, serial: Any, story: str | None, *values: Any) -> tuple[str, str, str]:
        """Plan, mask and counts as HTML, for the story and the values of PAGE_ROWS."""

        def make() -> tuple[StoryPlan, TokenText]:
            check_text(story or "")
            asked = parse_request(_named(values))
            parsed = read_plain_story(
                story or "", asked.run.before, asked.run.after, asked.hopping.cast
            )
            check_story(parsed)
            check_pictures(parsed, parsed.pictures.values(), asked.hopping.pixels)
            return plan_for(self.pipeline, parsed, asked.hopping), self._token_text

        return answer_plan(serial, story, make, lambda _: _log.exception("the live plan failed"))

    def generate(
        self, token: str, story: str | None, *values: Any, desk: str = ""
    ) -> Iterator[tuple[Any, Any]]:
        """Make a story; gives what is new of progress and downloads, again and again.

        The page fetches the frames' cards by `cards` as they come.

        Args:
            token: the page's name for this run, by which it can be cancelled.
            values: the settings, then the options, in the order of their widgets.
            desk: what is on the page's desk, as `read_desk` reads it.
        """
        try:
            on_desk = read_desk(desk)
            record, kept = self.begin(story, values, on_desk)
            if kept.folder is not None and not record.missing():
                yield result_html.render_unchanged(), gr.update()
                return
            self.cancel(on_desk.run)  # nobody waits for what was done in it
            self.desk.submit(token, StoryWork(self.pipeline, record, self.outputs, kept))
        except HoppingError as error:
            yield render_error(error, story or ""), ""
            return
        except Exception as error:  # the disk, say, or the GPU
            _log.exception("a story could not be begun")
            yield render_failure(f"{type(error).__name__}: {error}"), ""
            return
        yield from self.follow(token)

    def follow(self, token: str, run: str = "") -> Iterator[tuple[Any, Any]]:
        """As `generate`, of a run that was begun before: by a page that was loaded again, say.

        Args:
            run: the name of its folder, in case that nothing is known of the token any more.
        """
        job, folder = self.desk.find(token), self.files.folder(run)
        if job is not None and isinstance(job.work, StoryWork):
            work, downloads = job.work, ""  # those of the run before
            for _ in job.watch():
                progress = result_html.render_progress(token, job, work, self.desk.ahead_of(job))
                if job.finished:
                    downloads = result_html.render_downloads(work.record, work.folder)
                yield progress, downloads
        elif folder is not None:
            try:
                record = self._open_run(run, folder).record
            except HoppingError as error:
                yield render_failure(str(error)), ""
                return
            yield (
                result_html.render_opened_run(record, folder),
                result_html.render_downloads(record, folder),
            )

    def _open_run(self, run: str, folder: Path) -> OpenedWork:
        """What is known of a run of before; what hopping did in it is found out at the desk."""
        work = OpenedWork(self.pipeline, read_record(folder), folder)
        before = self.desk.find(run)
        if not work.refusal and (before is None or before.finished):
            # Where the line is too long, what is there is shown all the same.
            with suppress(HoppingError):
                self.desk.submit(run, work)
        return work

    def cards(self, name: str, since: int) -> dict[str, Any] | None:
        """The cards of a run that have changed, as `render_cards` has them; None if there is none.

        Args:
            name: the token that `generate` was given, or the name of a run's folder.
        """
        job, folder = self.desk.find(name), self.files.folder(name)
        if job is not None and isinstance(job.work, RunOnDesk):
            more = isinstance(job.work, OpenedWork) and not job.finished
            return result_html.render_cards(job.work, since, self.pipeline.tokenizer, more)
        if folder is None:
            return None
        try:
            work = OpenedWork(self.pipeline, read_record(folder), folder)
        except HoppingError:
            return None
        return result_html.render_cards(work, since, self.pipeline.tokenizer)

    def strengths(self, tokens: str, asked: str) -> Iterator[str]:
        """One frame from plain to hopped, as HTML, again and again until all of it is there.

        Args:
            tokens: the page's name for this strip; behind a blank that of its strip before, which
                ends.
            asked: JSON, the run's name and the frame's number.
        """
        yield from self._strip(tokens, "strengths", lambda: self._strength_strip(asked))

    def seeds(self, tokens: str, desk: str, texts: str, *values: Any) -> Iterator[str]:
        """One frame with several seeds, as HTML, again and again until all of it is there.

        Args:
            tokens: as `strengths` has them.
            desk: as `generate` has it; the frame is the only one that it names.
            texts: JSON, the story with each of the seeds.
            values: as `generate` has them.
        """
        yield from self._strip(
            tokens, "seeds", lambda: self._seed_strip(read_desk(desk), texts, values)
        )

    def _strip(self, tokens: str, what: str, begin: Callable[[], StripWork]) -> Iterator[str]:
        token, _, before = tokens.partition(" ")
        self.end_strip(before)
        try:
            work = begin()
            job = self.desk.submit(token, work)
        except HoppingError as error:
            yield render_failure(str(error))
            return
        last = ""
        for _ in job.watch():
            if job.is_cancelled and self.desk.find(token) is not job:
                return  # its place is another's
            shown = render_strip(job, work, what)
            if shown != last:  # the same would only put back what was moved in it
                last = shown
                yield shown

    def end_strip(self, token: str) -> str:
        """Stop a strip that nobody waits for; what it has made stays. What is shown of it then."""
        self.desk.drop(token)
        return ""

    def _seed_strip(self, desk: OnDesk, texts: str, values: Sequence[Any]) -> StripWork:
        folder = self.files.folder(desk.run)
        if folder is None:
            raise OptionError("the story is no longer in the output folder; press Generate")
        if len(desk.only) != 1:
            raise OptionError("no frame was named whose seeds are tried")
        stories = read_texts(texts)
        records = [self.begin(story, values, desk)[0] for story in stories]
        return seed_strip(self.pipeline, records, folder, desk.only[0])

    def _strength_strip(self, asked: str) -> StripWork:
        try:
            question = json.loads(asked)
            folder, number = self.files.folder(str(question["run"])), question["frame"]
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            raise OptionError("no frame was named") from error
        if type(number) is not int:
            raise OptionError(f"no frame was named, but {brief(number)}")
        if folder is None:
            raise OptionError("the story is no longer in the output folder")
        return strength_strip(self.pipeline, read_record(folder), folder, number)

    def cancel(self, tokens: str) -> None:
        """Stop what these tokens, with blanks between them, name; what it has made stays."""
        for token in tokens.split():
            job = self.desk.find(token)
            if job is not None:
                job.cancel()

    def open(self, payload: str | None) -> list[Any]:
        """The widgets' values of an opened file, then what is to be said of it.

        Args:
            payload: the file's bytes in base64.

        Returns:
            For story, settings, preset and options each an update, then HTML.
        """
        nothing = [gr.update() for _ in range(2 + len(SAMPLING) + len(PAGE_ROWS))]
        try:
            opened = open_story(_decoded(payload or ""))
        except HoppingError as error:
            return [*nothing, render_failure(f"This cannot be opened: {error}")]
        options = [shown(row, opened.options[row.name]) for row in PAGE_ROWS]
        settings = [opened.settings.get(row.name, gr.update()) for row in SAMPLING]
        return [
            opened.source,
            *settings,
            matching_preset(opened.options),
            *options,
            result_html.render_opened(opened, self.model_name, self._dtype),
        ]

    @property
    def model_name(self) -> str:
        """The page's model as pictures name it."""
        return model_name(self.model or STORYBOOK)

    @property
    def _dtype(self) -> str:
        return str(self.pipeline.dtype).removeprefix("torch.")

    def stock(self, desk: str, story: str | None, *values: Any) -> str:
        """Which frames Generate would make, as HTML; nothing where the plan says what is wrong."""
        try:
            record, _ = self.begin(story, values, read_desk(desk))
        except HoppingError:
            return ""
        return result_html.render_stock(record, desk)

    def begin(
        self, story: str | None, values: Sequence[Any], desk: OnDesk = EMPTY
    ) -> tuple[Record, Kept]:
        """The record of a run with these values of the page's widgets, and what it has already.

        Raises:
            HoppingError: if it cannot be done as asked.
        """
        settings = {
            row.name: _setting(row, value)
            for row, value in zip(SAMPLING, values[: len(SAMPLING)], strict=True)
        }
        asked = parse_request(_named(values[len(SAMPLING) :]))
        folder = self.files.folder(desk.run) if desk.run else None
        old = None if folder is None else read_record(folder)
        if old is not None and settings["seed"] in (RANDOM_SEED, old.settings.seed):
            # It was drawn for this story, and stays until another one is wanted.
            settings["seed"] = RANDOM_SEED if desk.anew else old.settings.seed
        request = StoryRequest(
            story or "",
            asked.hopping,
            model=self.model,
            device=str(self.pipeline.device),
            dtype=self._dtype,
            **{row.name: getattr(asked.run, row.name) for row in RUN},
            **settings,
        )
        pictures = open_pictures(
            request.story,
            self.pictures,
            kept_pictures(folder, old) if folder and old else {},
        )
        record = request.begin(self.pipeline, datetime.datetime.now(), pictures)
        frames = frames_asked(record, desk)
        record.settings = replace(record.settings, frames=frames)
        record.now = made_now(self.pipeline, record)
        if old is None or folder is None:
            return record, Kept(pictures=pictures)
        return keep(record, old, folder, desk, pictures)

    def _token_text(self, tokens: Sequence[int]) -> str:
        return str(self.pipeline.tokenizer.decode(list(tokens)))


def _decoded(payload: str) -> bytes:
    if len(payload) > MOST_BYTES * 4 // 3 + 4:
        raise OpenError(f"the file is too large (allowed: {MOST_BYTES >> 20} MB)")
    try:
        return base64.b64decode(payload, validate=True)
    except ValueError as error:
        raise OpenError("it did not arrive whole; try again") from error


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return {row.name: value for row, value in zip(PAGE_ROWS, values, strict=True)}


def _setting(row: Setting, value: Any) -> Any:
    """A widget's value as `StoryRequest` takes it."""
    if row.kind is str:
        return str(value or "")
    if value is None or value == "":
        raise OptionError(f"{row.name} is empty; it must be a number")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise OptionError(f"{row.name} cannot be {brief(value)}; it must be a number")
    if row.kind is float or isinstance(value, int):
        return value
    if not value.is_integer():
        raise OptionError(f"{row.name} cannot be {value}; it must be a whole number")
    return int(value)
