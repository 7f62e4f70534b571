"""HTML from templates, in which all that a user wrote is escaped by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hopping.mask_drawing import frame_colour, frame_name


def templates(*folders: Path) -> Callable[..., str]:
    """What renders the templates of these folders: `render(name, **values)`."""
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_sendable,
    )
    environment.filters.update(frame_name=frame_name, frame_style=frame_style, percent=_percent)

    def render(name: str, **values: Any) -> str:
        return environment.get_template(name).render(values)

    return render


def frame_style(number: int | str) -> Markup:
    """The attribute that gives an element the colour of a frame, as in saved pictures."""
    colour = frame_colour(int(number), strong=True)
    return Markup('style="--hopping-frame:{}"').format(colour)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"


def _sendable(value: Any) -> Any:
    """Without half of a character, which an error may be about: it cannot be sent."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "replace").decode()
    return value


FOLDER = Path(__file__).parent / "templates"
render = templates(FOLDER)
