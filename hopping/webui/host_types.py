"""The host's own objects, as far as this extension relies on them.

What only some of the hosts have, or only some kinds of a run, is asked for by `getattr`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from PIL import Image
from torch import Tensor


class Processing(Protocol):
    """One run: the host's `StableDiffusionProcessing`, of all hosts the same.

    Attributes:
        n_iter, batch_size, iteration: how many batches of how many pictures; which is next.
        prompts, seeds: the current batch's; `all_…` are the run's.
        sampler: what samples now, once it does.
        script_args: of all scripts, the selected one's number first.
        extra_generation_params: infotext entries; a callable is asked for each picture.
    """

    n_iter: int
    batch_size: int
    iteration: int
    width: int
    height: int
    prompt: Any
    negative_prompt: Any
    styles: list[str]
    enable_hr: bool
    seed: Any
    subseed: Any
    subseed_strength: float
    prompts: list[str]
    seeds: list[int]
    all_prompts: list[str]
    all_negative_prompts: list[str]
    all_seeds: list[int]
    all_subseeds: list[int]
    all_hr_prompts: list[str]
    all_hr_negative_prompts: list[str]
    scripts: Any
    script_args: Any
    extra_generation_params: dict[str, Any]
    extra_network_data: Any
    hr_extra_network_data: Any
    firstpass_image: Any
    sampler: Any
    sampler_name: str
    hr_upscale_to_x: int
    hr_upscale_to_y: int
    truncate_x: int
    truncate_y: int
    outpath_grids: str
    do_not_save_samples: bool
    do_not_save_grid: bool
    user: str | None
    hopping_run: Any

    def get_token_merging_ratio(self, for_hr: bool = False) -> float:
        """How much of the U-Net's pixels ToMe merges."""

    def save_samples(self, *args: Any, **kwargs: Any) -> bool:
        """Whether the pictures of its batch are saved."""

    def comment(self, text: str) -> None:
        """Show `text` below the result."""

    def cached_params(self, *arguments: Any) -> Any:
        """What a conditioning depends on, beside its prompts."""


class Processed(Protocol):
    """What a run gives back: pictures, grids first, and the infotext of each."""

    seed: int
    subseed: int
    all_prompts: list[str]
    all_seeds: list[int]
    all_subseeds: list[int]
    images: list[Image.Image]
    infotexts: list[str]
    index_of_first_image: int
    info: str
    comments: str

    def js(self) -> str:
        """The result's data as JSON, for the API and the page."""


class Inversion(Protocol):
    """A textual inversion: so many vectors stand for one word."""

    name: str
    vectors: int


class Chunk(Protocol):
    """One window of 77 ids, and where in it which inversions go, counted without the start token.

    Attributes:
        fixes: pairs of a place and an `Inversion`.
    """

    tokens: list[int]
    fixes: Sequence[Any]


class TextWrapper(Protocol):
    """What the host puts around a text encoder, by which it encodes a chunk itself."""

    id_start: int
    id_end: int
    id_pad: int

    def encode_with_transformers(self, tokens: Tensor) -> Tensor:
        """Ids (rows, 77) → hidden states, with the pooled one as attribute `pooled` for SDXL."""


class Cutter(Protocol):
    """Cuts a text into chunks."""

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        """The ids of texts, without start and end."""

    def tokenize_line(self, line: str) -> tuple[list[Chunk], int]:
        """A prompt's chunks, and how many tokens it has."""


class Inversions(Protocol):
    """The textual inversions that are loaded."""

    def find_embedding_at_position(
        self, tokens: list[int], offset: int
    ) -> tuple[Inversion | None, int | None]:
        """The one whose words begin there, and how many ids these take."""


class FixSlot(Protocol):
    """Where the host looks for the inversions that its next pass puts into each of its rows."""

    fixes: Sequence[Sequence[tuple[int, Inversion]]] | None
