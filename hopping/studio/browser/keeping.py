"""What a run takes along from the one on the desk: every picture that its story has not changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image

from hopping.errors import OptionError
from hopping.run_options import frames_to_make
from hopping.studio.folder import frame_name
from hopping.studio.record import FrameKey, Record
from hopping.values import brief, write_ranges


@dataclass(frozen=True)
class OnDesk:
    """What the page says of its desk.

    Attributes:
        run: the name of the folder whose pictures are on it; empty for none.
        was: for each frame of the story the number that it had in that run; None for none.
        locked: the frames whose pictures stay, however the story has changed.
        only: the frames that are to be made; none stands for all.
        anew: whether a random seed is drawn again.
    """

    run: str = ""
    was: tuple[int | None, ...] = ()
    locked: tuple[int, ...] = ()
    only: tuple[int, ...] = ()
    anew: bool = False


EMPTY = OnDesk()


def read_desk(text: str) -> OnDesk:
    """What the page's script has written; nothing is on the desk of one that wrote nothing.

    Raises:
        OptionError: for what is no such text.
    """
    if not text:
        return EMPTY
    try:
        told = json.loads(text)
        run, anew = told["run"], told["anew"]
        was = _numbers(told["was"], int, type(None))
        locked, only = _numbers(told["locked"], int), _numbers(told["only"], int)
        if not (isinstance(run, str) and isinstance(anew, bool)):
            raise TypeError
        return OnDesk(run, was, locked, only, anew)
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise OptionError(f"the page sent {brief(text)} as what is on its desk") from error


def _numbers(told: Any, *kinds: type) -> tuple[Any, ...]:
    """A list of these kinds. Raises TypeError for anything else."""
    if not isinstance(told, list) or any(type(number) not in kinds for number in told):
        raise TypeError
    return tuple(told)


@dataclass(frozen=True)
class Kept:
    """A run's beginning.

    Attributes:
        folder: where it goes on, if it is the one on the desk as that was; else it has a new one.
        before: the one that pictures are taken from.
        files: for each picture that is taken along where it is now, and what it was made from.
        pictures: those that the story names.
    """

    folder: Path | None = None
    before: Path | None = None
    files: dict[FrameKey, tuple[Path, str]] = field(default_factory=dict)
    pictures: Mapping[str, Image.Image] = field(default_factory=dict)

    def take_along(self, folder: Path, record: Record) -> None:
        """Put the pictures into the folder of the run that has them now."""
        for key, (picture, made_from) in self.files.items():
            name = frame_name(key, len(record.story))
            shutil.copyfile(picture, folder / name)
            record.files[key], record.made_from[key] = name, made_from
        for saw in (one for seen in record.saw.values() for one in seen):
            if saw.file and self.before and (self.before / saw.file).is_file():
                shutil.copyfile(self.before / saw.file, folder / saw.file)


def frames_asked(record: Record, desk: OnDesk) -> str:
    """The option `frames` of a run: as it was given, or the desk's own, without what is locked.

    Raises:
        OptionError: if that leaves none, or the story has no such frame.
    """
    count = len(record.story)
    for number in desk.only:
        if not 1 <= number <= count:
            raise OptionError(f"the story has no frame {brief(number)}")
    numbers = set(desk.only or frames_to_make(record.settings.frames, count))
    left = numbers.difference(desk.locked)
    if not left:
        raise OptionError("every frame that would be made is locked; unlock one")
    if len(left) == count:
        return record.settings.frames
    return write_ranges((number, number) for number in sorted(left))


def keep(
    record: Record,
    old: Record,
    folder: Path,
    desk: OnDesk,
    pictures: Mapping[str, Image.Image],
) -> tuple[Record, Kept]:
    """The run that this record begins, with what it keeps of the one on the desk.

    Args:
        record: with `now`.
        old, folder: of the run on the desk.
        pictures: those that the story names.
    """
    same = replace(old, settings=record.settings, now=record.now)
    if _same_run(record, old) and not any(key in old.files for key in same.missing()):
        return same, Kept(folder, pictures=pictures)  # nothing that is there is made anew
    kept = Kept(None, folder, dict(_pictures(record, old, folder, desk)), pictures)
    record.made_from = {key: made_from for key, (_, made_from) in kept.files.items()}
    record.files = dict.fromkeys(kept.files, "")  # named once they are there
    if all(was == number for number, was in enumerate(desk.was, start=1)):
        record.saw = {n: saw for n, saw in old.saw.items() if record.is_current(FrameKey(False, n))}
    return record, kept


def _same_run(record: Record, old: Record) -> bool:
    """Whether a run goes on as it was begun; one that has no picture has nothing to go on with."""
    begun = replace(old.settings, frames=record.settings.frames)
    return bool(old.files) and (
        record.source,
        record.options,
        record.settings,
        record.pictures,
    ) == (old.source, old.options, begun, old.pictures)


def _pictures(
    record: Record, old: Record, folder: Path, desk: OnDesk
) -> Iterator[tuple[FrameKey, tuple[Path, str]]]:
    """For each frame its own picture of before, the same one of another frame's, or a variant."""
    there = {(key.plain, made_from): key for key, made_from in old.made_from.items() if made_from}
    for key, made_from in record.now.items():
        was = desk.was[key.number - 1] if key.number <= len(desk.was) else None
        own = None if was is None else FrameKey(key.plain, was)
        if key.number not in desk.locked and (own is None or old.made_from.get(own) != made_from):
            own = there.get((key.plain, made_from), own)
            tried = [] if key.plain else list(folder.glob(f"variant-*-{made_from}.png"))
            if tried:
                yield key, (tried[0], made_from)
                continue
        if own is not None and own in old.files:
            yield key, (folder / old.files[own], old.made_from.get(own, ""))
