"""The folder that a story leaves: frames, grid, mask and record, each written whole."""

from __future__ import annotations

import datetime
import io
import re
import unicodedata
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hopping.figure import largest_cell, story_grid
from hopping.run_options import PLAIN, seed_text
from hopping.story import Story

from .record import FrameKey, Record, png_info, write_atomically

_WORDS, _LENGTH = 5, 40
_DIGEST = 8  # bytes


def new_folder(parent: Path, story: Story, now: datetime.datetime) -> Path:
    """Make `parent/<time>-<first words>`, with a number behind where that is taken."""
    first = story.frames[0]
    name = f"{now:%Y%m%d-%H%M%S}-{_slug(first.text[slice(*first.own)])}"
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not parent.is_dir():
                raise
            number += 1
        else:
            return folder


def _slug(text: str) -> str:
    """The first words of a text as a file name: letters and digits of any script."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).lower())
    return "-".join(words[:_WORDS])[:_LENGTH].strip("-") or "story"


def frame_name(key: FrameKey, count: int) -> str:
    """File name of a picture; numbers have as many digits as the last one needs, 2 at least."""
    digits = max(2, len(str(count)))
    return f"{'plain' if key.plain else 'frame'}-{key.number:0{digits}}.png"


def save_frame(folder: Path, record: Record, key: FrameKey, image: Image.Image) -> Path:
    """Save a picture with its generation data, then note it in the record."""
    name = frame_name(key, len(record.story))
    save_png(folder / name, image, png_info(record, key))
    record.files[key] = name
    record.made_from[key] = record.now.get(key, "")
    record.write(folder)
    return folder / name


def renumber(folder: Path, record: Record) -> None:
    """Take pictures along to where their frames are now, if these have other numbers than before.

    The record is written. A frame that is in the story twice has its picture twice.
    """
    there = {(key.plain, record.made_from.get(key)): key for key in record.files}
    moved = {
        key: (there[key.plain, made_from], made_from)
        for key, made_from in record.now.items()
        if not record.is_current(key) and (key.plain, made_from) in there
    }
    pictures: dict[FrameKey, Image.Image] = {}
    for key, (old, _) in moved.items():
        with Image.open(folder / record.files[old]) as image:
            pictures[key] = image.copy()
    for kept in (record.files, record.made_from):
        for key in [key for key in kept if key in moved or key not in record.now]:
            del kept[key]
    # What a frame saw is told by the old numbers.
    record.saw = {
        viewer: seen
        for viewer, seen in record.saw.items()
        if all(FrameKey(False, n) in record.files for n in (viewer, *(one.source for one in seen)))
    }
    record.write(folder)
    for key, picture in pictures.items():
        save_frame(folder, record, key, picture)


def files_of_pictures(images: Mapping[str, Image.Image]) -> dict[str, str]:
    """For each picture that a story names, the file that keeps it, by name after what is in it."""
    return {name: f"given-{picture_digest(image)}.png" for name, image in images.items()}


def keep_pictures(folder: Path, record: Record, images: Mapping[str, Image.Image]) -> None:
    """Save the pictures that a story names, as the record's files."""
    for name, file in record.pictures.items():
        if not (folder / file).exists():
            save_png(folder / file, images[name])


def picture_digest(image: Image.Image) -> str:
    """What is in a picture, as a short text."""
    content = repr((image.mode, image.size)).encode() + image.tobytes()
    return blake2b(content, digest_size=_DIGEST).hexdigest()


def kept_pictures(folder: Path, record: Record) -> dict[str, Image.Image]:
    """What `keep_pictures` has kept, by name, as far as it is still there."""
    found = {}
    for name, file in record.pictures.items():
        if (folder / file).is_file():
            with Image.open(folder / file, formats=["PNG"]) as image:
                found[name] = image.copy()
    return found


def save_grid(folder: Path, record: Record) -> Path:
    """Draw `grid.png` from the saved pictures: plain SD if asked for, hopping under it.

    It has the frames that were asked for or are there. The place of a picture that is not made yet
    stays empty. There must be one at least.
    """
    shown = {key.number for key in (*record.wanted(), *record.files)}
    keys = list(filter(lambda key: key.number in shown, record.keys()))
    side = largest_cell(len(keys))
    rows: dict[bool, list[Image.Image | None]] = {True: [], False: []}
    for key in keys:
        name = record.files.get(key)
        rows[key.plain].append(None if name is None else _thumbnail(folder / name, side))
    story = record.story
    captions = [frame.text[slice(*frame.own)] for frame in story.frames if frame.number in shown]
    made_by = {True: PLAIN, False: record.options.described()}
    noise = seed_text(record.settings.seed, record.settings.same_noise, story.own_seeds)
    titles = [f"{made_by[plain]}, {noise}" for plain, row in rows.items() if row]
    grid = story_grid([row for row in rows.values() if row], captions, titles)
    save_png(folder / "grid.png", grid)
    return folder / "grid.png"


def save_png(path: Path, image: Image.Image, info: PngInfo | None = None) -> None:
    """Save a picture as PNG, whole or not at all."""
    write_atomically(path, png_bytes(image, info))


def png_bytes(image: Image.Image, info: PngInfo | None = None) -> bytes:
    """A picture as a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()


def _thumbnail(path: Path, side: int) -> Image.Image:
    with Image.open(path) as image:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        return image.copy()
