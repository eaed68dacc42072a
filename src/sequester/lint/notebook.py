"""The code of a notebook as one Python source, every line at the line of the file on which it stands.

So a finding's line is right in the file, and so is a `noqa`. Magics and shell commands become statements that do nothing; a cell in
another language is no code. A cell that is no Python even so is left out and named: the others are read.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from sequester.lint.python_file import Unreadable, in_words

NOTEBOOK = ".ipynb"
_SOURCE = re.compile(r'"source"\s*:\s*(\[?)')
_STRING = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*,?')
_MOST_MISSED = 20
"""Cells that are looked for in vain before no more are looked for."""
_COMMAND = re.compile(r"(\s*)(?:[%!]|\?{1,2}\w|[\w.]+\?{1,2}\s*$)")
"""A line that IPython reads and Python does not: `%magic`, `!shell`, `?name`, `name?`."""
_CAPTURED = re.compile(r"(\s*[\w.,\s]+=\s*)[%!]\s*\w")
"""Such as `lines = !ls`."""
_RUNS_PYTHON = re.compile(r"%%(?:capture|time|timeit|prun|memit|(?:writefile|file)\s.*\.py\s*$)")
"""Magics of a cell whose other lines are Python."""


class NotebookCode(NamedTuple):
    """What a notebook holds."""

    source: str
    left_out: Unreadable | None
    """The first cell that is no Python; None if all are."""


def source_of(data: bytes) -> NotebookCode | Unreadable:
    """Python source of a notebook's code cells. What does not say where it stands comes one line after the last that does."""
    try:
        text = data.decode("utf-8")
        notebook = json.loads(text)
    except UnicodeDecodeError as error:
        return Unreadable("not_utf8", data[: error.start].count(b"\n") + 1, "")
    except RecursionError:
        return Unreadable("too_deep", 1, "nested more deeply than the parser goes")
    except ValueError as error:
        return Unreadable("syntax_error", getattr(error, "lineno", 1), "not JSON")
    lines: list[str] = []
    left_out: Unreadable | None = None
    for cell, starts in _cells(notebook, text):
        code = _python(cell)
        read = [""] * len(cell) if isinstance(code, SyntaxError) else code
        for line, start in zip(read, starts, strict=True):
            lines.extend([""] * (start - len(lines)))
            lines.append(line)
        if isinstance(code, SyntaxError) and left_out is None:
            behind = min(max(code.lineno or 1, 1), len(cell)) - len(cell)
            left_out = Unreadable("syntax_error", len(lines) + behind, f"a cell was left out: {in_words(code)}")
    return NotebookCode("\n".join(lines) + "\n", left_out)


def _python(cell: list[str]) -> list[str] | SyntaxError:
    """The lines of a cell as Python, as many as there are, or why they are none."""
    code = list(_without_commands(cell))
    for lines in (cell, code):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse("\n".join(lines))
        except SyntaxError as error:
            problem = error
        except (ValueError, RecursionError, MemoryError):
            break  # what is wrong with the whole says so better
        else:
            return lines
    else:
        return problem
    return code


def _without_commands(cell: list[str]) -> Iterator[str]:
    """The lines with a statement that does nothing in the place of each command, whatever else it goes on for blank."""
    goes_on = False
    for line in cell:
        command = _COMMAND.match(line)
        captured = None if command else _CAPTURED.match(line)
        if goes_on:
            yield ""
        elif command:
            yield f"{command[1]}pass"
        else:
            yield f"{captured[1]}None" if captured else line
        goes_on = (goes_on or bool(command or captured)) and line.rstrip().endswith("\\")


def _cells(notebook: object, text: str) -> Iterator[tuple[list[str], list[int]]]:
    """Lines of each cell that holds Python, the magic above them blank, and how many lines of the file stand before each at least."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    at = line = missed = 0
    for cell in cells if isinstance(cells, list) else ():
        source = cell.get("source", "") if isinstance(cell, dict) else None
        pieces = [source] if isinstance(source, str) else source
        if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
            continue
        places = _places(text, pieces, at) if missed < _MOST_MISSED else None
        missed += places is None
        starts: list[int] = []
        for piece, place in zip(pieces, places or [0] * len(pieces), strict=True):
            line, at = line + text.count("\n", at, place), max(at, place)
            starts += [line] + [0] * (piece.count("\n") - piece.endswith("\n"))
        lines = "".join(pieces).split("\n")
        if cell.get("cell_type") == "code" and _blanked(lines):
            yield lines, (starts + [0] * len(lines))[: len(lines)]


def _places(text: str, pieces: list[str], start: int) -> list[int] | None:
    """Offsets of the strings that a cell's source is written as."""
    for source in _SOURCE.finditer(text, start):
        at, found = source.end(), []
        for piece in pieces:
            string = _STRING.match(text, at)
            if string is None or json.loads(string[1], strict=False) != piece:
                break
            found.append(string.start(1))
            at = string.end()
        else:
            return found
    return None


def _blanked(lines: list[str]) -> bool:
    """Whether a cell holds Python. A magic above it is blanked."""
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        if not _RUNS_PYTHON.match(lines[first]):
            return False
        lines[first] = ""
    return True
