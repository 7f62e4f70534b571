"""`pixels` in the host's own sampler: whose rows a call of the U-Net has, and what it takes to run.

The maths is `hopping.pixels`. Here is what it cannot know: which story, pass and checkpoint are
sampled now, and what of a frame's text each row of a batch is told. The U-Net is hooked while a
batch is sampled and at no other time. Each story has a sharing of its own, and so have its hires
pass and its refiner, whose layers, sizes and steps are others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from modules import shared

from hopping.errors import HoppingError
from hopping.pixels import Bank, PixelGraph, PixelLink, PixelSharing, kept_note, story_bytes
from hopping.pixels.layers import Call, Row
from hopping.pixels.sharing import SHARING_CALLS

from .host_types import Processing
from .hosts import host
from .hosts.unet_rows import RowOf, merged_pixels
from .jobs import PictureJob
from .neighbours import script_of
from .unet_layers import find_layers

_PIXELS_A_LATENT = 8
_MOST_NOTES = 8
# Whose steps go by what the pictures of a batch have become.
_ADAPTIVE = ("DPM adaptive",)


@dataclass(frozen=True)
class StoryPixels:
    """Who sees whose pixels in one story, while it is sampled in one pass.

    Attributes:
        last_steps: the sampler's steps after which any frame's text is another, and the last one.
        graphs: for each, who sees whom until then.
        places: for each frame, those of its embedding that each of its sub-prompts has.
    """

    last_steps: tuple[int, ...]
    graphs: tuple[PixelGraph, ...]
    places: tuple[tuple[range, ...], ...]

    def at(self, step: int) -> int:
        """Which graph holds at a step, by the rule by which the host finds a step's texts."""
        return next((n for n, last in enumerate(self.last_steps) if step <= last), 0)

    def sources(self, frame: int) -> set[int]:
        """The frames whose pixels a frame sees at any step."""
        return {link.source.frame for graph in self.graphs for link in graph[frame - 1]}

    def with_sources(self, frames: Collection[int]) -> set[int]:
        """These frames, those whose pixels they see, those whose pixels these see, and so on."""
        needed = set(frames)
        for frame in range(len(self.graphs[0]), 0, -1):  # sources are earlier frames
            if frame in needed:
                needed |= self.sources(frame)
        return needed

    def shows(self, frame: int) -> bool:
        """Whether any frame sees this one's pixels."""
        return any(frame in self.sources(n) for n in range(1, len(self.graphs[0]) + 1))

    def without(self, frames: set[int]) -> StoryPixels:
        """The same where nobody sees these frames."""
        return self._those(lambda _, link: link.source.frame not in frames)

    def limited(self, frames: set[int]) -> StoryPixels:
        """The same where only these frames see any."""
        return self._those(lambda frame, _: frame in frames)

    def _those(self, holds: Callable[[int, PixelLink], bool]) -> StoryPixels:
        graphs = (
            tuple(
                tuple(link for link in links if holds(frame, link))
                for frame, links in enumerate(graph, start=1)
            )
            for graph in self.graphs
        )
        return replace(self, graphs=tuple(graphs))


class RunPixels:
    """What a run's frames see of each other's pixels, from its first batch to its last.

    Args:
        wanted: the numbers of the frames that are to be made; those that they see are made too.
    """

    def __init__(self, p: Processing, wanted: Collection[int]) -> None:
        self._p, self._wanted = p, wanted
        self._needed: dict[int, set[int]] = {}  # story → frames
        self._told: dict[tuple[int, bool], StoryPixels] = {}  # story, hires?
        self._shared: dict[tuple[int, bool, str], PixelSharing] = {}  # … and checkpoint
        self._skipped: dict[int, set[int]] = {}  # story → frames
        self._jobs: Sequence[PictureJob] = ()
        self._hires = False
        self._begun: dict[int, PixelSharing] = {}  # story → what has shared in this batch before
        self._hooks: ExitStack | None = None
        self._hooked: Any = None
        self._notes: list[str] = []
        self._printed: set[str] = set()

    def tell(self, story: int, hires: bool, pixels: StoryPixels) -> None:
        """Say what one of the run's stories is, before it is sampled in this pass."""
        needed = pixels.with_sources(self._wanted)
        self._needed.setdefault(story, needed)
        self._told[story, hires] = pixels.limited(needed)

    def needs(self, job: PictureJob) -> bool:
        """Whether a picture, of a story that has been told, is wanted or seen by one that is."""
        return job.frame in self._needed[job.story]

    @contextmanager
    def batch(self, jobs: Sequence[PictureJob]) -> Iterator[None]:
        """While the block runs, the host samples these pictures.

        Raises:
            HoppingError: before anything is sampled, if their pixels cannot be shared.
        """
        self._jobs, self._hires, self._begun = jobs, False, {}
        with ExitStack() as hooks:
            self._hooks, self._hooked = hooks, None
            try:
                self.follow()
                yield
            finally:
                self._hooks = None
        if shared.state.skipped:
            self._skip()

    def hires(self) -> None:
        """The batch's hires pass begins."""
        self._hires = True
        self.follow()
        if self._p.truncate_x or self._p.truncate_y:
            self._begun = {}  # of a picture that is cut, other places

    def follow(self) -> None:
        """Hook the U-Net that samples from now on, if a batch is being sampled.

        The host may have loaded another checkpoint in its middle.
        """
        if self._hooks is None:
            return
        # A pass is told with its conditionings, some hosts' hires pass in its middle.
        told = {
            story: self._told[story, self._hires].without(self._skipped.get(story, set()))
            for story in sorted({job.story for job in self._jobs if not job.plain})
            if (story, self._hires) in self._told
        }
        stories = {story: pixels for story, pixels in told.items() if any(map(any, pixels.graphs))}
        wanted = None
        if stories:
            unet = host().unet(shared.sd_model)
            checkpoint = str(shared.sd_model.sd_checkpoint_info.filename)
            wanted = (unet, checkpoint, self._hires)
        if wanted == self._hooked:
            return
        self._hooks.close()
        self._hooked = wanted
        for story, pixels in stories.items():
            self._hooks.enter_context(self._sharing(story, pixels, unet, checkpoint))

    @contextmanager
    def _sharing(
        self, story: int, pixels: StoryPixels, unet: Any, checkpoint: str
    ) -> Iterator[None]:
        _check_run(self._p)
        host().check_attention()
        frames = {
            job.frame: place
            for place, job in enumerate(self._jobs)
            if job.story == story and not job.plain
        }
        layers = HostUNet(self._p, unet, pixels, frames)
        key = (story, self._hires, checkpoint)
        if key not in self._shared:
            self._shared[key] = PixelSharing(pixels.graphs[0], layers, self._bank(pixels, layers))
        sharing = self._shared[key]
        sharing.graphs, sharing.layers = pixels.graphs, layers
        with sharing.batch(list(frames), self._begun.get(story)):
            yield
        self._begun[story] = sharing
        for frame in frames:
            for note in dict.fromkeys(note for seen in sharing.seen(frame) for note in seen.notes):
                self._note(f"Frame {frame}{', hires pass' * self._hires}: {note}")

    def _bank(self, pixels: StoryPixels, layers: HostUNet) -> Bank:
        p = self._p
        width, height = (
            (p.hr_upscale_to_x, p.hr_upscale_to_y) if self._hires else (p.width, p.height)
        )
        in_one = all(len(places) == 1 for places in pixels.places)
        needed = story_bytes(
            pixels.graphs[0],
            layers,
            batch_size=p.batch_size if in_one else 1,
            size=(height // _PIXELS_A_LATENT, width // _PIXELS_A_LATENT),
            calls=round(SHARING_CALLS * pixels.last_steps[-1]),
            itemsize=next(layers.module.parameters()).element_size(),
        )
        note = kept_note(needed)
        if note and note not in self._printed:
            self._printed.add(note)
            print(f"Hopping sequence{', hires pass' * self._hires}: {note}")
        return Bank.holding(needed)

    def _skip(self) -> None:
        for job in self._jobs:
            if job.plain or not self._told[job.story, False].shows(job.frame):
                continue
            self._skipped.setdefault(job.story, set()).add(job.frame)
            self._note(f"Frame {job.frame} was skipped, so no later batch sees its pixels.")

    def _note(self, note: str) -> None:
        if note not in self._notes and len(self._notes) < _MOST_NOTES:
            self._notes.append(note)
            self._p.comment(note)


class HostUNet:
    """The host's U-Net as it samples some of one story's frames.

    Attributes:
        module: it itself.
        sharing, mapping: its layers.

    Args:
        frames: for each of the story's frames in the batch, its place there.
    """

    def __init__(
        self, p: Processing, unet: Any, pixels: StoryPixels, frames: dict[int, int]
    ) -> None:
        self.module = unet
        self.sharing, self.mapping = find_layers(unet)
        self._p, self._pixels = p, pixels
        # By place in the batch: which of the story's frames there, and its sub-prompts' places.
        self._frames = {
            place: (n, pixels.places[frame - 1]) for n, (frame, place) in enumerate(frames.items())
        }
        self._step: int | None = None
        self._earlier: list[RowOf] = []  # rows of this step's calls before
        self._count = sum(len(places) for _, places in self._frames.values())

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any], frames: int) -> Call:
        """What the host samples in this call. A step may take it several."""
        given = dict(zip(("x", "timesteps"), args, strict=False)) | kwargs
        x, timesteps = given["x"], given["timesteps"]
        sampler = self._p.sampler
        step = sampler.model_wrap_cfg.step
        begins = step != self._step
        if begins:
            self._step, self._earlier = step, []
        _check_patches(kwargs.get("transformer_options") or {})
        told = host().rows(sampler, kwargs, len(x), self._earlier)
        self._earlier += told
        rows = []
        for number, row in enumerate(told):
            if row is None or row[0] not in self._frames:
                continue
            frame, places = self._frames[row[0]]
            if row[1] < len(places):
                rows.append(Row(number, frame, places[row[1]]))
        return Call(
            timestep=float(torch.as_tensor(timesteps).flatten()[0]),
            size=(x.shape[-2], x.shape[-1]),
            rows=tuple(rows),
            begins=begins,
            whole=len(rows) == self._count or self._count == frames,
            graph=self._pixels.at(step),
        )


def _check_run(p: Processing) -> None:
    """Raise HoppingError for what the host itself would do to the pixels, and is known before."""
    for hires in (False, True)[: 1 + bool(getattr(p, "enable_hr", False))]:
        if p.get_token_merging_ratio(for_hr=hires):
            raise merged_pixels("Token merging (Settings → Optimizations)")
    for name in (p.sampler_name, getattr(p, "hr_sampler_name", None)):
        if name in _ADAPTIVE:
            raise HoppingError(
                f"{name} takes other steps for every batch, so a later frame cannot see what an "
                "earlier one was at the same step; use another sampler, or pixels=off"
            )
    found = script_of(p, "ControlNet")
    for unit in found[1] if found else ():
        get = (
            unit.get if isinstance(unit, dict) else lambda name, unit=unit: getattr(unit, name, "")
        )
        if get("enabled") and str(get("module")).startswith("reference"):
            raise HoppingError(
                "ControlNet's reference shares pixels in the same layers of the U-Net; choose "
                "another module there, or use pixels=off"
            )


def _check_patches(options: dict[str, Any]) -> None:
    """Raise HoppingError for what Forge's kin let an extension put in the attention's place."""
    patches, replaced = options.get("patches", {}), options.get("patches_replace", {})
    for name, there in (
        ("self-attention", patches.get("attn1_patch") or replaced.get("attn1")),
        ("cross-attention", replaced.get("attn2")),
    ):
        if there:
            function = next(iter(there.values())) if isinstance(there, dict) else there[0]
            who = str(getattr(function, "__module__", type(function).__module__))
            raise HoppingError(
                f"an extension ({who}) puts its own {name} into the U-Net, in which pixels would "
                "be shared; switch it off (StyleAlign, HyperTile, IP-Adapter, ControlNet's "
                "reference, PAG and SAG do so), or use pixels=off"
            )
