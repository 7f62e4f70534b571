"""What stands behind a comma and says who somebody is or what they are like.

"Mia, a girl with curly hair, …"; "the daughter, barefoot and in a muddy gown, …";
"Ines, welder, …"; "Captain Ibarra, eyepatch, crimson uniform, …"
"""

from __future__ import annotations

from .lexicon import lexicon
from .looks import Looks
from .phrase import Phrase
from .phrases import NEAR
from .vocabulary import DEFINITE, POSSESSIVE

_DASHES = ("-", "–", "—")


class Appositions:
    """Reads on behind the commas of one sentence."""

    def __init__(self, looks: Looks) -> None:
        self._looks, self._sentence = looks, looks.sentence
        self._tags, self._starts = looks.tags, looks.starts
        # Phrases behind which a dash or somebody's age opens a list.
        self._listed: set[int] = set()
        self._aged: set[int] = set()

    def behind(self, phrase: Phrase) -> int | None:
        """Where an apposition or looks between commas, or up to the end of the sentence, end."""
        looks, sign = self._looks, self._sentence.word(phrase.end)
        if sign not in (",", *_DASHES) and not (sign == ":" and self._is_introduced(phrase)):
            return None
        if self._sentence.is_verbless and not (phrase.determiner or phrase.is_animate):
            return None
        if sign in _DASHES:
            self._listed.add(phrase.start)
        at, apposed = phrase.end + 1, False
        item = self._starts.get(at)
        end = looks.look(at) or looks.adjectives(phrase, at)
        if end is None and item is not None:
            apposed = self._is_apposition(phrase, item)
            if apposed:
                looks.extend(item)
                end = self._beyond(item.end)
            elif (end := self._absolute(item)) is None and self._is_bare_look(phrase, item):
                return looks.list_of(at) or item.end
        # "Mochi, a fat cat with one eye, …"; of a name it is sure: "Mochi, a fat cat on a board"
        sure = apposed and item is not None and phrase.names and item.determiner
        if self._tags[at] == "#" and end is not None:
            self._aged.add(phrase.start)  # "a woman, 30, long red hair, green swimsuit, runs"
        if end is None or not (self._tags[end] in ",." or (sure and self._looks.says_where(end))):
            return None
        if item is not None and (apposed or (end == item.end and not looks.is_colour(item))):
            looks.take(phrase, item)
        return end

    def _absolute(self, item: Phrase) -> int | None:
        """ "a lantern at his belt", "its scroll carved as a head": closed by a comma."""
        its = item.determiner in POSSESSIVE
        if item.is_animate or item.pronoun or not (item.is_seen or its):
            return None
        end = self._looks.detail(item.end)
        if end == item.end and its and self._looks.is_made(end):
            end = self._looks.participle_end(item, end)
        return end if end > item.end and self._tags[end] in ",." else None

    def _beyond(self, end: int) -> int:
        """ "a surgeon in blue scrubs, …", "a boxy thing on one wheel, …": no place, and closed."""
        item = self._starts.get(end + 1)
        if self._tags[end] != "I" or item is None or self._looks.says_where(end):
            return end
        return item.end if self._tags[item.end] in ",." else end

    def _is_introduced(self, phrase: Phrase) -> bool:
        """Whether what stands behind a colon says who somebody is: "Meet Beatrix: a …"."""
        item = self._starts.get(phrase.end + 1)
        named = bool(phrase.names) and not phrase.determiner
        return named and bool(item and item.is_indefinite) and not self._sentence.is_spoken(phrase)

    def _is_bare_look(self, phrase: Phrase, item: Phrase) -> bool:
        """ "Captain Ibarra, silver-haired, eyepatch, crimson uniform, sits down"."""
        bare = not (item.determiner or item.owner or item.pronoun or item.names)
        listed = phrase.start in self._listed
        between_commas = self._tags[item.end] in (",." if listed else ",") and not item.is_animate
        look = self._looks.is_look(item) and self._tags[item.end] in ",.C"
        called = bool(phrase.names or phrase.titles) and not phrase.determiner
        called |= phrase.start in self._aged
        # "the surface of Mars, dust storm, no people": a name that is only a place
        called &= phrase.role == "subject" or not self._sentence.is_verbless
        return bare and (called or listed) and (between_commas or look)

    def _is_apposition(self, phrase: Phrase, item: Phrase) -> bool:
        if item.pronoun or item.owner or not phrase.is_seen or self._differ(phrase, item):
            return False
        if item.names:  # "her robot cat, Bolt,", but "on the bridge, Captain Okafor looks"
            if phrase.role == "oblique" and not phrase.is_animate:
                return False
            # … but in a list it is who painted it: "a witch, oil, Hokusai"
            return (
                not phrase.names and not self._sentence.is_verbless and self._tags[item.end] in ",."
            )
        several = phrase.plural or phrase.is_group
        if not item.determiner and not (item.number and several):
            return self._is_role(phrase, item) or self._is_stuff(phrase, item)
        if phrase.names:
            return self._tags[item.end] != "C" or item.determiner in ("a", "an")
        if self._sentence.is_verbless and phrase.determiner not in DEFINITE | POSSESSIVE:
            return False
        return item.is_indefinite and self._is_closed(item)

    def _is_role(self, phrase: Phrase, item: Phrase) -> bool:
        """ "Ines, welder, …": of somebody with a name it is said without an article."""
        return bool(phrase.names) and item.is_animate and not item.plural

    def _is_stuff(self, phrase: Phrase, item: Phrase) -> bool:
        """ "the count's carriage, black lacquer with silver wheels, waits"."""
        stuff = lexicon().main_part(item.head) == "stuff" or self._looks.is_cloth(item)
        return stuff and not phrase.is_animate and not self._sentence.is_verbless

    def _differ(self, phrase: Phrase, item: Phrase) -> bool:
        """Whether one is a living being and the other is not, as far as is known."""
        known = lexicon()
        nouns = [[noun for noun in p.nouns if noun not in ("thing", "one")] for p in (phrase, item)]
        kinds = [{known.main_part(noun) for noun in each} - {None} for each in nouns]
        if not all(kinds) or phrase.names or item.names:
            return False
        return phrase.is_animate != item.is_animate

    def _is_closed(self, item: Phrase) -> bool:
        """Whether a comma closes it and a verb follows, where a list would go on with "and"."""
        at, last = item.end, item.end + NEAR
        while at < last and self._tags[at] not in ".":
            if self._tags[at] == "C" and (other := self._starts.get(at + 1)) and other.is_animate:
                return False
            if self._tags[at] == ",":
                return True
            at += 1
        return self._tags[at] == "."
