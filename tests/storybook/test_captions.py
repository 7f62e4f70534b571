from random import Random

from hopping.storybook import captions, scene


def pairs(count, seed=3, **options):
    random, stream = Random(seed), scene.scenes(seed, **options)
    return [(s, captions.caption(s, random)) for s, _ in zip(stream, range(count), strict=False)]


def test_captions_name_nothing_that_the_picture_does_not_show():
    for shown, text in pairs(2000):
        said = captions.read_caption(text)
        assert said.subjects <= {f.subject for f in shown.figures}, text
        assert said.colours <= {f.colour for f in shown.figures}, text
        assert said.places <= {shown.place}, text
        assert said.actions <= {f.action for f in shown.figures}, text


def test_full_captions_name_subject_colour_and_place():
    random, stream = Random(4), scene.scenes(4, held_out=True)
    for _ in range(500):
        shown = next(stream)
        text = captions.full_caption(shown, random)
        said = captions.read_caption(text)
        figure = shown.figures[0]
        assert said.subjects == {figure.subject}, text
        assert said.colours == {figure.colour}, text
        assert said.places == {shown.place}, text


def test_a_large_share_takes_several_sentences():
    texts = [text for shown, text in pairs(2000) if len(shown.figures) == 1]
    several = [text for text in texts if text.count(".") > 1]
    assert len(several) / len(texts) > 0.4
    assert max(text.count(".") for text in texts) <= 4


def test_some_captions_leave_the_colour_open():
    open_colour = [t for _, t in pairs(2000) if not captions.read_caption(t).colours]
    assert 0.1 < len(open_colour) / 2000 < 0.3


def test_a_place_that_the_subject_came_from_is_not_the_pictures_place():
    said = captions.read_caption("A red dog is at the beach. It came from the forest.")
    assert said.places == {"beach"}


def test_held_out_scenes_are_never_trained_on():
    held_out = scene.scenes(1, held_out=True)
    trained = scene.scenes(1)
    assert all(next(held_out).is_held_out for _ in range(100))
    assert not any(next(trained).is_held_out for _ in range(500))


def test_the_stream_of_scenes_is_reproducible():
    first, second = scene.scenes(9), scene.scenes(9)
    assert [next(first) for _ in range(50)] == [next(second) for _ in range(50)]
