"""The studio asked as its page asks it, without the page."""

from __future__ import annotations

import json

from hopping.storybook.world import RESOLUTION
from hopping.studio.browser.answers import PAGE_ROWS
from hopping.studio.record import read_record
from hopping.studio.sampling import SAMPLING

from .conftest import STORY

OWN = {
    "negative": "",
    "steps": 2,
    "cfg": 3,
    "sampler": "LMS",
    "seed": 7,
    "width": RESOLUTION,
    "height": RESOLUTION,
    "batch_size": 1,
}


def values(**changes):
    """The widgets' values: settings, then options."""
    settings = {row.name: OWN[row.name] for row in SAMPLING}
    options = {row.name: row.default for row in PAGE_ROWS} | {"compare": False}
    for name, value in changes.items():
        (settings if name in settings else options)[name] = value
    return [*settings.values(), *options.values()]


def on_desk(run, was=(1, 2, 3), locked=(), only=(), anew=False):
    """What the page says of a desk that has this run."""
    return json.dumps({"run": run.name, "was": was, "locked": locked, "only": only, "anew": anew})


def watch(studio, story=STORY, **changes):
    """What is shown, by the kind of place; the frames' as the page's script puts it together."""
    cards, made = {}, 0
    for progress, downloads in studio.generate("token", story, *values(**changes)):
        frames = {}
        if "studio-news" in progress:
            fetched = studio.cards("token", made)
            made = fetched["made"]
            cards |= dict(fetched["cards"])
            if fetched["cards"]:
                frames = "".join(cards[number] for number in sorted(cards))
        yield progress, frames, downloads


def generate(studio, story=STORY, **changes):
    """The last of what is shown, by the kind of place, and all that was."""
    told = list(watch(studio, story, **changes))
    return told[-1], told


def frames_in(told):
    """What was shown in the frames' place, each time that it was something else."""
    return [frames for _, frames, _ in told if isinstance(frames, str)]


def run_of(studio):
    (folder,) = studio.outputs.iterdir()
    return folder, read_record(folder)
