"""`sequester explain CODE`: the page of one rule."""

from __future__ import annotations

import click

from sequester.cli.terminal import page
from sequester.findings.rules import find_rule


@click.command("explain")
@click.argument("code")
def command(code: str) -> None:
    """Explain one rule: what it finds, why it matters, an example, the remedy, what it misses.

    CODE is a rule's code or name, such as SQ101.
    """
    click.echo(page(find_rule(code).text()))
