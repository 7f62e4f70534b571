"""How a run hangs on the host's processing object.

The object's class is exchanged for a subclass of the same, so that the host calls us where it lets
errors through, `super()` is the host, and a copy that another extension makes of the object is
told from the object itself. Nothing of the host is changed, and of objects only those that hop.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any

from hopping.errors import HoppingError

from .failed_run import is_swallowed, keep_gallery, nothing_sampled, skip
from .hopped_run import HoppedRun
from .host_types import Processing
from .run_entries import run_entries


@contextmanager
def told_to_api() -> Iterator[None]:
    """Let the host's API answer what is wrong with a story with its reason, as a client error."""
    try:
        yield
    except HoppingError as error:
        vars(error).update(detail=str(error), status_code=422)
        raise


def run_of(p: Processing) -> HoppedRun | None:
    """The run of a processing object; None for one that does not hop, and for a copy of one."""
    run = vars(p).get("hopping_run")
    if run is None or isinstance(run, Exception) or run.processing is not p:
        return None
    return run


def failure_of(p: Processing) -> Exception | None:
    """What keeps a processing object from hopping, or kept it in the middle."""
    failure = vars(p).get("hopping_run")
    return failure if isinstance(failure, Exception) else None


def take_over(p: Processing, run: HoppedRun | Exception) -> None:
    """Let the host run `run`, or fail with what kept it from being made."""
    p.hopping_run = run
    p.__class__ = _hopping_class(p.__class__)


def release(p: Processing) -> bool:
    """Undo `take_over`, on a copy too. Returns whether `p` is a copy of an object that hops."""
    run = vars(p).pop("hopping_run", None)
    # Not a class that another extension has put over it.
    if type(p).__bases__[0] is HoppingProcessing:
        p.__class__ = type(p).__bases__[1]
    if run is None or isinstance(run, Exception):
        return False
    if run.processing is p:
        run.end()
        return False
    return True


if TYPE_CHECKING:
    _Host = Processing  # it comes before whatever class of the host's a run has
else:
    _Host = object


class HoppingProcessing(_Host):
    """What a processing object that hops does otherwise than its own class.

    What is wrong is raised, but not where the host would swallow it. There the run goes on without
    sampling, and its result says what is wrong.
    """

    def setup_prompts(self) -> None:
        failure = failure_of(self)
        if isinstance(failure, HoppingError):
            keep_gallery(self)
        if failure is not None and not (isinstance(failure, HoppingError) and is_swallowed(self)):
            raise failure
        super().setup_prompts()  # type: ignore[misc]
        if failure is not None:
            skip(self, failure)
        run = run_of(self)
        if run is not None:
            plain = copy(self)
            release(plain)
            with self._reporting():
                run.prompts_set(plain)

    def init(self, all_prompts: Any, all_seeds: Any, all_subseeds: Any) -> None:
        run = run_of(self)
        if run is not None:
            with self._reporting():
                run.beginning()
            p = run.processing
            all_prompts, all_seeds, all_subseeds = p.all_prompts, p.all_seeds, p.all_subseeds
        if failure_of(self) is not None:
            return  # nothing is sampled: img2img need not encode its picture for that
        super().init(all_prompts, all_seeds, all_subseeds)  # type: ignore[misc]
        if run is not None:
            run.begun()
            p.extra_generation_params.update(run_entries(run))

    def parse_extra_network_prompts(self) -> Any:
        result = super().parse_extra_network_prompts()  # type: ignore[misc]
        run = run_of(self)
        if run is not None:
            with self._reporting():
                run.networks()
        return result

    def get_conds_with_caching(
        self, function: Any, required_prompts: Any, *args: Any, **kwargs: Any
    ) -> Any:
        run = run_of(self)
        if run is not None and not getattr(required_prompts, "is_negative_prompt", False):
            with self._reporting():
                return run.conditionings(function, required_prompts, *args, **kwargs)
        return super().get_conds_with_caching(  # type: ignore[misc]
            function, required_prompts, *args, **kwargs
        )

    def sample(self, *args: Any, **kwargs: Any) -> Any:
        run = run_of(self)
        if run is not None:
            if not run.needs_batch():
                return nothing_sampled(self)
            with self._reporting(), run.sampling():
                made = super().sample(*args, **kwargs)  # type: ignore[misc]
                # In its hires pass Forge Neo puts its own entries in the place of ours.
                self.extra_generation_params.update(run_entries(run))
                return made
        if failure_of(self) is not None:
            return nothing_sampled(self)
        return super().sample(*args, **kwargs)  # type: ignore[misc]

    def sample_hr_pass(self, *args: Any, **kwargs: Any) -> Any:
        run = run_of(self)
        if run is not None and run.pixels is not None:
            run.pixels.hires()
        return super().sample_hr_pass(*args, **kwargs)  # type: ignore[misc]

    def save_samples(self, *args: Any, **kwargs: Any) -> bool:
        run = run_of(self)
        shows = run is None or run.shows_batch()
        return shows and super().save_samples(*args, **kwargs)  # type: ignore[safe-super]

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            with told_to_api():
                yield
        except HoppingError as error:
            keep_gallery(self)
            if not is_swallowed(self):
                raise
            run = run_of(self)
            if run is not None:
                run.end()
            vars(self)["hopping_run"] = error
            skip(self, error)


@cache
def _hopping_class(original: type) -> type:
    return type(
        original.__name__, (HoppingProcessing, original), {"__module__": original.__module__}
    )
