"""Every module says why it exists, and every public name what it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "sequester"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path.read_text().strip())


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_public_names_are_documented(module):
    tree = ast.parse(module.read_text())
    assert ast.get_docstring(tree), "the module has no docstring"
    missing = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    # What a reader's or rule's object is, its interface says.
    assert not [name for name in missing if not name.endswith("Reader")]
