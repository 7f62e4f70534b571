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
