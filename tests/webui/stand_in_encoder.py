"""Stand-ins for a loaded checkpoint of the WebUI, and for its wrapper of a text encoder."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from .stand_in_prompts import emphasised


class Inversions:
    """The host's data base of textual inversions: here each stands for one token id."""

    def __init__(self):
        self.by_id: dict[int, Any] = {}

    def find_embedding_at_position(self, tokens, position):
        found = self.by_id.get(tokens[position])
        return (found, 1) if found else (None, None)


class Hijack:
    def __init__(self):
        self.fixes = None
        self.embedding_db = Inversions()


class TokenEmbedding(nn.Module):
    """Puts inversions into the rows, once for each time that they were set."""

    def __init__(self, wrapped, hijack):
        super().__init__()
        self.wrapped, self.hijack = wrapped, hijack

    def forward(self, ids):
        vectors = self.wrapped(ids).clone()
        for row, fixes in enumerate(self.hijack.fixes or []):
            for offset, inversion in fixes:
                count = len(inversion.vec)
                vectors[row, offset + 1 : offset + 1 + count] = inversion.vec
        self.hijack.fixes = None
        return vectors


class Fix(tuple):
    def __new__(cls, offset, embedding):
        return super().__new__(cls, (offset, embedding))


class Embedder(nn.Module):
    """The host's wrapper of a text encoder: chunks of 75, emphasis with its mean kept."""

    def __init__(self, wrapped, hijack):
        super().__init__()
        self.wrapped, self.hijack = wrapped, hijack
        self.id_start, self.id_end, self.id_pad = 49406, 49407, 49407
        self.passes = 0

    def emphasis_name(self):
        return sys.modules["modules.shared"].opts.emphasis

    def tokenize(self, texts):
        return self.wrapped.tokenizer(texts, truncation=False, add_special_tokens=False)[
            "input_ids"
        ]

    def tokenize_line(self, line):
        use = self.emphasis_name() != "None"
        chunks = [SimpleNamespace(tokens=[], weights=[], fixes=[])]
        for text, weight in emphasised(line) if use else [[line, 1.0]]:
            if weight == -1:
                chunks.append(SimpleNamespace(tokens=[], weights=[], fixes=[]))
                continue
            ids = self.tokenize([text])[0]
            for position, token in enumerate(ids):
                inversion, _ = self.hijack.embedding_db.find_embedding_at_position(ids, position)
                count = inversion.vectors if inversion else 1
                if len(chunks[-1].tokens) + count > 75:
                    chunks.append(SimpleNamespace(tokens=[], weights=[], fixes=[]))
                if inversion:
                    chunks[-1].fixes.append(Fix(len(chunks[-1].tokens), inversion))
                chunks[-1].tokens += [0] * count if inversion else [token]
                chunks[-1].weights += [weight] * count
        for chunk in chunks:
            fill = 75 - len(chunk.tokens)
            chunk.tokens = [self.id_start, *chunk.tokens, *[self.id_end] * (fill + 1)]
            chunk.weights = [1.0, *chunk.weights, *[1.0] * (fill + 1)]
        return chunks, 0

    def encode_with_transformers(self, tokens):
        self.passes += 1
        return self.wrapped.transformer(input_ids=tokens).last_hidden_state

    def forward(self, texts):
        lines = [self.tokenize_line(text)[0] for text in texts]
        empty = self.tokenize_line("")[0][0]
        made = []
        for n in range(max(map(len, lines))):
            batch = [chunks[n] if n < len(chunks) else empty for chunks in lines]
            self.hijack.fixes = [chunk.fixes for chunk in batch]
            hidden = self.encode_with_transformers(torch.tensor([c.tokens for c in batch]))
            weights = torch.tensor([chunk.weights for chunk in batch])
            made.append(self.emphasised(hidden, weights[:, :, None]))
        return torch.hstack(made)

    @staticmethod
    def emphasised(hidden, weights):
        mean = hidden.mean()
        hidden = hidden * weights
        return hidden * (mean / hidden.mean())


class Model:
    """A loaded checkpoint."""

    def __init__(self, embedder):
        self.cond_stage_model = embedder

    def get_learned_conditioning(self, texts):
        return self.cond_stage_model(texts)
