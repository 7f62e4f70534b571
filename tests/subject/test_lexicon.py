"""What is known about words, and where it comes from."""

import subprocess
import sys
from pathlib import Path

import pytest

import hopping.subject
from hopping.subject import compile_lexicon
from hopping.subject.lexicon import lexicon

FILE = Path(hopping.subject.__file__).with_name("lexicon.txt")
WORDNET = Path("/usr/share/wordnet")  # Debian's package wordnet-base


def test_it_is_small_and_carries_wordnets_licence():
    text = FILE.read_text(encoding="utf-8")
    assert len(text.encode()) <= 300_000
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in text[:2000]
    assert "Permission to use, copy, modify and distribute" in text[:2000]


def test_it_is_loaded_when_first_needed():
    ask = "import hopping, hopping.mask; from hopping.subject.lexicon import lexicon as l;"
    ask += "print(l.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


@pytest.mark.skipif(not WORDNET.is_dir(), reason="no WordNet in /usr/share/wordnet")
def test_it_is_what_wordnet_compiles_to():
    lines = "".join(f"{line}\n" for line in compile_lexicon.lexicon(WORDNET))
    assert lines == FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("plural", "noun"),
    [
        ("horses", "horse"),
        ("women", "woman"),
        ("mice", "mouse"),
        ("wolves", "wolf"),
        ("foxes", "fox"),
        ("ladies", "lady"),
        ("children", "child"),
        ("schoolchildren", "schoolchild"),
        ("glass", None),
        ("bus", None),
        ("dog", None),
    ],
)
def test_plurals(plural, noun):
    assert lexicon().singular(plural) == noun


@pytest.mark.parametrize(
    ("form", "ending", "verb"),
    [
        ("limps", "s", "limp"),
        ("waddled", "ed", "waddle"),
        ("running", "ing", "run"),
        ("lying", "ing", "lie"),
        ("carried", "ed", "carry"),
        ("swam", "ed", "swim"),
        ("eaten", "en", "eat"),
        ("leaves", "s", "leave"),
    ],
)
def test_verb_forms(form, ending, verb):
    assert lexicon().verb_form(form) == (ending, verb)


def test_kinds_of():
    known = lexicon()
    for noun, other in (("owl", "bird"), ("kitten", "cat"), ("taxi", "car"), ("tracksuit", "suit")):
        assert known.is_kind_of(noun, other)
        assert not known.is_kind_of(other, noun)
    assert not known.is_kind_of("owl", "dog")


def test_parts_of_the_outline():
    known = lexicon()
    nouns = ("witch", "penguin", "scarf", "ear", "kettle", "river", "rain", "duckling")
    parts = ("person", "animal", "worn", "body", "thing", "place", "weather", "animal")
    assert tuple(map(known.main_part, nouns)) == parts
    assert known.parts("morning") == frozenset()


def test_opposites():
    known = lexicon()
    assert known.are_opposite("red", "blue")
    assert known.are_opposite("tiny", "huge")
    assert not known.are_opposite("red", "big")
    assert not known.are_opposite("red", "red")
