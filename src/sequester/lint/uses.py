"""How a function uses the names that it gives to results."""

from __future__ import annotations

import ast
from collections import Counter
from functools import lru_cache

from sequester.lint.names import terminal

_FUNCTIONS = 16
"""That are remembered: the one that is run, and those that call it."""


@lru_cache(_FUNCTIONS)
def only_counted(function: ast.AST | None) -> frozenset[ast.AST]:
    """Results to which a function gives a name, and that it then only counts or prints."""
    inside = list(ast.walk(function)) if function is not None else []
    reads = Counter(node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    counts = Counter(terminal(node) for node in inside if isinstance(node, ast.Call) and terminal(node.func) in ("len", "print"))
    return frozenset(
        node.value
        for node in inside
        if isinstance(node, ast.Assign)
        and isinstance(name := node.targets[0], ast.Name)
        and 0 < reads[name.id] == counts[name.id]
    )


@lru_cache(_FUNCTIONS)
def separators_read(function: ast.AST | None) -> frozenset[ast.AST]:
    """What a function unpacks into three names of which it reads the second: `before, separator, after = text.rpartition(...)`."""
    inside = list(ast.walk(function)) if function is not None else []
    read = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return frozenset(
        node.value
        for node in inside
        if isinstance(node, ast.Assign)
        and isinstance(names := node.targets[0], ast.Tuple)
        and len(names.elts) == 3
        and isinstance(separator := names.elts[1], ast.Name)
        and separator.id in read
    )
