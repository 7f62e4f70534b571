"""One run of a story in the host: its frames as the host's prompts, its state, its end.

The host's processing object is what a run hangs on; `takeover` says at what moments of the host's
work it is called.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from modules import prompt_parser, shared

from hopping.errors import HoppingError, StoryError
from hopping.infotext import without_own
from hopping.run_options import HoppingRequest, frames_to_make
from hopping.story import Story, check_plain

from .encoders import text_encoders
from .generation_data import job_of
from .host_conditioning import HostCall, HostStory
from .host_types import Processing
from .hosts import host
from .jobs import OneFrame, PictureJob, PictureJobs
from .moments import schedule_frames
from .neighbours import check_negative_parts, check_regions
from .networks import gathered
from .notes import notes
from .pixels import RunPixels, StoryPixels
from .planning import parse_prompt, story_notes
from .seeds import RunSeeds
from .texts import Timing, without_comments, without_networks
from .wildcards import Wildcards, wildcards_of

_KEPT = 8
"""How many stories' conditionings a run keeps: base and hires pass, two checkpoints, two texts."""


class HoppedRun:
    """A story that a processing object is about to make.

    Attributes:
        prompt: the story as it was typed.
        hires_prompt: that of the hires pass, or empty.
        story: its frames.
        jobs: its pictures.
        seeds: of these.
        pixels: what they see of each other's; None if that is off.
        only: the frame that alone is made, where it is one of the tab's gallery.

    Raises:
        HoppingError: if it cannot be done as asked.
    """

    def __init__(self, p: Processing, request: HoppingRequest) -> None:
        if not isinstance(p.prompt, str):
            raise StoryError(
                "another script has made a list of the prompt; a story must come as one text: "
                "switch off that script, or hopping"
            )
        self.processing = p
        for name in ("negative_prompt", "hr_negative_prompt"):
            negative = without_comments(str(getattr(p, name, "") or ""))
            check_plain("the negative prompt", negative)
        self.request = request
        self.prompt = p.prompt
        self.story = parse_prompt(p.prompt, request)
        self.hires_prompt = str(getattr(p, "hr_prompt", "") or "")
        self._hires_story = self._parse_hires()
        frames = len(self.story)
        picture = getattr(p, "firstpass_image", None)
        shares = request.hopping.pixels != "off"
        self.only: OneFrame | None = getattr(p, "hopping_only", None)
        asked = request.run.frames if self.only is None else str(self.only.number)
        self.jobs = PictureJobs(
            int(p.n_iter),
            frames,
            request.run.compare,
            wanted=frames_to_make(asked, frames),
            seen=shares,
            enlarged=None if picture is None else job_of(picture, frames, request.hopping.mode),
        )
        self.seeds = RunSeeds(p, self.jobs, self.story, request.run.same_noise)
        wanted = self.jobs.wanted
        if self._hires_story is not None:  # by whose texts other frames may be seen
            wanted = list(range(1, wanted[-1] + 1))
        self.pixels = RunPixels(p, wanted) if shares else None
        self._memo: list[tuple[Any, Any]] = []
        self._before: dict[str, Any] = {}
        self._conditioned = -1
        self._ours: dict[str, Any] = {}
        self._drawing: Wildcards | None = None
        self._handed: dict[tuple[bool, int], str] = {}  # hires?, job's number → text

    @property
    def saves_grid(self) -> bool:
        """Whether the host would save a grid of this run."""
        return not self._before["do_not_save_grid"]

    def begin(self) -> None:
        """Hand the frames to the host as its own list of prompts."""
        p = self.processing
        # A batch is saved whole or not at all.
        batch_size = p.batch_size if self.jobs.shows_all else 1
        changed = {
            "prompt": [self.story.frames[n - 1].text for n in self.jobs.numbers],
            "seed": self.seeds.seeds,
            "subseed": self.seeds.subseeds,
            "batch_size": batch_size,
            "n_iter": math.ceil(self.jobs.made / batch_size),
            "do_not_save_grid": True,  # ours takes its place
            "extra_generation_params": without_own(p.extra_generation_params),
        }
        if self._hires_story is not None:
            texts = self._hires_story.texts
            changed["hr_prompt"] = [texts[n - 1] for n in self.jobs.numbers]
        elif hasattr(p, "hr_prompt"):
            changed["hr_prompt"] = ""
        if self.jobs.enlarged is not None:
            # reForge hides the infotext in a fourth channel too, which its autoencoder refuses.
            changed["firstpass_image"] = p.firstpass_image.convert("RGB")
        for note in story_notes(self.story):
            p.comment(note)
        self._before = {name: getattr(p, name) for name in changed}
        self._set(changed)
        if shared.state.job_count > 0:  # a plot has counted its cells' batches already
            passes = 2 if shared.state.processing_has_refined_job_count else 1
            shared.state.job_count += (p.n_iter - self._before["n_iter"]) * passes

    def _set(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(self.processing, name, value)
        self._ours.update(values)

    def end(self) -> None:
        """Give the processing object back as it was; a script may run it again."""
        p = self.processing
        self._drawing_done()
        for name, value in self._before.items():
            # What another script has set since is its own. The parameters stay: the result's
            # infotext is still made of them.
            if name != "extra_generation_params" and getattr(p, name) == self._ours[name]:
                setattr(p, name, value)
        self._memo.clear()
        self._handed.clear()

    def prompts_set(self, plain: Any) -> None:
        """After the host has made its lists of prompts, before the extensions get them.

        Args:
            plain: a copy of the processing object that does not hop.
        """
        p = self.processing
        # The host has its lists; others expect single values here, its own comments script, too.
        lists = {name: getattr(p, name) for name in ("prompt", "seed", "subseed")}
        self._set({name: values[0] for name, values in lists.items()})
        if hasattr(p, "hr_prompt"):
            self._set({"hr_prompt": self.hires_prompt})
        if getattr(p, "enable_hr", False):
            # The host makes as many as fill its batches.
            count = len(self.jobs.all)
            p.all_hr_negative_prompts = (p.all_hr_negative_prompts * count)[:count]
        wildcards = wildcards_of(p)
        if wildcards is not None:
            wildcards.draw(plain, p.all_prompts, p.all_negative_prompts, lists["seed"])
            if getattr(p, "enable_hr", False):
                wildcards.draw(plain, p.all_hr_prompts, p.all_hr_negative_prompts, lists["seed"])
            wildcards.switch(p, on=False)
            self._drawing = wildcards

    def beginning(self) -> None:
        """After all extensions have had the prompts, before the host prepares sampling."""
        p = self.processing
        self._drawing_done()
        for prompts in filter(None, (p.all_prompts, getattr(p, "all_hr_prompts", None))):
            if len(prompts) < len(self.jobs.all):
                raise StoryError(
                    f"another extension has made {len(prompts)} prompts of the run's "
                    f"{len(self.jobs.all)}; switch it off, or hopping"
                )
            for n, job in enumerate(self.jobs.all):
                # What is compared must say the same, also where words were drawn at random.
                prompts[n] = prompts[self.jobs.place(job)]
            check_regions(
                p,
                prompts,
                self.jobs.numbers,
                lambda text: text_encoders(shared.sd_model)[0].windows(text),
            )
            check_negative_parts(p, prompts)

    def _drawing_done(self) -> None:
        """Let runs within this one, a detailer's, draw their own."""
        if self._drawing is not None:
            self._drawing.switch(self.processing, on=True)
            self._drawing = None

    def begun(self) -> None:
        """After the host has prepared sampling: img2img may have changed the size of a batch."""
        self._set({"n_iter": math.ceil(self.jobs.made / self.processing.batch_size)})

    def networks(self) -> None:
        """Exchange the batch's networks for those of the whole story."""
        p = self.processing
        p.extra_network_data = gathered(p.all_prompts, self.jobs.numbers)
        if getattr(p, "enable_hr", False):
            p.hr_extra_network_data = gathered(p.all_hr_prompts, self.jobs.numbers)

    @property
    def _batch(self) -> list[PictureJob]:
        """The pictures of the batch that the host is making."""
        first = self.processing.iteration * self.processing.batch_size
        return self.jobs.all[first : first + len(self.processing.prompts)]

    def shows_batch(self) -> bool:
        """Whether the batch that the host is making is in the result, and saved if others are."""
        return any(map(self.jobs.is_shown, self._batch))

    def needs_batch(self) -> bool:
        """Whether it is to be sampled: it is shown, or one that is shown sees it."""
        return self.shows_batch() or self.pixels is None or any(map(self.pixels.needs, self._batch))

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """While a batch is sampled. Cuts what img2img prepared for a whole batch down to it.

        Raises:
            HoppingError: if the host was kept from asking for this batch's conditionings.
        """
        p = self.processing
        if self._conditioned != p.iteration:
            raise HoppingError(
                "another extension encodes the prompts in the host's place, so they cannot be "
                "hopped; switch it off, or hopping"
            )
        for name in ("init_latent", "image_conditioning"):
            prepared = getattr(p, name, None)
            if prepared is not None and len(prepared) > len(p.seeds):
                setattr(p, name, prepared[: len(p.seeds)])
        if self.pixels is None:
            yield
            return
        with self._from_noise(), self.pixels.batch(self._batch):
            yield

    @contextmanager
    def _from_noise(self) -> Iterator[None]:
        """Where one picture is enlarged, let the host begin anew with those that it sees."""
        p, picture = self.processing, getattr(self.processing, "firstpass_image", None)
        if picture is not None and not self.shows_batch():
            p.firstpass_image = None
        try:
            yield
        finally:
            if picture is not None:
                p.firstpass_image = picture

    def conditionings(
        self,
        function: Any,
        prompts: Any,
        steps: int,
        caches: Sequence[Any],
        extra_network_data: Any,
        hires_steps: int | None = None,
    ) -> Any:
        """What the host's `get_conds_with_caching` gives for a batch, with hopping.

        The host's cache is neither read nor written: it goes by the prompts alone, and a hopped
        frame's conditioning is not its prompt's.

        Raises:
            HoppingError: if the story cannot be done as asked.
        """
        p = self.processing
        self._conditioned = p.iteration
        hires = bool(caches) and caches[0] is getattr(p, "cached_hr_c", None)
        # Forge Neo has no such setting.
        timing = Timing(steps, hires_steps, bool(getattr(shared.opts, "use_old_scheduling", False)))
        if timing.old:
            self._note_old_scheduling(prompts, timing)
        call = HostCall(function, shared.sd_model, prompts, timing)
        settings = p.cached_params(None, steps, extra_network_data, *timing.arguments[1:])
        size = (prompts.width, prompts.height)
        first = p.iteration * p.batch_size
        jobs = self.jobs.all[first : first + len(prompts)]
        self._handed.update({(hires, first + n): text for n, text in enumerate(prompts)})
        batch = []
        with host().encoding(call.sd_model):
            for text, job in zip(prompts, jobs, strict=True):
                if job.plain:
                    batch.append(self._kept((text, size, settings), lambda: [call.plain(text)])[0])  # noqa: B023
                    continue
                texts = self._story_texts(job.story, hires)
                key = (texts, hires, size, settings)
                made, seen = self._kept(key, lambda: self._hopped(call, texts, hires))  # noqa: B023
                batch.append(made[job.frame - 1])
                if self.pixels is not None:
                    self.pixels.tell(job.story, hires, seen)
        if self.pixels is not None:
            self.pixels.follow()
        return prompt_parser.MulticondLearnedConditioning(shape=(len(prompts),), batch=batch)

    def _hopped(
        self, call: HostCall, texts: tuple[str, ...], hires: bool
    ) -> tuple[list[list[Any]], StoryPixels | None]:
        story = self._hires_story if hires and self._hires_story else self.story
        described = tuple(frame.text for frame in story.descriptions)
        scheduled = schedule_frames(story.encoded, (*texts, *described), self._styled, call.timing)
        laid_out = HostStory(call, scheduled, self.request.hopping)
        for note in notes(laid_out, story.frames, self.request.hopping):
            self.processing.comment(note)
        seen = None if self.pixels is None else laid_out.pixels()
        return laid_out.conditionings(), seen

    def _story_texts(self, story: int, hires: bool) -> tuple[str, ...]:
        """A story's prompts as they reach the encoder, networks taken out.

        What other extensions made of them counts: of those that were handed over, in this batch or
        an earlier one, as they were then, of the others as they stand in the run's list.
        """
        p = self.processing
        listed = p.all_hr_prompts if hires else p.all_prompts
        places = map(self.jobs.place, self.jobs.story(story))
        return tuple(
            self._handed[hires, n] if (hires, n) in self._handed else without_networks(listed[n])
            for n in places
        )

    def _styled(self, text: str) -> str:
        return shared.prompt_styles.apply_styles_to_prompt(text, self.processing.styles)

    def _kept(self, key: Any, make: Any) -> Any:
        for known, made in self._memo:
            if known == key:
                return made
        made = make()
        self._memo = [*self._memo[1 - _KEPT :], (key, made)]
        return made

    def _note_old_scheduling(self, prompts: Any, timing: Timing) -> None:
        """As the host notes it where its own function is called."""
        new, old = (
            prompt_parser.get_learned_conditioning_prompt_schedules(
                prompts, *replace(timing, old=use_old).arguments
            )
            for use_old in (False, True)
        )
        if new != old:
            self.processing.extra_generation_params["Old prompt editing timelines"] = True

    def _parse_hires(self) -> Story | None:
        p = self.processing
        if not getattr(p, "enable_hr", False) or not self.hires_prompt.strip():
            return None
        try:
            story = parse_prompt(self.hires_prompt, self.request)
        except StoryError as error:
            raise StoryError(
                f"in the hires prompt: {error.reason}", line=error.line, column=error.column
            ) from error
        if len(story) == len(self.story):
            return story
        if len(story) == 1:
            line = story.frames[0]
            return Story(
                tuple(
                    replace(line, number=frame.number, links=frame.links)
                    for frame in self.story.frames
                )
            )
        raise StoryError(
            f"the hires prompt has {len(story)} frames, the story {len(self.story)}; write as "
            "many, or one line for all, or leave it empty"
        )
