"""What hopping will do with a prompt, told with the loaded checkpoint's tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hopping.errors import StoryError
from hopping.mask_drawing import TokenText
from hopping.options import HoppingOptions
from hopping.plan import StoryPlan, plan_frames
from hopping.run_options import HoppingRequest, frames_to_make
from hopping.story import Story, parse_story

from .encoders import HostTextEncoder, text_encoders
from .hosts import host
from .moments import ScheduledFrame, StepTexts, schedule_frames
from .networks import unknown_networks
from .texts import Timing, check_comments, hides_comments, without_networks

# Prompt editing names steps; a plan shows the first of as many as the page starts with.
_TIMING = Timing(steps=20)


def parse_prompt(prompt: str, request: HoppingRequest) -> Story:
    """The story in a prompt box.

    Raises:
        StoryError: with line and column.
    """
    run = request.run
    story = parse_story(
        prompt, run.before, run.after, inline_comments=hides_comments(), cast=request.hopping.cast
    )
    for frame in story.encoded:
        check_comments(frame)
        if frame.picture is not None:
            raise StoryError(
                f"frame {frame.number}: a picture of your own is read by the studio and the "
                "command line, and not yet in a WebUI; remove <picture:…>",
                line=frame.line,
                column=frame.column,
            )
    return story


def plan_prompt(prompt: str, request: HoppingRequest) -> StoryPlan:
    """Lay out a prompt as it would be at the first step, without styles. Nothing is encoded.

    Raises:
        HoppingError: if it cannot be done as asked, or no checkpoint is loaded yet.
    """
    return plan_with_words(prompt, request)[0]


def plan_with_words(prompt: str, request: HoppingRequest) -> tuple[StoryPlan, TokenText]:
    """The plan, and what gives the text of token ids in its layout.

    Raises:
        HoppingError: as `plan_prompt`.
    """
    encoder = text_encoders(host().loaded_model())[0]
    story = parse_prompt(prompt, request)
    frames_to_make(request.run.frames, len(story))
    texts = [without_networks(frame.text) for frame in story.encoded]
    scheduled = schedule_frames(story.encoded, texts, lambda text: text, _TIMING)
    plan = plan_scheduled(encoder, scheduled, request.hopping)
    frames = [
        replace(planned, text=frame.text)
        for planned, frame in zip(plan.frames, story.frames, strict=True)
    ]
    return replace(plan, frames=tuple(frames), notes=story_notes(story)), encoder.words


def story_notes(story: Story) -> tuple[str, ...]:
    """What a user should know of a story's text as a whole."""
    return (*story.notes, *unknown_networks(story.texts))


def plan_scheduled(
    encoder: HostTextEncoder, scheduled: Sequence[ScheduledFrame], options: HoppingOptions
) -> StoryPlan:
    """Lay out a story as it is at the first step.

    Raises:
        HoppingError: if it cannot be done as asked.
    """
    moment = StepTexts(scheduled, step=1)
    windows = [[encoder.windows(text) for text in parts] for parts in moment.texts]
    tokens = moment.tokens(encoder, windows)
    return plan_frames(moment.story, tokens, encoder.special, options)
