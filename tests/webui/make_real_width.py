"""Random checkpoints for hosts that know a checkpoint by its shapes. Run by such a host's Python.

    python make_real_width.py FOLDER

Writes what `make_checkpoints.py` writes, with the text encoders and the autoencoder of SD 1.x, 2.x
and SDXL in full, which such hosts take for granted, and with the smallest U-Net that they still
recognise. About 3 GB. No class of any host is needed: tensors are made by name and shape.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from make_checkpoints import drawn, write_extras

Shapes = Iterator[tuple[str, tuple[int, ...]]]

CHANNELS = 320
EMBEDDED = 4 * CHANNELS  # width of the time embedding
WIDTHS = {"l": 768, "h": 1024, "g": 1280}
LAYERS = {"l": 12, "h": 24, "g": 32}


def norm(name: str, width: int) -> Shapes:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def linear(name: str, inputs: int, outputs: int, bias: bool = True) -> Shapes:
    yield f"{name}.weight", (outputs, inputs)
    if bias:
        yield f"{name}.bias", (outputs,)


def conv(name: str, inputs: int, outputs: int, size: int = 1) -> Shapes:
    yield f"{name}.weight", (outputs, inputs, size, size)
    yield f"{name}.bias", (outputs,)


# ---- U-Net: as many levels as `depths`, all of one width ---------------------------------------


def residual(name: str, inputs: int, outputs: int) -> Shapes:
    yield from norm(f"{name}.in_layers.0", inputs)
    yield from conv(f"{name}.in_layers.2", inputs, outputs, 3)
    yield from linear(f"{name}.emb_layers.1", EMBEDDED, outputs)
    yield from norm(f"{name}.out_layers.0", outputs)
    yield from conv(f"{name}.out_layers.3", outputs, outputs, 3)
    if inputs != outputs:
        yield from conv(f"{name}.skip_connection", inputs, outputs)


def transformer(name: str, context: int, depth: int, is_linear: bool) -> Shapes:
    project = linear if is_linear else conv
    yield from norm(f"{name}.norm", CHANNELS)
    yield from project(f"{name}.proj_in", CHANNELS, CHANNELS)
    for n in range(depth):
        block = f"{name}.transformer_blocks.{n}"
        for attention, seen in (("attn1", CHANNELS), ("attn2", context)):
            yield from linear(f"{block}.{attention}.to_q", CHANNELS, CHANNELS, bias=False)
            yield from linear(f"{block}.{attention}.to_k", seen, CHANNELS, bias=False)
            yield from linear(f"{block}.{attention}.to_v", seen, CHANNELS, bias=False)
            yield from linear(f"{block}.{attention}.to_out.0", CHANNELS, CHANNELS)
        yield from linear(f"{block}.ff.net.0.proj", CHANNELS, 8 * CHANNELS)
        yield from linear(f"{block}.ff.net.2", 4 * CHANNELS, CHANNELS)
        for which in ("norm1", "norm2", "norm3"):
            yield from norm(f"{block}.{which}", CHANNELS)
    yield from project(f"{name}.proj_out", CHANNELS, CHANNELS)


def unet(
    context: int, depths: tuple[int, ...], is_linear: bool, vector: int = 0, blocks: int = 1
) -> Shapes:
    """Each level has as many residual blocks, with transformers of its depth; the middle, of the
    deepest's."""
    root = "model.diffusion_model"
    for name, inputs in (("time_embed", CHANNELS), ("label_emb.0", vector)):
        if inputs:
            yield from linear(f"{root}.{name}.0", inputs, EMBEDDED)
            yield from linear(f"{root}.{name}.2", EMBEDDED, EMBEDDED)

    def block(name: str, inputs: int, depth: int) -> Shapes:
        yield from residual(f"{name}.0", inputs, CHANNELS)
        if depth:
            yield from transformer(f"{name}.1", context, depth, is_linear)

    yield from conv(f"{root}.input_blocks.0.0", 4, CHANNELS, 3)
    place = 1
    for level, depth in enumerate(depths):
        if level:
            yield from conv(f"{root}.input_blocks.{place}.0.op", CHANNELS, CHANNELS, 3)
            place += 1
        for _ in range(blocks):
            yield from block(f"{root}.input_blocks.{place}", CHANNELS, depth)
            place += 1
    yield from block(f"{root}.middle_block", CHANNELS, max(depths))
    yield from residual(f"{root}.middle_block.2", CHANNELS, CHANNELS)
    for n in range((blocks + 1) * len(depths)):
        level = len(depths) - 1 - n // (blocks + 1)
        name = f"{root}.output_blocks.{n}"
        yield from block(name, 2 * CHANNELS, depths[level])
        if n % (blocks + 1) == blocks and level:
            after = 2 if depths[level] else 1
            yield from conv(f"{name}.{after}.conv", CHANNELS, CHANNELS, 3)
    yield from norm(f"{root}.out.0", CHANNELS)
    yield from conv(f"{root}.out.2", CHANNELS, 4, 3)


# ---- Autoencoder ---------------------------------------------------------------------------------


def autoencoder() -> Shapes:
    root, widths = "first_stage_model", (128, 256, 512, 512)

    def block(name: str, inputs: int, outputs: int) -> Shapes:
        yield from norm(f"{name}.norm1", inputs)
        yield from conv(f"{name}.conv1", inputs, outputs, 3)
        yield from norm(f"{name}.norm2", outputs)
        yield from conv(f"{name}.conv2", outputs, outputs, 3)
        if inputs != outputs:
            yield from conv(f"{name}.nin_shortcut", inputs, outputs)

    def middle(name: str) -> Shapes:
        yield from block(f"{name}.block_1", widths[-1], widths[-1])
        yield from norm(f"{name}.attn_1.norm", widths[-1])
        for part in ("q", "k", "v", "proj_out"):
            yield from conv(f"{name}.attn_1.{part}", widths[-1], widths[-1])
        yield from block(f"{name}.block_2", widths[-1], widths[-1])

    yield from conv(f"{root}.encoder.conv_in", 3, widths[0], 3)
    inputs = widths[0]
    for level, width in enumerate(widths):
        for n in range(2):
            yield from block(f"{root}.encoder.down.{level}.block.{n}", inputs, width)
            inputs = width
        if level < len(widths) - 1:
            yield from conv(f"{root}.encoder.down.{level}.downsample.conv", width, width, 3)
    yield from middle(f"{root}.encoder.mid")
    yield from norm(f"{root}.encoder.norm_out", widths[-1])
    yield from conv(f"{root}.encoder.conv_out", widths[-1], 8, 3)
    yield from conv(f"{root}.quant_conv", 8, 8)
    yield from conv(f"{root}.post_quant_conv", 4, 4)
    yield from conv(f"{root}.decoder.conv_in", 4, widths[-1], 3)
    yield from middle(f"{root}.decoder.mid")
    for level, width in reversed(list(enumerate(widths))):
        for n in range(3):
            yield from block(f"{root}.decoder.up.{level}.block.{n}", inputs, width)
            inputs = width
        if level:
            yield from conv(f"{root}.decoder.up.{level}.upsample.conv", width, width, 3)
    yield from norm(f"{root}.decoder.norm_out", widths[0])
    yield from conv(f"{root}.decoder.conv_out", widths[0], 3, 3)


# ---- Text encoders -------------------------------------------------------------------------------


def clip(root: str, which: str) -> Shapes:
    """As transformers names it."""
    width = WIDTHS[which]
    root = f"{root}.text_model"
    yield f"{root}.embeddings.token_embedding.weight", (49408, width)
    yield f"{root}.embeddings.position_embedding.weight", (77, width)
    for n in range(LAYERS[which]):
        layer = f"{root}.encoder.layers.{n}"
        for part in ("q", "k", "v", "out"):
            yield from linear(f"{layer}.self_attn.{part}_proj", width, width)
        yield from linear(f"{layer}.mlp.fc1", width, 4 * width)
        yield from linear(f"{layer}.mlp.fc2", 4 * width, width)
        yield from norm(f"{layer}.layer_norm1", width)
        yield from norm(f"{layer}.layer_norm2", width)
    yield from norm(f"{root}.final_layer_norm", width)


def open_clip(root: str, which: str) -> Shapes:
    """As OpenCLIP names it."""
    width = WIDTHS[which]
    yield f"{root}.token_embedding.weight", (49408, width)
    yield f"{root}.positional_embedding", (77, width)
    for n in range(LAYERS[which]):
        layer = f"{root}.transformer.resblocks.{n}"
        yield f"{layer}.attn.in_proj_weight", (3 * width, width)
        yield f"{layer}.attn.in_proj_bias", (3 * width,)
        yield from linear(f"{layer}.attn.out_proj", width, width)
        yield from linear(f"{layer}.mlp.c_fc", width, 4 * width)
        yield from linear(f"{layer}.mlp.c_proj", 4 * width, width)
        yield from norm(f"{layer}.ln_1", width)
        yield from norm(f"{layer}.ln_2", width)
    yield from norm(f"{root}.ln_final", width)
    yield f"{root}.text_projection", (width, width)


def checkpoints() -> Iterator[tuple[str, list[Shapes]]]:
    """The depths of the transformers are those of a checkpoint that is known; so are the widths of
    what they see, and for SDXL that of the vector."""
    yield "sd1", [unet(768, (1, 1), is_linear=False), clip("cond_stage_model.transformer", "l")]
    yield (
        "sd2",
        [
            unet(1024, (1, 1, 1, 0), is_linear=True, blocks=2),
            open_clip("cond_stage_model.model", "h"),
        ],
    )
    yield (
        "sdxl",
        [
            unet(2048, (0, 2, 10), is_linear=True, vector=2816, blocks=2),
            clip("conditioner.embedders.0.transformer", "l"),
            open_clip("conditioner.embedders.1.model", "g"),
        ],
    )


def main(data: Path) -> None:
    import torch
    from safetensors.torch import save_file

    folder = data / "models" / "Stable-diffusion"
    folder.mkdir(parents=True, exist_ok=True)
    for name, parts in checkpoints():
        weights = {
            key: drawn(key, shape, torch).half()
            for part in (*parts, autoencoder())
            for key, shape in part
        }
        save_file(weights, folder / f"hopping-test-{name}.safetensors")
    write_extras(data, WIDTHS, LAYERS["l"])


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
