"""What is written on a page beside its widgets: hints, syntax, examples."""

from __future__ import annotations

from .templates import render

STORY_HINT = "<span>One line = one frame; later frames see earlier ones.</span>"
FIRST_STORY = (
    "A red dog runs at the beach.\n"
    "The dog is in the forest.\n"
    "It sleeps on the farm.\n"
    "The dog jumps in the city."
)
"""The story with which every door opens; `examples/red-dog.txt` has it too."""

STORY_PLACEHOLDER = (
    f"{FIRST_STORY}\n(Press Ctrl+Enter to generate, Alt+Enter to skip, Esc to interrupt)"
)
MASK_HINT = (
    '<p class="hopping-hint"><span>A row is a token that sees, a column one that is seen. '
    "Strong: of its own frame. Pale: of an earlier frame.</span></p>"
)

# Those of the paper, and the one that its code came with.
PAPER_EXAMPLES = {
    "A dog": "A dog is swimming in the river.\nThe dog sits under the sun.\n"
    "The dog runs into a forest.",
    "Baseball": "John throws out a baseball.\nJohn is waving a baseball bat.\n"
    "John hits a ball with his bat.",
    "A mountain": "A mountain is tall and steep.\nSophie is climbing the mountain.",
    "A farm": "John is working in his farm.\nJohn is spreading seeds in his farm.",
    "A prize": "John is working in his farm.\nJohn is spreading seeds in his farm.\n"
    "John is watering crops.\nJohn wins a prize for his corn.",
}

# In words that the embedded model knows too.
OUR_EXAMPLES = {
    "A red dog": FIRST_STORY,
    "A blue cat": "A blue cat is standing in the forest.\nThe cat is running on the beach.\n"
    "The cat is sleeping in the snow.",
    "Two friends": "A red dog is standing on the farm.\nA yellow bird is in the forest.\n"
    "<from:1,2> The dog and the bird are on the beach.",
    "Shared words": "<share:A purple rabbit> is jumping in the city.\nThe rabbit is sleeping.\n"
    "<from:1> The rabbit is running by the river.",
}

EXAMPLES = (
    (
        "Ours",
        "Who is described once looks the same in every frame, and the places change.",
        OUR_EXAMPLES,
    ),
    (
        "The paper's",
        (
            "The preset Paper makes them as the paper did. It carries the whole frame before "
            "along: the river may be seen again where the dog sits."
        ),
        PAPER_EXAMPLES,
    ),
)
"""Examples by whose they are, with what to expect from them."""

SYNTAX_ROWS = (
    ("A dog swims.", "A line is a frame."),
    ("The dog sits. <SEP> The dog sleeps.", "Separates frames within a line."),
    ("It runs. # a comment", "Not read, from # to the end of the line."),
    ("<from:1> The dog runs.", "Which earlier frames this one sees: 1, 1,3, prev, all or none."),
    ("<seed:123> The dog sleeps.", "Noise of its own, instead of the story's."),
    (
        "<picture:dog.png> A red dog sits.",
        "Your own picture stands here, and later frames see it (not in a WebUI).",
    ),
    ("<share:A red dog> barks.", "What of this frame later ones may see."),
    ("<cast:Mia: a girl in red>", "Above the frames: what is said where one names Mia."),
)


SYNTAX = render("syntax.html", rows=SYNTAX_ROWS)


def next_example(story: str) -> str:
    """The example after the one that stands there; a story of the user's own stays."""
    stories = [text for _, _, named in EXAMPLES for text in named.values()]
    if story in stories:
        return stories[(stories.index(story) + 1) % len(stories)]
    return story if story.strip() else stories[0]
