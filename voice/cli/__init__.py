"""The command `voice`: one group whose commands are loaded when they are called, so that help is there at once."""

from __future__ import annotations

import importlib

import click

from voice import __version__
from voice.cli.boundary import failures_in_one_line

COMMANDS = {
    "talk": "Hold a spoken conversation.",
    "transcribe": "Print the words of recordings.",
    "say": "Speak a text.",
    "chat": "Type with a conversation kept by `voice serve`.",
    "serve": "Keep chat sessions for many clients over HTTP and WebSocket.",
    "models": "List, download, verify and find models.",
    "devices": "List microphones and speakers, with a level meter.",
    "doctor": "Show what works here, and the remedy for what does not.",
    "config": "Show every setting with its value and its source.",
    "trace": "Show where the time of each turn went.",
    "bench": "Measure latency, recognition and sessions on this machine.",
}
"""Each command, in the order of the help page; its module voice.cli.NAME holds `command`."""


class Commands(click.Group):
    """A group that imports a command's module when the command is called and turns every failure into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"voice.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        with failures_in_one_line(ctx, debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="voice", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, envvar="VOICE_DEBUG", help="Show the traceback of a defect.")
def main(debug: bool) -> None:
    """A voice assistant that runs on this machine. `voice talk` starts a conversation."""
