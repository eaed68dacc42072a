"""A table as lines that fit a width, without a column so narrow that it cannot be read.

Where the columns do not fit beside one another, one column of prose goes below its row; where that is not enough, every row is a block of
its own, a line for each column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from msgspec import Struct
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_READABLE = 24
"""Characters that a column of longer lines needs at least, or it becomes a ladder of words."""
_INDENT = 4
"""Characters before what goes below its row."""
_GAP = "  "
"""Between name and value in a block."""


class Column(Struct, frozen=True):
    """One column: its name, and a cell for each row."""

    name: str
    is_number: bool
    """Stands right, and is never broken."""
    whole: bool
    """Its lines are never broken where a width allows."""
    cells: tuple[Text, ...]

    @property
    def natural(self) -> int:
        """Characters that it takes unbroken."""
        return max(cell_len(self.name), self._longest)

    @property
    def least(self) -> int:
        """Characters below which it cannot be read: of its longest word, of prose more."""
        kept = self._longest if self.is_number or self.whole else max(map(_longest_word, self.cells), default=0)
        readable = 0 if self.is_number or self._longest <= _READABLE else _READABLE
        return max(1, kept, readable, _longest_word(Text(self.name)))

    @property
    def _longest(self) -> int:
        return max((cell_len(line) for cell in self.cells for line in cell.plain.split("\n")), default=0)


def _longest_word(text: Text) -> int:
    return max(map(cell_len, text.plain.split()), default=0)


def table_lines(console: Console, columns: Sequence[Column], width: int, separator: str, rule: str) -> Iterator[Text]:
    """The lines, none longer than `width` characters. `separator` stands between columns, `rule` (one character) under their names."""
    below = [column for column in columns[1:] if not column.is_number]
    widest = max(below, key=lambda column: column.natural, default=None)
    for under in (None, widest):
        beside = [column for column in columns if column is not under]
        widths = _widths(beside, width - cell_len(separator) * (len(beside) - 1))
        if widths:
            yield from _side_by_side(console, beside, widths, under, width, separator, rule)
            return
    yield from _blocks(console, columns, width)


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """Of each column, so that the widest give way first; empty if they do not fit."""
    sizes = [(column.least, max(column.least, column.natural)) for column in columns]
    for most in range(max((natural for _, natural in sizes), default=0), 0, -1):
        widths = [max(least, min(natural, most)) for least, natural in sizes]
        if sum(widths) <= room:
            return widths
    return []


def _side_by_side(
    console: Console,
    columns: Sequence[Column],
    widths: Sequence[int],
    under: Column | None,
    width: int,
    separator: str,
    rule: str,
) -> Iterator[Text]:
    names = [Text(column.name).wrap(console, size, overflow="fold") for column, size in zip(columns, widths, strict=True)]
    high = max(map(len, names))
    yield from _row(columns, widths, [[Text()] * (high - len(lines)) + list(lines) for lines in names], separator)
    if under is not None:
        yield from _indented(console, Text(under.name), width)
    yield Text(separator.replace(" ", rule).replace("|", "+").join(rule * size for size in widths))
    for at in range(len(columns[0].cells)):
        cells = [column.cells[at].wrap(console, size, overflow="fold") for column, size in zip(columns, widths, strict=True)]
        yield from _row(columns, widths, [list(lines) for lines in cells], separator)
        if under is not None and under.cells[at].plain.strip():
            yield from _indented(console, under.cells[at], width)


def _indented(console: Console, text: Text, width: int) -> Iterator[Text]:
    yield from (Text(" " * _INDENT) + line for line in text.wrap(console, width - _INDENT, overflow="fold"))


def _row(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[Sequence[Text]], separator: str) -> Iterator[Text]:
    """Cells beside one another, each a list of lines."""
    for line in zip_longest(*cells):
        pieces = []
        for column, size, piece in zip(columns, widths, line, strict=True):
            shown = piece.copy() if piece is not None else Text()
            shown.align("right" if column.is_number else "left", size)
            pieces.append(shown)
        yield Text(separator).join(pieces)


def _blocks(console: Console, columns: Sequence[Column], width: int) -> Iterator[Text]:
    """A block for each row."""
    named = min(max(cell_len(column.name) for column in columns), width // 2)
    for at in range(len(columns[0].cells)):
        if at:
            yield Text()
        for column in columns:
            if not column.cells[at].plain.strip():
                continue
            room = width - named - len(_GAP)
            if _longest_word(column.cells[at]) > room:
                yield from Text(column.name).wrap(console, width, overflow="fold")
                yield from _indented(console, column.cells[at], width)
                continue
            name = Text(column.name).wrap(console, named, overflow="fold")
            value = column.cells[at].wrap(console, room, overflow="fold")
            for left, right in zip_longest(name, value):
                said = left.copy() if left is not None else Text()
                said.align("left", named)
                yield said + Text(_GAP) + (right if right is not None else Text())
