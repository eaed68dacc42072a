"""Phrases that reward code reads from files: lists of words and tables of weights that lie beside it and that it names.

Looked at as text, whatever the format: quoted strings, and lines and their fields. What is tried goes to graders too, so nothing is read
from a file that is named like one of credentials, and nothing taken that looks like a key.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from sequester.influence.parsed_code import CodeFile

ENDINGS = frozenset((".csv", ".json", ".json5", ".list", ".lst", ".toml", ".tsv", ".txt", ".yaml", ".yml"))
_MOST_FILES = 20
_MOST_BYTES = 256 << 10
_MOST = 300
"""Phrases of one file."""
_LONGEST = 80
"""Characters beyond which it is a text (a prompt, a record of a data set) rather than something to look for."""
_CREDENTIALS = re.compile(r"auth|credential|key|login|passw|secret|token", re.IGNORECASE)
_KEY = re.compile(r"\S{25}|(?=\S*\d)(?=\S*[A-Za-z])\S{13}")
"""A word that is too long, or too long a mixture of letters and digits."""
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.){1,400})"|\'([^\'\n]{1,400})\'')
_FIELDS = re.compile(r"[\t,;\[\]{}]|:\s|\s[=#]\s")


def read_phrases(code: Iterable[CodeFile]) -> tuple[str, ...]:
    """What stands in the text files that Python files name, each once, in order. A file is looked for in the folder of the code, the one
    above and the folders in both; one that is not there or no text is passed over."""
    found: dict[str, None] = {}
    for path in _named(code):
        found.update(dict.fromkeys(list(dict.fromkeys(filter(_is_phrase, _phrases(path))))[:_MOST]))
    return tuple(found)


def _is_phrase(text: str) -> bool:
    return 1 < len(text) <= _LONGEST and any(map(str.isalpha, text)) and _KEY.search(text) is None


def _named(code: Iterable[CodeFile]) -> list[Path]:
    files: dict[Path, None] = {}
    for file in code:
        near, above = file.path.parent, file.path.parent.parent
        for name in _file_names(file):
            for folder in (near, above, *_folders(near), *_folders(above)):
                with suppress(OSError):  # it may not be looked at
                    files.update({folder / name: None} if (folder / name).is_file() else {})
    return list(files)[:_MOST_FILES]


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(inner for inner in folder.glob("[!.]*") if inner.is_dir())[:_MOST_FILES]
    except OSError:
        return []


def _file_names(file: CodeFile) -> Iterator[str]:
    texts = (node.value for node in file.nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    for text in texts:
        if len(text) <= _LONGEST and "\0" not in text and Path(text).suffix.lower() in ENDINGS and not _CREDENTIALS.search(text):
            yield text


def _phrases(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
        text = data.decode("utf-8", "strict" if len(data) < _MOST_BYTES else "ignore")
    except (OSError, UnicodeDecodeError):
        return
    for line in text.splitlines():
        yield from map(_unescaped, _QUOTED.finditer(line))
        rest = _QUOTED.sub(",", line).strip().removeprefix("- ").strip(" ,")
        yield rest
        yield from map(str.strip, _FIELDS.split(rest))


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    try:
        return str(json.loads(match[0]))
    except ValueError:
        return match[1]
