"""What is written on a page beside its widgets: hints, syntax, examples."""

from __future__ import annotations

import html

STORY_HINT = "<span>A line is a frame; later frames see earlier ones.</span>"
STORY_PLACEHOLDER = (
    "A red dog is swimming in the river.\n"
    "The dog sits under the sun.\n"
    "The dog runs into a forest.\n"
    "(Press Ctrl+Enter to generate, Alt+Enter to skip, Esc to interrupt)"
)
MASK_HINT = (
    '<p class="hopping-hint"><span>A row is a token that sees, a column one that is seen. '
    "Strong: of its own frame. Pale: of an earlier frame.</span></p>"
)

# Those of the paper's figures.
EXAMPLES = (
    "A dog is swimming in the river.\nThe dog sits under the sun.\nThe dog runs into a forest.",
    "John throws out a baseball.\nJohn is waving a baseball bat.\nJohn hits a ball with his bat.",
    "A mountain is tall and steep.\nSophie is climbing the mountain.",
    "John is working in his farm.\nJohn is spreading seeds in his farm.",
)

SYNTAX_ROWS = (
    ("A dog swims.", "A line is a frame."),
    ("The dog sits. <SEP> The dog sleeps.", "Separates frames within a line."),
    ("# a comment", "A line that is not read."),
    ("<from:1> The dog runs.", "Which earlier frames this one sees: 1, 1,3, prev, all or none."),
    ("<share:A red dog> barks.", "What of this frame later ones may see."),
)


def _syntax() -> str:
    rows = "".join(
        f"<tr><td><code>{html.escape(code)}</code></td><td>{html.escape(meaning)}</td></tr>"
        for code, meaning in SYNTAX_ROWS
    )
    return f'<table class="hopping-syntax">{rows}</table>'


SYNTAX = _syntax()


def next_example(story: str) -> str:
    """The example after the one that stands there; a story of the user's own stays."""
    if story in EXAMPLES:
        return EXAMPLES[(EXAMPLES.index(story) + 1) % len(EXAMPLES)]
    return story if story.strip() else EXAMPLES[0]
