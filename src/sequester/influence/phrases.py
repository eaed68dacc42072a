"""Phrases that reward code reads from files: lists of words and tables of weights that lie beside it and that it names.

Looked at as text, whatever the format: quoted strings, and the lines and first fields of lines without any.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ENDINGS = frozenset(
    (".cfg", ".conf", ".csv", ".ini", ".json", ".json5", ".list", ".lst", ".toml", ".tsv", ".txt", ".yaml", ".yml")
)
_MOST_FILES = 20
_MOST_BYTES = 256 << 10
_MOST = 300
"""Phrases of one file."""
_LONGEST = 80
"""Characters beyond which it is a text (a prompt, a record of a data set) rather than something to look for."""
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.){1,400})"|\'([^\'\n]{1,400})\'')
_FIELDS = re.compile(r"[\t,;]|:\s|\s[=#]\s")


def read_phrases(code: Iterable[Path]) -> tuple[str, ...]:
    """What stands in the text files that Python files name, each once, in order. A file is looked for in the folder of the code, the one
    above and those in it; one that is not there or no text is passed over."""
    found: dict[str, None] = {}
    for path in _named(code):
        phrases = (phrase for phrase in _phrases(path) if 1 < len(phrase) <= _LONGEST and any(map(str.isalpha, phrase)))
        found.update(dict.fromkeys(list(dict.fromkeys(phrases))[:_MOST]))
    return tuple(found)


def _named(code: Iterable[Path]) -> list[Path]:
    files: dict[Path, None] = {}
    for path in code:
        for name in _file_names(path):
            for folder in (path.parent, path.parent.parent, *_folders(path.parent)):
                if (file := folder / name).is_file():
                    files.setdefault(file.resolve())
    return list(files)[:_MOST_FILES]


def _folders(folder: Path) -> list[Path]:
    return sorted(inner for inner in folder.iterdir() if inner.is_dir() and not inner.name.startswith("."))[:_MOST_FILES]


def _file_names(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    yield from (text for text in texts if len(text) <= _LONGEST and "\0" not in text and Path(text).suffix.lower() in ENDINGS)


def _phrases(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for line in text.splitlines():
        quoted = [_unescaped(match) for match in _QUOTED.finditer(line)]
        whole = line.strip().removeprefix("- ").strip(" ,")
        yield from quoted or dict.fromkeys((whole, _FIELDS.split(whole)[0].strip()))


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    try:
        return str(json.loads(match[0]))
    except ValueError:
        return match[1]
