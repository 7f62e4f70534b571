"""Parts of speech: for each word of a frame the likeliest reading, given its neighbours'.

A hidden Markov model with costs in place of probabilities: the lexicon says what each word can be,
`_FOLLOWS` which reading may stand behind which; the cheapest path through a sentence is its reading
(Viterbi). Linear in the length of the text.

    A a, another   D other determiner     P his, their  # number          J adjective       R adverb
    N noun         M plural noun          H name        O pronoun         I preposition
    B verb (walk)  Z verb (walks)         T past        E participle      G -ing form
    X auxiliary    C and, or              S while, if   W who, which      F to, not
    Y possessive s  , punctuation         . the end of a sentence
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from .lexicon import lexicon
from .tokens import Token
from .vocabulary import DETERMINERS, GROUPS, PERCEIVING, PICTURES, PREPOSITIONS, PRONOUNS
from .word_readings import readings_of

_RARE = 6.0
# Behind each reading: those that cost nothing, those that cost 1, those that cost 2; else _RARE.
_FOLLOWS = {
    ".": ("ADPHO#N", "MJRISGWCX", "BE"),
    ",": ("ADNJPHOCRI", "MGEZSW#X", "BFT"),
    "A": ("NJ", "HE", "GR#"),
    "D": ("NJ", "M#HE", "GRI"),
    "P": ("NJM", "#EGH", "R"),
    "#": ("MJ", "NEGA", "HI.,#ZB"),
    "J": ("NM", "J,CEG", "HI.#R"),
    "N": ("ZBXI.,", "NTCYSWEGR", "F"),
    "M": ("BZXI.,", "TCSWEYGR", "F"),
    "H": ("ZBXY.,", "HTICWG", "RESND"),
    "B": ("ADPIOR", "NJMH#.,GCF", "ESWH"),
    "Z": ("ADPIOR", "NJMH#.,GCF", "ESWH"),
    "T": ("ADPIOR.", "NJMH#,GCFS", "EW"),
    "E": ("I", "R.,CNMJ", "GH#SADP"),
    "G": ("ADPIR.,", "NMJOHC#", "ESF"),
    "X": ("RGEADJIF", "PNM#HTXB", ".,OC"),
    "O": ("ZTXB", "I.,RCFW", "ADJGPYES"),
    "I": ("ADPNMHJE", "#GO", "R.I,C"),
    "C": ("ADPNMHJ", "#ZTBGEORIX", "SF"),
    "S": ("ADPHO", "NMJ#G", "EIRX"),
    "W": ("ZTXB", "ADPNMHO", "RJ"),
    "R": (".,IJZT", "ADBPEGRX#CS", "NMFHO"),
    "Y": ("NJM", "#EGH", "R,."),
    "F": ("B", "ADPRNJE", "IHGX"),
}
_COST = {
    (before, tag): float(cost)
    for before, groups in _FOLLOWS.items()
    for cost, tags in enumerate(groups)
    for tag in tags
}
_COST["N", "M"] = _COST["N", "H"] = 1.0
# "the very old dog", but "into the well", "helps her up"
_COST["D", "R"] = _COST["P", "R"] = 3.0
_UNDONE = 1.0  # "…, beards tucked into their belts, …": rather a participle
_COLOURED = 4.0  # "wild grey curls": a verb that is said of a colour
_LISTED = 4.0  # "with walnut handles and a lid": a verb that a list goes on from
_ACTS = 1.0  # a plural behind who may act: rather "the king faints" than "king faints"
_COST["E", "."] = 0.5
_COST["J", "W"] = 2.0  # "so small that it fits"

# What a path remembers of the clause that it is in: how far it has come, the number of its subject,
# and whether a preposition is open, whose nouns are no subject.
_NO_VERB, _HAS_VERB, _RELATIVE, _NEXT_CLAUSE, _PERCEIVES = range(5)
_Clause = tuple[int, str, bool]
_START: _Clause = (_NO_VERB, "", False)
_TWO_VERBS = 4.0
_OWNERS = 4.0  # "like a swan's neck": behind a preposition rather no "is"
_NOTHING_TO_JOIN = 3.0  # a verb behind "and" where none is before it
# "the dogs sleeps", "the dog sleep", "a dog sleep", "sleep": what each (reading, number) costs.
_DISAGREE = {("Z", "p"): 2.5, ("B", "s"): 4.0, ("B", "a"): 8.0, ("B", ""): 2.0}
# "a man with goggles pushed up, pours": rather a participle than the past before the present.
_DISAGREE |= {("Z", "t"): 2.0, ("B", "t"): 3.0, ("B", "s,"): 3.0}
_NO_CAPITAL = 1.0  # a verb in what does not begin as a sentence does
_TOLD = 0.25  # … but ends with a full stop: "(CUT TO:) a senator steps out."
_IN_A_LIST = 3.0  # … and in a list of tags: "red kimono, nine tails, autumn leaves"
_PIECE = 5  # words and a comma of a list
_CAPTION = 4  # within so many words a picture is named that a frame describes
_OPENING = frozenset(".!?;:…–—-")  # behind these a capital says nothing
_NO_SENTENCE = 3.0  # a sentence, with capital and full stop, that has no verb
_SINGULAR_SUBJECTS = frozenset("he she it this that one".split())


def tag(
    tokens: list[Token],
    names: frozenset[str] = frozenset(),
    kinds: Set[str] = frozenset(),
) -> str:
    """One letter for each token.

    `names`: words that are names wherever they have a capital. `kinds`: those that are none.
    """
    # For each (reading, clause) the cheapest path to it, linked backwards.
    best: dict[tuple[str, _Clause], Any] = {(".", _START): (0.0, None)}
    opens = True  # a sentence: its capital says nothing
    sentence = False  # whether it began with a capital
    listed, dense = _is_list(tokens), _is_dense(tokens)
    told = bool(tokens) and tokens[-1].text in ".!?"
    for index, token in enumerate(tokens):
        following = tokens[index + 1 : index + 3]
        # "Close view of a lake, a skater carving circles." is a caption and needs no verb.
        if token.word in PICTURES and index < _CAPTION:
            sentence, listed = False, True
        elif opens:
            sentence = token.is_capital
        before_it = tokens[index - 1].word if index else ""
        loose_part = _is_loose_part(tokens, index)
        worn = index > 1 and tokens[index - 2].word == "in"  # "a man in red runs"
        coloured = lexicon().is_colour(before_it) and not worn
        hangs = bool(following) and following[0].word in (",", "and")
        acts = lexicon().is_living(before_it) or before_it not in lexicon()
        loose = 0.0 if sentence else _IN_A_LIST if listed else _TOLD if told else _NO_CAPITAL
        reached: dict[tuple[str, _Clause], Any] = {}
        for reading, own in readings_of(token, opens, following, names, kinds):
            for (before, clause), path in best.items():
                more, after = _step(before, clause, reading, token, loose, dense)
                alone = before == "," and hangs and clause[0] == _NO_VERB  # "cook, tusks, earrings"
                more += _LISTED * (alone and reading in "ZTB")
                more += _UNDONE * (loose_part and reading == "T")
                more += _COLOURED * (coloured and before + reading in ("NZ", "NT"))
                more += _LISTED * (hangs and clause[2] and reading in "ZTB")
                cost = path[0] + own + more + _COST.get((before, reading), _RARE)
                cost += _ACTS * (acts and before + reading == "NM")
                if (reading, after) not in reached or cost < reached[reading, after][0]:
                    reached[reading, after] = (cost, path, reading)
        best = reached
        opens = token.text in _OPENING
    path = min(best.values(), key=lambda path: path[0])
    letters = []
    while path[1] is not None:
        letters.append(path[2])
        path = path[1]
    return "".join(reversed(letters))


def _is_loose_part(tokens: list[Token], index: int) -> bool:
    """Whether clothes or a part of a body stand before a word, and nothing says whose."""
    if not index or not tokens[index - 1].is_word:
        return False
    noun = tokens[index - 1].word
    if lexicon().main_part(lexicon().singular(noun) or noun) not in ("body", "worn"):
        return False
    before = (tokens[at].word for at in range(index - 2, max(-1, index - 5), -1))
    for word in before:
        if word in DETERMINERS:
            return False
        if word == "," or word in PREPOSITIONS:
            return True
    return False


def _is_list(tokens: list[Token]) -> bool:
    """Whether it has commas, and none of the little words that sentences have."""
    commas = sum(token.text == "," for token in tokens)
    return commas > 1 and not any(token.word in DETERMINERS | PRONOUNS for token in tokens)


def _is_dense(tokens: list[Token]) -> bool:
    """Whether it is commas rather than sentences: "Kestra, ranger, moss cloak, amber eyes."."""
    commas = sum(token.text == "," for token in tokens)
    return commas > 1 and len(tokens) <= _PIECE * commas


def _step(
    before: str, clause: _Clause, reading: str, token: Token, loose: float, dense: bool
) -> tuple[float, _Clause]:
    """What a reading costs in a clause, and what the clause is behind it.

    `loose`: what a verb costs there; 0 in a sentence. `dense`: whether it may do without one.
    """
    phase, number, oblique = clause
    if reading in "NMHO":
        if oblique or phase not in (_NO_VERB, _NEXT_CLAUSE):
            return 0.0, clause
        if number == "g" or token.word in GROUPS:
            return 0.0, (phase, "g", False)  # "the couple laugh", "the couple laughs"
        if number == "a":
            return 0.0, (phase, "a", False)
        plural = reading == "M" or (reading == "O" and token.word not in _SINGULAR_SUBJECTS)
        return 0.0, (phase, "p" if plural or number in ("p", "and") else "s", False)
    if reading in "ZTBX":
        if phase == _PERCEIVES:
            if reading == "B" and before in "NMHO":
                return 0.0, (_HAS_VERB, "", False)  # "sees Pippa juggle"
            phase = _HAS_VERB
        cost = _TWO_VERBS if phase == _HAS_VERB and before not in "XCFZ" else 0.0
        cost += _OWNERS * (oblique and token.word == "'s")
        cost += _NOTHING_TO_JOIN * (phase == _NO_VERB and before == "C")
        if phase in (_NO_VERB, _NEXT_CLAUSE) and before != "F":
            cost += _DISAGREE.get((reading, number), 0.0) + loose
        if phase == _RELATIVE:
            return cost, (_NO_VERB, number, False)
        told = "t" if reading == "T" else ""
        form = lexicon().verb_form(token.word) or ("", token.word)
        return cost, (_PERCEIVES if form[1] in PERCEIVING else _HAS_VERB, told, False)
    if reading == "A" and not oblique and phase in (_NO_VERB, _NEXT_CLAUSE):
        return 0.0, (phase, number if number == "and" else "a", False)
    if reading == "I":
        return 0.0, (phase, number, True)
    if reading == "W":
        return 0.0, (_RELATIVE, number, False)
    if reading in ",CS":
        if phase in (_HAS_VERB, _PERCEIVES):
            return 0.0, (_NEXT_CLAUSE, number if reading == "," else "", False)
        if reading == "C" and number and not oblique:
            number = "and"  # "Zoe and her dad dig"
        elif reading == ",":
            # what follows may be the subject: "two girls, a red car"
            number = number and ("s," if number in ("s", "a", "s,") else "p,")
        return 0.0, (phase, number, oblique and reading == "C")
    if reading == ".":
        lacking = not (loose or dense) and token.text == "." and phase in (_NO_VERB, _RELATIVE)
        return _NO_SENTENCE * lacking, _START
    return 0.0, clause
