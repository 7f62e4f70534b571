"""The pictures that a story's frames name by `<picture:…>`: found and opened, or refused."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, BinaryIO

from hopping.errors import OptionError, StoryError
from hopping.story import Frame, Story
from hopping.values import clipped

if TYPE_CHECKING:
    from PIL import Image


def check_pictures(story: Story, names: Collection[str], pixels: str) -> None:
    """Check that a story has the pictures that it names, and use for each.

    Args:
        names: of the pictures that are there.
        pixels: the option of this name.

    Raises:
        StoryError: with line and column, for a picture that is not there or that no frame could
            see.
        OptionError: for a picture that no frame names.
    """
    for frame in story.frames:
        if frame.picture is None:
            continue
        if pixels == "off":
            raise _error(
                frame, "no frame would see this picture with pixels=off; choose pixels=subject"
            )
        if frame.picture not in names:
            raise _error(frame, f"there is no picture {clipped(frame.picture)!r}")
    for name in sorted(set(names).difference(story.pictures.values())):
        raise OptionError(f"no frame names the picture {clipped(name)!r}; write <picture:{name}>")


def open_pictures(
    story: Story, folder: Path, kept: Mapping[str, Image.Image] | None = None
) -> dict[str, Image.Image]:
    """The pictures that a story names, by their names.

    Args:
        folder: where the story is; names are those of files in it or below.
        kept: those that a run has kept, for what is not there any more.

    Raises:
        StoryError: with line and column, for a picture that cannot be had.
    """
    opened = {}
    for frame in story.frames:
        name = frame.picture
        if name is None or name in opened:
            continue
        if _leads_out(name):
            raise _error(
                frame, f"{clipped(name)!r} leads out of the story's folder; name a file in it"
            )
        if kept and name in kept and not (folder / name).is_file():
            opened[name] = kept[name]
        else:
            opened[name] = _opened(frame, name, folder)
    return opened


def shows_through(image: Image.Image) -> bool:
    """Whether a picture is clear anywhere, or might be."""
    return "A" in image.getbands() or "transparency" in image.info


def read_picture(source: Path | BinaryIO, name: str, most_pixels: float = math.inf) -> Image.Image:
    """A picture, turned as the camera was held.

    Args:
        name: by which its owner knows it.

    Raises:
        OptionError: for what is no picture, or too large a one.
        FileNotFoundError: where nothing is.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(source) as image:
            if image.width * image.height <= most_pixels:
                return ImageOps.exif_transpose(image)
            why = f"is too large ({image.width}×{image.height} pixels); make it smaller"
    except FileNotFoundError:
        raise
    except UnidentifiedImageError:
        why = "cannot be read as a picture; save it as PNG or JPEG"
    except Exception as error:  # Pillow raises what comes
        why = f"cannot be read as a picture: {error}"
    raise OptionError(f"{clipped(name)!r} {why}")


def _opened(frame: Frame, name: str, folder: Path) -> Image.Image:
    try:
        return read_picture(folder / name, name)
    except OptionError as error:
        raise _error(frame, str(error)) from error
    except FileNotFoundError as error:
        where = f"in {folder}" if folder.name else "beside the story"
        raise _error(frame, f"there is no picture {clipped(name)!r} {where}") from error


def _leads_out(name: str) -> bool:
    paths = (PurePosixPath(name), PureWindowsPath(name))
    return any(path.is_absolute() or path.drive or ".." in path.parts for path in paths)


def _error(frame: Frame, message: str) -> StoryError:
    return StoryError(f"frame {frame.number}: {message}", line=frame.line, column=frame.column)
