"""Text that every machine with Python has: the sources and documents of the standard library and of installed packages."""

from __future__ import annotations

import random
import sysconfig
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

_SUFFIXES = frozenset({".py", ".pyi", ".rst", ".txt", ".md", ".c", ".h", ".pyx", ".html"})
_SHORTEST = 90
"""Characters of a paragraph; shorter ones are left out."""
_LONGEST = 2400
_CUT = 1800
"""Paragraphs longer than `_LONGEST` are cut into pieces of this size."""
_TELLING_LINE = 20
"""Characters from which a line counts when asking whether a paragraph was seen before."""
_LARGEST_FILE = 2 << 20


class Section(NamedTuple):
    """Some paragraphs of one file, in order."""

    paragraphs: tuple[str, ...]

    def translated(self, table: dict[int, int]) -> Section:
        return Section(tuple(text.translate(table) for text in self.paragraphs))


class Pool:
    """Deals paragraphs, each once per round. From the second round on, each round has a letter cipher of its own."""

    def __init__(self, seed: int, cipher: Callable[[random.Random], dict[int, int]]) -> None:
        self._rng = random.Random(seed)
        self._cipher = cipher
        roots = {Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")}
        self._files = sorted({path for root in roots for path in root.rglob("*") if path.suffix in _SUFFIXES})
        self._paragraphs = self._endless()

    def text(self, size: int) -> str:
        """About so many characters of consecutive paragraphs, cut to size."""
        return "\n\n".join(self._some(size))[:size]

    def beside(self, first: int, second: int) -> tuple[Section, Section]:
        """Two sections of about so many characters, from paragraphs that alternate in the same files."""
        paragraphs = self._some(first + second)
        parts: tuple[list[str], list[str]] = ([], [])
        left = [first, second]
        for text in paragraphs:
            # Whoever has the larger share of its size still to get is next: the two advance side by side.
            which = 0 if left[0] * second >= left[1] * first else 1
            parts[which].append(text)
            left[which] -= len(text)
        return Section(tuple(parts[0])), Section(tuple(parts[1]))

    def _some(self, size: int) -> list[str]:
        taken, total = [], 0
        while total < size:
            text = next(self._paragraphs)
            taken.append(text)
            total += len(text) + 2
        return taken

    def _endless(self) -> Iterator[str]:
        table: dict[int, int] = {}
        while True:
            seen: set[int] = set()
            for path in self._rng.sample(self._files, len(self._files)):
                for text in _paragraphs(path):
                    if _is_new(text, seen):
                        yield text.translate(table) if table else text
            table = self._cipher(self._rng)


def _paragraphs(path: Path) -> Iterator[str]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            return
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for part in text.split("\n\n"):
        if len(part) < _SHORTEST or "\0" in part:
            continue
        step = _CUT if len(part) > _LONGEST else len(part)
        yield from (part[at : at + step] for at in range(0, len(part) - _SHORTEST + 1, step))


def _is_new(text: str, seen: set[int]) -> bool:
    """False where over a fifth of the telling lines were seen before: licence headers, copied code."""
    lines = [zlib.crc32(line.encode()) for line in map(str.strip, text.split("\n")) if len(line) >= _TELLING_LINE]
    known = sum(line in seen for line in lines)
    seen.update(lines)
    return 5 * known <= len(lines)
