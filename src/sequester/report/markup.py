"""Pieces of HTML pages that open anywhere, ask nothing of the network and print on paper.

Everything that came from a file is escaped here, in `escaped`, and nowhere else. A page's own policy forbids any request, and any style
or script but those that are named in it by their hash.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from msgspec import Struct

from sequester.report.untrusted import printable

_BETWEEN_BACKTICKS = re.compile("`([^`]+)`")


class Html(Struct, frozen=True):
    """Markup made here, as opposed to text that needs escaping."""

    markup: str


Cell = str | Html


def page(template: str, **parts: str) -> str:
    """The asset `template` with its parts, which are markup, its style and script, and the hashes of both."""
    style, script = _asset("report.css"), _asset("report.js")
    return Template(_asset(template)).substitute(
        parts, style=style, script=script, style_hash=_csp_hash(style), script_hash=_csp_hash(script)
    )


def _asset(name: str) -> str:
    return files("sequester.report").joinpath("assets", name).read_text(encoding="utf-8")


def _csp_hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(content.encode()).digest()).decode()}'"


def escaped(value: str, longest: int = 2000) -> str:
    """Text as markup."""
    return escape(printable(value, longest))


def marked(sentence: str) -> str:
    """A sentence with what stands between backticks, commands and names, in monospace."""
    return _BETWEEN_BACKTICKS.sub(r"<code>\1</code>", escaped(sentence))


def paragraphs(sentences: Iterable[str]) -> str:
    """A paragraph for each sentence."""
    return "".join(f"<p>{escaped(sentence)}</p>" for sentence in sentences)


def bullets(sentences: Sequence[str], empty: str) -> str:
    """A list; `empty` where there is nothing in it."""
    if not sentences:
        return f'<p class="empty">{escaped(empty)}</p>'
    return f"<ul>{''.join(f'<li>{marked(sentence)}</li>' for sentence in sentences)}</ul>"


def code(name: str) -> Html:
    """A name in monospace that may break after its separators."""
    pieces = re.split(r"(?<=[_./:])", printable(name, 120))
    return Html(f"<code>{'<wbr>'.join(map(escape, pieces))}</code>")


def table(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], empty: str = "") -> str:
    """A table that scrolls, `empty` without rows. Numbers, whose columns begin with `>`, stand right."""
    right = [column.startswith(">") for column in columns]
    head = "".join(
        f'<th scope="col"{" class=n" if number else ""}>{escaped(column.removeprefix(">"))}</th>'
        for column, number in zip(columns, right, strict=True)
    )
    body = "".join(f"<tr>{''.join(_cell(cell, number) for cell, number in zip(row, right, strict=True))}</tr>" for row in rows)
    if not body:
        return f'<p class="empty">{escaped(empty)}</p>'
    content = f'<table id="{escaped(name)}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{escaped(name)}">{content}</div>'


def _cell(cell: Cell, number: bool) -> str:
    return f"<td{' class=n' if number else ''}>{cell.markup if isinstance(cell, Html) else escaped(cell)}</td>"
