"""The cast of a story: what is said where a frame names somebody of it."""

import pytest

from hopping import HoppingOptions, StoryError, parse_story
from hopping.subject import read_story
from tests.test_mask import sees, visibility, windows

MIA = "a girl with curly black hair and a yellow raincoat"


def texts(*lines):
    return list(parse_story("\n".join(lines)).texts)


def test_the_description_is_said_where_a_frame_first_names_her():
    assert texts(f"<cast:Mia|the girl: {MIA}>", "", "Mia runs to Mia's house.", "A dog.") == [
        f"{MIA} runs to Mia's house.",
        "A dog.",
    ]
    assert texts(f"<Cast: Mia | the  girl :{MIA}>", "The girl runs. <SEP> In a park the girl.") == [
        f"{MIA} runs.",
        f"In a park {MIA}.",
    ]


@pytest.mark.parametrize(
    ("name", "frame", "said"),
    [
        ("Mia", "Miami and Amia. Mia!", "Miami and Amia. X!"),
        ("Rose", "A rose. Rose smiles.", "A rose. X smiles."),
        ("the old man", "The  old\tman sits.", "X sits."),
        ("ミア", "ミアは走る", "Xは走る"),
        ("Mia", "Miaは走る。MiamiのMia", "Xは走る。MiamiのMia"),
        ("Жанна", "Жаннан и Жанна", "Жаннан и X"),
        ("Zoë", "Zoë's dog", "X's dog"),
        ("C++", "a C++, C++x", "a X, C++x"),
        ("Mia", "(Mia:1.2) <lora:Mia:1> [Mia:Bob:0.5]", "(X:1.2) <lora:Mia:1> [Mia:Bob:0.5]"),
        ("Mia", "<lora:Mia:1> [Mia:Bob:0.5]", "<lora:Mia:1> [X:Bob:0.5]"),
    ],
)
def test_names_are_whole_words_of_any_script(name, frame, said):
    assert texts(f"<cast:{name}: X>", frame) == [said]


def test_marks_hold_what_is_said():
    story = parse_story(f"<cast:Mia: {MIA}>\nThere <share:Mia> runs.\n<from:1> Mia sits.")
    frame = story.frames[0]
    assert [frame.text[slice(*mark)] for mark in frame.marks] == [MIA]
    assert (story.frames[1].links, story.frames[1].line) == ((1,), 3)


def test_a_longer_name_goes_first():
    lines = ("<cast:Mia: a girl>", "<cast:Mia Wong: a queen>", "Mia Wong sees Mia.", "Mia.")
    assert texts(*lines) == ["a queen sees Mia.", "a girl."]


def test_a_description_is_read_as_a_frame_is():
    story = parse_story(
        "<cast:Mia: a (red:1.2) girl \\#1 <lora:mia:0.8>>  # the heroine\nMia runs."
    )
    assert story.texts == ("a (red:1.2) girl #1 <lora:mia:0.8> runs.",)


def test_she_is_the_same_in_each_frame():
    """So share=subject shows her first frame to the others, and pixels come from there."""
    lines = f"<cast:Mia: {MIA}>\n<cast:Bob: a man in a suit>\nMia runs.\nBob sits.\nBob sees Mia."
    mentions = read_story(parse_story(lines)).mentions
    (mia, *_), (bob, *_) = (
        [m.individual for m in each if m.kind == "person"] for each in mentions[:2]
    )
    assert [m.individual for m in mentions[2] if m.kind == "person"] == [bob, mia]
    layout = windows(lines)
    visible = visibility(layout, HoppingOptions(share="subject", anchor=True))
    her = layout.content(3)[-1]
    assert set(layout.content(1)[:10].tolist()) <= set(sees(visible, her))


def test_the_plan_says_who_is_who():
    story = parse_story("<cast:Mia|she: a girl>\n<cast:Bob: a man>\nMia.\nBob.\nMia and Bob.")
    assert story.notes == (
        "Mia or she is said as 'a girl' in frames 1, 3",
        "Bob is said as 'a man' in frames 2, 3",
    )


@pytest.mark.parametrize(
    ("story", "place", "says"),
    [
        ("<cast:Mia: a girl>\n\nThe boy.", (1, 1), "no frame names 'Mia'"),
        ("<cast:A: x>\n<cast:Mia|M: a girl>\nA", (2, 1), "no frame names 'Mia' or 'M'"),
        ("<cast:A: x>\n <cast:B|A: y>\nA B", (2, 2), "A is cast twice, first in line 1"),
        ("<cast:Mia:>\nMia", (1, 1), "no description"),
        ("<cast:Mia: <lora:x:1>>\nMia", (1, 1), "no description"),
        ("<cast:: a girl>\nMia", (1, 1), "no name"),
        ("<cast:Mia|: a girl>\nMia", (1, 1), "no name"),
        ("<cast:a girl>\nMia", (1, 1), "no cast line; write <cast:Mia"),
        ("<cast:Mia: a girl\nMia", (1, 1), "no cast line"),
        ("<cast:Mia: a <share:girl>>\nMia", (1, 1), "no cast line"),
        ("<cast:Mia: a girl> Mia runs.", (1, 1), "alone in its line"),
        ("Mia runs. <cast:Mia: a girl>", (1, 11), "stands alone, above the frames"),
        ("A dog.\n<cast:Mia: a girl>\nMia", (2, 1), "write it above the first"),
        ("<cast:Mia: a girl>", (1, 1), "a cast but no frame"),
        ("<cast Mia: a girl>\nMia", (1, 1), "did you mean <cast:Mia: …>"),
        ("＜cast：Mia：a girl＞\nMia", (1, 1), "did you mean <cast:Mia: …>"),
    ],
)
def test_errors_name_line_and_column(story, place, says):
    with pytest.raises(StoryError, match=says) as caught:
        parse_story(story)
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize("told", ["said", "seen"])
@pytest.mark.parametrize(
    ("description", "frames"),
    [
        ("a girl", ("Mia runs.", "A girl waves.", "Mia sits.")),  # no looks
        ("ein Mädchen mit schwarzem Haar", ("Mia rennt.", "Ein Hund schläft.", "Dort sitzt Mia.")),
        ("黒髪の少女", ("Miaは走る", "犬が食べる", "Miaが眠る")),
        (
            "a girl with black hair",
            ("Mia runs.", "A dog.", "Mia with red hair in a blue coat sits."),
        ),
        ("a girl with black hair", ("Mia runs.", "A dog.", "Mia's hat is red.")),
        ("a girl (with black hair:1.2)", ("Mia runs.", "A dog.", "In a park Mia reads.")),
    ],
)
def test_she_is_known_by_her_name_whatever_is_said_of_her(told, description, frames):
    story = parse_story("\n".join([f"<cast:Mia: {description}>", *frames]), cast=told)
    reading = read_story(story)
    mia = reading.cast[story.cast[0][0]]
    named = [mia in {mention.individual for mention in each} for each in reading.mentions]
    assert named == [True, False, True]


def test_a_name_that_owns_something_waits_for_one_that_does_not():
    lines = f"<cast:Mia: {MIA}>", "Mia’s hat and Mia's dog are with Mia."
    assert texts(*lines) == [f"Mia’s hat and Mia's dog are with {MIA}."]
