"""The characters: each drawn looking right, in a unit box with its feet on the lower edge."""

from __future__ import annotations

from collections.abc import Callable

from hopping.storybook.pen import Colour, Pen, mix
from hopping.storybook.scene import Figure

INK: Colour = (38, 30, 44)
PAPER: Colour = (255, 253, 246)
COLOUR_VALUES: dict[str, Colour] = {
    "red": (222, 40, 44),
    "yellow": (255, 216, 30),
    "green": (34, 160, 66),
    "blue": (36, 92, 226),
    "purple": (138, 54, 186),
    "pink": (255, 132, 192),
    "black": (52, 48, 56),
    "white": (252, 251, 248),
}
_SKIN: Colour = (250, 205, 166)
_BEAK: Colour = (250, 160, 30)
_GLASS: Colour = (196, 232, 250)
_LIT: Colour = (255, 226, 120)
_TROUSERS: Colour = (70, 80, 120)
_STRAW: Colour = (232, 190, 98)
_HAIR: Colour = (168, 88, 38)
_WHEEL: Colour = (60, 58, 66)


def _shades(figure: Figure) -> tuple[Colour, Colour, Colour]:
    """The figure's own colour, a darker one for what is behind, a lighter one for bellies."""
    own = COLOUR_VALUES[figure.colour]
    light = 0.3 if figure.colour == "black" else 0.45
    return own, mix(own, INK, 0.28), mix(own, PAPER, light)


def draw_figure(pen: Pen, figure: Figure) -> None:
    """Draw `figure` in its action. `pen`'s box is the figure's; a jump's height is the pen's."""
    _DRAWINGS[figure.subject](pen, figure)


def _eye(pen: Pen, x: float, y: float, *, asleep: bool, size: float = 0.045) -> None:
    if asleep:
        pen.ellipse(x, y, size * 1.3, size * 0.9, PAPER)
        pen.curve((x - size, y - 0.005), (x, y + size), (x + size, y - 0.005), 0.03, INK)
        return
    pen.ellipse(x, y, size, size * 1.15, PAPER)
    pen.ellipse(x + size * 0.3, y, size * 0.62, size * 0.8, INK)


def _legs(pen: Pen, action: str, xs: tuple[float, ...], top: float, colour: Colour) -> None:
    """The legs of one side: upright, stretched forwards and back, or tucked up."""
    for number, x in enumerate(xs):
        forwards = 1 if number >= len(xs) / 2 else -1
        if action == "run":
            foot = (x + 0.15 * forwards, 0.93)
        elif action == "jump":
            foot = (x + 0.12, top + 0.2)
        else:
            foot = (x, 0.95)
        pen.line([(x, top), foot], 0.1, colour)


def _dog(pen: Pen, figure: Figure) -> None:
    own, dark, light = _shades(figure)
    if figure.action == "sleep":
        pen.curve((0.16, 0.88), (0.0, 0.9), (0.04, 0.7), 0.08, own)
        pen.ellipse(0.42, 0.8, 0.34, 0.19, own)
        pen.line([(0.5, 0.94), (0.8, 0.94)], 0.1, dark)
        pen.ellipse(0.42, 0.9, 0.22, 0.08, light)
        _dog_head(pen, 0.74, 0.74, own, dark, light, asleep=True)
        return
    pen.curve((0.2, 0.56), (0.04, 0.5), (0.06, 0.26), 0.09, own)
    _legs(pen, figure.action, (0.3, 0.66), 0.7, dark)
    _legs(pen, figure.action, (0.22, 0.58), 0.7, own)
    pen.ellipse(0.42, 0.62, 0.3, 0.17, own)
    pen.ellipse(0.44, 0.7, 0.2, 0.08, light)
    pen.line([(0.6, 0.52), (0.7, 0.4)], 0.2, own)
    _dog_head(pen, 0.72, 0.32, own, dark, light, asleep=False)


def _dog_head(
    pen: Pen, x: float, y: float, own: Colour, dark: Colour, light: Colour, *, asleep: bool
) -> None:
    pen.ellipse(x, y, 0.18, 0.17, own)
    pen.ellipse(x + 0.16, y + 0.06, 0.12, 0.085, light)
    pen.ellipse(x + 0.25, y + 0.02, 0.045, 0.04, INK)
    pen.ellipse(x - 0.13, y + 0.08, 0.075, 0.17, dark, turn=12)
    _eye(pen, x + 0.05, y - 0.04, asleep=asleep)


def _cat(pen: Pen, figure: Figure) -> None:
    own, dark, light = _shades(figure)
    if figure.action == "sleep":
        pen.ellipse(0.44, 0.78, 0.38, 0.21, own)
        pen.curve((0.1, 0.84), (0.3, 1.04), (0.62, 0.92), 0.09, dark)
        _cat_head(pen, 0.72, 0.7, own, dark, light, asleep=True)
        return
    pen.curve((0.18, 0.66), (-0.06, 0.44), (0.16, 0.08), 0.085, own)
    _legs(pen, figure.action, (0.3, 0.62), 0.74, dark)
    _legs(pen, figure.action, (0.22, 0.54), 0.74, own)
    pen.ellipse(0.4, 0.68, 0.27, 0.145, own)
    for stripe in (0.3, 0.42):
        pen.line([(stripe, 0.57), (stripe + 0.02, 0.66)], 0.05, dark)
    _cat_head(pen, 0.68, 0.42, own, dark, light, asleep=False)


def _cat_head(
    pen: Pen, x: float, y: float, own: Colour, dark: Colour, light: Colour, *, asleep: bool
) -> None:
    for side in (-1, 1):
        base = x + 0.13 * side
        pen.polygon(
            [(base - 0.1, y - 0.06), (base + 0.04 * side, y - 0.34), (base + 0.1, y - 0.06)], own
        )
        pen.polygon(
            [(base - 0.04, y - 0.1), (base + 0.03 * side, y - 0.25), (base + 0.05, y - 0.1)], dark
        )
    pen.ellipse(x, y, 0.23, 0.19, own)
    pen.ellipse(x, y + 0.1, 0.1, 0.07, light)
    pen.ellipse(x, y + 0.06, 0.035, 0.025, (236, 110, 130))
    for side in (-1, 1):
        _eye(pen, x + 0.1 * side, y - 0.02, asleep=asleep, size=0.05)
        for drop in (0.07, 0.12):
            pen.line([(x + 0.13 * side, y + drop), (x + 0.27 * side, y + drop)], 0.014, INK)


def _rabbit(pen: Pen, figure: Figure) -> None:
    own, dark, light = _shades(figure)
    if figure.action == "sleep":
        pen.ellipse(0.12, 0.8, 0.09, 0.09, PAPER)
        pen.ellipse(0.42, 0.78, 0.32, 0.2, own)
        for lift in (0.0, 0.1):
            pen.ellipse(0.46, 0.56 + lift, 0.2, 0.065, dark if lift else own, turn=6)
        pen.ellipse(0.72, 0.76, 0.19, 0.17, own)
        pen.ellipse(0.84, 0.82, 0.07, 0.05, light)
        _eye(pen, 0.75, 0.72, asleep=True)
        return
    lean = 0.1 if figure.action == "run" else 0.0
    pen.ellipse(0.17, 0.78, 0.1, 0.1, PAPER)
    pen.ellipse(0.4, 0.74, 0.24, 0.22, own)
    pen.ellipse(0.5, 0.74, 0.12, 0.15, light)
    if figure.action == "stand":
        pen.ellipse(0.36, 0.94, 0.18, 0.06, dark)
        pen.ellipse(0.62, 0.94, 0.09, 0.05, own)
    else:
        pen.line([(0.3, 0.88), (0.08, 0.97)], 0.11, dark)
        pen.line([(0.56, 0.82), (0.8, 0.92)], 0.1, own)
    for shift, colour in ((0.0, dark), (0.13, own)):
        turn = 14 - 200 * lean if shift else 24 - 220 * lean
        x = 0.5 + shift + lean - (0.26 * lean / 0.1 * 0.6 if lean else 0.0)
        pen.ellipse(x, 0.19 + lean * 0.9, 0.06, 0.2, colour, turn=turn)
    pen.ellipse(0.6 + lean / 2, 0.46, 0.18, 0.165, own)
    pen.ellipse(0.72 + lean / 2, 0.52, 0.075, 0.055, light)
    pen.ellipse(0.77 + lean / 2, 0.48, 0.03, 0.025, (236, 110, 130))
    _eye(pen, 0.63 + lean / 2, 0.42, asleep=False)


def _bird(pen: Pen, figure: Figure) -> None:
    own, dark, light = _shades(figure)
    asleep = figure.action == "sleep"
    drop = 0.12 if asleep else 0.0
    pen.polygon([(0.3, 0.6 + drop), (0.02, 0.46 + drop), (0.04, 0.68 + drop)], dark)
    if not asleep:
        feet = {"stand": (0.0, 0.0), "run": (-0.16, 0.16), "jump": (-0.1, -0.06)}[figure.action]
        for x, shift in ((0.42, feet[0]), (0.56, feet[1])):
            bottom = 0.9 if figure.action == "jump" else 0.95
            pen.line([(x, 0.76), (x + shift, bottom)], 0.045, _BEAK)
            pen.line([(x + shift, bottom), (x + shift + 0.09, bottom)], 0.045, _BEAK)
    pen.polygon([(0.8, 0.34 + drop), (0.99, 0.43 + drop), (0.8, 0.5 + drop)], _BEAK)
    pen.ellipse(0.45, 0.62 + drop, 0.31, 0.24, own, turn=14)
    pen.ellipse(0.66, 0.4 + drop, 0.2, 0.19, own)
    pen.ellipse(0.56, 0.7 + drop, 0.17, 0.12, light, turn=20)
    if figure.action == "jump":
        pen.polygon([(0.3, 0.56), (0.56, 0.56), (0.22, 0.04), (0.1, 0.2)], dark)
    else:
        pen.ellipse(0.36, 0.6 + drop, 0.19, 0.12, dark, turn=-14)
    _eye(pen, 0.71, 0.37 + drop, asleep=asleep, size=0.055)


def _limbs(figure: Figure) -> tuple[tuple[float, float], tuple[float, float]]:
    """How far apart the feet are (left, right) and how high the hands, for a person's action."""
    return {
        "stand": ((-0.09, 0.09), (0.66, 0.66)),
        "run": ((-0.27, 0.25), (0.66, 0.46)),
        "jump": ((-0.2, 0.2), (0.24, 0.24)),
    }[figure.action]


def _john(pen: Pen, figure: Figure) -> None:
    own, dark, _ = _shades(figure)
    if figure.action == "sleep":
        pen.ellipse(0.84, 0.9, 0.2, 0.1, PAPER)
        pen.line([(0.3, 0.92), (0.04, 0.92)], 0.13, _TROUSERS)
        pen.polygon([(0.24, 0.76), (0.66, 0.74), (0.68, 0.99), (0.24, 0.99)], own)
        pen.line([(0.6, 0.8), (0.36, 0.88)], 0.1, dark)
        pen.ellipse(0.78, 0.82, 0.15, 0.15, _SKIN)
        pen.ellipse(0.86, 0.74, 0.08, 0.18, _STRAW, turn=30)
        _eye(pen, 0.75, 0.8, asleep=True)
        return
    feet, hands = _limbs(figure)
    for foot in feet:
        pen.line([(0.5 + foot / 4, 0.68), (0.5 + foot, 0.95)], 0.12, _TROUSERS)
    for side, hand in zip((-1, 1), hands, strict=True):
        pen.line([(0.5 + 0.12 * side, 0.46), (0.5 + 0.28 * side, hand)], 0.1, dark)
        pen.ellipse(0.5 + 0.29 * side, hand, 0.055, 0.055, _SKIN)
    pen.polygon([(0.36, 0.4), (0.64, 0.4), (0.71, 0.78), (0.29, 0.78)], own)
    pen.line([(0.5, 0.46), (0.5, 0.74)], 0.025, dark)
    pen.ellipse(0.5, 0.27, 0.165, 0.17, _SKIN)
    for x in (0.46, 0.6):
        _eye(pen, x, 0.27, asleep=False, size=0.034)
    pen.curve((0.48, 0.35), (0.54, 0.4), (0.6, 0.35), 0.025, INK)
    pen.ellipse(0.5, 0.16, 0.27, 0.055, _STRAW)
    pen.polygon([(0.35, 0.15), (0.39, 0.02), (0.61, 0.02), (0.65, 0.15)], _STRAW)
    pen.line([(0.37, 0.13), (0.63, 0.13)], 0.04, _HAIR)


def _sophie(pen: Pen, figure: Figure) -> None:
    own, dark, _ = _shades(figure)
    if figure.action == "sleep":
        pen.ellipse(0.86, 0.92, 0.2, 0.09, PAPER)
        pen.line([(0.26, 0.93), (0.04, 0.93)], 0.08, _SKIN)
        pen.ellipse(0.84, 0.84, 0.16, 0.16, _HAIR)
        pen.polygon([(0.16, 0.72), (0.66, 0.8), (0.66, 0.96), (0.16, 1.0)], own)
        pen.ellipse(0.77, 0.85, 0.13, 0.13, _SKIN)
        _eye(pen, 0.74, 0.83, asleep=True)
        return
    feet, hands = _limbs(figure)
    pen.ellipse(0.48, 0.3, 0.23, 0.22, _HAIR)
    pen.ellipse(0.36, 0.44, 0.12, 0.2, _HAIR, turn=-10)
    pen.ellipse(0.62, 0.44, 0.1, 0.18, _HAIR, turn=10)
    for foot in feet:
        pen.line([(0.5 + foot / 3, 0.8), (0.5 + foot, 0.95)], 0.075, _SKIN)
        pen.ellipse(0.52 + foot, 0.96, 0.065, 0.04, _HAIR)
    for side, hand in zip((-1, 1), hands, strict=True):
        pen.line([(0.5 + 0.09 * side, 0.5), (0.5 + 0.28 * side, hand)], 0.075, _SKIN)
    pen.polygon([(0.41, 0.44), (0.59, 0.44), (0.8, 0.84), (0.2, 0.84)], own)
    pen.line([(0.24, 0.81), (0.76, 0.81)], 0.05, dark)
    pen.ellipse(0.51, 0.28, 0.16, 0.165, _SKIN)
    pen.polygon([(0.33, 0.26), (0.4, 0.1), (0.6, 0.1), (0.67, 0.24), (0.5, 0.16)], _HAIR)
    for x in (0.46, 0.6):
        _eye(pen, x, 0.29, asleep=False, size=0.034)
    pen.curve((0.48, 0.36), (0.53, 0.41), (0.59, 0.36), 0.025, (200, 60, 80))


def _car(pen: Pen, figure: Figure) -> None:
    own, dark, light = _shades(figure)
    if figure.action == "run":
        for x, y, radius in ((-0.02, 0.84, 0.09), (-0.1, 0.72, 0.07), (-0.14, 0.88, 0.06)):
            pen.ellipse(x, y, radius, radius, PAPER)
    pen.polygon([(0.2, 0.62), (0.31, 0.38), (0.66, 0.38), (0.8, 0.62)], own)
    pen.polygon([(0.29, 0.59), (0.35, 0.44), (0.48, 0.44), (0.48, 0.59)], _GLASS)
    pen.polygon([(0.53, 0.59), (0.53, 0.44), (0.63, 0.44), (0.71, 0.59)], _GLASS)
    pen.line([(0.1, 0.7), (0.9, 0.72)], 0.22, own)
    pen.line([(0.06, 0.78), (0.94, 0.78)], 0.08, dark)
    pen.ellipse(0.94, 0.68, 0.04, 0.05, _LIT)
    pen.line([(0.18, 0.64), (0.7, 0.64)], 0.025, light)
    for x in (0.27, 0.73):
        pen.ellipse(x, 0.83, 0.14, 0.14, _WHEEL)
        pen.ellipse(x, 0.83, 0.06, 0.06, (206, 206, 214))


def _house(pen: Pen, figure: Figure) -> None:
    own, dark, _ = _shades(figure)
    pen.box(0.68, 0.1, 0.8, 0.4, dark)
    pen.box(0.12, 0.42, 0.88, 0.99, own)
    pen.polygon([(0.0, 0.46), (0.5, 0.05), (1.0, 0.46)], dark)
    pen.line([(0.02, 0.45), (0.98, 0.45)], 0.04, dark)
    pen.box(0.42, 0.66, 0.6, 0.99, (120, 76, 48))
    pen.ellipse(0.56, 0.83, 0.018, 0.018, _LIT)
    for x in (0.18, 0.66):
        pen.box(x, 0.55, x + 0.17, 0.74, PAPER)
        pen.box(x + 0.025, 0.575, x + 0.145, 0.715, _LIT)


_DRAWINGS: dict[str, Callable[[Pen, Figure], None]] = {
    "dog": _dog,
    "cat": _cat,
    "rabbit": _rabbit,
    "bird": _bird,
    "John": _john,
    "Sophie": _sophie,
    "car": _car,
    "house": _house,
}
