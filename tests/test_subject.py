"""What share=subject finds, phrase by phrase."""

from itertools import pairwise

import pytest

from hopping.subject import (
    opening_subject,
    opens_with_pronoun,
    subject_spans,
    subject_words,
)


def phrases(earlier, later):
    return [earlier[start:end] for start, end in subject_spans(earlier, later)]


@pytest.mark.parametrize(
    ("earlier", "later", "found"),
    [
        ("A red dog is swimming in the river.", "The dog sits under the sun.", ["A red dog"]),
        ("In the river swims a red dog.", "The dog sits.", ["a red dog"]),
        (
            "John is working in his farm.",
            "John is spreading seeds in his farm.",
            ["John", "his farm"],
        ),
        ("A mountain is tall and steep.", "Sophie is climbing the mountain.", ["A mountain"]),
        ("John throws out a baseball.", "John is waving a baseball bat.", ["John", "a baseball"]),
        ("Two small dogs play.", "One dog sleeps.", ["Two small dogs"]),
        ("The fox's tail is red.", "A FOX runs.", ["The fox's"]),
        (
            "Three foxes and a blue puppy meet.",
            "The fox greets two puppies.",
            ["Three foxes", "a blue puppy"],
        ),
        ("red dog, blue cat, forest", "cat", ["blue cat"]),
        ("John holds old red umbrella", "the umbrella", ["old red umbrella"]),
        ("A girl with long red hair walks.", "Her hair is wet.", ["long red hair"]),
        ("They go for a walk.", "The walk is long.", ["a walk"]),
        ("A dog runs.", "A cat runs.", []),
        ("A dog is running.", "A cat is running.", []),
        ("This is John. He is working.", "He is tired.", []),
        ("A dog.", "", []),
        ("", "A dog.", []),
        ("A red dog and a red cat.", "The red door.", ["A red", "a red"]),
        ("John in a red coat is at the farm.", "John runs.", ["John in a red coat"]),
        (
            "An old man with a long beard and a hat, in a city",
            "The man sits.",
            ["An old man with a long beard and a hat"],
        ),
        ("A girl wearing (red glasses:1.2) reads.", "A girl runs.", ["A girl"]),
        ("A dog in the river.", "The dog.", ["A dog"]),
        ("A dog with a ball in its garden.", "The dog.", ["A dog"]),
        ("A red building stands here.", "The building burns.", ["A red building"]),
        ("A big old dog dog", "dog", ["A big old dog dog"]),
    ],
)
def test_phrases(earlier, later, found):
    assert phrases(earlier, later) == found


def test_words_that_can_name_a_subject():
    assert subject_words("The dogs are running to John's house, the Dog!") == (
        "dog",
        "john",
        "house",
    )


def test_spans_are_ordered_and_apart():
    spans = subject_spans("a red dog and the red dog chase a dog", "dog, red")
    assert list(spans) == sorted(spans)
    assert all(a[1] < b[0] for a, b in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("A red dog is swimming in the river.", "A red dog"),
        ("A red dog and a cat are running.", "A red dog and a cat"),
        ("A dog and runs", "A dog"),
        ("John in a red coat is standing.", "John in a red coat"),
        ("This is John. He is working.", "John"),
        ("There is a small blue house on a hill.", "a small blue house"),
        ("red dog, river", "red dog"),
        ("Two children holding hands", "Two children"),
        ("It runs.", "It"),
        ("It is raining on a dog.", None),
        ("In the river swims a dog.", None),
        ("", None),
    ],
)
def test_what_a_text_opens_with(text, subject):
    span = opening_subject(text)
    assert (text[slice(*span)] if span else None) == subject


@pytest.mark.parametrize("text", ["He runs.", "it sits", "(She:1.2) sings", "They are here"])
def test_a_pronoun_opens(text):
    assert opens_with_pronoun(text)


@pytest.mark.parametrize(
    "text", ["It is raining.", "It was a cold night.", "The dog: he runs.", "His dog runs.", ""]
)
def test_no_pronoun_opens(text):
    assert not opens_with_pronoun(text)
