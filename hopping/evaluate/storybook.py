"""Does hopping help, and when? Stories of the storybook world, judged by its oracle.

Every method draws the same stories from the same noise, one noise for all frames of a story. What
the oracle sees is kept picture by picture; `results.py` makes scores of it. A stopped measurement
goes on where it was, and all methods have drawn the same stories whenever it stops.
"""

# diffusers' classes come without types: mypy cannot see what they have.
# mypy: disable-error-code="attr-defined, arg-type"
from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from hopping.evaluate.measurements import read_lines
from hopping.evaluate.methods import (
    CEILING,
    METHODS,
    TextSide,
    first_is_given,
    pixels_seen,
    same_noise,
)
from hopping.evaluate.stories import StoryCase
from hopping.pixels import Bank, PixelGraph, PixelLink, PixelSharing, unet_layers
from hopping.storybook.model import GUIDANCE, STEPS
from hopping.storybook.oracle import Oracle, Verdict, judge
from hopping.storybook.scene import Scene
from hopping.storybook.train_vae import reconstruct
from hopping.storybook.world import draw
from hopping.studio.given_pictures import GivenPictures

BATCH, GPU_BATCH = 16, 256
"""Pictures sampled at once; on one CPU thread larger batches are no faster."""

_BATCHES_AT_ONCE = 4


@dataclass
class Progress:
    """How far one worker is: stories and sampled pictures, and when it began."""

    stories: int = 0
    pictures: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def pace(self) -> float:
        """Pictures per second."""
        return self.pictures / max(time.monotonic() - self.began, 1e-9)


def noise_seed(story: int, seed: int, frame: int = 0) -> int:
    """The seed of a story's noise, the same for every method, or of a later `frame`'s own."""
    return story * 1_009 + seed + frame * 1_000_003


def measure(
    pipeline: Any,
    oracle: Oracle,
    cases: Sequence[StoryCase],
    methods: Sequence[str],
    seeds: int,
    folder: Path,
    *,
    rank: int = 0,
    batch: int = BATCH,
    dtype: torch.dtype = torch.float32,
    told: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Append every missing line of `cases` to ``folder/seen-RANK.jsonl``.

    Pictures of several stories are sampled together, so that batches are full.

    Args:
        pipeline: The model, on the device where it shall sample.
        oracle: Judges its pictures, on the same device.
        cases: The stories; workers share a folder and take different ones.
        methods: Of `methods.NAMES`.
        seeds: Noises for each story.
        folder: Where results are kept.
        rank: Which worker this is.
        batch: Pictures sampled at once.
        dtype: What the model computes in.
        told: Called behind every few batches.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = {line.key for line in read_lines(folder)}
    artist = _Artist(pipeline, oracle, batch, dtype)
    with (folder / f"seen-{rank}.jsonl").open("a", encoding="utf-8") as results:
        if results.tell():
            results.write("\n")  # behind a line that a stop may have torn
        pending: list[_Pending] = []
        for number, case in enumerate(cases, start=1):
            for method in methods:
                missing = {seed for seed in range(seeds) if (method, case.number, seed) not in done}
                pending += artist.plan(method, case, sorted(missing))
            panels = {digest: panel for one in pending for digest, panel in one.panels.items()}
            if sum(
                len(panel.pictures) for panel in panels.values()
            ) >= batch * _BATCHES_AT_ONCE or number == len(cases):
                _see(artist, pending, results)
                pending = []
                artist.progress.stories = number
                told(artist.progress)


def _see(artist: _Artist, pending: Sequence[_Pending], results: TextIO) -> None:
    seen = artist.see({digest: p for one in pending for digest, p in one.panels.items()})
    for one in pending:
        line = {"method": one.method, "story": one.story, "seed": one.seed}
        line["seen"] = [seen[key] for key in one.frames]
        results.write(json.dumps(line, separators=(",", ":")) + "\n")
    results.flush()


@dataclass(frozen=True)
class _Picture:
    """One picture of a panel: its noise, what conditions it, and what it is, where it is given."""

    noise: int
    condition: Tensor | Scene
    given: Scene | None = None

    @property
    def digest(self) -> str:
        """The same for what is the same."""
        if isinstance(self.condition, Scene):
            content = repr(self.condition).encode()
        else:
            content = self.condition.detach().float().contiguous().numpy().tobytes()
        return f"{self.noise} {hashlib.sha256(content).hexdigest()} {self.given or ''}"


@dataclass(frozen=True)
class _Panel:
    """Pictures that are sampled together: one, or those of a story that see each other."""

    pictures: tuple[_Picture, ...]
    graph: PixelGraph = ((),)

    @property
    def digest(self) -> str:
        """The same for what is the same."""
        return repr(([picture.digest for picture in self.pictures], self.graph))


_Key = tuple[str, int]
"""Of a picture: its panel's digest, and its place there, from 0."""


@dataclass(frozen=True)
class _Pending:
    """A line to write once its pictures are seen: the frames' keys, and the panels by digest."""

    method: str
    story: int
    seed: int
    frames: tuple[_Key, ...]
    panels: dict[str, _Panel]


class _Artist:
    """Samples each different picture once: hopping's first frames, for one, are all plain's."""

    def __init__(self, pipeline: Any, oracle: Oracle, batch: int, dtype: torch.dtype) -> None:
        self._pipeline, self._oracle, self._batch, self._dtype = pipeline, oracle, batch, dtype
        for module in (pipeline.unet, pipeline.vae):
            module.to(memory_format=torch.channels_last)
        self._side = text_side(pipeline)
        self.progress = Progress()

    def plan(self, method: str, case: StoryCase, seeds: Sequence[int]) -> list[_Pending]:
        """The lines of a story by a method, one for each seed."""
        conditions: list[Tensor | Scene]
        if not seeds:
            return []
        graph: PixelGraph = ((),) * len(case.shots)
        if method == CEILING:
            conditions = [shot.truth for shot in case.shots]
        else:
            conditions = list(METHODS[method](self._side, case.shots))
            graph = pixels_seen(METHODS[method], self._side, case.shots)
        lines = []
        for seed in seeds:
            given = first_given(method, case)
            pictures = tuple(map(_Picture, noises(method, case, seed), conditions, given))
            if any(graph):
                panels = [_Panel(pictures, graph)]
            else:
                panels = [_Panel((picture,)) for picture in pictures]
            digests = [panel.digest for panel in panels]
            keys = tuple(
                (digest, place)
                for digest, panel in zip(digests, panels, strict=True)
                for place in range(len(panel.pictures))
            )
            found = dict(zip(digests, panels, strict=True))
            lines.append(_Pending(method, case.number, seed, keys, found))
        return lines

    def see(self, wanted: dict[str, _Panel]) -> dict[_Key, Any]:
        """What the oracle sees in each picture, as lists that JSON holds."""
        seen: dict[_Key, Any] = {}
        for kind, paint in ((Tensor, self._sampled), (Scene, self._drawn)):
            panels = {
                digest: panel
                for digest, panel in wanted.items()
                if isinstance(panel.pictures[0].condition, kind)
            }
            for part in _batches(panels, self._batch):
                keys = [(key, n) for key in part for n in range(len(panels[key].pictures))]
                verdicts = judge(self._oracle, paint([panels[key] for key in part]))
                seen.update(zip(keys, map(_as_lists, verdicts), strict=True))
        return seen

    def _sampled(self, panels: list[_Panel]) -> Tensor:
        pictures: list[Any] = [picture for panel in panels for picture in panel.pictures]
        graph: PixelGraph = ()
        for panel in panels:
            graph += shifted(panel.graph, len(graph))
        self.progress.pictures += len(pictures)
        embeddings = torch.stack([picture.condition for picture in pictures])
        seeds = [picture.noise for picture in pictures]
        given = [picture.given for picture in pictures]
        return sample_frames(self._pipeline, embeddings, seeds, graph, self._dtype, given)

    @torch.no_grad()
    def _drawn(self, panels: list[_Panel]) -> Tensor:
        vae = self._pipeline.vae
        wanted: list[Any] = [picture for panel in panels for picture in panel.pictures]
        images = [drawn(one.condition, one.noise) for one in wanted]
        pixels = torch.stack([_pixels(image) for image in images])
        return reconstruct(vae, pixels.to(vae.device)).float()


def _batches(panels: dict[str, _Panel], size: int) -> Iterator[list[str]]:
    """Digests, in parts of at most `size` pictures; a panel is never cut."""
    part: list[str] = []
    count = 0
    for digest, panel in panels.items():
        if part and count + len(panel.pictures) > size:
            yield part
            part, count = [], 0
        part.append(digest)
        count += len(panel.pictures)
    if part:
        yield part


def shifted(graph: PixelGraph, by: int) -> PixelGraph:
    """A story's graph where its frames stand behind `by` others."""
    return tuple(
        tuple(
            PixelLink(replace(link.source, frame=link.source.frame + by), link.own)
            for link in links
        )
        for links in graph
    )


def text_side(pipeline: Any) -> TextSide:
    """The pipeline's text encoder, on the CPU: it is small, and embeddings the same everywhere."""
    return TextSide(deepcopy(pipeline.text_encoder).cpu(), pipeline.tokenizer)


def noises(method: str, case: StoryCase, seed: int) -> list[int]:
    """The seed of each frame's noise: one for all frames, or each its own as the method has it."""
    alike = method == CEILING or same_noise(METHODS[method])
    return [noise_seed(case.number, seed, 0 if alike else n) for n in range(len(case.shots))]


def first_given(method: str, case: StoryCase) -> list[Scene | None]:
    """What each frame's picture is, where a method is given it."""
    given: list[Scene | None] = [None] * len(case.shots)
    if method != CEILING and first_is_given(METHODS[method]):
        given[0] = case.shots[0].truth
    return given


def drawn(scene: Scene, seed: int) -> Image.Image:
    """A scene as the world's own code draws it, its smaller things by this seed."""
    return draw(Scene(scene.place, scene.figures, seed)).image


def _pixels(image: Image.Image) -> Tensor:
    """A picture, from -1 to 1, shape (3, height, width)."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1


@torch.no_grad()
def sample_frames(
    pipeline: Any,
    embeddings: Tensor,
    noises: Sequence[int],
    graph: PixelGraph = (),
    dtype: torch.dtype = torch.float32,
    given: Sequence[Scene | None] = (),
) -> Tensor:
    """A picture for each embedding, from the noise of its seed: -1 to 1, (n, 3, height, width).

    `graph` says which of them see others' pixels, `dtype` what is computed in where rounding does
    little harm. A picture is the same in every batch, up to that rounding. What is `given` is not
    sampled, and seen as it is.
    """
    images = {
        number: drawn(scene, noises[number - 1])
        for number, scene in enumerate(given, start=1)
        if scene is not None
    }
    device = pipeline.unet.device
    shape = (pipeline.unet.config.in_channels, *[pipeline.unet.config.sample_size] * 2)
    latents = torch.stack(
        [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in noises]
    )
    empty = text_side(pipeline).encode([""])
    sharing = PixelSharing(graph, unet_layers(pipeline.unet), Bank()) if any(graph) else None
    rounded = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
    numbers = range(1, len(embeddings) + 1)
    told = GivenPictures(pipeline, images, (pipeline.vae_scale_factor * shape[-1],) * 2)
    with (
        rounded,
        told.batch(numbers, noises),
        sharing.batch(numbers) if sharing else nullcontext(),
    ):
        pictures = pipeline(
            prompt_embeds=embeddings.to(device),
            negative_prompt_embeds=empty.to(device).expand(len(embeddings), -1, -1),
            latents=latents.to(device),
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            output_type="pt",
        ).images
    pictures = pictures.float() * 2 - 1
    for number, image in images.items():
        pictures[number - 1] = _pixels(image)
    return pictures


def _as_lists(verdict: Verdict) -> list[Any]:
    return [verdict.place, [list(asdict(figure).values()) for figure in verdict.figures]]
