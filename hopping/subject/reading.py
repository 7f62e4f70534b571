"""A story read: whom each frame names, and with which words.

texts ─ tokens.py ─▶ words ─ tagging.py ─▶ parts of speech ─ phrases.py, looks.py ─▶ phrases
─ individuals.py ─▶ who is who ─ here ─▶ what a frame shows to a later one
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from hopping.cast import CastMember
from hopping.story import Span, Story

from .descriptions import describe
from .individual import Individual, can_be
from .individuals import Individuals
from .lexicon import lexicon
from .names import Names
from .phrase import Phrase
from .phrases import VERBS, Sentence
from .style import Style
from .tokens import tokenize
from .vocabulary import BE, DEFINITE, HE, IT, LOCATIVE, OWNERS, SHE, THEY, TURNS, WEATHER

_CLAUSE = VERBS | frozenset("GSW.")  # behind these something else is said
_WHERE = LOCATIVE - frozenset({"to", "toward", "towards"})


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
        names, style = Names(), Style()
        # A frame is read with what the frames before it tell, never with what comes later: so a
        # frame that is added changes nothing for those before it.
        casts = cast or [()] * len(texts)
        for number, (text, linked, played) in enumerate(
            zip(texts, links, casts, strict=True), start=1
        ):
            tokens = tokenize(text)
            named = names.read(tokens) | _proper_names(played)
            sentence = Sentence(tokens, named, names.kinds)
            describe(sentence)
            at = _Frame(sentence, number, None if linked is None else {*linked, number})
            self.mentions.append(self._read(at, style.read(sentence), _Roles(text, played)))

    def _read(self, at: _Frame, style: frozenset[int], roles: _Roles) -> tuple[Mention, ...]:
        found: dict[int, list[Span]] = {}
        self._who.grown.clear()
        for order, phrase in enumerate(at.sentence.phrases):
            member, is_role = roles.of(at.sentence, phrase)
            if member is None and (
                is_role
                or phrase.absorbed
                or not phrase.is_seen
                or phrase.start in style
                or (at.is_part(phrase) and _is_no_other(phrase))
                or at.sentence.is_elsewhere(phrase)
            ):
                continue
            if member is not None:
                who = [self._playing(member, at.number)]
                self._who.learn(who[0], phrase)
            elif phrase.pronoun:
                who = self._meant_by_pronoun(at, phrase)
            else:
                who = self._meant_by(at, phrase)
            self._note(at, phrase, who, order)
            spans = _spans(at.sentence, phrase)
            for one in who:
                found.setdefault(one.number, []).extend(spans)
            for owner in self._owners(at, phrase):
                if phrase.describes_owner and owner.number in found:
                    # else it is her hair that the frame shows
                    found[owner.number].extend(spans)
                    self._who.learn_looks(owner, phrase)
                elif _is_owned(phrase):
                    # "onto its back": no back is seen without who has it
                    found.setdefault(owner.number, [])
        for member, span in roles.spans:
            one = self._playing(member, at.number)
            one.mentioned = max(one.mentioned, (at.number, 0))
            found.setdefault(one.number, []).append(span)
        self._note_groups(at)
        return tuple(
            Mention(one, self._who.all[one].kind, merge_spans(spans), one in self._who.grown)
            for one, spans in found.items()
        )

    def _note(self, at: _Frame, phrase: Phrase, who: list[Individual], order: int) -> None:
        """What naming somebody tells of whom later phrases of the story can mean."""
        before = [at.sentence.word(n) for n in range(max(0, phrase.start - 2), phrase.start)]
        where = before[-1:] != [] and (before[-1] in _WHERE or before in (["out", "of"],))
        for one in who:
            one.times += one.mentioned[0] != at.number
            one.mentioned = at.number, at.sentence.number_at(phrase.start)
            one.as_subject, one.order = phrase.role == "subject", order
            one.is_part = at.is_part(phrase)
            one.is_where = phrase.role == "oblique" and where
        if phrase.role == "subject":
            at.subjects = who
        at.meant[phrase.head_at] = who
        if not at.is_part(phrase):
            at.looks_end, at.bearers = phrase.end, who

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

    def _meant_by(self, at: _Frame, phrase: Phrase) -> list[Individual]:
        sentence = at.sentence
        owners = at.meant.get(phrase.owner.head_at, []) if phrase.owner else []
        its = phrase.determiner not in DEFINITE and _is_worn(phrase)
        if not owners and its and at.is_part(phrase):
            owners = at.bearers  # whose hat it is in "a girl in a hat"
        owner = owners[0] if owners else None
        one = self._who.meant_by(phrase, owner, sentence.is_verbless, at.subjects)
        if phrase.negated or (one is None and sentence.is_spoken(phrase)):
            return []
        together = [] if one else self._who.meant_together(phrase, sentence.is_verbless)
        if together:
            return together
        if one is None:
            one = self._who.add(phrase, at.number, owner)
        else:
            self._who.learn(one, phrase)
        return self._named([one], sentence, phrase)

    def _meant_by_pronoun(self, at: _Frame, phrase: Phrase) -> list[Individual]:
        if phrase.pronoun not in HE | SHE | IT | THEY or _means_nobody(at.sentence, phrase):
            return []
        if phrase.pronoun.endswith(("self", "selves")):
            return at.subjects
        beside = () if phrase.pronoun in THEY else at.beside(phrase)
        # "It follows him", "It sits next to him": nobody but himself.
        not_these = [] if phrase.role == "subject" else [*at.subjects, *beside]
        who = self._who.meant_by_pronoun(phrase.pronoun, not_these, at.among)
        if len(who) == 1:
            self._who.learn(who[0], phrase)
        if len(who) == 1 and phrase.pronoun in HE | SHE:
            who[0].sex = "m" if phrase.pronoun in HE else "f"
            who[0].was_he_or_she = True
        return self._named(who, at.sentence, phrase)

    def _owners(self, at: _Frame, phrase: Phrase) -> list[Individual]:
        """Whose hair it is in "Her hair is red"."""
        if not phrase.describes_owner and not _is_owned(phrase):
            return []
        if phrase.owner is not None:
            return at.meant.get(phrase.owner.head_at, [])
        if phrase.determiner not in OWNERS:
            return []
        pronoun = OWNERS[phrase.determiner]
        if phrase.role != "subject" and any(can_be(pronoun, one) for one in at.subjects):
            return at.subjects  # "shakes his head"
        looks = [one for who in at.meant.values() for one in who if one.parts & {"worn", "body"}]
        itself = at.meant[phrase.head_at]
        return self._who.meant_by_pronoun(pronoun, [*looks, *itself], at.among)

    def _named(self, who: list[Individual], sentence: Sentence, phrase: Phrase) -> list[Individual]:
        name = sentence.given_name(phrase)
        if name and len(who) == 1:
            self._who.give_name(who[0], name)
        return who

    def _note_groups(self, at: _Frame) -> None:
        """Those named together, so that "they" can mean them: "the knight, the witch and he"."""
        group: list[Individual] = []
        end = -1
        for phrase in at.sentence.phrases:
            who = at.meant.get(phrase.head_at, [])
            if not who or not all(one.is_animate for one in who) or phrase.role != "subject":
                continue
            between = at.sentence.tags[end : phrase.start] if end >= 0 else "."
            group = [*group, *who] if between in ("C", ",", ",C") else list(who)
            if len(group) > 1:
                self._who.named_together(group)
            end = phrase.end

    def spans(self, source: int, who: Iterable[int]) -> tuple[Span, ...]:
        """What frame `source` (from 1) says of these individuals: spans of its own text."""
        named = frozenset(who)
        mentions = (m for m in self.mentions[source - 1] if m.individual in named)
        return merge_spans(span for mention in mentions for span in mention.spans)


@dataclass
class _Frame:
    """One frame while it is read, phrase by phrase.

    Attributes:
        number: from 1. among: the frames in which its pronouns find whom they mean; None: all.
        meant: whom its phrases mean so far, by the token of their heads.
        subjects: of the last clause.
        looks_end: where the last phrase ends with its looks; bearers: whom that means.
    """

    sentence: Sentence
    number: int
    among: set[int] | None
    meant: dict[int, list[Individual]] = field(default_factory=dict)
    subjects: list[Individual] = field(default_factory=list)
    looks_end: int = 0
    bearers: list[Individual] = field(default_factory=list)

    def is_part(self, phrase: Phrase) -> bool:
        """Whether a phrase stands in the looks of the one before."""
        return phrase.end <= self.looks_end

    def beside(self, phrase: Phrase) -> list[Individual]:
        """Who stands beside a pronoun behind the same verb, which does not mean them: "leaves a
        bun on the sill for it", "a boat with a funnel tows it". But "a leaf with a bug on it"."""
        sentence, at = self.sentence, phrase.start - 1
        while at >= 0 and sentence.tags[at] not in _CLAUSE and sentence.word(at) != "with":
            at -= 1
        if at >= 0 and sentence.word(at) == "with":
            return []
        here = sentence.number_at(phrase.start)
        return [
            one
            for head, who in self.meant.items()
            for one in who
            if at < head < phrase.start or (one.is_part and sentence.number_at(head) == here)
        ]


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


def _is_no_other(phrase: Phrase) -> bool:
    """Whether a phrase in somebody's looks names nobody else: "with ducks on it", "and blonde"."""
    bare = not phrase.determiner and len(phrase.nouns) == 1
    return bool(phrase.pronoun) or (bare and lexicon().is_colour(phrase.head))


def _is_worn(phrase: Phrase) -> bool:
    return lexicon().main_part(phrase.head) in ("body", "worn")


def _is_owned(phrase: Phrase) -> bool:
    return phrase.determiner in OWNERS and _is_worn(phrase)


def _means_nobody(sentence: Sentence, phrase: Phrase) -> bool:
    """ "It is raining", "It gets dark"; "owls, dozens of them" are the owls."""
    at = phrase.start - 2
    if phrase.pronoun == "them" and at >= 0 and sentence.word(at + 1) == "of":
        return sentence.tags[at] == "#" or sentence.word(at) == "look"
    if phrase.pronoun != "it" or phrase.role != "subject":
        return False
    end = phrase.end
    while end < phrase.end + 4 and (sentence.tags[end] not in "I.," or sentence.word(end) == "to"):
        end += 1
    behind = [sentence.word(at) for at in range(phrase.end, end)]
    verb = lexicon().verb_form(behind[0]) if behind else None
    turns = bool(behind) and (behind[0] in BE or (verb or ("", ""))[1] in TURNS)
    return bool(WEATHER.intersection(behind)) and (turns or behind[0] in WEATHER)


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
