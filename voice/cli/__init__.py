"""The command `voice`: one group whose commands are loaded when they are called, so that help is there at once."""

from __future__ import annotations

import importlib
from types import ModuleType

import click

from voice import __version__, logs
from voice.cli.group import LazyGroup, failures_in_one_line

SERVERS = {
    "serve": "Serve chat sessions to many clients over HTTP and WebSocket.",
    "wyoming": "Serve speech and conversation to Home Assistant and satellites.",
    "kiosk": "Open a full-screen page that visitors can talk to.",
    "home": "Serve a page for daily use, with conversations of each person.",
}
"""The commands of `voice/cli/servers/`; all others are in `voice/cli/commands/`."""

COMMANDS = {
    "talk": "Hold a spoken conversation.",
    "setup": "Set up language, models, devices, voice and language model.",
    "ctl": "Control or watch a running conversation.",
    "transcribe": "Transcribe recordings.",
    "say": "Speak a text.",
    "chat": "Chat by text in a session of `voice serve`.",
    "forget": "Delete stored conversations.",
    "export": "Export stored conversations.",
    "memory": "Show, correct and forget what is remembered of people.",
    "people": "Show, rename and forget the people whose voice is known.",
    **SERVERS,
    "moderate": "Check lines of text against the moderation rules.",
    "tools": "List the tools of the assistant and call one.",
    "models": "List, download, verify and find models.",
    "devices": "List microphones and speakers, with a level meter.",
    "doctor": "Show what works on this machine and how to fix what does not.",
    "service": "Install, check and remove the systemd service.",
    "redact": "Remove telephone numbers, card numbers and addresses from text.",
    "config": "Show every setting with its value and its source.",
    "trace": "Show where the time of each turn went.",
    "completion": "Print what completes this command in bash, zsh or fish.",
    "bench": "Measure latency, recognition and sessions on this machine.",
}
"""Each command, in the order of the help page."""


class Voice(LazyGroup):
    """The top group: every failure below it ends as one line with its exit code."""

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"voice.cli.servers.{name}") if name in SERVERS else super().module(name)

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
