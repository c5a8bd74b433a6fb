"""`voice completion`: what completes this command in a shell, by click."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what completes `voice` in SHELL: commands, flags, their values and the keys of --set.

    bash: voice completion bash > ~/.local/share/bash-completion/completions/voice;
    zsh: voice completion zsh > ~/.zfunc/_voice; fish: voice completion fish > ~/.config/fish/completions/voice.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(ctx.find_root().command, {}, "voice", "_VOICE_COMPLETE").source())
