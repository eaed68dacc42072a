"""A document as GitHub-flavoured Markdown, for the summary of a CI step.

GitHub cuts a step's summary at 1 MiB, so this one ends before. What comes from files cannot make markup, links, mentions or formulas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sequester.report.document import Document, Section, Table, Tone
from sequester.report.untrusted import printable

MOST_BYTES = 900_000
"""UTF-8 bytes of the whole, the last line included: other steps write into the same summary."""
MOST_ROWS = 200
"""Rows of a table, and sentences of a section."""

_MARK = {Tone.FOUND: "▲", Tone.UNSURE: "◐", Tone.NOTHING_FOUND: "○"}
_BETWEEN_BACKTICKS = re.compile("`([^`]+)`")
_ACTIVE = re.compile(r"[\\`*_{}\[\]|~!&<>@#$]|://|www\.")
_INERT = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    # GitHub makes links of names, numbers and addresses, and formulas of dollars, after it has read the Markdown: a comment stops that.
    "@": "@<!-- -->",
    "#": "#<!-- -->",
    "$": "<span>$</span>",
    "://": ":<!-- -->//",
    "www.": "www<!-- -->.",
}
"""What stands for active characters; the others get a backslash."""


def render(document: Document) -> str:
    """The whole report, ending in a newline."""
    last = f"\n**{escaped(document.summary, 4000)}**\n"
    room = MOST_BYTES - len(last.encode("utf-8", "backslashreplace"))
    kept: list[str] = []
    for line in _lines(document):
        room -= len(line.encode("utf-8", "backslashreplace")) + 1
        if room < 200:
            kept.append("\nThe report goes on; all of it: `--out json`")
            break
        kept.append(line)
    return "\n".join(kept) + "\n" + last


def escaped(text: str, longest: int = 2000) -> str:
    """Text that Markdown shows as it stands."""
    return _ACTIVE.sub(lambda found: _INERT.get(found[0], f"\\{found[0]}"), printable(text, longest))


def _lines(document: Document) -> Iterator[str]:
    yield f"## {_MARK[document.tone]} {escaped(document.verdict)}"
    for sentence in document.headline:
        yield f"\n{_marked(sentence)}"
    for section in document.sections:
        if not section.long:
            yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    yield f"\n### {escaped(section.title)}\n"
    yield from (f"- {_marked(sentence)}" for sentence in section.sentences[:MOST_ROWS])
    if len(section.sentences) > MOST_ROWS:
        yield f"- … and {len(section.sentences) - MOST_ROWS:,} more; all of them: `--out json`"
    if section.table is not None and section.table.rows:
        if section.sentences:
            yield ""
        yield from _table(section.table)


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(escaped(column.removeprefix('>')) for column in table.columns)} |"
    yield f"|{'|'.join('---:' if column.startswith('>') else '---' for column in table.columns)}|"
    for row in table.rows[:MOST_ROWS]:
        yield f"| {' | '.join(escaped(cell, 300) for cell in row)} |"
    if len(table.rows) > MOST_ROWS:
        yield f"\n{MOST_ROWS:,} of {len(table.rows):,} rows; all of them: `--out json`"


def _marked(sentence: str) -> str:
    """A sentence in which what stands between backticks, commands and names, is code."""
    pieces = _BETWEEN_BACKTICKS.split(sentence)
    return "".join(f"`{printable(piece, 2000)}`" if at % 2 else escaped(piece) for at, piece in enumerate(pieces))
