"""The training loop that every stage shares: schedule, moving average, log, checkpoints to resume.

A step draws all its randomness from a generator seeded by (seed, worker, step), so a run that was
stopped sees the batches that it would have seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from hopping.storybook.team import Team

Module = TypeVar("Module", bound=nn.Module)
_SYNC_EVERY = 8
_SAVE_SECONDS = 600
_SEED_STRIDE = 1_000_003
_MOST_WORKERS = 64


@dataclass(frozen=True)
class Recipe:
    """How one stage is trained.

    Attributes:
        name: Names the stage's log and checkpoint.
        steps: How many optimizer steps in all; the learning rate falls to zero over them.
        learning_rate: Its peak, reached after `warmup` steps.
        warmup: Steps of linear warm-up.
        decay: The moving average's decay per step.
        weight_decay: AdamW's.
        save_every: Steps between checkpoints; where these take long there is one every ten minutes.
        minutes: Training ends, with the learning rate at zero, when this much time was spent,
            if the steps are not done by then. 0 means no limit.
    """

    name: str
    steps: int
    learning_rate: float
    warmup: int = 100
    decay: float = 0.999
    weight_decay: float = 0.01
    save_every: int = 500
    minutes: float = 0.0


def fit(
    recipe: Recipe,
    module: nn.Module,
    loss: Callable[[torch.Generator], Tensor],
    folder: Path,
    *,
    seed: int,
    team: Team,
    look: Callable[[nn.Module, int], str] | None = None,
) -> nn.Module:
    """Train `module` and return its moving average, in eval mode.

    Args:
        recipe: Steps, learning rate and the rest.
        module: What is trained, in place, on the device where it is.
        loss: One batch's loss; it takes all randomness from the generator it is given, which is on
            the module's device.
        folder: Where ``NAME.pt`` (to resume from) and ``NAME.log`` are kept.
        seed: Seed of the run.
        team: Who else trains the same module with other batches.
        look: Called at every checkpoint with the moving average and the step; what it returns
            is logged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / f"{recipe.name}.pt"
    average = deepcopy(module).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    generator = torch.Generator(next(module.parameters()).device)
    step, seconds = 0, 0.0
    running = torch.zeros((), device=generator.device)
    if checkpoint.is_file():
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        module.load_state_dict(state["module"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds = state["step"], state["seconds"]
        running.fill_(state["loss"])
    started, first, progress = time.monotonic() - seconds, step, 0.0
    saved = seconds
    module.train()
    while True:
        if (step - first) % _SYNC_EVERY == 0:
            team.average(module)
            seconds = time.monotonic() - started
            progress = team.agree(_progress(recipe, step, seconds))
        done = progress >= 1
        due = step % recipe.save_every == 0 or seconds > saved + _SAVE_SECONDS
        if team.leads and step > first and (done or due):
            saved = seconds
            note = look(average, step) if look else ""
            _log(folder / f"{recipe.name}.log", step, seconds, float(running), note)
            _save(
                checkpoint,
                module=module.state_dict(),
                average=average.state_dict(),
                optimizer=optimizer.state_dict(),
                step=step,
                seconds=seconds,
                loss=float(running),
            )
        if done:
            return average
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * _schedule(step, recipe.warmup, progress)
        batch_seed = (seed * _MOST_WORKERS + team.rank) * _SEED_STRIDE + step
        value = loss(generator.manual_seed(batch_seed))
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        step += 1
        # A young average must not remember the initial weights.
        _average(average, module, min(recipe.decay, (step + 1) / (step + 10)))
        running.lerp_(value.detach(), 1 if step == 1 else 0.02)


def _progress(recipe: Recipe, step: int, seconds: float) -> float:
    spent = seconds / (60 * recipe.minutes) if recipe.minutes else 0.0
    return max(step / recipe.steps, spent)


def restore(name: str, module: Module, folder: Path) -> Module:
    """`module` with the moving average that stage `name` left in `folder`, frozen, in eval mode.

    Raises:
        FileNotFoundError: The stage was not trained yet.
    """
    file = folder / f"{name}.pt"
    if not file.is_file():
        raise FileNotFoundError(f"no checkpoint {file}: run the stage {name!r} first")
    state = torch.load(file, map_location="cpu", weights_only=True)
    module.load_state_dict(state["average"])
    return module.eval().requires_grad_(False)


def steps_done(name: str, folder: Path) -> int:
    """How many steps stage `name` was trained for, as its checkpoint in `folder` has it."""
    return int(torch.load(folder / f"{name}.pt", map_location="cpu", weights_only=True)["step"])


def pick(generator: torch.Generator, total: int, size: int) -> Tensor:
    """Indices of a batch of `size` out of `total`, on the generator's device."""
    return torch.randint(total, (size,), generator=generator, device=generator.device)


@contextmanager
def fast_math(device: torch.device) -> Iterator[None]:
    """bfloat16 where it pays: on a GPU, and on a CPU that has instructions for it.

    On a CPU attention is two plain products: over 64 positions the fused kernel's way back takes
    several times as long.
    """
    fast = device.type == "cuda" or _cpu_has_bfloat16()
    with ExitStack() as stack:
        stack.enter_context(torch.autocast(device.type, torch.bfloat16, enabled=fast))
        if device.type == "cpu":
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        yield


def _cpu_has_bfloat16() -> bool:
    flags = Path("/proc/cpuinfo")
    return flags.is_file() and "avx512_bf16" in flags.read_text(encoding="utf-8")


def _schedule(step: int, warmup: int, progress: float) -> float:
    return min(1.0, (step + 1) / warmup) * 0.5 * (1 + cos(pi * min(1.0, progress)))


@torch.no_grad()
def _average(average: nn.Module, module: nn.Module, decay: float) -> None:
    ours: list[Tensor] = list(average.parameters())
    theirs: list[Tensor] = list(module.parameters())
    torch._foreach_lerp_(ours, theirs, 1 - decay)


def _log(file: Path, step: int, seconds: float, loss: float, note: str) -> None:
    line = f"step {step} minutes {seconds / 60:.1f} loss {loss:.5f} {note}".rstrip()
    print(file.stem, line, flush=True)
    with file.open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def _save(file: Path, **state: object) -> None:
    unfinished = file.with_suffix(".part")
    torch.save(state, unfinished)
    unfinished.rename(file)
