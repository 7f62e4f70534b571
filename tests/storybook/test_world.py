from itertools import islice

import numpy as np
import pytest
from PIL import Image

from hopping.storybook import scene, world
from hopping.storybook.coats import paint_coat
from hopping.storybook.figures import COLOUR_VALUES, draw_figure
from hopping.storybook.pen import Pen
from hopping.storybook.scene import Figure, Scene


def pixels(shown, resolution=world.RESOLUTION):
    return np.asarray(world.draw(shown, resolution).image).astype(int)


def test_a_scene_is_always_drawn_the_same():
    for shown in islice(scene.scenes(7), 10):
        assert np.array_equal(pixels(shown), pixels(shown))


@pytest.mark.parametrize("subject", scene.SUBJECTS)
def test_every_subject_is_drawn_in_every_action_and_covers_its_mask_with_its_colour(subject):
    for action in scene.actions_of(subject):
        shown = Scene("river", (Figure(subject, "purple", action),))
        picture = world.draw(shown)
        mask = np.asarray(picture.masks[0]) > 250
        assert mask.mean() > 0.04
        inside = np.asarray(picture.image).astype(int)[mask]
        own = np.abs(inside - COLOUR_VALUES["purple"]).sum(axis=1) < 60
        assert own.mean() > 0.15


def test_nothing_but_the_figure_changes_with_its_colour():
    red, blue = (Scene("city", (Figure("cat", c),), 5) for c in ("red", "blue"))
    changed = np.abs(pixels(red) - pixels(blue)).sum(axis=2) > 0
    mask = np.asarray(world.draw(red).masks[0]) > 0
    assert changed.any()
    assert not (changed & ~mask).any()


@pytest.mark.parametrize("subject", scene.SUBJECTS)
def test_every_coat_is_another_and_covers_a_part_of_the_figures_own_colour(subject):
    for colour in scene.COLOURS:
        bare, *coated = (worn(Figure(subject, colour, coat=coat)) for coat in scene.COATS)
        own = (bare == (*COLOUR_VALUES[colour], 255)).all(axis=2)
        for number, coat in enumerate(coated):
            changed = (coat != bare).any(axis=2)
            assert not (changed & ~own).any()
            assert 0.1 < changed.sum() / own.sum() < 0.7
            assert np.abs(coat[changed].astype(int) - bare[changed]).sum(axis=1).mean() > 80
            for other in coated[:number]:
                assert (coat != other).any(axis=2).sum() > 0.1 * own.sum()


def worn(figure):
    """The figure alone, as its pen leaves it."""
    pen = Pen(Image.new("RGBA", (256, 256)), 0, 0, 256)
    draw_figure(pen, figure)
    paint_coat(pen, figure)
    return np.asarray(pen.image)


def test_every_coat_is_drawn_as_often():
    drawn = [f.coat for s in islice(scene.scenes(5), 3000) for f in s.figures]
    for coat in scene.COATS:
        assert drawn.count(coat) / len(drawn) == pytest.approx(1 / len(scene.COATS), abs=0.03)


def test_places_differ_more_than_their_variations():
    empty = {
        (place, v): pixels(Scene(place, (Figure("bird", "red", size="medium"),), v))
        for place in scene.PLACES
        for v in (1, 2)
    }
    for place in scene.PLACES:
        own = np.abs(empty[place, 1] - empty[place, 2]).mean()
        others = min(
            np.abs(empty[place, 1] - empty[other, 2]).mean()
            for other in scene.PLACES
            if other != place
        )
        assert others > 1.5 * own


def test_two_characters_do_not_hide_each_other():
    pairs = (s for s in scene.scenes(3, pair_share=1.0) if len(s.figures) == 2)
    for shown in islice(pairs, 10):
        left, right = (np.asarray(m) > 250 for m in world.draw(shown).masks)
        assert (left & right).sum() < 0.15 * min(left.sum(), right.sum())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Figure("dragon", "red"),
        lambda: Figure("house", "red", "run"),
        lambda: Figure("dog", "red", coat="wool"),
        lambda: Scene("moon", (Figure("dog", "red"),)),
        lambda: Scene("city", ()),
        lambda: Scene("city", (Figure("dog", "red"), Figure("dog", "blue"))),
    ],
)
def test_impossible_scenes_are_refused(wrong):
    with pytest.raises(ValueError, match=r"not|must"):
        wrong()
