"""Stand-ins for the WebUI's prompt syntax, without nesting, and for what it makes of prompts."""

from __future__ import annotations

import re
from typing import Any

AND = re.compile(r"\bAND\b")
WEIGHT = re.compile(r"^(.*?)(?:\s*:\s*(\d+\.?\d*))?\s*$", re.DOTALL)
EDIT = re.compile(r"\[([^\[\]:|]*):([^\[\]:|]*):(\d*\.?\d+(?:e\d+)?)\]")
EMPHASIS = re.compile(r"\(([^():]*):([+-]?[.\d]+)\)|\bBREAK\b")
NETWORK = re.compile(r"<(\w+):([^>]+)>")


class Conditions(list):
    """The host's `SdConditioning`."""

    def __init__(self, prompts, is_negative_prompt=False, width=None, height=None, copy_from=None):
        super().__init__(prompts)
        source = prompts if copy_from is None else copy_from
        self.is_negative_prompt = is_negative_prompt or getattr(source, "is_negative_prompt", False)
        self.width = width or getattr(source, "width", None)
        self.height = height or getattr(source, "height", None)


class Scheduled(tuple):
    """The host's `ScheduledPromptConditioning`."""

    def __new__(cls, end_at_step, cond):
        return super().__new__(cls, (end_at_step, cond))

    end_at_step = property(lambda self: self[0])
    cond = property(lambda self: self[1])


class Composable:
    def __init__(self, schedules, weight=1.0):
        self.schedules, self.weight = schedules, weight


class Multicond:
    def __init__(self, shape, batch):
        self.shape, self.batch = shape, batch


def split_and(prompts):
    flat: list[str] = []
    indexes = []
    for prompt in prompts:
        found = []
        for part in AND.split(prompt):
            text, weight = WEIGHT.match(part).groups()
            if text not in flat:
                flat.append(text)
            found.append((flat.index(text), float(weight or 1.0)))
        indexes.append(found)
    return indexes, flat, {text: n for n, text in enumerate(flat)}


def schedules(prompts, steps, hires_steps=None, use_old_scheduling=False):
    """Prompt editing, without nesting: [before:after:when]."""
    made = []
    for prompt in prompts:
        ends = sorted({int(float(m[3]) * steps) for m in EDIT.finditer(prompt)} | {steps})
        made.append(
            [
                [end, EDIT.sub(lambda m, e=end: m[1 if e <= float(m[3]) * steps else 2], prompt)]
                for end in ends
            ]
        )
    return made


def emphasised(text):
    """(text:weight) and BREAK, without nesting."""
    pieces: list[list[Any]] = []
    last = 0
    for match in EMPHASIS.finditer(text):
        if text[last : match.start()]:
            pieces.append([text[last : match.start()], 1.0])
        is_break = match.group() == "BREAK"
        pieces.append(["BREAK", -1] if is_break else [match[1], float(match[2])])
        last = match.end()
    if text[last:] or not pieces:
        pieces.append([text[last:], 1.0])
    return pieces


class Network:
    def __init__(self, items):
        self.items = self.positional = items

    def __eq__(self, other):
        return self.items == other.items


def parse_network(prompt):
    found: dict[str, list[Network]] = {}
    for match in NETWORK.finditer(prompt):
        found.setdefault(match[1], []).append(Network(match[2].split(":")))
    return NETWORK.sub("", prompt), found
