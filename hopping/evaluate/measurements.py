"""What a measurement leaves on disk: what the oracle saw, picture by picture, and by what run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path

from hopping.errors import HoppingError
from hopping.evaluate.code import code_fingerprint
from hopping.evaluate.stories import make_stories
from hopping.storybook.model import GUIDANCE, STEPS
from hopping.storybook.oracle import Verdict
from hopping.storybook.scene import Figure

_MEASURES = "hopping.evaluate.storybook"
_RUN_FILE = "run.json"
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


@cache
def _code() -> str:
    return code_fingerprint(_MEASURES)


@cache
def _stories() -> str:
    stories = list(make_stories(_CHECKED_STORIES))
    return hashlib.sha256(repr(stories).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Provenance:
    """What a folder of results was made with; results of other runs must not mix with it.

    Attributes:
        model: The shipped model, or the name of a training run.
        fingerprint: Of its weights.
        passes: Whether the model reaches its bars; only then do scores mean anything.
        dtype: What the model computed in.
        steps, guidance: Sampling.
        stories: Digest of the stories' texts and truths.
        code: Digest of the code that encodes, finds subjects, draws and judges.
    """

    model: str
    fingerprint: str
    passes: bool
    dtype: str = "float32"
    steps: int = STEPS
    guidance: float = GUIDANCE
    stories: str = field(default_factory=_stories)
    code: str = field(default_factory=_code)

    def begin(self, folder: Path) -> None:
        """Write this run into `folder`, or check that the folder holds the same run.

        Raises:
            HoppingError: It holds another.
        """
        file = folder / _RUN_FILE
        if file.is_file():
            before = Provenance.read(folder)
            names = [n for n, value in asdict(self).items() if getattr(before, n) != value]
            if names:
                raise HoppingError(
                    f"{folder} holds results of another run ({', '.join(names)}); "
                    "name another folder with --out"
                )
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> Provenance:
        """The run of a folder of results.

        Raises:
            HoppingError: There is none, or it is of a version that noted other things of it.
        """
        file = folder / _RUN_FILE
        if not file.is_file():
            raise HoppingError(f"no results in {folder}; run `hopping evaluate storybook` first")
        found = json.loads(file.read_text(encoding="utf-8"))
        if set(found) != {row.name for row in fields(Provenance)}:
            raise HoppingError(
                f"{folder} holds results of another version of this program; "
                "name another folder with --out"
            )
        return Provenance(**found)


def read_lines(folder: Path) -> Iterator[Line]:
    """All lines that workers left in `folder`, without those that a stop has torn."""
    for file in sorted(folder.glob("seen-*.jsonl")):
        for text in file.read_text(encoding="utf-8").splitlines():
            if text.endswith("}"):
                method, story, seed, seen = json.loads(text).values()
                verdicts = (Verdict(p, tuple(Figure(*f) for f in figures)) for p, figures in seen)
                yield Line(method, story, seed, tuple(verdicts))
