"""Words of a frame without labels, speech and the host's syntax."""

import pytest

from hopping.subject.tokens import tokenize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A red dog's bone.", "A red dog 's bone ."),
        ("He’s here", "He ’s here"),
        ("2girls, 35mm, 1.5", "2 girls , 35mm , 1.5"),
        ("Dr. Smith and J. R. Bell", "Dr. Smith and J. R. Bell"),
        ("(white wolf:1.3), [a (b)]", "white wolf , a b"),
        ("a <lora:ink:0.8> dog", "a dog"),
        ("long_hair", "long hair"),
        ("a half-timbered house", "a half-timbered house"),
        ("Panel 1: A dog.", "A dog ."),
        ("[Panel 1] A dog.", "A dog ."),
        ("PAGE 1, PANEL 2. Vex lands.", "Vex lands ."),
        ("INT. TAXI - NIGHT. The driver waits.", "The driver waits ."),
        ("WIDE SHOT: a taxi", "a taxi"),
        ("Shot 3 – A dog.", "A dog ."),
        ("1. A dog.", "A dog ."),
        ("Panel two. A dog.", "A dog ."),
        ("Establishing shot: a house", "a house"),
        ("The dog: he runs.", "The dog : he runs ."),
        ("A DOG RUNS.", "A DOG RUNS ."),
        ("A dog barks. SFX: woof", "A dog barks ."),
        ('"Stay," says the dog.', "says the dog ."),
        ('A dog says "stay', "A dog says stay"),
        ("", ""),
        ("Panel 1:", "Panel 1 :"),
    ],
)
def test_words(text, words):
    tokens = tokenize(text)
    assert " ".join(token.text for token in tokens) == words
    assert all(text[slice(*token.span)].startswith(token.text[0]) for token in tokens)
