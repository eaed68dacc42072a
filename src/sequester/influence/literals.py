"""What reward code may look for in a CoT: its string constants, texts that its regular expressions match, values of the dataset columns,
and the usual words of step-by-step reasoning. The dictionary of a fuzzer, read from the source and never by running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sequester.errors import InputError
from sequester.influence.patterns import matching

STEP_WORDS = (
    *(
        "Step 1:",
        "Step 2:",
        "First,",
        "Second,",
        "Finally,",
        "Wait,",
        "Hmm,",
        "Therefore",
        "Let me double-check",
        "Let me verify",
    ),
    *("\n- a point", "\n1. a point", "\n2. another", "**Answer:**", "Answer:", "Final answer:", "The answer is", "\\boxed{42}"),
    *("<answer>42</answer>", "#### 42", "```python\nprint(42)\n```", "I am confident", "I am not sure", "because", "however"),
)
_MOST_BYTES = 4 << 20
_MOST = 1_000
_LONGEST = 200
"""Characters of a constant beyond which it is a text (a prompt, a page of help) rather than something to look for."""
_RE_FUNCTIONS = frozenset(("match", "search", "findall", "finditer", "fullmatch", "sub", "subn", "split", "compile", "template"))
_RE_MODULES = frozenset(("re", "regex", "re2"))
_DEEPEST = 8


def read_literals(paths: Iterable[Path]) -> tuple[str, ...]:
    """String constants of Python files and texts that their regular expressions match, each once, in order.

    No docstrings, no keys, no keyword arguments' names. At most 1,000 of at most 200 characters.

    Raises InputError for a file that cannot be read or is no Python.
    """
    found: dict[str, None] = {}
    for path in paths:
        for literal in _literals(_parsed(path)):
            if 0 < len(literal) <= _LONGEST and not literal.isspace():
                found.setdefault(literal)
            if len(found) == _MOST:
                return tuple(found)
    return tuple(found)


def column_values(columns: Mapping[str, Any]) -> tuple[str, ...]:
    """Texts and numbers among the values of dataset columns, as text."""
    found: dict[str, None] = {}
    stack = [(value, 0) for value in reversed(list(columns.values()))]
    while stack and len(found) < _MOST:
        value, depth = stack.pop()
        if isinstance(value, str | int | float):
            text = str(value).strip()
            if 0 < len(text) <= _LONGEST:
                found.setdefault(text)
        elif depth < _DEEPEST and isinstance(value, list | dict):
            members = value.values() if isinstance(value, dict) else value
            stack.extend((member, depth + 1) for member in reversed(list(members)))
    return tuple(found)


class _Source:
    """A parsed file with its lines, which tell raw strings from others."""

    def __init__(self, tree: ast.Module, data: bytes) -> None:
        self.tree = tree
        self._lines = data.splitlines()

    def is_raw(self, constant: ast.Constant) -> bool:
        line = self._lines[constant.lineno - 1] if constant.lineno <= len(self._lines) else b""
        return line[constant.col_offset : constant.col_offset + 2].lstrip(b"bB")[:1] in (b"r", b"R")


def _parsed(path: Path) -> _Source:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), hint="check the path") from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"is longer than {_MOST_BYTES} bytes", where=str(path), hint="name the file that holds the reward code")
    try:
        return _Source(ast.parse(data), data)
    except SyntaxError as error:
        raise InputError("is no Python", where=f"{path}:{error.lineno or 1}", hint="name a Python file") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"cannot be parsed ({type(error).__name__})", where=str(path), hint="name a Python file") from error


def _literals(source: _Source) -> Iterator[str]:
    skipped = _no_literals(source.tree)
    patterns = {id(pattern) for pattern in _patterns(source.tree)}
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in skipped:
            continue
        if id(node) in patterns or source.is_raw(node):
            yield from matching(node.value)
        else:
            yield node.value


def _no_literals(tree: ast.Module) -> set[int]:
    """Constants that are docstrings or other bare expressions, keys, or format specifications."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as constant):
                skipped.add(id(constant))
            case ast.Subscript(slice=ast.Constant() as constant):
                skipped.add(id(constant))
            case ast.Dict(keys=keys):
                skipped.update(map(id, keys))
            case ast.FormattedValue(format_spec=ast.JoinedStr(values=values)):
                skipped.update(map(id, values))
            case _:
                pass
    return skipped


def _patterns(tree: ast.Module) -> Iterator[ast.expr]:
    """First arguments of calls of `re`, also of functions imported from it."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in _RE_MODULES
        for alias in node.names
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name), args=[pattern, *_]) if module in _RE_MODULES:
                if name in _RE_FUNCTIONS:
                    yield pattern
            case ast.Call(func=ast.Name(id=name), args=[pattern, *_]) if name in imported:
                yield pattern
            case _:
                pass
