"""Random stories and options for the property tests."""

from hypothesis import strategies as st

from hopping import HoppingOptions, OptionError

NOUNS = ("dog", "cat", "John", "red car", "old house", "river", "犬", "boat-house")
VERBS = ("runs", "is swimming", "sits", "waves")
PLACES = ("in the river", "under the sun", "at the beach", "by a house", "")


@st.composite
def prompts(draw):
    noun, verb, place = (draw(st.sampled_from(words)) for words in (NOUNS, VERBS, PLACES))
    subject = f"{draw(st.sampled_from(('A', 'The')))} {noun}"
    if draw(st.booleans()) and draw(st.booleans()):
        subject = f"<share:{subject}>"
    return f"{subject} {verb} {place}".strip() + "."


@st.composite
def stories(draw, most=5, tags=True):
    """The lines of a story, with links and marks here and there."""
    lines = draw(st.lists(prompts(), min_size=1, max_size=most))
    if not tags:
        return [line.replace("<share:", "").replace(">", "") for line in lines]
    for index in range(1, len(lines)):
        link = draw(st.sampled_from(["", "", "", "<from:1> ", "<from:all> ", "<from:none> "]))
        lines[index] = link + lines[index]
    return lines


@st.composite
def meetings(draw):
    """The lines of a story in which several meet, are introduced together, or one by one."""
    who = st.sampled_from(("red dog", "cat in a hat", "old man", "woman", "blue car", "river"))
    line = st.tuples(
        st.sampled_from(("", "", "<from:1> ", "<from:all> ")),
        st.sampled_from(("A", "The")),
        who,
        st.sampled_from(("and the", "sees a", "sits by the", "in the")),
        who,
        st.sampled_from(("", " and a cat", ". It runs", ". He sees her")),
    )
    (_, *first), *rest = draw(st.lists(line, min_size=2, max_size=5))
    return [" ".join(first), *(link + " ".join(words) for link, *words in rest)]


@st.composite
def options(draw, **fixed):
    """Any options that do not contradict each other; mode `paper` unless fixed."""
    values = {
        "reach": draw(st.sampled_from([0, 1, 2, "all"])),
        "anchor": draw(st.booleans()),
        "layout": draw(st.sampled_from(["auto", "joint", "windows"])),
        "carry": draw(st.sampled_from(["tokens", "all"])),
        "share": draw(st.sampled_from(["all", "subject"])),
        "start_token": draw(st.sampled_from(["first", "shared"])),
        "strength": draw(st.sampled_from([1.0, 0.5])),
    } | fixed
    try:
        return HoppingOptions(**values)
    except OptionError:
        return HoppingOptions(**values | {"layout": "windows"})


# What parsers trip over: each was a traceback once, or is one elsewhere.
PIECES = (
    *("nan", "-inf", "1e999", "9" * 5000, "²", "１", "0x1", "1_0", "-1", "0.5", "on", "all"),
    *("\ud800", "\udfff", "\0", "\x1b", "\u202e", "\u200b", "\ufeff", "\u2028", "😀", "犬", "é"),
    *("\n", "\r", " ", "\t", '"', "\\", ",", ":", ">", "<", "＜", "＞", "：", "《", "》", "&", "%"),
    *(
        "<SEP>",
        "<sep",
        "<SEP/>",
        "[SEP]",
        "＜SEP＞",
        "<from:",
        "<from:1>",
        "<from:prev",
        "<from 1>",
    ),
    *(
        "<share:",
        "<shared:",
        "<share:a dog>",
        "<cast:the dog: a red dog>\n",
        "<cast:",
        "＜share：",
        "<form:1>",
        "<lora:x:1>",
        "<lora:",
        "<x:y>",
    ),
    *(
        "A dog sits.",
        "the dog",
        "BREAK",
        " AND ",
        "(",
        ")",
        "[",
        "]",
        "(a:1.2.3)",
        "[a:b:0.5]",
        "|",
    ),
    *("[a:b:1e999]", "{", "}", "__a__", "# b", "#", "\\#", "<|endoftext|>", "paper", "windows"),
    *("Steps: 20", "Seed: ", "Size: ", "Hopping: ", "Hopping frame: ", "Hopping story: ", '"a\\'),
    *(
        "Hopping reach: ",
        "Hopping same noise: off",
        "Negative prompt: ",
        "CFG scale: ",
        "Sampler: ",
    ),
)
any_texts = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=7).map("".join)
"""Texts as no one should write them, lone surrogates among them."""

_HUGE = (10**400, -(10**400), 10**4200, 2**63, 1e308)
_scalars = st.sampled_from((None, True, False, 0, 1, 2, *PIECES, *_HUGE)) | st.floats() | any_texts
_nested = st.lists(_scalars, max_size=2) | st.dictionaries(
    st.sampled_from(PIECES), _scalars, max_size=2
)
any_values = _scalars | _nested | st.lists(_nested, min_size=1, max_size=2)
"""Whatever JSON can hold, and numbers that it cannot."""


def mappings(names, wild=any_values):
    """Values of any kind under these names, some left out, now and then one of another name."""
    return st.dictionaries(st.sampled_from((*names, *names, "\ud800")), wild, max_size=4)
