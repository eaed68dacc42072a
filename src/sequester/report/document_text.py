"""A document as text for a terminal: verdict, headline, sections, and last one line that holds every count."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from sequester.report.console import TextStyle, body, heading, last_line, page, prose
from sequester.report.document import Document, Section, Tone
from sequester.report.untrusted import printable

_STYLE = {Tone.FOUND: "bold red", Tone.UNSURE: "bold yellow", Tone.NOTHING_FOUND: "bold green"}
_LONGEST_CELL = 200


def render(document: Document, style: TextStyle | None = None) -> str:
    """The whole report as text, ending in a newline."""
    style = style or TextStyle()
    return page(style, lambda console: _write(console, document, style))


def _write(console: Console, document: Document, style: TextStyle) -> None:
    console.print(Text(printable(document.verdict), style=_STYLE[document.tone]))
    for sentence in document.headline:
        console.print(Text(printable(sentence, 2000)))
    for section in document.sections:
        if style.long or not section.long:
            _section(console, section, style)
    last_line(console, printable(document.summary, 4000), style)


def _section(console: Console, section: Section, style: TextStyle) -> None:
    heading(console, printable(section.title))
    prose(console, section.sentences[: style.groups])
    _rest(console, len(section.sentences) - style.groups)
    if section.table is None or not section.table.rows:
        return
    rows = [[printable(cell, _LONGEST_CELL) for cell in row] for row in section.table.rows[: style.groups]]
    body(console, section.table.columns, rows, style, whole=section.table.columns[:1])
    _rest(console, len(section.table.rows) - style.groups)


def _rest(console: Console, more: int) -> None:
    if more > 0:
        console.print(f"  … and {more:,} more; all of them: -v, or --out json")
