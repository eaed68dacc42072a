"""`sequester explain CODE`: the page of one rule."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.markdown import Markdown
from rich.theme import Theme

from sequester.findings.rules import find_rule
from sequester.report.console import style_for

_THEME = Theme({"markdown.code": "bold", "markdown.h2": "bold", "markdown.h3": "bold"})
"""No background colours: nobody knows whether the terminal is dark or light."""
WIDEST = 100
"""Columns of prose that are still easy to read."""


@click.command("explain")
@click.argument("code")
@click.option("--no-color", is_flag=True, help="Plain text (also: NO_COLOR).")
def command(code: str, no_color: bool) -> None:
    """Explain one rule: what it finds, why it matters, an example, the remedy, what it misses.

    CODE is a rule's code or name, such as SQ101. In a pipe or a file the page is Markdown.
    """
    click.echo(page(find_rule(code).text(), colour=not no_color))


def page(markdown: str, *, colour: bool = True) -> str:
    """A page of Markdown as a terminal can show it: headings, lists and code told apart; in a pipe its source."""
    if not sys.stdout.isatty():
        return markdown
    style = style_for(sys.stdout, colour=colour)
    console = Console(
        file=sys.stdout,
        width=min(style.width, WIDEST),
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
