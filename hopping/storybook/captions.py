"""Scenes said in English, the way real captions do it: often in part, often in several sentences.

Many captions describe their one picture with co-reference ("A red dog. It is at the beach."), so a
causal text encoder learns to gather a character's attributes backwards from a later mention. Some
name a second place that the picture does not show ("It came from the forest.").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from hopping.storybook.scene import COLOURS, PEOPLE, PLACES, SUBJECTS, Figure, Scene, scenes

PRONOUNS = {"John": "he", "Sophie": "she"}
POSSESSIVES = {"John": "his", "Sophie": "her"}
CLOTHES = {"John": ("coat", "jacket"), "Sophie": ("dress", "coat")}
SIZE_WORDS = {"large": ("big", "large"), "medium": ("small", "little")}
SIDE_PHRASES = {"left": "on the left", "middle": "in the middle", "right": "on the right"}
PLACE_PHRASES = {
    "beach": ("at the beach", "on the beach", "by the sea"),
    "forest": ("in the forest", "in the woods", "among the trees"),
    "farm": ("at the farm", "on the farm", "in the farm"),
    "mountains": ("in the mountains", "in the snowy mountains", "in the snow"),
    "city": ("in the city", "in the town", "on the street"),
    "river": ("by the river", "at the river", "near the river"),
}
PLACE_NAMES = {
    "beach": ("beach", "sea"),
    "forest": ("forest", "woods", "trees"),
    "farm": ("farm",),
    "mountains": ("mountains", "snow"),
    "city": ("city", "town", "street"),
    "river": ("river",),
}
VERBS = {
    "stand": ("stands", "is standing", "is", "waits", "is waiting"),
    "run": ("runs", "is running"),
    "jump": ("jumps", "is jumping"),
    "sleep": ("sleeps", "is sleeping", "is asleep"),
}
CAR_VERBS = {"stand": ("stands", "is parked", "is", "waits"), "run": ("drives", "is driving")}
_ACTION_WORDS = {
    "run": ("runs", "running", "drives", "driving"),
    "jump": ("jumps", "jumping"),
    "sleep": ("sleeps", "sleeping", "asleep"),
    "stand": ("stands", "standing", "waits", "waiting", "parked"),
}
_ELSEWHERE = (
    "{who} came from {place}.",
    "{who} comes from {place}.",
    "{who} was at {place} before.",
    "{who} wants to go to {place}.",
    "{who} likes {place} too.",
)
_ELSEWHERE_PATTERN = re.compile(
    r"(?:came from|comes from|was at|go to|likes) the (\w+)", re.IGNORECASE
)

CO_REFERENCE_SHARE = 0.45
PARTIAL_SHARE = 0.25
ELSEWHERE_SHARE = 0.12


@dataclass(frozen=True)
class Mentions:
    """What a caption names of its picture, as sets of the world's own words."""

    subjects: frozenset[str]
    colours: frozenset[str]
    places: frozenset[str]
    actions: frozenset[str]


def read_caption(text: str) -> Mentions:
    """What `text` says the picture shows. A place that it only came from is not counted."""
    words = set(re.findall(r"[a-z]+", _ELSEWHERE_PATTERN.sub(" ", text).lower()))
    return Mentions(
        subjects=frozenset(s for s in SUBJECTS if s.lower() in words),
        colours=frozenset(c for c in COLOURS if c in words),
        places=frozenset(p for p in PLACES if words.intersection(PLACE_NAMES[p])),
        actions=frozenset(a for a, forms in _ACTION_WORDS.items() if words.intersection(forms)),
    )


def caption(scene: Scene, random: Random) -> str:
    """One caption of `scene`: complete or in part, in one sentence or in up to three."""
    if len(scene.figures) == 2:
        return _pair_caption(scene, random)
    kind = random.random()
    if kind < CO_REFERENCE_SHARE:
        return _co_reference(scene, random)
    if kind < CO_REFERENCE_SHARE + PARTIAL_SHARE:
        return _partial(scene, random)
    return _one_sentence(scene, random)


def full_caption(scene: Scene, random: Random) -> str:
    """A caption that names subject, colour, place and, where there is one, the action."""
    return (_co_reference if random.random() < 0.5 else _one_sentence)(scene, random)


def verbs_of(figure: Figure) -> tuple[str, ...]:
    """The verbs for the figure's action; "is" among them needs a place after it."""
    if figure.subject == "house":
        return ("stands", "is standing", "is")
    return (CAR_VERBS if figure.subject == "car" else VERBS)[figure.action]


def _verb(figure: Figure, random: Random, *, alone: bool = False) -> str:
    """The action as a verb; "is" never where it stands `alone`."""
    return random.choice([verb for verb in verbs_of(figure) if not (alone and verb == "is")])


def _place(scene: Scene, random: Random, figure: Figure | None = None) -> str:
    if figure and scene.place == "farm" and figure.subject in PEOPLE and random.random() < 0.4:
        return f"{random.choice(('in', 'on', 'at'))} {POSSESSIVES[figure.subject]} farm"
    return random.choice(PLACE_PHRASES[scene.place])


def _new(figure: Figure, random: Random, *, size: bool = False, colour: bool = True) -> str:
    """The first mention: "a big red dog", "John in a red coat"."""
    size_word = f"{random.choice(SIZE_WORDS[figure.size])} " if size else ""
    if figure.subject in PEOPLE:
        clothes = random.choice(CLOTHES[figure.subject])
        wearing = random.choice(("in", "wearing", "with"))
        return (
            f"{figure.subject} {wearing} a {figure.colour} {clothes}" if colour else figure.subject
        )
    article = "the" if random.random() < 0.15 else "a"
    colour_word = f"{figure.colour} " if colour else ""
    return f"{article} {size_word}{colour_word}{figure.subject}"


def _again(figure: Figure, random: Random, *, pronoun: float = 0.45) -> str:
    """A later mention: "the dog", "it"; "John", "he"."""
    if random.random() < pronoun:
        return PRONOUNS.get(figure.subject, "it")
    return figure.subject if figure.subject in PEOPLE else f"the {figure.subject}"


def _sentence(*parts: str) -> str:
    text = " ".join(part for part in parts if part).replace(" ,", ",").strip()
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _side(figure: Figure, random: Random, share: float = 0.3) -> str:
    return SIDE_PHRASES[figure.side] if random.random() < share else ""


def _elsewhere(scene: Scene, who: str, random: Random) -> str:
    if random.random() >= ELSEWHERE_SHARE:
        return ""
    other = random.choice([p for p in PLACES if p != scene.place])
    place = f"the {random.choice(PLACE_NAMES[other])}"
    return _sentence(random.choice(_ELSEWHERE).format(who=who, place=place))


def _one_sentence(scene: Scene, random: Random) -> str:
    figure = scene.figures[0]
    who = _new(figure, random, size=random.random() < 0.4)
    verb, place, side = _verb(figure, random), _place(scene, random, figure), _side(figure, random)
    alone = _verb(figure, random, alone=True)
    forms: Sequence[tuple[str, ...]] = (
        (who, verb, place, side),
        (who, verb, side, place),
        (place, ",", who, verb, side),
        ("there is", who, place, side, ".", _again(figure, random), alone),
        ("a picture of", who, ".", _again(figure, random), verb, place, side),
    )
    form = random.choice(forms[:3]) if random.random() < 0.75 else random.choice(forms[3:])
    text = " ".join(_sentence(part) for part in " ".join(p for p in form if p).split(" . "))
    return " ".join(filter(None, (text, _elsewhere(scene, _again(figure, random), random))))


def _co_reference(scene: Scene, random: Random) -> str:
    """Two or three sentences: who it is, in what colour, what it does and where, in any order."""
    figure = scene.figures[0]
    person = figure.subject in PEOPLE
    verb, place = _verb(figure, random), _place(scene, random, figure)
    side = _side(figure, random, 0.2)
    size_word = random.choice(SIZE_WORDS[figure.size])
    again = _again(figure, random)
    kind = random.randrange(5)
    if kind == 0:
        first = _new(figure, random, size=random.random() < 0.4)
        sentences = [_sentence(random.choice(("this is", "here is", "")), first)]
        sentences.append(_sentence(again, verb, place, side))
    elif kind == 1:
        first = _new(figure, random, colour=False)
        coloured = _wears(figure, random) if person else f"is {figure.colour}"
        sentences = [
            _sentence(random.choice(("this is", "there is", "here is")), first),
            _sentence(again, coloured),
            _sentence(_again(figure, random), verb, place, side),
        ]
    elif kind == 2:
        first = _new(figure, random)
        sentences = [
            _sentence(first, "is", place, side),
            _sentence(again, _verb(figure, random, alone=True)),
        ]
        if random.random() < 0.3 and not person:
            sentences.append(_sentence(again, "is", size_word))
    elif kind == 3:
        first = _new(figure, random, colour=False)
        coloured = _wears(figure, random) if person else f"is {figure.colour}"
        sentences = [_sentence(first, verb, place, side), _sentence(again, coloured)]
    else:
        first = _new(figure, random, size=random.random() < 0.3)
        names = random.choice(PLACE_NAMES[scene.place])
        sentences = [
            _sentence(random.choice(("this is the", "here is the")), names),
            _sentence(first, verb, random.choice(("here", "there")), side),
        ]
    sentences.append(_elsewhere(scene, again, random))
    return " ".join(filter(None, sentences[:4]))


def _wears(figure: Figure, random: Random) -> str:
    clothes = random.choice(CLOTHES[figure.subject])
    return f"{random.choice(('wears', 'is wearing', 'has'))} a {figure.colour} {clothes}"


def _partial(scene: Scene, random: Random) -> str:
    """Some attributes only, most often without the colour: "The dog runs in the forest." """
    figure = scene.figures[0]
    kind = random.random()
    known = _again(figure, random, pronoun=0.15)
    if kind < 0.55:
        text = _sentence(known, _verb(figure, random), _place(scene, random, figure))
    elif kind < 0.7:
        text = _sentence(_new(figure, random, size=random.random() < 0.4))
    elif kind < 0.8:
        text = _sentence(_new(figure, random), _verb(figure, random, alone=True))
    elif kind < 0.9:
        text = _sentence(known, "is", _place(scene, random, figure), _side(figure, random))
    else:
        text = _sentence(known, _verb(figure, random, alone=True), _side(figure, random))
    return " ".join(filter(None, (text, _elsewhere(scene, _again(figure, random), random))))


def _pair_caption(scene: Scene, random: Random) -> str:
    first, second = random.sample(scene.figures, 2)
    who, whom = _new(first, random), _new(second, random)
    place = _place(scene, random)
    kind = random.randrange(5)
    if kind == 0:
        return _sentence(who, "and", whom, random.choice(("are", "stand", "meet")), place)
    if kind == 1:
        return _sentence(who, "meets", whom, place)
    if kind == 2:
        return _sentence(place, ",", who, random.choice(("meets", "stands with")), whom)
    if kind == 3:
        known, other = (_again(f, random, pronoun=0.0) for f in (first, second))
        meeting = f"{random.choice(('and', 'meets', 'with'))} {other}"
        verb = random.choice(("are", "meet")) if meeting.startswith("and") else ""
        known_first = _sentence(who), _sentence(whom)
        return " ".join((*known_first, _sentence(known, meeting, verb, place)))
    here = SIDE_PHRASES[first.side], SIDE_PHRASES[second.side]
    return _sentence(who, "is", here[0], "and", whom, "is", here[1], place)


def vocabulary() -> tuple[str, ...]:
    """Every word that a caption can hold, lower case, sorted: what the tokenizer keeps whole."""
    random = Random(0)
    stream = scenes(0)
    words: set[str] = set()
    for _ in range(60_000):
        words.update(re.findall(r"[a-z]+", caption(next(stream), random).lower()))
    return tuple(sorted(words))
