"""Fingerprints of code, so that what an older rule made is not taken for what a newer one makes."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def fingerprint(files: Iterable[Path]) -> str:
    """A short hash of some files of this package.

    Of Python is hashed what runs: comments, docstrings and layout do not count.
    """
    digest = hashlib.sha256()
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(file.relative_to(PACKAGE).as_posix().encode())
        digest.update(running_code(content).encode() if file.suffix == ".py" else content)
    return digest.hexdigest()[:12]


def running_code(source: str | bytes) -> str:
    """Python without comments, docstrings and layout."""
    return ast.unparse(_WithoutTexts().visit(ast.parse(source)))


class _WithoutTexts(ast.NodeTransformer):
    """Leaves out strings that stand alone."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node
