"""Python files of reward code, read and parsed once for all who look in them for what a CoT may be made of."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from sequester.errors import InputError

_MOST_BYTES = 4 << 20


class CodeFile(Struct, frozen=True):
    """One file."""

    path: Path
    data: bytes
    nodes: tuple[ast.AST, ...]
    """Of its syntax tree, the module first, level by level."""

    @property
    def module(self) -> ast.AST:
        return self.nodes[0]


def read_code(paths: Iterable[Path]) -> tuple[CodeFile, ...]:
    """The files, in order. Raises InputError for one that cannot be read or is no Python."""
    return tuple(map(_read, paths))


def _read(path: Path) -> CodeFile:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), hint="check the path") from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"is longer than {_MOST_BYTES} bytes", where=str(path), hint="name the file that holds the reward code")
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes that mean nothing
            return CodeFile(path, data, tuple(ast.walk(ast.parse(data))))
    except SyntaxError as error:
        what = f"is no Python {sys.version_info.major}.{sys.version_info.minor} ({type(error).__name__}: {error.msg})"
        place = f"{path}:{error.lineno or 1}:{error.offset or 1}"
        raise InputError(what, where=place, hint="correct it, or name a Python file") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"cannot be parsed ({type(error).__name__})", where=str(path), hint="name a Python file") from error
