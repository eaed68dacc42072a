"""How a report is laid out in a terminal: its style, headings, sentences and tables.

Colour repeats what the words say and never says anything alone. Without a terminal there is none, and without UTF-8 the
lines are ASCII.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TextIO

from msgspec import Struct
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from sequester.report.table import Column, table_lines
from sequester.report.untrusted import printable

_ASCII = str.maketrans({"–": "-", "…": "~", "·": "|"})
_NARROWEST, _WIDEST = 40, 400
_INDENT = 2
"""Characters before what stands under a heading."""
ROOMY = 110
"""Characters of width from which there is room for everything."""


class TextStyle(Struct, frozen=True):
    """How to print. The defaults suit a file or a pipe."""

    width: int = 120
    colour: bool = False
    unicode: bool = True
    wraps: bool = False
    """Whether the last line, which holds every count, is broken at the width too; in a file it is one line, to be searched and cut."""
    findings: int = 10
    """Findings listed; the line above them says how many there are."""
    groups: int = 40
    rows: int = 20
    """Rows of the breakdown and the inputs, and notes."""
    whole: int = 10
    """Rows up to which the breakdown is listed whole; a longer one sums up the rows in which nothing was found."""
    causes: int = 5
    """Records that could not be read, with their causes."""
    long: bool = False
    """Whether sections are told that only some readers want."""


def style_for(
    stream: TextIO, environment: Mapping[str, str] = os.environ, *, colour: bool = True, verbose: bool = False
) -> TextStyle:
    """The style for this stream: ASCII where UTF-8 has no place, colour only on a terminal.

    NO_COLOR (no-color.org) takes colour away, FORCE_COLOR gives it to a pipe, COLUMNS sets the width of one.
    """
    terminal = stream.isatty()
    plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
    forced = environment.get("FORCE_COLOR", "0") not in ("", "0")
    return TextStyle(
        width=max(_NARROWEST, Console(file=stream).width if terminal else _columns(environment) or TextStyle().width),
        colour=colour and not plain and (terminal or forced),
        unicode=(getattr(stream, "encoding", None) or "ascii").lower().replace("-", "") in ("utf8", "utf16", "utf32"),
        wraps=terminal or bool(_columns(environment)),
        findings=1000 if verbose else 10,
        groups=1000 if verbose else 40,
        rows=1000 if verbose else 20,
        whole=1000 if verbose else 10,
        causes=20 if verbose else 5,
        long=verbose,
    )


def _columns(environment: Mapping[str, str]) -> int:
    """The width that COLUMNS asks for; 0 where it asks for none."""
    asked = environment.get("COLUMNS", "")
    return min(_WIDEST, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0


def page(style: TextStyle, write: Callable[[Console], None]) -> str:
    """What `write` prints, as text in this style."""
    out = io.StringIO()
    write(
        Console(
            file=out,
            width=style.width,
            force_terminal=style.colour,
            color_system="standard" if style.colour else None,
            no_color=not style.colour,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )
    )
    text = "\n".join(line.rstrip() for line in out.getvalue().split("\n")) if not style.colour else out.getvalue()
    return text if style.unicode else text.translate(_ASCII).encode("ascii", "backslashreplace").decode()


def heading(console: Console, title: str) -> None:
    """An empty line, then the title."""
    console.print()
    console.print(Text(title, style="bold"))


def prose(console: Console, sentences: Iterable[str]) -> None:
    """Sentences, made printable, a line each."""
    for sentence in sentences:
        console.print(Padding(Text(printable(sentence, 2000)), (0, 0, 0, _INDENT)))


def last_line(console: Console, said: str, style: TextStyle) -> None:
    """The line that holds every count."""
    console.print()
    console.print(Text(said, style="bold"), soft_wrap=not style.wraps)


def body(
    console: Console,
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    style: TextStyle,
    *,
    dropped: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> None:
    """A table without the columns `dropped` and those that hold nothing. Numbers, whose columns begin with `>`, stand right.

    The words of numbers and of the columns `whole` are never broken.
    """
    lines = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    kept = [
        at
        for at, column in enumerate(columns)
        if column not in dropped and (not lines or any(line[at].plain.strip("–") for line in lines))
    ]
    laid_out = [
        Column(printable(name.removeprefix(">")), name.startswith(">"), name in whole, tuple(line[at] for line in lines))
        for at, name in ((at, columns[at]) for at in kept)
    ]
    if not laid_out:
        return
    separator = " | " if not style.unicode else "  " if style.width < ROOMY else "   "
    for line in table_lines(console, laid_out, style.width - _INDENT, separator, "─" if style.unicode else "-"):
        console.print(Padding(line, (0, 0, 0, _INDENT)))
