"""Make a CLIP text encoder attend by a given visibility, for the length of one `with` block.

It works at the inputs of the attention layers, the one place that all libraries share: the mask is
exchanged there, and tokens from outside the row (the context of earlier frames) join as further
keys and values. No mask builder of a library is touched, and when the block ends, however it ends,
no hook is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from inspect import signature
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .errors import EncoderError


class _Layer(Protocol):
    """One attention layer of a text encoder, whichever library it is of."""

    @property
    def module(self) -> nn.Module: ...

    def inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """The hidden states that the layer attends over, shape (rows, tokens, width)."""

    def exchange(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], visible: Tensor, context: Tensor | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The layer's arguments, with the mask exchanged and the context joined."""

    def result(self, output: Any, joined: int) -> Any:
        """The layer's output without the first `joined` tokens, where they were made queries."""

    def project(self, queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor, int]:
        """Queries and keys as the layer compares them, of the same shapes, and its heads."""


class _TransformersLayer:
    """`CLIPAttention` of transformers: one tensor gives queries, keys and values alike.

    The context is therefore put before the row as tokens of its own, and what attention makes of
    them is cut off again.
    """

    def __init__(self, module: nn.Module, implementation: str | None) -> None:
        if implementation not in (None, "eager", "sdpa"):
            raise EncoderError(
                f"the text encoder attends with {implementation!r}, which takes no mask of one's "
                "own; load it with attn_implementation='sdpa' or 'eager'"
            )
        self.module = module

    def inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        return kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]

    def exchange(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], visible: Tensor, context: Tensor | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        hidden, mask = _joined(self.inputs(args, kwargs), visible, context)
        # transformers 4.30 to 4.57 hand the causal mask beside the padding mask, 5 in its place.
        name = "causal_attention_mask" if "causal_attention_mask" in kwargs else "attention_mask"
        return (), {**kwargs, "hidden_states": hidden, "attention_mask": None, name: mask}

    def result(self, output: Any, joined: int) -> Any:
        return (output[0][:, joined:], *output[1:]) if joined else output

    def project(self, queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor, int]:
        attention: Any = self.module
        return attention.q_proj(queries), attention.k_proj(keys), attention.num_heads


class _ComfyLayer:
    """`CLIPAttention` of ComfyUI, which reForge has as ldm_patched: `forward(x, mask, …)`.

    As in transformers one tensor gives queries, keys and values, and the context is put before it.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        return kwargs["x"] if "x" in kwargs else args[0]

    def exchange(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], visible: Tensor, context: Tensor | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        # Its backends all take a mask of four dimensions; of three, some take rows for heads.
        hidden, mask = _joined(self.inputs(args, kwargs), visible, context)
        names = ("x", "mask", "optimized_attention")
        given = dict(zip(names, args, strict=False)) | kwargs
        return (), {**given, "x": hidden, "mask": mask}

    def result(self, output: Any, joined: int) -> Any:
        return output[:, joined:]

    def project(self, queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor, int]:
        attention: Any = self.module
        return attention.q_proj(queries), attention.k_proj(keys), attention.heads


class _OpenClipLayer:
    """`nn.MultiheadAttention` of OpenCLIP: queries, keys and values are handed in one by one."""

    def __init__(self, module: nn.MultiheadAttention) -> None:
        self.module = module
        self._heads = module.num_heads
        self._batch_first = module.batch_first

    def inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        return args[0] if self._batch_first else args[0].transpose(0, 1)

    def exchange(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], visible: Tensor, context: Tensor | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        hidden = self.inputs(args, kwargs)
        keys = hidden
        if context is not None:
            keys = torch.cat([context.to(hidden).expand(len(hidden), -1, -1), hidden], dim=1)
        mask = _additive(visible, hidden).expand(len(hidden), -1, -1)
        mask = mask.repeat_interleave(self._heads, dim=0)  # (rows · heads, tokens, keys)
        keys = keys if self._batch_first else keys.transpose(0, 1)
        return (args[0], keys, keys, *args[3:]), {**kwargs, "attn_mask": mask, "is_causal": False}

    def result(self, output: Any, joined: int) -> Any:
        return output

    def project(self, queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor, int]:
        attention: Any = self.module
        weights = attention.in_proj_weight.chunk(3)
        biases = (None,) * 3 if attention.in_proj_bias is None else attention.in_proj_bias.chunk(3)
        return (
            nn.functional.linear(queries, weights[0], biases[0]),
            nn.functional.linear(keys, weights[1], biases[1]),
            self._heads,
        )


@contextmanager
def attend(
    text_encoder: nn.Module,
    visible: Tensor | None = None,
    context: Sequence[Tensor] | None = None,
) -> Iterator[list[Tensor]]:
    """While the block runs, `text_encoder` attends by `visible` instead of causally.

    Args:
        text_encoder: a CLIP text encoder of transformers (4.30 to 5), OpenCLIP or ComfyUI.
        visible: bool, shape (tokens, keys) for every row alike or (rows, tokens, keys), True where
            a token sees a key. The keys are the context's tokens, then the row's own. None leaves
            the mask as it is, to record only. A token that sees no key attends to all alike.
        context: tokens from outside the row, per layer as such a block has recorded them, shape
            (context tokens, width). A host that skips the last layers records so many fewer.

    Yields:
        The record: after the encoder has run, per layer that ran the hidden states that went into
        its attention, shape (rows, tokens, width).

    Raises:
        EncoderError: for a text encoder that is not known, before anything is computed.
    """
    record: list[Tensor] = []
    with ExitStack() as hooks:
        for index, layer in enumerate(_attention_layers(text_encoder)):
            for handle in _hook(layer, index, visible, context, record):
                hooks.callback(handle.remove)
        yield record


@torch.no_grad()
def attention_weights(
    text_encoder: nn.Module,
    record: Sequence[Tensor],
    visible: Tensor,
    context: Sequence[Tensor] | None = None,
) -> Tensor:
    """What each token attended to in a pass that `attend` has recorded: the softmax of eq. (6).

    Args:
        text_encoder, visible, context: as `attend` was given them.
        record: as it has yielded it, after the pass.

    Returns:
        Mean over layers and heads: float32, shape (rows, tokens, keys); a token's weights add up
        to 1.
    """
    total = torch.zeros(())
    for index, (layer, hidden) in enumerate(
        zip(_attention_layers(text_encoder), record, strict=False)  # a host may skip the last ones
    ):
        keys = hidden
        if context is not None:
            keys = torch.cat([context[index].to(hidden).expand(len(hidden), -1, -1), hidden], dim=1)
        query, key, heads = layer.project(hidden, keys)
        query, key = (
            part.float().unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, key)
        )  # (rows, heads, tokens, width / heads)
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        weights = (scores + _additive(visible, scores)[:, None]).softmax(dim=-1)
        total = total.to(weights.device) + weights.mean(dim=1)
    return total / len(record)


def attention_depth(text_encoder: nn.Module) -> int:
    """Number of attention layers. Raises EncoderError for a text encoder that is not known."""
    return len(_attention_layers(text_encoder))


def _hook(
    layer: _Layer,
    index: int,
    visible: Tensor | None,
    context: Sequence[Tensor] | None,
    record: list[Tensor],
) -> list[torch.utils.hooks.RemovableHandle]:
    def joined() -> Tensor | None:
        if context is None:
            return None
        if index >= len(context):
            raise ValueError(
                f"layer {index + 1} runs, but the context was recorded over {len(context)} layers"
            )
        return context[index] if len(context[index]) else None

    def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        del record[index:]  # a second pass in the block begins a new record
        record.append(layer.inputs(args, kwargs))
        return None if visible is None else layer.exchange(args, kwargs, visible, joined())

    def after(_: nn.Module, __: tuple[Any, ...], output: Any) -> Any:
        tokens = joined()
        return layer.result(output, 0 if visible is None or tokens is None else len(tokens))

    return [
        layer.module.register_forward_pre_hook(before, with_kwargs=True),
        layer.module.register_forward_hook(after),
    ]


def _attention_layers(text_encoder: nn.Module) -> Sequence[_Layer]:
    """Finds the layers by what the modules offer; no library is imported."""
    tower = getattr(text_encoder, "text_model", text_encoder)  # transformers 5 has no text_model
    blocks = getattr(getattr(tower, "encoder", None), "layers", None)
    if blocks is not None and all(_has_projections(block) for block in blocks):
        implementation = getattr(
            getattr(text_encoder, "config", None), "_attn_implementation", None
        )
        layers: list[_Layer] = [
            _TransformersLayer(block.self_attn, implementation)
            if "hidden_states" in signature(block.self_attn.forward).parameters
            else _ComfyLayer(block.self_attn)
            for block in blocks
        ]
        return layers
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


def _joined(hidden: Tensor, visible: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor]:
    """For layers that make keys of what they make queries of: both with the context before them.

    Returns:
        The tokens, shape (rows, joined, width), and their additive mask, shape (rows, 1, joined,
        joined).
    """
    if context is not None:
        hidden = torch.cat([context.to(hidden).expand(len(hidden), -1, -1), hidden], dim=1)
        visible = _with_blind_rows(visible)
    return hidden, _additive(visible, hidden)[:, None].expand(len(hidden), -1, -1, -1)


def _with_blind_rows(visible: Tensor) -> Tensor:
    """(…, tokens, keys) → (…, keys, keys): the context's own rows, whose results nobody uses."""
    tokens, keys = visible.shape[-2:]
    blind = torch.eye(keys, dtype=torch.bool, device=visible.device)[: keys - tokens]
    return torch.cat([blind.expand(*visible.shape[:-2], -1, -1), visible], dim=-2)


def _additive(visible: Tensor, hidden: Tensor) -> Tensor:
    """0 where visible, else the dtype's least value: shape (rows or 1, tokens, keys).

    The least value and not −inf, so that a row which sees nothing is uniform on every backend (the
    released code's separators) instead of NaN on some.
    """
    visible = visible.to(hidden.device).reshape(-1, *visible.shape[-2:])
    mask = torch.zeros(visible.shape, dtype=hidden.dtype, device=hidden.device)
    return mask.masked_fill(~visible, torch.finfo(hidden.dtype).min)
