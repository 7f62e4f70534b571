"""`python -m hopping`."""

from __future__ import annotations

import sys


def run() -> None:
    """The command line, or one sentence on what to install for it."""
    try:
        from hopping.studio.cli import main
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "hopping":
            raise
        sys.exit(
            f"The command line needs {package}, which is not installed; from the project's folder "
            'run: pip install ".[studio]"'
        )
    main()


if __name__ == "__main__":
    try:
        run()
    except KeyboardInterrupt:  # while libraries are still loading
        sys.exit(130)
