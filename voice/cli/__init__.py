"""The command `voice`: one group whose commands are loaded when they are called, so that help is there at once."""

from __future__ import annotations

import click

from voice import __version__, logs
from voice.cli.group import LazyGroup, failures_in_one_line

COMMANDS = {
    "talk": "Hold a spoken conversation.",
    "ctl": "Mute, stop, start a turn, set the volume of or watch a running conversation.",
    "transcribe": "Print the words of recordings.",
    "say": "Speak a text.",
    "chat": "Type with a conversation kept by `voice serve`.",
    "forget": "Remove conversations that are kept.",
    "export": "Write down what is stored of conversations.",
    "serve": "Keep chat sessions for many clients over HTTP and WebSocket.",
    "kiosk": "Show a page that anybody can walk up to and talk to.",
    "moderate": "Judge lines of text by the rules of moderation.",
    "tools": "List and call what a model may have done.",
    "models": "List, download, verify and find models.",
    "devices": "List microphones and speakers, with a level meter.",
    "doctor": "Show what works here, and the remedy for what does not.",
    "service": "Install, watch and remove the assistant as a systemd service.",
    "redact": "Take telephone numbers, cards and addresses out of a text.",
    "config": "Show every setting with its value and its source.",
    "trace": "Show where the time of each turn went.",
    "bench": "Measure latency, recognition and sessions on this machine.",
}
"""Each command, in the order of the help page."""


class Voice(LazyGroup):
    """The top group: every failure below it ends as one line with its exit code."""

    def invoke(self, ctx: click.Context) -> object:
        with failures_in_one_line(ctx, debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)


@click.group(
    cls=Voice,
    package="voice.cli.commands",
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", prog_name="voice", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, envvar="VOICE_DEBUG", help="Show the traceback of a defect.")
def main(debug: bool) -> None:
    """A voice assistant that runs on this machine. `voice talk` starts a conversation."""
    logs.install()
