"""Which code a measurement depends on."""

from __future__ import annotations

from collections.abc import Iterable
from modulefinder import ModuleFinder
from pathlib import Path
from typing import Any

from hopping.storybook.sources import PACKAGE, fingerprint


def code_fingerprint(module: str) -> str:
    """A short hash of a module of this package, of all in the package that it imports, directly
    or not, and of the data files beside these."""
    finder = _OwnModules(path=[str(PACKAGE.parent)])
    finder.import_hook(module, fromlist=["*"])
    modules: Iterable[Any] = finder.modules.values()
    files = {Path(found.__file__) for found in modules}
    beside = {file for folder in {file.parent for file in files} for file in folder.iterdir()}
    data = {file for file in beside if file.is_file() and not file.suffix.startswith(".py")}
    return fingerprint(files | data)


class _OwnModules(ModuleFinder):
    """Follows imports of this package alone: libraries have versions, and are no rule of ours."""

    def import_module(self, partname: str, fqname: str, parent: Any) -> Any:
        own = fqname.partition(".")[0] == PACKAGE.name
        return super().import_module(partname, fqname, parent) if own else None
