"""A story read: whom each frame names, and with which words.

texts ─ tokens.py ─▶ words ─ tagging.py ─▶ parts of speech ─ phrases.py, looks.py ─▶ phrases
─ individuals.py ─▶ who is who ─ here ─▶ what a frame shows to a later one
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hopping.cast import CastMember
from hopping.story import Span, Story

from .descriptions import describe
from .individuals import Individual, Individuals, can_be
from .lexicon import lexicon
from .names import Names
from .phrase import Phrase
from .phrases import Sentence
from .tokens import tokenize
from .vocabulary import BE, HE, IT, OWNERS, SHE, THEY, TURNS, WEATHER

# What stands in so large a part of the frames is style.
_NEARLY_EVERY = 0.8


@dataclass(frozen=True)
class Mention:
    """Somebody named in a frame.

    Attributes:
        individual: the number of who it is; kind: person, animal, place or thing.
        spans: the words of the frame's own text that name and describe them, in order and apart;
            empty where they are only spoken of ("GUARD: …").
        adds: whether it says something of them that no earlier frame did; the first does.
    """

    individual: int
    kind: str
    spans: tuple[Span, ...]
    adds: bool


class Reading:
    """Whom each frame of a story names.

    Attributes:
        mentions: for each frame those whom it names, in the order in which it does.
        cast: which individuals those of the cast are, whom a frame has named.
    """

    def __init__(
        self,
        texts: Sequence[str],
        links: Sequence[tuple[int, ...] | None],
        cast: Sequence[tuple[CastMember, ...]] = (),
    ) -> None:
        """`texts`: the frames' own. `links`: the frames, from 1, in which a frame finds whom its
        pronouns mean; None: all before it. `cast`: whom of the cast each frame names."""
        self._who = Individuals()
        self.cast: dict[CastMember, int] = {}
        self.mentions: list[tuple[Mention, ...]] = []
        names, style = Names(), _Style()
        # A frame is read with what the frames before it tell, never with what comes later: so a
        # frame that is added changes nothing for those before it.
        casts = cast or [()] * len(texts)
        for number, (text, linked, played) in enumerate(
            zip(texts, links, casts, strict=True), start=1
        ):
            tokens = tokenize(text)
            sentence = Sentence(tokens, names.read(tokens) | _proper_names(played))
            describe(sentence)
            among = None if linked is None else {*linked, number}
            self.mentions.append(
                self._read(sentence, number, among, style.read(sentence), _Roles(text, played))
            )

    def _read(
        self,
        sentence: Sentence,
        frame: int,
        among: set[int] | None,
        style: frozenset[int],
        roles: _Roles,
    ) -> tuple[Mention, ...]:
        found: dict[int, list[Span]] = {}
        self._who.grown.clear()
        meant: dict[int, list[Individual]] = {}  # by the head's token
        subjects: list[Individual] = []  # of the last clause
        for order, phrase in enumerate(sentence.phrases):
            member, is_role = roles.of(sentence, phrase)
            if member is None and (
                is_role
                or phrase.absorbed
                or not phrase.is_seen
                or phrase.start in style
                or sentence.is_elsewhere(phrase)
            ):
                continue
            if member is not None:
                who = [self._playing(member, frame)]
                self._who.learn(who[0], phrase)
            elif phrase.pronoun:
                who = self._meant_by_pronoun(sentence, phrase, subjects, among)
            else:
                who = self._meant_by(sentence, phrase, frame, meant)
            if phrase.role == "subject":
                subjects = who
            meant[phrase.head_at] = who
            spans = _spans(sentence, phrase)
            for one in who:
                one.mentioned = frame, sentence.number_at(phrase.start)
                one.as_subject, one.order = phrase.role == "subject", order
                found.setdefault(one.number, []).extend(spans)
            for owner in self._owners(phrase, meant, subjects, among):
                if phrase.describes_owner and owner.number in found:
                    # else it is her hair that the frame shows
                    found[owner.number].extend(spans)
                    self._who.learn_looks(owner, phrase)
                elif _is_limb(phrase) and who[0].introduced == frame:
                    # "onto its back": no back is seen without who has it
                    found.setdefault(owner.number, [])
        for member, span in roles.spans:
            one = self._playing(member, frame)
            one.mentioned = max(one.mentioned, (frame, 0))
            found.setdefault(one.number, []).append(span)
        self._note_groups(sentence, meant)
        return tuple(
            Mention(one, self._who.all[one].kind, merge_spans(spans), one in self._who.grown)
            for one, spans in found.items()
        )

    def _playing(self, member: CastMember, frame: int) -> Individual:
        """Who somebody of the cast is: known by the description from the first mention on."""
        if member not in self.cast:
            sentence = Sentence(tokenize(member.description))
            describe(sentence)
            owners = [phrase.owner for phrase in sentence.phrases]
            main = (p for p in sentence.phrases if p.is_seen and not p.pronoun and p not in owners)
            one = self._who.add(next(main, Phrase(0, 0, 0)), frame, None)
            for name in _proper_names([member]):
                self._who.give_name(one, name)
            self.cast[member] = one.number
        return self._who.all[self.cast[member]]

    def _meant_by(
        self, sentence: Sentence, phrase: Phrase, frame: int, meant: dict[int, list[Individual]]
    ) -> list[Individual]:
        owners = meant.get(phrase.owner.head_at, []) if phrase.owner else []
        owner = owners[0] if owners else None
        one = self._who.meant_by(phrase, owner, sentence.is_verbless)
        if phrase.negated or (one is None and sentence.is_spoken(phrase)):
            return []
        if one is None:
            one = self._who.add(phrase, frame, owner)
        else:
            self._who.learn(one, phrase)
        return self._named([one], sentence, phrase)

    def _meant_by_pronoun(
        self,
        sentence: Sentence,
        phrase: Phrase,
        subjects: list[Individual],
        among: set[int] | None,
    ) -> list[Individual]:
        if phrase.pronoun not in HE | SHE | IT | THEY or _means_nobody(sentence, phrase):
            return []
        if phrase.pronoun.endswith(("self", "selves")):
            return subjects
        # "It follows him", "It sits next to him": nobody but himself.
        not_these = [] if phrase.role == "subject" else subjects
        who = self._who.meant_by_pronoun(phrase.pronoun, not_these, among)
        if len(who) == 1:
            self._who.learn(who[0], phrase)
        if len(who) == 1 and phrase.pronoun in HE | SHE:
            who[0].sex = "m" if phrase.pronoun in HE else "f"
        return self._named(who, sentence, phrase)

    def _owners(
        self,
        phrase: Phrase,
        meant: dict[int, list[Individual]],
        subjects: list[Individual],
        among: set[int] | None,
    ) -> list[Individual]:
        """Whose hair it is in "Her hair is red"."""
        if not phrase.describes_owner and not _is_limb(phrase):
            return []
        if phrase.owner is not None:
            return meant.get(phrase.owner.head_at, [])
        if phrase.determiner not in OWNERS:
            return []
        pronoun = OWNERS[phrase.determiner]
        if phrase.role != "subject" and any(can_be(pronoun, one) for one in subjects):
            return subjects  # "shakes his head"
        looks = [one for who in meant.values() for one in who if one.parts & {"worn", "body"}]
        return self._who.meant_by_pronoun(pronoun, looks, among)

    def _named(self, who: list[Individual], sentence: Sentence, phrase: Phrase) -> list[Individual]:
        name = sentence.given_name(phrase)
        if name and len(who) == 1:
            self._who.give_name(who[0], name)
        return who

    def _note_groups(self, sentence: Sentence, meant: dict[int, list[Individual]]) -> None:
        """Those named together, so that "they" can mean them: "the knight, the witch and he"."""
        group: list[Individual] = []
        end = -1
        for phrase in sentence.phrases:
            who = meant.get(phrase.head_at, [])
            if not who or not all(one.is_animate for one in who) or phrase.role != "subject":
                continue
            between = sentence.tags[end : phrase.start] if end >= 0 else "."
            group = [*group, *who] if between in ("C", ",", ",C") else list(who)
            if len(group) > 1:
                self._who.named_together(group)
            end = phrase.end

    def spans(self, source: int, who: Iterable[int]) -> tuple[Span, ...]:
        """What frame `source` (from 1) says of these individuals: spans of its own text."""
        named = frozenset(who)
        mentions = (m for m in self.mentions[source - 1] if m.individual in named)
        return merge_spans(span for mention in mentions for span in mention.spans)


class _Roles:
    """Where a frame names those of the cast.

    Attributes:
        spans: who, and characters of its text.
    """

    def __init__(self, text: str, cast: Iterable[CastMember]) -> None:
        found = [(member, span) for member in cast for span in member.spans(text)]
        found.sort(key=lambda one: (one[1][0], -one[1][1]))
        self.spans: list[tuple[CastMember, Span]] = []
        for member, span in found:
            if not self.spans or span[0] >= self.spans[-1][1][1]:  # not within a longer name
                self.spans.append((member, span))
        self._found: set[Span] = set()  # those whose phrase has been found

    def of(self, sentence: Sentence, phrase: Phrase) -> tuple[CastMember | None, bool]:
        """Whom a phrase names: the first whose head stands in what names or describes them.

        Else None, and whether its head stands there: the phrase is part of a description, or of a
        script without blanks, and names nobody by itself.
        """
        start, end = sentence.tokens[phrase.head_at].span
        for member, span in self.spans:
            if span[0] < end and start < span[1]:
                if span in self._found or start < span[0] or span[1] < end:
                    return None, True
                self._found.add(span)
                return member, True
        return None, False


def _proper_names(cast: Iterable[CastMember]) -> frozenset[str]:
    """The words of their names that have a capital, in lower case."""
    words = (word for member in cast for name in member.names for word in name.split())
    return frozenset(word.lower() for word in words if word[0].isupper())


def _spans(sentence: Sentence, phrase: Phrase) -> list[Span]:
    if sentence.is_spoken(phrase):
        return []
    tokens = merge_spans([(phrase.start, phrase.end), *phrase.parts])
    return [sentence.span(start, end) for start, end in tokens]


def _is_limb(phrase: Phrase) -> bool:
    return phrase.determiner in OWNERS and lexicon().main_part(phrase.head) == "body"


def _means_nobody(sentence: Sentence, phrase: Phrase) -> bool:
    """ "It is raining", "It gets dark"."""
    if phrase.pronoun != "it" or phrase.role != "subject":
        return False
    end = phrase.end
    while end < phrase.end + 4 and sentence.tags[end] not in "I.,":
        end += 1
    behind = [sentence.word(at) for at in range(phrase.end, end)]
    verb = lexicon().verb_form(behind[0]) if behind else None
    turns = bool(behind) and (behind[0] in BE or (verb or ("", ""))[1] in TURNS)
    return bool(WEATHER.intersection(behind)) and (turns or behind[0] in WEATHER)


class _Style:
    """What stands between commas in nearly every frame so far is style, not a subject."""

    def __init__(self) -> None:
        self._frames = 0
        self._times: Counter[str] = Counter()

    def read(self, sentence: Sentence) -> frozenset[int]:
        """Read one more frame; returns where its phrases that are style begin.

        Whom a frame begins with is none, however often: "1girl, …".
        """
        pieces = _pieces(sentence)
        self._frames += 1
        self._times.update({text for text, _, _ in pieces})
        often = max(2, _NEARLY_EVERY * self._frames)
        style: set[int] = set()
        living = any(phrase.is_animate for phrase in sentence.phrases)
        begun = False  # whether somebody has been named who is no style
        for text, start, end in pieces:
            phrases = [p for p in sentence.between(start, end) if p.is_seen]
            if self._times[text] < often:
                begun |= bool(phrases)
                continue
            for phrase in phrases:
                if begun or phrase.role == "oblique" or phrase.is_animate != living:
                    style.add(phrase.start)
                elif not living:
                    begun = True
        return frozenset(style)


def _pieces(sentence: Sentence) -> list[tuple[str, int, int]]:
    """What stands between commas: its words, and its tokens [start, end)."""
    found, start = [], 0
    for index in range(len(sentence.tokens) + 1):
        if sentence.tags[index] in ",.":
            if index > start:
                words = (sentence.word(at) for at in range(start, index))
                found.append((" ".join(words), start, index))
            start = index + 1
    return found


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same characters as spans in order, no two of which touch or overlap."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            start, end = merged[-1][0], max(end, merged.pop()[1])
        merged.append((start, end))
    return tuple(merged)


def read_story(story: Story) -> Reading:
    """Who is who in a story; read once for all who ask."""
    return _read(
        tuple(frame.text[slice(*frame.own)] for frame in story.frames),
        tuple(frame.links for frame in story.frames),
        tuple(frame.cast for frame in story.frames),
    )


@lru_cache(maxsize=4)
def _read(
    texts: tuple[str, ...],
    links: tuple[tuple[int, ...] | None, ...],
    cast: tuple[tuple[CastMember, ...], ...],
) -> Reading:
    return Reading(texts, links, cast)
