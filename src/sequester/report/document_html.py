"""A document as one HTML file that opens anywhere and asks nothing of the network."""

from __future__ import annotations

from sequester.report.document import Document, Section, Tone
from sequester.report.markup import bullets, escaped, marked, page, table

MOST_ROWS = 1000
"""Rows of a table, and sentences of a section."""

_MARK = {Tone.FOUND: "▲", Tone.UNSURE: "◐", Tone.NOTHING_FOUND: "○"}
_CLASS = {Tone.FOUND: "exposed", Tone.UNSURE: "incomplete", Tone.NOTHING_FOUND: "none_found"}
"""The classes of the style sheet."""


def render(document: Document) -> str:
    """The whole page."""
    numbered = list(enumerate(document.sections, 1))
    return page(
        "document.html",
        tone=_CLASS[document.tone],
        mark=_MARK[document.tone],
        word=escaped(document.verdict),
        headline="".join(f'<p class="headline">{marked(sentence)}</p>' for sentence in document.headline),
        links="".join(f'<a href="#s{number}">{escaped(section.title, 60)}</a>' for number, section in numbered),
        sections="\n".join(_section(number, section) for number, section in numbered),
        summary=escaped(document.summary, 4000),
    )


def _section(number: int, section: Section) -> str:
    said = bullets(section.sentences[:MOST_ROWS], "") if section.sentences else ""
    shown = ""
    if section.table is not None and section.table.rows:
        rows = section.table.rows[:MOST_ROWS]
        counted = f"{len(rows):,} of {len(section.table.rows):,} rows."
        rest = " All of them: --out json." if len(rows) < len(section.table.rows) else ""
        shown = f'<p class="quiet">{counted}{rest}</p>{table(f"t{number}", section.table.columns, rows)}'
    return f'<section id="s{number}">\n<h2>{escaped(section.title)}</h2>\n{said}{shown}\n</section>'
