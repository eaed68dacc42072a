"""What a rule says about a place in a file. The engine makes findings of it."""

from __future__ import annotations

import ast
from typing import NamedTuple

from sequester.findings.model import Severity


class Place(NamedTuple):
    """Where, 1-based; the end is the first character after it."""

    line: int
    column: int
    end_line: int
    end_column: int


class Hit(NamedTuple):
    """One match of one rule."""

    rule: str
    """Code, such as `SQ201`."""
    place: Place
    subject: str
    """Reward function, template or configuration key."""
    message: str
    severity: Severity = Severity.MEDIUM
    confidence: Severity = Severity.MEDIUM


def place_of(node: ast.AST) -> Place:
    """Of a node of a syntax tree. Columns count bytes of UTF-8, as the tree's do; `python_file` makes characters of them."""
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
    end_line, end_column = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
    return Place(line, column, line if end_line is None else end_line, column if end_column is None else end_column + 1)
