"""All commands of `python -m hopping`."""

from __future__ import annotations

import typer

from . import evaluate_commands, story_commands, storybook_commands
from .pages_command import pages
from .studio_command import ui

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Picture sequences with Stable Diffusion, whose prompts see the prompts before them.\n\n"
    "A story is a text file with one prompt per line; what follows a # is a comment.",
)
app.add_typer(story_commands.app)
app.add_typer(storybook_commands.app, name="storybook")
app.add_typer(evaluate_commands.app, name="evaluate")
app.command(
    epilog="Examples:\n\n"
    "python -m hopping pages outputs/20261122-161500-a-dog --out dog.pdf --title Dog\n\n"
    "python -m hopping pages outputs/20261122-161500-a-dog --out dog.gif --seconds 1.5"
)(pages)
app.command()(ui)
