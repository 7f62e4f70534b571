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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
from torch import Tensor

from hopping.errors import HoppingError
from hopping.evaluate.methods import CEILING, METHODS, TextSide
from hopping.evaluate.stories import StoryCase, make_stories
from hopping.storybook.loop import fast_math
from hopping.storybook.model import GUIDANCE, STEPS
from hopping.storybook.oracle import Oracle, Verdict, judge
from hopping.storybook.scene import Figure, Scene
from hopping.storybook.train_vae import reconstruct
from hopping.storybook.world import draw

BATCH = 32
"""Pictures sampled at once; on one CPU thread larger batches are no faster."""

_RUN_FILE = "run.json"
_STORIES_AT_ONCE = 8
_CHECKED_STORIES = 30


@dataclass(frozen=True)
class Line:
    """What the oracle saw in the pictures of one story, method and noise."""

    method: str
    story: int
    seed: int
    verdicts: tuple[Verdict, ...]

    @property
    def key(self) -> tuple[str, int, int]:
        """What tells lines apart."""
        return self.method, self.story, self.seed


@dataclass
class Progress:
    """How far one worker is: stories, sampled pictures and the CPU seconds of its process."""

    stories: int = 0
    pictures: int = 0
    seconds: float = field(default_factory=time.process_time)

    @property
    def pace(self) -> float:
        """Pictures per minute of CPU time."""
        return 60 * self.pictures / max(time.process_time() - self.seconds, 1e-9)


@dataclass(frozen=True)
class Run:
    """What a folder of results was made with; results of other runs must not mix with it.

    Attributes:
        model: The shipped model, or the name of a training run.
        fingerprint: Of its weights.
        passes: Whether the model reaches its bars; only then do scores mean anything.
        steps, guidance: Sampling.
        stories: Digest of the stories' texts and truths.
    """

    model: str
    fingerprint: str
    passes: bool
    steps: int = STEPS
    guidance: float = GUIDANCE
    stories: str = field(default_factory=lambda: _digest(list(make_stories(_CHECKED_STORIES))))

    def begin(self, folder: Path) -> None:
        """Write this run into `folder`, or check that the folder holds the same run.

        Raises:
            HoppingError: It holds another.
        """
        file = folder / _RUN_FILE
        if file.is_file():
            before = Run.read(folder)
            names = [n for n, value in asdict(self).items() if getattr(before, n) != value]
            if names:
                raise HoppingError(
                    f"{folder} holds results of another run ({', '.join(names)}); "
                    "name another folder with --out"
                )
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> Run:
        """The run of a folder of results.

        Raises:
            HoppingError: There is none.
        """
        file = folder / _RUN_FILE
        if not file.is_file():
            raise HoppingError(f"no results in {folder}; run `hopping evaluate storybook` first")
        return Run(**json.loads(file.read_text(encoding="utf-8")))


def read_lines(folder: Path) -> Iterator[Line]:
    """All lines that workers left in `folder`, without those that a stop has torn."""
    for file in sorted(folder.glob("seen-*.jsonl")):
        for text in file.read_text(encoding="utf-8").splitlines():
            if text.endswith("}"):
                method, story, seed, seen = json.loads(text).values()
                verdicts = (Verdict(p, tuple(Figure(*f) for f in figures)) for p, figures in seen)
                yield Line(method, story, seed, tuple(verdicts))


def noise_seed(story: int, seed: int) -> int:
    """The seed of a story's one noise, the same for every method."""
    return story * 1_009 + seed


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
    told: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Append every missing line of `cases` to ``folder/seen-RANK.jsonl``.

    Args:
        pipeline: The model, on the device where it shall sample.
        oracle: Judges its pictures, on the CPU.
        cases: The stories; workers share a folder and take different ones.
        methods: Of `methods.NAMES`.
        seeds: Noises for each story.
        folder: Where results are kept.
        rank: Which worker this is.
        batch: Pictures sampled at once.
        told: Called behind every few stories.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = {line.key for line in read_lines(folder)}
    artist = _Artist(pipeline, oracle, batch)
    with (folder / f"seen-{rank}.jsonl").open("a", encoding="utf-8") as results:
        if results.tell():
            results.write("\n")  # behind a line that a stop may have torn
        for start in range(0, len(cases), _STORIES_AT_ONCE):
            part = cases[start : start + _STORIES_AT_ONCE]
            _measure_some(artist, part, methods, seeds, done, results)
            artist.progress.stories = start + len(part)
            told(artist.progress)


def _measure_some(
    artist: _Artist,
    cases: Sequence[StoryCase],
    methods: Sequence[str],
    seeds: int,
    done: set[tuple[str, int, int]],
    results: TextIO,
) -> None:
    pending: list[tuple[str, int, int, list[_Key]]] = []
    wanted: dict[_Key, Tensor | Scene] = {}
    for case in cases:
        for method in methods:
            missing = [seed for seed in range(seeds) if (method, case.number, seed) not in done]
            if not missing:
                continue
            frames = artist.frames(method, case)
            for seed in missing:
                noise = noise_seed(case.number, seed)
                keys = [(noise, digest) for digest, _ in frames]
                wanted.update(zip(keys, (frame for _, frame in frames), strict=True))
                pending.append((method, case.number, seed, keys))
    seen = artist.see(wanted)
    for method, story, seed, keys in pending:
        line = {"method": method, "story": story, "seed": seed, "seen": [seen[k] for k in keys]}
        results.write(json.dumps(line, separators=(",", ":")) + "\n")
    results.flush()


_Key = tuple[int, str]
"""Of a picture: its noise, and a digest of what conditions it."""


class _Artist:
    """Samples each different picture once: hopping's first frames, for one, are all plain's."""

    def __init__(self, pipeline: Any, oracle: Oracle, batch: int) -> None:
        self._pipeline, self._oracle, self._batch = pipeline, oracle, batch
        self._side = TextSide(pipeline.text_encoder, pipeline.tokenizer)
        self.progress = Progress()

    def frames(self, method: str, case: StoryCase) -> list[tuple[str, Tensor | Scene]]:
        """What conditions each frame of a story, with its digest."""
        if method == CEILING:
            return [(repr(shot.truth), shot.truth) for shot in case.shots]
        embeddings = METHODS[method](self._side, case.shots)
        return [(_digest_tensor(frame), frame) for frame in embeddings]

    def see(self, wanted: dict[_Key, Tensor | Scene]) -> dict[_Key, Any]:
        """What the oracle sees in each picture, as lists that JSON holds."""
        seen: dict[_Key, Any] = {}
        keys = {
            kind: [key for key, value in wanted.items() if isinstance(value, kind)]
            for kind in (Tensor, Scene)
        }
        for kind, paint in ((Tensor, self._sampled), (Scene, self._drawn)):
            for start in range(0, len(keys[kind]), self._batch):
                part = keys[kind][start : start + self._batch]
                verdicts = judge(self._oracle, paint([(wanted[k], k[0]) for k in part]))
                seen.update(zip(part, map(_as_lists, verdicts), strict=True))
        return seen

    def _sampled(self, frames: list[tuple[Any, int]]) -> Tensor:
        embeddings = torch.stack([embedding for embedding, _ in frames])
        self.progress.pictures += len(frames)
        return sample_frames(self._pipeline, embeddings, [noise for _, noise in frames])

    @torch.no_grad()
    def _drawn(self, frames: list[tuple[Any, int]]) -> Tensor:
        vae = self._pipeline.vae
        pictures = [
            np.asarray(draw(Scene(scene.place, scene.figures, noise)).image)
            for scene, noise in frames
        ]
        pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
        return reconstruct(vae, pixels.to(vae.device)).float().cpu()


@torch.no_grad()
def sample_frames(pipeline: Any, embeddings: Tensor, noises: Sequence[int]) -> Tensor:
    """A picture for each embedding, from the noise of its seed: -1 to 1, (n, 3, height, width)."""
    shape = (pipeline.unet.config.in_channels, *[pipeline.unet.config.sample_size] * 2)
    latents = torch.stack(
        [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in noises]
    )
    empty = TextSide(pipeline.text_encoder, pipeline.tokenizer).encode([""])
    with fast_math(embeddings.device):
        pictures = pipeline(
            prompt_embeds=embeddings,
            negative_prompt_embeds=empty.expand(len(embeddings), -1, -1),
            latents=latents.to(embeddings.device, embeddings.dtype),
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            output_type="pt",
        ).images
    return pictures.float().cpu() * 2 - 1


def _as_lists(verdict: Verdict) -> list[Any]:
    return [verdict.place, [list(asdict(figure).values()) for figure in verdict.figures]]


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]


def _digest_tensor(tensor: Tensor) -> str:
    values = tensor.detach().float().cpu().contiguous().numpy()
    return hashlib.sha256(values.tobytes()).hexdigest()
