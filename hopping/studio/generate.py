"""`generate_story`: a story's frames with any diffusers pipeline that takes `prompt_embeds`.

The pipeline samples as it always does; only its text embeddings are ours. One frame costs as many
U-Net calls as one picture without hopping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import torch
from PIL import Image

from hopping.clip import execution_device
from hopping.options import ALL, HoppingOptions
from hopping.page.limits import check_setting
from hopping.pixels import PixelGraph, PixelSharing, Seen
from hopping.pixels.graph import limited, with_sources
from hopping.plan import StoryPlan
from hopping.run_options import frames_to_make
from hopping.story import Story

from . import processes
from .given_pictures import GivenPictures
from .noise import drawn_in_32_bits
from .picture_files import check_pictures
from .pipeline_calls import accepted_arguments, calls_a_step, picture_size, sampling_with
from .pipeline_conditioner import Conditioning, PipelineConditioner, windows_of
from .pixel_sharing import Prerequisites, kept_bytes, pixel_sharing
from .record import FrameKey, Settings
from .unread_syntax import check_negative, read_plain_story, refuse_tags

OnStep = Callable[[FrameKey, int, int], None]
"""Called after each step with the first frame of the batch, the step (from 1) and their number."""


@dataclass(frozen=True)
class StoryFrame:
    """One finished picture.

    Attributes:
        key: which one.
        text: the prompt that was encoded for it.
        image: the picture.
        flagged: whether the pipeline's safety checker replaced it by black.
        saw: what it saw of earlier frames' pixels.
    """

    key: FrameKey
    text: str
    image: Image.Image
    flagged: bool = False
    saw: tuple[Seen, ...] = ()

    @property
    def number(self) -> int:
        """The frame's place in the story, from 1."""
        return self.key.number

    @property
    def plain(self) -> bool:
        """Whether it was made without hopping, to compare with."""
        return self.key.plain


@dataclass(frozen=True)
class _Pending:
    key: FrameKey
    conditioning: Conditioning


@dataclass(frozen=True)
class _Encoded:
    """What one call of the pipeline needs; between processes it travels over the CPU.

    `before` is sampled first, for the pixels that this batch sees: its pictures are made by another
    process, or are there already.
    """

    batch: list[_Pending]
    negative: Conditioning | None
    before: tuple[_Encoded, ...] = ()

    @property
    def frames(self) -> list[int]:
        return [pending.key.number for pending in self.batch]


def generate_story(
    pipeline: Any,
    story: Story | str,
    options: HoppingOptions | None = None,
    *,
    negative_prompt: str | None = None,
    num_inference_steps: int = 50,
    guidance_scale: float = 7.5,
    sampler: str | None = None,
    seed: int = 0,
    same_noise: bool = True,
    width: int | None = None,
    height: int | None = None,
    batch_size: int = 1,
    clip_skip: int | None = None,
    compare: bool = False,
    frames: str = ALL,
    pictures: Mapping[str, Image.Image] | None = None,
    done: Iterable[FrameKey] = (),
    on_step: OnStep | None = None,
    **pipeline_arguments: Any,
) -> Iterator[StoryFrame]:
    """Sample the frames of a story.

    Args:
        pipeline: a diffusers pipeline of SD 1.x, SD 2.x or SDXL, with whatever LoRA and textual
            inversions are loaded into it.
        story: a parsed story, or its text.
        options: how frames see each other; the paper's by default.
        negative_prompt: for every frame, of any length; None is the pipeline's own default.
        num_inference_steps, guidance_scale, clip_skip: as the pipeline has them.
        sampler: a name of `SAMPLERS`; None is the pipeline's own scheduler.
        seed: every frame that has no `<seed:…>` starts from this seed's noise, as in the paper.
        same_noise: False: the seed counts up instead, frame by frame.
        width, height: in pixels, multiples of 8; None is the model's own size. A pipeline that
            takes its size from a picture takes neither.
        batch_size: frames that are sampled at once. Other sizes give the same pictures up to
            rounding; only frames of equally many windows share a batch.
        compare: sample every frame without hopping too, after the hopped ones.
        frames: which are made, such as "2,4-5". All are read and encoded; whose pixels they see is
            sampled too, and not yielded. Each is as in the whole story, up to rounding where
            batches are larger than 1.
        pictures: those that frames name by `<picture:…>`, by their names. They are yielded first,
            cut to the story's size, and later frames see them as they see what was made.
        done: frames that are there already. They are not yielded, and a batch of nothing else is
            not sampled, unless others see its pixels; what is sampled is what would have been
            without them, bit for bit.
        on_step: called after every sampling step.
        **pipeline_arguments: handed to the pipeline as they are (`image`, `eta`,
            `cross_attention_kwargs`, …).

    Returns:
        An iterator over the hopped frames in story order, then over the plain ones if asked for.
        A frame is sampled when it is asked for.

    Raises:
        HoppingError: before anything is sampled, if the story cannot be done as asked.
    """
    options = options or HoppingOptions()
    if isinstance(story, str):
        story = read_plain_story(story, cast=options.cast)
    scale = (pipeline_arguments.get("cross_attention_kwargs") or {}).get("scale", 1.0)
    conditioner = PipelineConditioner(pipeline, clip_skip, scale)
    size = {"width": width, "height": height}
    if "width" in accepted_arguments(pipeline, pipeline_arguments):
        size["width"], size["height"] = picture_size(pipeline, width, height)
    for name, value in (("steps", num_inference_steps), ("batch_size", batch_size)):
        check_setting(name, value)
    numbers = frames_to_make(frames, len(story))
    refuse_tags(story, conditioner.known_tokens)
    check_negative(negative_prompt or "", conditioner.known_tokens)
    plans = {False: conditioner.plan(story, options)}
    if compare:
        plans[True] = conditioner.plan(story, HoppingOptions(mode="baseline"))
    graph = plans[False][0].pixels
    check_pictures(story, pictures or {}, options.pixels)
    members = {False: with_sources(graph, numbers), True: set(numbers)}
    sharing = given = None
    if options.pixels != "off":
        given = GivenPictures(
            pipeline,
            {number: (pictures or {})[name] for number, name in story.pictures.items()},
            picture_size(pipeline, width, height),
        )
        sharing = pixel_sharing(
            pipeline,
            limited(graph, members[False]),
            batch_size=batch_size,
            calls=num_inference_steps * calls_a_step(pipeline, sampler),
            pixels=picture_size(pipeline, width, height),
        )
    sampling = _Sampling(
        pipeline,
        sharing,
        given,
        sampler,
        story.seeds(seed, same_noise),
        on_step,
        {
            "num_inference_steps": num_inference_steps,
            "guidance_scale": guidance_scale,
            **{name: pixels for name, pixels in size.items() if pixels is not None},
            **pipeline_arguments,
        },
    )
    wanted = {FrameKey(plain, number) for plain in plans for number in numbers}
    wanted.difference_update(done)
    images = {} if given is None else given.images
    there = {key: images[key.number] for key in wanted if not key.plain and key.number in images}
    return _sample(
        conditioner,
        plans,
        story,
        sampling,
        negative_prompt,
        _Batching(batch_size, members, wanted.difference(there), there),
    )


@dataclass(frozen=True)
class _Batching:
    """Which frames are sampled together.

    Attributes:
        size: of a batch, at most.
        members: the frames that batches are made of, the hopped ones (False) and the plain ones.
        missing: those of them that are to be yielded.
        given: the pictures that are yielded as they are given.
    """

    size: int
    members: dict[bool, set[int]]
    missing: set[FrameKey]
    given: dict[FrameKey, Image.Image]

    def batches(
        self, plain: bool, conditionings: Iterator[Conditioning]
    ) -> Iterator[list[_Pending]]:
        """Neighbours of one embedding length, so that no frame is filled up for another's sake."""
        batch: list[_Pending] = []
        members = self.members[plain]
        for number, conditioning in enumerate(islice(conditionings, max(members)), start=1):
            if number not in members:
                continue
            if batch and len(batch[0].conditioning.hidden) != len(conditioning.hidden):
                yield batch
                batch = []
            batch.append(_Pending(FrameKey(plain, number), conditioning))
            if len(batch) == self.size:  # at once: the next frame is not encoded before its time
                yield batch
                batch = []
        if batch:
            yield batch


def _sample(
    conditioner: PipelineConditioner,
    plans: dict[bool, list[StoryPlan]],
    story: Story,
    sampling: _Sampling,
    negative_prompt: str | None,
    batching: _Batching,
) -> Iterator[StoryFrame]:
    guided = sampling.arguments["guidance_scale"] > 1
    least = conditioner.negative_windows(negative_prompt) if guided else 1
    negatives: dict[int, Conditioning] = {}
    graph = sampling.sharing.graph if sampling.sharing else ((),) * len(story)
    prerequisites = Prerequisites[_Encoded](graph, processes.count())

    def negative(windows: int) -> Conditioning | None:
        if guided and windows not in negatives:
            negatives[windows] = conditioner.encode_negative(negative_prompt, windows)
        return negatives.get(windows)

    def encoded() -> Iterator[_Encoded]:
        for plain, of_encoders in plans.items():
            if not any(key.plain == plain for key in batching.missing):
                continue
            for batch in batching.batches(plain, conditioner.encode(of_encoders, least)):
                one = _Encoded(batch, negative(windows_of(batch[0].conditioning)))
                if not plain:
                    prerequisites.add(one)
                if batching.missing.isdisjoint(pending.key for pending in batch):
                    continue
                before = prerequisites.give_out(one, sharing=not plain)
                yield replace(one, before=tuple(before))

    for key in sorted(batching.given):
        yield StoryFrame(key, story.frames[key.number - 1].text, batching.given[key])
    for sampled in processes.divide(encoded(), sampling.run):
        for key, image, flagged, saw in sampled:
            if key in batching.missing:
                text = story.frames[key.number - 1].text
                yield StoryFrame(key, text, image, flagged, saw)


_Sampled = tuple[FrameKey, Image.Image, bool, tuple[Seen, ...]]
"""As `StoryFrame` has them, but for the text."""


@dataclass(frozen=True)
class _Sampling:
    """One way to call the pipeline, for any batch."""

    pipeline: Any
    sharing: PixelSharing | None
    given: GivenPictures | None
    sampler: str | None
    seeds: tuple[int, ...]
    on_step: OnStep | None
    arguments: dict[str, Any]

    def run(self, encoded: _Encoded) -> list[_Sampled]:
        for before in encoded.before:
            self._run(before)
        return self._run(encoded)

    def _run(self, encoded: _Encoded) -> list[_Sampled]:
        batch = encoded.batch
        hopped = not batch[0].key.plain
        sharing = self.sharing if hopped else None
        embeds = {"prompt": [pending.conditioning for pending in batch]}
        if encoded.negative is not None:
            embeds["negative_prompt"] = [encoded.negative] * len(batch)
        inputs: dict[str, torch.Tensor] = {}
        for name, texts in embeds.items():
            inputs[f"{name}_embeds"] = self._stacked([text.hidden for text in texts])
            pooled = [text.pooled for text in texts if text.pooled is not None]
            if pooled:
                kind = name.removesuffix("prompt")
                inputs[f"{kind}pooled_prompt_embeds"] = self._stacked(pooled)
        seeds = [self.seeds[pending.key.number - 1] for pending in batch]
        with ExitStack() as around:
            around.enter_context(sampling_with(self.pipeline, self.sampler))
            around.enter_context(drawn_in_32_bits(self.pipeline))
            if hopped and self.given is not None:
                around.enter_context(self.given.batch(encoded.frames, seeds))
            if sharing is not None:
                around.enter_context(sharing.batch(encoded.frames))
            output = self.pipeline(
                **inputs,
                # On the CPU, so that a seed is the same noise on every device.
                generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
                callback_on_step_end=self._callback(batch[0].key),
                **self.arguments,
            )
        flags = getattr(output, "nsfw_content_detected", None) or [False] * len(batch)
        return [
            (
                pending.key,
                image,
                bool(flag),
                () if sharing is None else sharing.seen(pending.key.number),
            )
            for pending, image, flag in zip(batch, output.images, flags, strict=True)
        ]

    def _stacked(self, embeddings: list[torch.Tensor]) -> torch.Tensor:
        # They may have been made by another process, on its device.
        device = execution_device(self.pipeline.unet)
        return torch.stack([one.to(device) for one in embeddings])

    def _callback(self, key: FrameKey) -> Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]:
        def after_step(pipeline: Any, step: int, _: Any, __: dict[str, Any]) -> dict[str, Any]:
            if self.on_step is not None:
                self.on_step(key, step + 1, pipeline.num_timesteps)
            return {}

        return after_step


def pixels_kept(pipeline: Any, graph: PixelGraph, settings: Settings) -> int:
    """How many bytes `generate_story` keeps of pixels that later batches see, about."""
    return kept_bytes(
        pipeline,
        graph,
        batch_size=settings.batch_size,
        calls=settings.steps * calls_a_step(pipeline, settings.sampler),
        pixels=(settings.width, settings.height),
    )
