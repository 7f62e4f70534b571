"""Make a CLIP text encoder attend by a given visibility, for the length of one `with` block.

The projections stay the layer's own; what is made of queries, keys and values is computed here, so
that a visibility means the same in every library, attention implementation, precision and device.
When the block ends, however it ends, no hook is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .errors import EncoderError

_KEYS_AT_ONCE = 1 << 14
"""How many keys are gathered at once, over all rows: this bounds what a long context takes."""


@dataclass(frozen=True)
class Sight:
    """What some rows of a batch see: the context's tokens, their own, and other rows'.

    Attributes:
        rows: which rows, shape (n,).
        keys: for each row the tokens that are its keys, shape (n, keys). They are counted through
            the context's tokens, then the batch's own, row after row.
        visible: bool, shape (n, tokens, keys), True where a row's token sees a key. A token that
            sees none attends to all of its row's keys alike, as under a mask that is added (so it
            is with the released code's separators).
    """

    rows: Tensor
    keys: Tensor
    visible: Tensor


Watch = Callable[[Tensor, Tensor], None]
"""Called in each layer with rows of the batch, and their weights (rows, heads, tokens, keys)."""


class _Layer(Protocol):
    """One attention layer of a text encoder, whichever library it is of."""

    @property
    def module(self) -> nn.Module: ...

    @property
    def heads(self) -> int: ...

    @property
    def batch_first(self) -> bool: ...

    def project(self, own: Tensor, all_tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries of the first, keys and values of the second; (tokens, width) each."""

    def output(self, mixed: Tensor) -> Tensor:
        """The output projection."""


class _ProjectedLayer:
    """`CLIPAttention` of transformers and of ComfyUI (reForge's ldm_patched)."""

    batch_first = True

    def __init__(self, module: Any) -> None:
        self.module = module
        self.heads: int = module.num_heads if hasattr(module, "num_heads") else module.heads

    def project(self, own: Tensor, all_tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        module = self.module
        return module.q_proj(own), module.k_proj(all_tokens), module.v_proj(all_tokens)

    def output(self, mixed: Tensor) -> Tensor:
        return self.module.out_proj(mixed)


class _OpenClipLayer:
    """`nn.MultiheadAttention` of OpenCLIP, whose projections are weights and no modules."""

    def __init__(self, module: nn.MultiheadAttention) -> None:
        self.module = module
        self.heads, self.batch_first = module.num_heads, module.batch_first

    def project(self, own: Tensor, all_tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        weights = self.module.in_proj_weight.to(own.dtype).chunk(3)
        bias = self.module.in_proj_bias
        biases = [None] * 3 if bias is None else bias.to(own.dtype).chunk(3)
        query, key, value = map(
            nn.functional.linear, (own, all_tokens, all_tokens), weights, biases
        )
        return query, key, value

    def output(self, mixed: Tensor) -> Tensor:
        projection = self.module.out_proj
        bias = None if projection.bias is None else projection.bias.to(mixed.dtype)
        return nn.functional.linear(mixed, projection.weight.to(mixed.dtype), bias)


@contextmanager
def attend(
    text_encoder: nn.Module,
    visible: Tensor | Sequence[Sight] | None = None,
    context: Sequence[Tensor] | None = None,
    keep: Tensor | None = None,
    watch: Watch | None = None,
) -> Iterator[list[Tensor]]:
    """While the block runs, `text_encoder` attends by `visible` instead of causally.

    Args:
        text_encoder: a CLIP text encoder of transformers (4.30 to 5), OpenCLIP or ComfyUI.
        visible: what the batch's rows see, each row in one sight. Or a mask, bool, shape (tokens,
            keys) for every row alike or (rows, tokens, keys), where a row's keys are the context's
            tokens, then its own. None leaves attention as it is, to record only.
        context: tokens from outside the batch, per layer as such a block has recorded them, shape
            (context tokens, width). A host that skips the last layers records so many fewer.
        keep: which of the batch's tokens are recorded, counted row after row; all by default.
        watch: is told the weights.

    Yields:
        The record: after the encoder has run, per layer that ran the hidden states that went into
        its attention, shape (rows, tokens, width), or with `keep` (kept tokens, width).

    Raises:
        EncoderError: for a text encoder that is not known, before anything is computed.
    """
    run = _Pass(visible, context, keep, watch)
    with ExitStack() as hooks:
        for index, layer in enumerate(_attention_layers(text_encoder)):
            run.hook(index, layer, hooks)
        if visible is not None:
            _set_projection_apart(text_encoder, hooks)
        yield run.record


@contextmanager
def rows_apart(text_encoder: nn.Module) -> Iterator[None]:
    """While the block runs on a CPU, each row's own attention is computed as if it were alone.

    There the rest of an encoder makes the same of a row in every batch, to the last bit; products
    of batches need not (OpenCLIP since 2.24, transformers' eager attention in fp16), nor does the
    projection of pooled outputs, whose rows are few. A GPU chooses its kernels by the size of the
    batch everywhere, and is left to do so.
    """
    with ExitStack() as hooks:
        for layer in _attention_layers(text_encoder):
            _set_apart(layer.module, 0 if layer.batch_first else 1, hooks)
        _set_projection_apart(text_encoder, hooks)
        yield


class MeanWeights:
    """A watch that keeps the weights' mean over layers and heads."""

    def __init__(self) -> None:
        self._found: dict[int, list[Tensor]] = {}

    def __call__(self, rows: Tensor, weights: Tensor) -> None:
        for row, of_row in zip(rows.tolist(), weights.mean(dim=1), strict=True):
            self._found.setdefault(row, []).append(of_row)

    def of(self, row: int) -> Tensor:
        """What the tokens of a row of the batch attend to: shape (tokens, keys)."""
        return torch.stack(self._found[row]).mean(dim=0)


def attention_depth(text_encoder: nn.Module) -> int:
    """Number of attention layers. Raises EncoderError for a text encoder that is not known."""
    return len(_attention_layers(text_encoder))


class _Pass:
    """What the layers of an encoder do in one block."""

    def __init__(
        self,
        visible: Tensor | Sequence[Sight] | None,
        context: Sequence[Tensor] | None,
        keep: Tensor | None,
        watch: Watch | None,
    ) -> None:
        self.record: list[Tensor] = []
        self._visible, self._context, self._keep, self._watch = visible, context, keep, watch
        self._parts: list[_Part] = []

    def hook(self, index: int, layer: _Layer, hooks: ExitStack) -> None:
        """Record a layer's inputs, and put the result in the place of its own.

        The layer itself runs over one token, since that is when hosts put LoRA into its weights.
        """
        waiting: list[Tensor] = []

        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            given = _tokens(args, kwargs)
            hidden = given if layer.batch_first else given.transpose(0, 1)
            self._record(index, hidden)
            if self._visible is None:
                return None
            waiting[:] = [hidden]

            def shortened(argument: Any) -> Any:
                if isinstance(argument, Tensor):  # the tokens, or a mask
                    return given[:1, :1] if argument is given else None
                return argument

            return _changed(args, kwargs, shortened)

        def after(_: nn.Module, __: tuple[Any, ...], output: Any) -> Any:
            if self._visible is None:
                return None
            mixed = self._attend(index, layer, waiting.pop())
            mixed = mixed if layer.batch_first else mixed.transpose(0, 1)
            return (mixed, *output[1:]) if isinstance(output, tuple) else mixed

        _hook(layer.module, before, after, hooks)

    def _record(self, index: int, hidden: Tensor) -> None:
        del self.record[index:]  # a second pass in the block begins a new record
        if self._keep is not None:
            hidden = hidden.flatten(0, 1)[self._keep.to(hidden.device)]
        self.record.append(hidden)

    def _attend(self, index: int, layer: _Layer, hidden: Tensor) -> Tensor:
        """Eq. (6), and the output projection: (rows, tokens, width) → the same."""
        tokens = own = hidden.flatten(0, 1)
        if self._context is not None:
            if index >= len(self._context):
                raise ValueError(
                    f"layer {index + 1} runs, but the context was recorded over "
                    f"{len(self._context)} layers"
                )
            tokens = torch.cat([self._context[index].to(own), own])
        if index == 0:
            sights = self._visible
            if isinstance(sights, Tensor):
                sights = [_one_sight(sights, hidden.shape[:2], len(tokens) - len(own))]
            self._parts = [part for s in sights or () for part in _parts(s, hidden.device)]
        queries, keys, values = layer.project(own, tokens)
        queries = queries.view(*hidden.shape[:2], -1)
        mixed = torch.empty_like(queries)
        for part in self._parts:
            mixed[part.rows] = part.attend(queries, keys, values, layer.heads, self._watch)
        return layer.output(mixed)


@dataclass(frozen=True)
class _Part:
    """As much of a sight as is computed at once. `blind`: the tokens that see no key, if any."""

    rows: Tensor
    keys: Tensor
    visible: Tensor
    blind: Tensor | None

    def attend(
        self, queries: Tensor, keys: Tensor, values: Tensor, heads: int, watch: Watch | None
    ) -> Tensor:
        """What the part's rows attend to, shape (n, tokens, width).

        Args:
            queries: of all rows, shape (rows, tokens, width).
            keys, values: of the context's tokens and all rows', shape (tokens, width).
        """
        query = queries[self.rows]
        if self.blind is not None:
            # Equal scores make equal weights on every backend; a row of nothing but the mask's
            # least value does not.
            query = query.masked_fill(self.blind[..., None], 0)
        query, key, value = (
            tokens.unflatten(-1, (heads, -1)).transpose(1, 2)
            for tokens in (query, keys[self.keys], values[self.keys])
        )  # (n, heads, tokens or keys, width / heads)
        visible = self.visible[:, None]
        if watch is not None:
            scores = (query @ key.transpose(-1, -2)).float() * query.shape[-1] ** -0.5
            watch(self.rows, scores.masked_fill(~visible, -torch.inf).softmax(dim=-1))
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, visible)
        return mixed.transpose(1, 2).flatten(2)


def _parts(sight: Sight, device: torch.device) -> Iterator[_Part]:
    blind = ~sight.visible.any(dim=-1)
    visible = sight.visible | blind[..., None]
    at_once = max(1, _KEYS_AT_ONCE // sight.keys.shape[1])
    for rows, keys, seen, none in zip(
        *(whole.to(device).split(at_once) for whole in (sight.rows, sight.keys, visible, blind)),
        strict=True,
    ):
        yield _Part(rows, keys, seen, none if blind.any() else None)


def _set_projection_apart(text_encoder: nn.Module, hooks: ExitStack) -> None:
    projection = getattr(text_encoder, "text_projection", None)
    if isinstance(projection, nn.Module):  # not OpenCLIP's, a bare parameter
        _set_apart(projection, 0, hooks)


def _set_apart(module: nn.Module, dim: int, hooks: ExitStack) -> None:
    """Let a module run row by row, whose rows stand in dimension `dim`."""
    others: list[_Call] = []

    def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call | None:
        given = _tokens(args, kwargs)
        if given.device.type != "cpu":
            return None

        def alone(n: int) -> _Call:
            row = given.narrow(dim, n, 1).contiguous()

            def of_row(argument: Any) -> Any:
                if argument is given:
                    return row
                each = isinstance(argument, Tensor) and argument.dim() == 4  # a mask for each row
                return argument[n : n + 1] if each and len(argument) > 1 else argument

            return _changed(args, kwargs, of_row)

        first, *others[:] = map(alone, range(given.shape[dim]))
        return first

    def after(module: nn.Module, _: tuple[Any, ...], output: Any) -> Any:
        if not others:
            return None
        outputs = [output, *(module.forward(*args, **kwargs) for args, kwargs in others)]
        others.clear()
        if isinstance(output, tuple):
            return (torch.cat([first for first, *_ in outputs], dim), *output[1:])
        return torch.cat(outputs, dim)

    _hook(module, before, after, hooks)


def _hook(
    module: nn.Module, before: Callable[..., Any], after: Callable[..., Any], hooks: ExitStack
) -> None:
    hooks.callback(module.register_forward_pre_hook(before, with_kwargs=True).remove)
    hooks.callback(module.register_forward_hook(after).remove)


_Call = tuple[tuple[Any, ...], dict[str, Any]]


def _tokens(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """What a layer attends over: in every library the first tensor that it is given."""
    return next(a for a in (*args, *kwargs.values()) if isinstance(a, Tensor))


def _changed(args: tuple[Any, ...], kwargs: dict[str, Any], change: Callable[[Any], Any]) -> _Call:
    return tuple(map(change, args)), {name: change(value) for name, value in kwargs.items()}


def _one_sight(visible: Tensor, batch: Sequence[int], joined: int) -> Sight:
    """One mask for all rows: each row's keys are the context's tokens, then its own."""
    rows, tokens = batch
    own = joined + torch.arange(rows * tokens).view(rows, tokens)
    keys = torch.cat([torch.arange(joined).expand(rows, -1), own], dim=1)
    return Sight(torch.arange(rows), keys, visible.expand(rows, -1, -1))


def _attention_layers(text_encoder: nn.Module) -> Sequence[_Layer]:
    """Finds the layers by what the modules offer; no library is imported."""
    tower = getattr(text_encoder, "text_model", text_encoder)  # transformers 5 has no text_model
    blocks = getattr(getattr(tower, "encoder", None), "layers", None)
    if blocks is not None and all(_has_projections(block) for block in blocks):
        return [_ProjectedLayer(block.self_attn) for block in blocks]
    tower = getattr(text_encoder, "text", text_encoder)  # OpenCLIP's CustomTextCLIP
    blocks = getattr(getattr(tower, "transformer", None), "resblocks", None)
    if blocks is not None and all(
        isinstance(getattr(block, "attn", None), nn.MultiheadAttention) for block in blocks
    ):
        return [_OpenClipLayer(block.attn) for block in blocks]
    raise EncoderError(
        f"{type(text_encoder).__name__} is not a CLIP text encoder that can be hopped; known are "
        "transformers' CLIPTextModel and OpenCLIP's text transformer (SD 1.x, SD 2.x and SDXL)"
    )


def _has_projections(block: nn.Module) -> bool:
    attention = getattr(block, "self_attn", None)
    return all(hasattr(attention, name) for name in ("q_proj", "k_proj", "v_proj", "out_proj"))
