"""The command line. It stands above all other rooms and puts their commands together; none of them
knows it.

    app.py                                            the commands, and which is under which
    *_command.py, *_commands.py, evaluate_suite.py    what each one checks, and whom it calls
    flags.py, checks.py, terminal.py                  what they share
"""

from __future__ import annotations

import sys

MISSING = (
    "The command line needs {package}, which is not installed; from the project's folder run: "
    'pip install ".[{extra}]"'
)


def main() -> None:
    """The program `hopping`, or one sentence on what to install for it."""
    try:
        from hopping.cli.app import app
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "hopping":
            raise
        sys.exit(MISSING.format(package=package, extra="studio"))
    except KeyboardInterrupt:
        sys.exit(130)
    app()
