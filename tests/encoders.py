"""Small random text encoders of the real classes, and the dense computation to hold against."""

from __future__ import annotations

import sys
from types import ModuleType
from unittest.mock import MagicMock

import torch
from torch import Tensor, nn

from hopping import ClipTextEncoder, Embedding
from hopping.layout import WINDOW, TokenLayout

WIDTH, HEADS, LAYERS, VOCABULARY = 32, 4, 3, 49408


def _randomise(module: nn.Module, seed: int) -> nn.Module:
    """Weights large enough that a token's context shows in its hidden state."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        near_one = name.endswith("weight") and parameter.dim() == 1  # a layer norm's scale
        parameter.data = 1 + 0.1 * noise if near_one else 0.25 * noise
    return module.eval().requires_grad_(False)


def transformers_text_model(attention: str = "sdpa", seed: int = 0, **config) -> nn.Module:
    """A CLIPTextModel; `attention` is honoured where the installed release knows a choice."""
    from transformers import CLIPTextConfig, CLIPTextModel

    known = {"hidden_size": WIDTH, "intermediate_size": 64, "num_hidden_layers": LAYERS}
    known |= {"num_attention_heads": HEADS, "vocab_size": VOCABULARY, "eos_token_id": 49407}
    model = CLIPTextModel(CLIPTextConfig(**known | config))
    if hasattr(model, "set_attn_implementation"):
        model.set_attn_implementation(attention)
    return _randomise(model, seed)


def comfy_text_model(seed: int = 0) -> nn.Module:
    """The same encoder, called the way ComfyUI's code calls its own (reForge's ldm_patched)."""
    model = transformers_text_model(seed=seed)
    return _ComfyTextModel(getattr(model, "text_model", model))


class _ComfyTextModel(nn.Module):
    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.text_model = tower
        layers = tower.encoder.layers
        tower.encoder.layers = nn.ModuleList([_ComfyLayer(layer) for layer in layers])

    def forward(self, tokens: Tensor) -> Tensor:
        tower = self.text_model
        x = tower.embeddings.token_embedding(tokens)
        x = x + tower.embeddings.position_embedding.weight
        least = -torch.finfo(x.dtype).max
        mask = torch.full((x.shape[1], x.shape[1]), least, dtype=x.dtype).triu_(1)
        for layer in tower.encoder.layers:
            x = layer(x, mask, _attend_in_heads)
        return tower.final_layer_norm(x)


class _ComfyLayer(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer_norm1, self.layer_norm2 = layer.layer_norm1, layer.layer_norm2
        self.mlp, self.self_attn = layer.mlp, _ComfyAttention(layer.self_attn)

    def forward(self, x: Tensor, mask=None, optimized_attention=None) -> Tensor:
        x += self.self_attn(self.layer_norm1(x), mask, optimized_attention)
        x += self.mlp(self.layer_norm2(x))
        return x


class _ComfyAttention(nn.Module):
    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.q_proj, self.k_proj = attention.q_proj, attention.k_proj
        self.v_proj, self.out_proj = attention.v_proj, attention.out_proj
        self.heads = HEADS

    def forward(self, x: Tensor, mask=None, optimized_attention=None) -> Tensor:
        projected = (self.q_proj(x), self.k_proj(x), self.v_proj(x))
        return self.out_proj(optimized_attention(*projected, self.heads, mask))


def _attend_in_heads(queries, keys, values, heads, mask=None) -> Tensor:
    split = [t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (queries, keys, values)]
    out = nn.functional.scaled_dot_product_attention(*split, attn_mask=mask)
    return out.transpose(1, 2).flatten(2)


class ComfyEncoder:
    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def encode(self, ids: Tensor) -> Embedding:
        return Embedding(self.module(ids))


def open_clip_text_model(seed: int = 0) -> nn.Module:
    transformer = import_open_clip_transformer()
    model = transformer.TextTransformer(width=WIDTH, heads=HEADS, layers=LAYERS, output_dim=16)
    return _randomise(model, seed)


def import_open_clip_transformer() -> ModuleType:
    """open_clip.transformer; its package also wants torchvision, for pictures alone.

    No build of torchvision goes with torch for CPU on every machine, so a stand-in takes its place
    for the length of the import.
    """
    names = [f"torchvision{part}" for part in ("", ".transforms", ".transforms.functional", ".ops")]
    stands_in = [name for name in [*names, "torchvision.ops.misc"] if name not in sys.modules]
    for name in stands_in:
        sys.modules[name] = _Anything(name)
    try:
        import open_clip.transformer
    finally:
        for name in stands_in:
            del sys.modules[name]
    return open_clip.transformer


class _Anything(ModuleType):
    def __getattr__(self, name: str) -> ModuleType | MagicMock:
        if name.startswith("__"):
            raise AttributeError(name)
        return sys.modules.get(f"{self.__name__}.{name}", MagicMock())


class OpenClipEncoder:
    """As SD 2.x reads OpenCLIP: the layer before the last, then the final norm."""

    def __init__(self, module: nn.Module, skip: int = 1) -> None:
        self.module, self.skip = module, skip

    def encode(self, ids: Tensor) -> Embedding:
        model = self.module
        x = model.token_embedding(ids) + model.positional_embedding
        mask = model.attn_mask.to(x.dtype)
        batch_first = model.transformer.resblocks[0].attn.batch_first
        x = x if batch_first else x.transpose(0, 1)
        blocks = model.transformer.resblocks
        for block in blocks[: len(blocks) - self.skip]:
            x = block(x, attn_mask=mask)
        x = x if batch_first else x.transpose(0, 1)
        return Embedding(model.ln_final(x))


ENCODERS = {
    "eager": lambda: ClipTextEncoder(transformers_text_model("eager")),
    "sdpa": lambda: ClipTextEncoder(transformers_text_model("sdpa")),
    "open_clip": lambda: OpenClipEncoder(open_clip_text_model()),
    "comfy": lambda: ComfyEncoder(comfy_text_model()),
}


def dense_hidden(encoder, layout: TokenLayout, visible: Tensor) -> Tensor:
    """All tokens of a windows layout in one row under one big mask; shape (tokens, width).

    Written without any of the engine: softmax over the visible keys, layer by layer.
    """
    module = encoder.module
    positions = torch.arange(WINDOW).repeat(len(layout.ids))
    if hasattr(module, "positional_embedding"):
        x = module.token_embedding(layout.ids.flatten()) + module.positional_embedding[positions]
        blocks = module.transformer.resblocks
        for block in blocks[: len(blocks) - 1]:
            x = _open_clip_block(block, x, visible)
        return module.ln_final(x)
    tower = getattr(module, "text_model", module)
    x = tower.embeddings.token_embedding(layout.ids.flatten())
    x = x + tower.embeddings.position_embedding(positions)
    for layer in tower.encoder.layers:
        attention, normed = layer.self_attn, layer.layer_norm1(x)
        mixed = _attend(
            attention.q_proj(normed), attention.k_proj(normed), attention.v_proj(normed), visible
        )
        x = x + attention.out_proj(mixed)
        x = x + layer.mlp(layer.layer_norm2(x))
    return tower.final_layer_norm(x)


def _open_clip_block(block: nn.Module, x: Tensor, visible: Tensor) -> Tensor:
    attention = block.attn
    projected = block.ln_1(x) @ attention.in_proj_weight.T + attention.in_proj_bias
    x = x + attention.out_proj(_attend(*projected.chunk(3, dim=-1), visible))
    return x + block.mlp(block.ln_2(x))


def _attend(queries: Tensor, keys: Tensor, values: Tensor, visible: Tensor) -> Tensor:
    split = [t.unflatten(-1, (HEADS, -1)).transpose(0, 1) for t in (queries, keys, values)]
    scores = split[0] @ split[1].transpose(1, 2) / (WIDTH // HEADS) ** 0.5
    weights = scores.masked_fill(~visible, float("-inf")).softmax(dim=-1)
    return (weights @ split[2]).transpose(0, 1).flatten(1)


def hook_count(module: nn.Module) -> int:
    """Hooks left on any part of the module."""
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules())
