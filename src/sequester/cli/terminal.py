"""Lines and pages that fit the terminal. In a pipe or a file they stay as they are, so that they can be searched and cut."""

from __future__ import annotations

import sys
import textwrap

from rich.console import Console
from rich.markdown import Markdown
from rich.theme import Theme

from sequester.report.text import style_for

_THEME = Theme({"markdown.code": "bold", "markdown.h2": "bold", "markdown.h3": "bold"})
"""No background colours: nobody knows whether the terminal is dark or light."""


def fit(line: str, hang: int) -> str:
    """The line, broken at the width of the terminal; what follows its first line is indented by `hang` characters."""
    if not sys.stdout.isatty():
        return line
    lines = textwrap.wrap(
        line,
        style_for(sys.stdout).width,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def page(markdown: str) -> str:
    """A page of Markdown as a terminal can show it: headings, lists and code told apart; in a pipe its source."""
    if not sys.stdout.isatty():
        return markdown
    style = style_for(sys.stdout)
    console = Console(
        file=sys.stdout,
        width=min(style.width, 100),
        theme=_THEME,
        no_color=not style.colour,
        color_system="standard" if style.colour else None,
        force_terminal=True,
        legacy_windows=False,
    )
    with console.capture() as shown:
        console.print(Markdown(markdown, code_theme="ansi_dark"))
    text = "\n".join(line.rstrip() for line in shown.get().split("\n"))
    return text if style.unicode else text.encode("ascii", "replace").decode()
