"""`sequester completion SHELL`: the script that lets a shell complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for your shell.

    \b
      bash: sequester completion bash > ~/.local/share/bash-completion/completions/sequester
      zsh:  sequester completion zsh > "${fpath[1]}/_sequester"
      fish: sequester completion fish > ~/.config/fish/completions/sequester.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "sequester", "_SEQUESTER_COMPLETE").source())
