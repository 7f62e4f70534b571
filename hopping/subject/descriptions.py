"""What the rest of a frame says of those whom it names.

- predicates: "The robot is rusty and has one arm"
- tags: "1girl, red hair, green eyes, school uniform"
"""

from __future__ import annotations

from itertools import zip_longest

from .appositions import Appositions
from .lexicon import lexicon
from .looks import Looks
from .phrase import Phrase
from .phrases import Sentence
from .vocabulary import (
    BACKDROPS,
    BE,
    BEINGS,
    DEFINITE,
    EXISTENTIAL,
    HAVE,
    NAMING,
    POSES,
    POSSESSIVE,
    WEARING,
    WEARS,
)

# What has a colour in a list of tags, and is not worn.
_NOT_WORN = ("structure", "vehicle", "furniture", "machine", "building", "container")


def describe(sentence: Sentence) -> None:
    """Let each phrase of a sentence take what belongs to it."""
    looks = Looks(sentence)
    looks.rules.append(Appositions(looks).behind)
    rest = _Rest(sentence, looks)
    taken = 0  # heads before this token are part of another's looks
    last: Phrase | None = None  # of whom a place that follows is said
    joined: list[Phrase] = []  # subjects of one verb: "Ada and Bea wear blue dresses"
    for phrase in sentence.phrases:
        if not phrase.pronoun and phrase.head_at >= taken:
            looks.extend(phrase)
            taken = phrase.end
        if phrase.role == "oblique" and last and looks.says_where(phrase.start - 1):
            last.places.update(phrase.nouns)
        elif not phrase.absorbed:
            last = phrase
        if phrase.role == "subject" and phrase.pronoun not in EXISTENTIAL:
            if not (joined and sentence.tags[joined[-1].end : phrase.start] in ("C", ",", ",C")):
                joined = []
            rest.add_predicate(phrase, joined)
            joined.append(phrase)
    if sentence.is_verbless:
        rest.add_tags()


class _Rest:
    def __init__(self, sentence: Sentence, looks: Looks) -> None:
        self._sentence, self._looks = sentence, looks
        self._tags, self._word = sentence.tags, sentence.word

    def add_predicate(self, phrase: Phrase, joined: list[Phrase]) -> None:
        """What a clause says of its subject: "is orange", "has one arm", "wears glasses".

        `joined`: who shares the verb.
        """
        start = at = self._looks.beyond_places(phrase.end)
        if at > phrase.head_at + 1 and self._tags[at] == "," and self._tags[at + 1] in "XZTB":
            start = at = at + 1  # "Amara, who is six, has a gap"
        end: int | None = None
        while True:
            while self._tags[at] == "R":
                at += 1
            found = self._predicate(phrase, at)
            if found is None:
                break
            self._looks.note(phrase, at, found)
            end = at = found
            if self._tags[at] in ",C" and self._tags[at + 1] in "CXZTB":
                at += 1 + (self._tags[at + 1] == "C")
            else:
                break
        if end is not None and self._tags[end] == ",":
            further = self._looks.look(end + 1)  # "is tall, with a beard"
            if further is not None and self._tags[further] in ",.":
                end = further
        if end is not None:
            for one in joined:
                self._looks.note(one, start, end)
                one.parts.append((start, end))
            phrase.parts.append((phrase.start if phrase.pronoun else start, end))
            owned = phrase.owner is not None or phrase.determiner in POSSESSIVE
            phrase.describes_owner = owned and self._looks.is_look(phrase)

    def _predicate(self, phrase: Phrase, at: int) -> int | None:
        word = self._word(at)
        form = lexicon().verb_form(word)
        if word in HAVE | WEARS or self._word(at + 1) == "got" or (form and form[1] in WEARS):
            at += 1 + (self._word(at + 1) == "got")
            item = self._looks.starts.get(at)
            if item is None or item.determiner in DEFINITE or item.is_animate:
                return None
            if self._looks.says_where(item.end) and not self._looks.is_look(item):
                return None  # "has a house by the sea"
            return self._looks.list_of(at)
        return self._is_so(phrase, at + 1) if word in BE else None

    def _is_so(self, phrase: Phrase, at: int) -> int | None:
        """What follows "is": looks that last, not where someone is or how they feel."""
        at += self._word(at) in ("going", "turning") and lexicon().is_colour(self._word(at + 1))
        item = self._looks.starts.get(at)
        if item is not None and item.plural and item.is_animate and not item.determiner:
            item.absorbed = True  # "Ada and Bea are twins": nobody else
            return None
        if (
            self._word(at) in NAMING
            and self._tags[at + 1] == "H"
            and (named := self._looks.starts.get(at + 1))
        ):
            self._looks.take(phrase, named)  # "is called Turbo"
            return named.end
        if item is None and self._tags[at] == "#":  # "is five"
            return at + 1
        if item is not None and item.is_indefinite and not item.names:
            self._looks.extend(item)
            self._looks.take(phrase, item)
            return item.end
        while self._tags[at] == "R" and self._tags[at + 1] in "JER":
            at += 1
        if self._word(at) in WEARING:
            return self._looks.look(at)
        adjective = (
            self._tags[at] == "J" and item is None and not lexicon().is_state(self._word(at))
        )
        if (
            adjective
            or self._looks.is_made(at)
            or (item is not None and self._looks.is_colour(item))
        ):
            return self._looks.adjectives(phrase, at)
        return self._looks.look(at)

    def add_tags(self) -> None:
        """In a list of tags clothes and parts of the body belong to whom the first ones name."""
        named = [p for p in self._sentence.phrases if p.is_seen and not p.absorbed]
        named = [p for p in named if p.is_animate] or [p for p in named if self._is_thing(p)]
        if not named:
            return
        # "1boy, white hair, 1girl, green dress": each has what stands behind
        counted = [p for p in named if p.number == 1 and p.is_animate] or named[:1]
        ends = [p.start for p in counted[1:]] + [len(self._sentence.tokens)]
        for who, end in zip(counted, ends, strict=True):
            self._add_tags_of(who, end)

    def _add_tags_of(self, who: Phrase, end: int) -> None:
        last = self._add_adjectives(who, who.end)
        tags = [
            phrase
            for phrase in self._sentence.between(who.end, end)
            if self._tags[phrase.start - 1] == "," and not phrase.pronoun
        ]
        for phrase, following in zip_longest(tags, tags[1:]):
            follows = phrase.start == last + 1
            counted = who.number == 1 and not phrase.modifiers
            if follows and counted and not phrase.number and self._is_like(who, phrase):
                self._looks.take(who, phrase)  # "1girl, elf"
                who.parts.append((phrase.start, phrase.end))
                last = phrase.end
                continue
            end = self._looks.detail(phrase.end)
            between = following and following.start == end + 1 and self._is_tag_of_looks(following)
            next_to_looks = follows and (
                self._is_coloured(phrase)
                or end > phrase.end
                or (between and phrase.modifiers)
                or (not who.is_animate and self._is_material(phrase))
            )
            posed = self._word(end - 1) in POSES  # "arms crossed"
            if not posed and (self._is_tag_of_looks(phrase) or next_to_looks):
                who.parts.append((phrase.start, end))
                self._looks.note(who, phrase.start, end)
                last = end

    def _is_like(self, who: Phrase, phrase: Phrase) -> bool:
        """Whether a tag says who somebody is: "1girl, elf", but not "1boy, wolf"."""
        known = lexicon()
        beast = known.main_part(phrase.head) == "animal" and phrase.head not in BEINGS
        return phrase.is_animate and (not beast or known.main_part(who.head) == "animal")

    def _add_adjectives(self, who: Phrase, last: int) -> int:
        """Past the tags that are an adjective: "woman, 40yo, chubby, red hair"."""
        while self._tags[last] == "," and self._tags[last + 1 : last + 3] in ("J,", "J."):
            if lexicon().is_state(self._word(last + 1)):
                break
            who.parts.append((last + 1, last + 2))
            who.modifiers.add(self._word(last + 1))
            last += 2
        return last

    def _is_tag_of_looks(self, phrase: Phrase) -> bool:
        """Whether it is a look; a nose has a bridge, too, but a tag means the other."""
        known, noun = lexicon(), phrase.head
        if known.main_part(self._word(phrase.head_at)) == "worn":
            return True  # "glasses"
        if known.main_part(noun) not in (None, "worn", "body") and self._is_built(noun):
            return False
        if phrase.modifiers & POSES:
            return False
        return self._looks.is_look(phrase)

    def _is_built(self, noun: str) -> bool:
        return any(lexicon().is_kind_of(noun, kind) for kind in _NOT_WORN)

    def _is_material(self, phrase: Phrase) -> bool:
        return lexicon().main_part(phrase.head) == "stuff"

    def _is_thing(self, phrase: Phrase) -> bool:
        return lexicon().main_part(phrase.head) in (None, "thing") and phrase.role == "subject"

    def _is_coloured(self, phrase: Phrase) -> bool:
        """Whether it has a colour and may be worn: "red hoodie", "black bob cut"."""
        known, noun = lexicon(), phrase.head
        if not any(map(known.is_colour, phrase.modifiers)) or phrase.is_animate:
            return False
        if self._is_built(noun):
            return False
        return known.main_part(noun) in (None, "thing", "stuff", "food") and noun not in BACKDROPS
