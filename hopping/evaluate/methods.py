"""The methods that are measured against each other: a story in, one text embedding a frame out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hopping import HoppingError, HoppingOptions, Story, parse_story
from hopping.evaluate.phrasing import Wording

# Names are checked before torch is there: it is imported by what computes.
if TYPE_CHECKING:
    from torch import Tensor, nn

    from hopping.pixels import PixelGraph

# Singular-value reweighting (Liu et al., One-Prompt-One-Story, ICLR 2025). The exponents act on
# singular values as shares of the largest, so that they mean the same for encoders of any scale.
_ENHANCE = 1.0
_WEAKEN = 2.0


@dataclass(frozen=True)
class TextSide:
    """A text encoder with its tokenizer."""

    encoder: nn.Module
    tokenizer: Any

    def encode(self, texts: list[str]) -> Tensor:
        """Plain embeddings of texts, each alone, shape (texts, 77, width)."""
        import torch

        ids = self.tokenizer(
            texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        ).input_ids
        with torch.no_grad():
            return self.encoder(ids.to(next(self.encoder.parameters()).device))[0]

    def count(self, text: str) -> int:
        """How many content tokens a text has."""
        return len(self.tokenizer(text, add_special_tokens=False).input_ids)


Method = Callable[[TextSide, Sequence[Wording]], "Tensor"]
"""Embeddings of a story's frames, shape (frames, 77, width); longer texts have more windows."""


@dataclass(frozen=True)
class Hopping:
    """What this project encodes: some words of each frame, with some options.

    Without hopping (mode `baseline`) it is a rival that differs in its words alone.

    Attributes:
        options: The paper's, or others.
        words: What the frames say, behind the lines of a cast, if there is one.
        same_noise: Whether all frames start from one noise, or each from its own.
        given: Whether the first frame's picture is given: drawn by the world's own code.
    """

    options: HoppingOptions
    words: Callable[[Sequence[Wording]], list[str]]
    same_noise: bool = True
    given: bool = False

    def story(self, shots: Sequence[Wording]) -> Story:
        """The story that is encoded."""
        return parse_story("\n".join(self.words(shots)), cast=self.options.cast)

    def __call__(self, side: TextSide, shots: Sequence[Wording]) -> Tensor:
        """Embeddings of the frames."""
        from hopping import encode_story

        return encode_story(side.encoder, side.tokenizer, self.story(shots), self.options)

    def pixels(self, side: TextSide, shots: Sequence[Wording]) -> PixelGraph:
        """For each frame, whose pixels it sees while it is drawn."""
        from hopping import plan_story

        return plan_story(side.tokenizer, self.story(shots), self.options).pixels


def _own(shots: Sequence[Wording]) -> list[str]:
    return [shot.text for shot in shots]


def _marked(shots: Sequence[Wording]) -> list[str]:
    return [shot.marked for shot in shots]


def _repeated(shots: Sequence[Wording]) -> list[str]:
    return [shot.repeated for shot in shots]


def _repeated_from_before(shots: Sequence[Wording]) -> list[str]:
    """The same, each linked to the frame before it."""
    first, *later = _repeated(shots)
    return [first, *(f"<from:{n}> {text}" for n, text in enumerate(later, start=1))]


def _with_cast(shots: Sequence[Wording]) -> list[str]:
    """The characters in cast lines, and the frames with their bare names."""
    cast = dict(member for shot in shots for member in shot.cast)
    lines = [f"<cast:{name}: {description}>" for name, description in cast.items()]
    return [*lines, *(shot.named for shot in shots)]


def _concatenated(shots: Sequence[Wording]) -> list[str]:
    """All other prompts before the frame's own, as one text."""
    texts = _own(shots)
    return [" ".join([*texts[:n], *texts[n + 1 :], text]) for n, text in enumerate(texts)]


def _hop(
    words: Callable[[Sequence[Wording]], list[str]] = _own,
    preset: str | None = None,
    **options: Any,
) -> Hopping:
    return Hopping(HoppingOptions.from_mapping(options, preset), words)


def one_prompt_one_story(side: TextSide, shots: Sequence[Wording]) -> Tensor:
    """All prompts in one text; for each frame its own part enhanced, the others weakened.

    Text side only: the paper's identity-preserving cross-attention is not part of it. The first
    frame's subject stands for the paper's identity prompt, and is left as it is.
    """
    import torch

    texts = _own(shots)
    identity = shots[0].marked.partition("<share:")[2].partition(">")[0]
    joined = side.encode([" ".join([identity, *texts])])[0]
    spans, at = [], 1 + side.count(identity)
    for text in texts:
        spans.append(torch.arange(at, at + side.count(text)))
        at += len(spans[-1])
    ends = torch.arange(at, len(joined))
    frames = []
    for own in spans:
        frame = joined.clone()
        _reweight(frame, torch.cat([own, ends]), _ENHANCE)
        for other in spans:
            if other is not own:
                _reweight(frame, torch.cat([other, ends]), -_WEAKEN)
        frames.append(frame)
    return torch.stack(frames)


def _reweight(frame: Tensor, rows: Tensor, exponent: float) -> None:
    """Multiply the singular values of some rows of `frame` by exp(exponent · share), in place.

    The share is that of the largest singular value. Enhanced values are scaled back so that the
    largest keeps its size: the strong directions gain on the weak ones.
    """
    import torch

    u, values, vh = torch.linalg.svd(frame[rows].float(), full_matrices=False)
    factors = (exponent * values / values[0]).exp()
    if exponent > 0:
        factors = factors / factors[0]
    frame[rows] = (u @ torch.diag(values * factors) @ vh).to(frame.dtype)


_ALL: dict[str, Any] = {"layout": "windows", "carry": "all"}
_PRESET, _SAME = "Consistent subject", "Same character"
_REPEATED_PIXELS = "attribute repeated + pixels"

_ONE_NOISE: Mapping[str, Method] = {
    "plain": _hop(mode="baseline"),
    "reference": _hop(mode="reference"),
    "paper": _hop(),
    "paper in windows": _hop(layout="windows"),
    "start_token=shared": _hop(start_token="shared"),
    "reach=2": _hop(reach=2),
    "reach=all": _hop(reach="all"),
    "anchor": _hop(anchor=True),
    "share=subject": _hop(share="subject"),
    "anchor + share=subject": _hop(anchor=True, share="subject"),
    "marks by hand": _hop(_marked),
    "carry=all": _hop(**_ALL),
    "carry=all + reach=all": _hop(reach="all", **_ALL),
    "carry=all + anchor": _hop(anchor=True, **_ALL),
    "carry=all + share=subject": _hop(share="subject", **_ALL),
    "carry=all + marks by hand": _hop(_marked, **_ALL),
    _PRESET: _hop(preset=_PRESET),
    f"{_PRESET} × 0.75": _hop(preset=_PRESET, strength=0.75),
    f"{_PRESET} × 0.5": _hop(preset=_PRESET, strength=0.5),
    f"{_PRESET} × 0.25": _hop(preset=_PRESET, strength=0.25),
    "cast said": _hop(_with_cast, preset=_PRESET, cast="said"),
    "cast seen": _hop(_with_cast, preset=_PRESET, cast="seen"),
    "attribute repeated": _hop(_repeated, mode="baseline"),
    "plain + pixels": _hop(mode="baseline", pixels="subject"),
    _REPEATED_PIXELS: _hop(_repeated, mode="baseline", pixels="subject"),
    f"{_REPEATED_PIXELS} of the frame before": _hop(
        _repeated_from_before, mode="baseline", pixels="subject"
    ),
    _SAME: _hop(preset=_SAME),
    f"{_SAME} (pixels=all)": _hop(preset=_SAME, pixels="all"),
    "prompts concatenated": _hop(_concatenated, mode="baseline"),
    "One-Prompt-One-Story": one_prompt_one_story,
}
_GIVEN = (_PRESET, "attribute repeated", _SAME)
_OTHER_NOISES = ("plain", "paper", _PRESET, "attribute repeated", _REPEATED_PIXELS, _SAME)


def _varied(name: str, same_noise: bool = True, given: bool = False) -> Hopping:
    method = _ONE_NOISE[name]
    assert isinstance(method, Hopping)
    return replace(method, same_noise=same_noise, given=given)


METHODS: Mapping[str, Method] = {
    **_ONE_NOISE,
    **{f"{name} (other noises)": _varied(name, same_noise=False) for name in _OTHER_NOISES},
    **{f"{name} (picture given)": _varied(name, given=True) for name in _GIVEN},
}
"""Every method by name. Without other words hopping has the paper's options; the number behind a
preset is its strength; pixels are the subject's, in the frames that introduce it, if not said
otherwise; One-Prompt-One-Story is its text side. With other noises each frame after the first has a
noise of its own; else all of a story's frames have one. With a picture given the first frame is not
made: it is a picture that the world's own code has drawn, and what it shows no prompt can know."""


def pixels_seen(method: Method, side: TextSide, shots: Sequence[Wording]) -> PixelGraph:
    """For each frame of a story, whose pixels it sees by a method."""
    return method.pixels(side, shots) if isinstance(method, Hopping) else ((),) * len(shots)


def first_is_given(method: Method) -> bool:
    """Whether a story's first picture is not made by a method, but given to it."""
    return isinstance(method, Hopping) and method.given


def same_noise(method: Method) -> bool:
    """Whether a method draws all frames of a story from one noise."""
    return not isinstance(method, Hopping) or method.same_noise


CEILING = "drawn truth"
"""Not a method: what the texts mean, drawn by the world's own code and passed through the model's
autoencoder. What the oracle misses there, no method could show it."""

NAMES = (CEILING, *METHODS)
"""What is measured on the storybook world."""

SUITE_METHODS = tuple(
    name for name, method in METHODS.items() if isinstance(method, Hopping) and not method.given
)
"""The methods that any pipeline can run, and whose pictures are all its own. One-Prompt-One-Story
has its own code, and its row in its own paper."""


def parse_methods(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Methods by their names, whatever the case, separated by commas; "all" is every one.

    Raises:
        HoppingError: that lists the names, if one is unknown or there is none.
    """
    names = {name.lower(): name for name in known}
    asked = [part.strip() for part in text.split(",") if part.strip()]
    if [name.lower() for name in asked] == ["all"]:
        return tuple(names.values())
    for name in asked or [""]:
        if name.lower() not in names:
            raise HoppingError(
                f"there is no method {name!r} here; known: {'; '.join(names.values())}"
            )
    return tuple(dict.fromkeys(names[name.lower()] for name in asked))
