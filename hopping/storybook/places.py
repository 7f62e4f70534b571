"""The six places, each a whole background in light colours that any character stands out from."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hopping.storybook.pen import Colour, Pen, mix

_BANDS = 24


def draw_place(pen: Pen, place: str, random: Random) -> None:
    """Fill `pen`'s box with `place`; `random` moves what no caption names."""
    _DRAWINGS[place](pen, random)


def _sky(pen: Pen, top: Colour, bottom: Colour, horizon: float) -> None:
    for band in range(_BANDS):
        upper, lower = horizon * band / _BANDS, horizon * (band + 1) / _BANDS
        pen.box(0, upper - 0.002, 1, lower + 0.004, mix(top, bottom, band / (_BANDS - 1)))


def _cloud(pen: Pen, x: float, y: float, colour: Colour = (255, 255, 255)) -> None:
    for shift, rise, radius in ((-0.08, 0.01, 0.05), (0.0, -0.015, 0.065), (0.08, 0.012, 0.048)):
        pen.ellipse(x + shift, y + rise, radius, radius * 0.8, colour)


def _pine(pen: Pen, x: float, foot: float, height: float, green: Colour, snow: bool) -> None:
    pen.box(x - 0.012, foot - 0.05, x + 0.012, foot, (110, 78, 60))
    for step in range(3):
        bottom = foot - 0.03 - step * height * 0.27
        half = height * (0.3 - 0.07 * step)
        pen.polygon([(x - half, bottom), (x, bottom - height * 0.45), (x + half, bottom)], green)
        if snow:
            tip = bottom - height * 0.45
            pen.polygon(
                [(x - half * 0.4, tip + height * 0.18), (x, tip), (x + half * 0.4, tip + 0.06)],
                (250, 252, 255),
            )


def _beach(pen: Pen, random: Random) -> None:
    _sky(pen, (120, 204, 246), (214, 240, 250), 0.42)
    side = random.choice((0.14, 0.86))
    pen.ellipse(1 - side, 0.14, 0.085, 0.085, (255, 226, 92))
    pen.box(0, 0.4, 1, 0.66, (44, 160, 204))
    pen.box(0, 0.5, 1, 0.66, (74, 186, 214))
    boat = 0.5
    pen.polygon([(boat, 0.3), (boat, 0.4), (boat + 0.07, 0.4)], (255, 255, 255))
    pen.polygon([(boat - 0.05, 0.41), (boat + 0.08, 0.41), (boat + 0.05, 0.44)], (150, 90, 60))
    pen.curve((0, 0.66), (0.5, 0.6), (1, 0.67), 0.04, (240, 250, 250))
    pen.polygon([(0, 0.67), (0.5, 0.63), (1, 0.68), (1, 1), (0, 1)], (246, 222, 164))
    pen.polygon([(0, 0.88), (0.5, 0.84), (1, 0.9), (1, 1), (0, 1)], (238, 206, 140))
    lean = 0.06 if side < 0.5 else -0.06
    pen.curve((side, 0.76), (side - lean / 2, 0.45), (side + lean, 0.2), 0.035, (156, 110, 70))
    for dx, dy in ((-0.14, 0.02), (-0.09, -0.09), (0.03, -0.11), (0.12, -0.04), (0.14, 0.06)):
        top = (side + lean, 0.2)
        pen.curve(
            top,
            (top[0] + dx * 0.6, top[1] + dy - 0.05),
            (top[0] + dx, top[1] + dy + 0.05),
            0.04,
            (52, 150, 84),
        )


def _forest(pen: Pen, random: Random) -> None:
    _sky(pen, (150, 200, 150), (206, 232, 186), 0.72)
    for x in (0.18, 0.4, 0.6, 0.84):
        pen.box(x - 0.02, 0.2, x + 0.02, 0.7, (168, 178, 140))
    for x in (0.06, 0.28, 0.73, 0.94):
        pen.polygon(
            [(x - 0.035, 0.2), (x + 0.035, 0.2), (x + 0.06, 0.78), (x - 0.06, 0.78)],
            (124, 92, 70),
        )
    for x, y, radius in (
        (0.0, 0.1, 0.18),
        (0.2, 0.03, 0.17),
        (0.4, 0.0, 0.14),
        (0.6, 0.0, 0.14),
        (0.8, 0.04, 0.17),
        (1.0, 0.1, 0.18),
    ):
        pen.ellipse(x, y + 0.04, radius, radius, (72, 148, 84))
        pen.ellipse(x - 0.03, y, radius * 0.7, radius * 0.7, (98, 174, 98))
    pen.ellipse(0.5, 1.0, 0.9, 0.3, (142, 190, 104))
    pen.ellipse(0.5, 1.12, 1.0, 0.3, (120, 172, 92))
    side = random.choice((0.1, 0.2))
    for x in (side, side + 0.72):
        pen.box(x - 0.014, 0.86, x + 0.014, 0.92, (250, 240, 220))
        pen.ellipse(x, 0.86, 0.045, 0.03, (214, 84, 66))


def _farm(pen: Pen, random: Random) -> None:
    _sky(pen, (252, 236, 190), (255, 248, 226), 0.54)
    side = random.choice((0.2, 0.8))
    _cloud(pen, 1 - side, 0.14)
    pen.ellipse(0.3, 0.58, 0.6, 0.16, (196, 208, 120))
    pen.box(side - 0.13, 0.3, side + 0.13, 0.54, (188, 92, 70))
    pen.polygon(
        [(side - 0.16, 0.31), (side - 0.09, 0.18), (side + 0.09, 0.18), (side + 0.16, 0.31)],
        (120, 84, 76),
    )
    pen.box(side - 0.05, 0.39, side + 0.05, 0.54, (250, 240, 226))
    pen.line([(side - 0.045, 0.4), (side + 0.045, 0.53)], 0.014, (188, 92, 70))
    pen.line([(side + 0.045, 0.4), (side - 0.045, 0.53)], 0.014, (188, 92, 70))
    pen.box(0, 0.52, 1, 1, (232, 190, 92))
    for row in range(-4, 5):
        bottom, top = 0.5 + row * 0.26, 0.5 + row * 0.09
        pen.polygon(
            [(top - 0.012, 0.53), (top + 0.012, 0.53), (bottom + 0.05, 1), (bottom - 0.05, 1)],
            (208, 158, 66),
        )
    for rail in (0.55, 0.6):
        pen.line([(0, rail), (1, rail)], 0.014, (250, 244, 230))
    for post in range(6):
        pen.box(post * 0.2 - 0.012, 0.52, post * 0.2 + 0.012, 0.64, (250, 244, 230))


def _mountains(pen: Pen, random: Random) -> None:
    _sky(pen, (180, 190, 236), (236, 232, 250), 0.6)
    shift = random.choice((-0.05, 0.05))
    for x, top, half in ((0.16, 0.22, 0.34), (0.84, 0.18, 0.36), (0.5, 0.08, 0.4)):
        x += shift
        pen.polygon([(x - half, 0.68), (x, top), (x + half, 0.68)], (128, 136, 172))
        pen.polygon([(x, top), (x + half, 0.68), (x + half * 0.3, 0.68)], (106, 114, 154))
        cap = top + (0.68 - top) * 0.36
        pen.polygon(
            [
                (x, top),
                (x - half * 0.36, cap),
                (x - half * 0.12, cap - 0.03),
                (x, cap + 0.04),
                (x + half * 0.16, cap - 0.03),
                (x + half * 0.36, cap),
            ],
            (250, 252, 255),
        )
    pen.ellipse(0.3, 0.84, 0.7, 0.2, (226, 236, 248))
    pen.ellipse(0.7, 0.98, 0.9, 0.3, (240, 246, 254))
    pen.box(0, 0.86, 1, 1, (240, 246, 254))
    for x in (0.07, 0.93):
        _pine(pen, x, 0.78, 0.3, (66, 116, 110), snow=True)


def _city(pen: Pen, random: Random) -> None:
    _sky(pen, (250, 190, 160), (255, 226, 206), 0.7)
    skyline = ((0.0, 0.34), (0.17, 0.2), (0.33, 0.42), (0.5, 0.14), (0.66, 0.36), (0.82, 0.24))
    flip = random.random() < 0.5
    for number, (left, top) in enumerate(skyline):
        if flip:
            left = 1 - left - 0.17
        wall = ((150, 146, 176), (172, 160, 186))[number % 2]
        pen.box(left, top, left + 0.172, 0.72, wall)
        for row in range(round((0.66 - top) / 0.09)):
            for column in (0.03, 0.1):
                x, y = left + column, top + 0.04 + row * 0.09
                pen.box(x, y, x + 0.04, y + 0.045, (255, 228, 150))
    pen.box(0, 0.7, 1, 0.78, (206, 200, 204))
    pen.box(0, 0.78, 1, 1, (134, 132, 144))
    for dash in range(5):
        x = dash * 0.24 + 0.02
        pen.box(x, 0.9, x + 0.11, 0.925, (250, 246, 236))


def _river(pen: Pen, random: Random) -> None:
    _sky(pen, (176, 222, 250), (236, 248, 252), 0.46)
    _cloud(pen, random.choice((0.25, 0.72)), 0.13)
    pen.ellipse(0.15, 0.52, 0.42, 0.2, (150, 204, 112))
    pen.ellipse(0.85, 0.54, 0.48, 0.22, (132, 192, 102))
    pen.box(0, 0.52, 1, 1, (168, 214, 112))
    pen.polygon(
        [(0.5, 0.5), (0.62, 0.5), (0.42, 0.58), (1, 0.66), (1, 0.82), (0, 0.74), (0, 0.6)],
        (72, 148, 224),
    )
    pen.curve((0.05, 0.67), (0.3, 0.63), (0.5, 0.69), 0.014, (214, 236, 252))
    pen.curve((0.6, 0.72), (0.8, 0.7), (0.96, 0.75), 0.014, (214, 236, 252))
    pen.polygon([(0, 0.77), (0.5, 0.8), (1, 0.84), (1, 1), (0, 1)], (180, 220, 116))
    for x in (0.05, 0.1, 0.9, 0.95):
        pen.line([(x, 0.86), (x + 0.01, 0.66)], 0.014, (86, 138, 66))
        pen.ellipse(x + 0.011, 0.64, 0.016, 0.04, (138, 94, 60))


_DRAWINGS: dict[str, Callable[[Pen, Random], None]] = {
    "beach": _beach,
    "forest": _forest,
    "farm": _farm,
    "mountains": _mountains,
    "city": _city,
    "river": _river,
}
