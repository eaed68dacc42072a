"""The code of a notebook as one Python source, every line at the line of the file on which it stands.

So a finding's line is right in the file, and so is a `noqa`. Magics and shell lines are left out; a cell in another language is no code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from sequester.lint.python_file import Unreadable

NOTEBOOK = ".ipynb"
_MOST_MISSED = 200
"""Lines that are looked for in vain before no more are looked for: a notebook that writes a cell as one string."""
_MAGIC = re.compile(r"\s*[%!?]|.*\?\s*$")


def source_of(data: bytes) -> str | Unreadable:
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
    at = missed = 0
    for line in _code_lines(notebook):
        found = _place(text, line, at) if line and missed < _MOST_MISSED else -1
        missed += bool(line) and found < 0
        if found >= 0:
            lines.extend([""] * (text.count("\n", 0, found) - len(lines)))
            at = found + 1
        lines.append("" if _MAGIC.match(line) else line)
    return "\n".join(lines) + "\n"


def _place(text: str, line: str, start: int) -> int:
    """Offset of a line of code in the file, which holds it as a JSON string of its own; -1 if it does not."""
    for written in dict.fromkeys((json.dumps(line, ensure_ascii=False)[:-1], json.dumps(line)[:-1])):
        ends = [found for found in (text.find(f'{written}\\n"', start), text.find(f'{written}"', start)) if found >= 0]
        if ends:
            return min(ends)
    return -1


def _code_lines(notebook: object) -> Iterator[str]:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    for cell in cells if isinstance(cells, list) else ():
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        if isinstance(source, str) and not source.lstrip().startswith("%%"):
            yield from source.split("\n")
