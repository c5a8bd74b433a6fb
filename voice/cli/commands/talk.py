"""`voice talk`: the conversation, live or over a recording."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voice.cli.options import Resolved, configured, setting
from voice.conversation.observer import Note, Notice, TurnEnded
from voice.errors import MissingError, UsageError
from voice.trace import TurnTrace
from voice.wiring.engine_choice import engine_choices

if TYPE_CHECKING:
    from voice.wiring.conversation_controls import ConversationControls

FILE = click.Path(path_type=Path)
HURRIED = "--fast: the clock stops while engines work, so these are not the latencies of a live conversation"


@click.command("talk")
@click.option("--input", "source", type=FILE, metavar="FILE", help="A recording in place of the microphone.")
@click.option("--output", "sink", type=FILE, metavar="FILE", help="A WAV file in place of the speaker.")
@click.option("--fast", is_flag=True, help="With --input: run as fast as the engines allow.")
@click.option("--text", "typing", is_flag=True, help="Type instead of speaking; replies are still spoken.")
@setting("--asr", "asr.engine")
@setting("--tts", "tts.engine")
@setting("--llm", "chat.llm", metavar="builtin|URL")
@setting("--model", "chat.model", metavar="NAME")
@setting("--session", "chat.session", metavar="NAME")
@setting("--server", "chat.server", metavar="URL")
@click.option("--trace", type=FILE, metavar="FILE", help="Write one JSON line per turn; `voice trace` reads it.")
@click.option("--latency", is_flag=True, help="Show how long each reply took, and a table of it at the end.")
@click.option("--plot", type=FILE, metavar="FILE.svg", help="Draw where the time of each turn went.")
@click.option("--record", type=FILE, metavar="DIR", help="Record the conversation as audio and text in this folder.")
@configured
def command(
    resolved: Resolved,
    source: Path | None,
    sink: Path | None,
    fast: bool,
    typing: bool,
    trace: Path | None,
    latency: bool,
    plot: Path | None,
    record: Path | None,
) -> None:
    """Hold a spoken conversation. q or Ctrl-C ends it.

    In a terminal the last line shows the keys, and /help lists what can be typed. Without --input and --output it uses
    the microphone and the speaker. No audio is stored without --record, which the assistant announces aloud.
    """
    if fast and source is None:
        raise UsageError("--fast requires --input", where="--fast", expected="--input FILE beside it")
    if typing and source is not None:
        raise UsageError("--text and --input cannot be combined", where="--text", expected="--input without it")
    if plot is not None and not plot.parent.is_dir():
        raise MissingError("no such folder", where=str(plot.parent), expected="a writable folder")
    _apart(source, {"--output": sink, "--trace": trace, "--plot": plot})
    from voice.audio.portaudio import only_python_on_stderr
    from voice.cli.interrupt import run
    from voice.clock import VirtualLoop
    from voice.wiring.conversation import KEPT_TURNS

    turns: deque[TurnTrace] = deque(maxlen=KEPT_TURNS)
    try:
        with only_python_on_stderr():
            held = _hold(resolved, source, sink, fast, typing, latency, turns, trace, record)
            run(held, VirtualLoop if fast else None)
        if source is not None and not any(turn.text or turn.reply for turn in turns):
            click.echo(f"no speech recognized in {source}")
    finally:
        _sum_up(turns, plot, table=latency, hurried=fast)


async def _hold(
    resolved: Resolved,
    source: Path | None,
    sink: Path | None,
    fast: bool,
    typing: bool,
    latency: bool,
    turns: deque[TurnTrace],
    trace: Path | None,
    record: Path | None,
) -> None:
    """Hold the conversation in its face; each finished turn is also added to `turns`."""
    from voice.cli.terminal.face import screen
    from voice.cli.terminal.plain import Plain
    from voice.wiring.conversation import converse

    settings = resolved.settings
    choices = engine_choices(settings)
    engines, *better = choices.lines(settings.chat)
    names = choices.short(settings.chat, typed=typing)
    shown = None if fast else screen(settings, spoken=not typing, engines=names, latency=latency)
    face = shown or Plain("> " if typing and sys.stdin.isatty() else "")

    def observe(event: Note) -> None:
        if isinstance(event, TurnEnded):
            turns.append(event.trace)
        face(event)

    async def work() -> None:
        for line in better if shown else (engines, *better):
            observe(Notice(line))
        typists: list[asyncio.Task[None]] = []

        def begun(controls: ConversationControls) -> None:
            face.attach(controls)
            if shown and not typing:
                typists.append(asyncio.create_task(_type(face.lines(), controls), name="type"))

        try:
            await converse(
                settings,
                source=source,
                sink=sink,
                fast=fast,
                observer=observe,
                trace=trace,
                text=face.lines() if typing else None,
                record=record,
                begun=begun,
            )
        finally:
            for typist in typists:
                typist.cancel()

    await face.hold(work())


async def _type(lines: AsyncIterator[str], controls: ConversationControls) -> None:
    """Typed lines are turns between the spoken ones."""
    async for line in lines:
        controls.type(line)


def _apart(source: Path | None, written: dict[str, Path | None]) -> None:
    """Refuse to overwrite the input recording, or to write two outputs to one file."""
    seen = {} if source is None else {source.resolve(): "--input"}
    for flag, path in written.items():
        if path is not None and (other := seen.setdefault(path.resolve(), flag)) != flag:
            raise UsageError(f"{other} names the same file", where=f"{flag} {path}", expected="a different file")


def _sum_up(turns: deque[TurnTrace], plot: Path | None, *, table: bool, hurried: bool) -> None:
    """If a turn was answered, print the latency table and write the plot where they are wanted."""
    lines = [turn.to_json() for turn in turns if turn.text or turn.reply]
    if not any(line["response_ms"] is not None for line in lines):
        return
    if table:
        from rich.console import Console

        from voice.cli.latency_table import latency_table

        console = Console()
        if not console.is_terminal and "COLUMNS" not in os.environ:
            console.width = 120
        console.print(latency_table(lines, HURRIED if hurried else ""))
    if plot is not None:
        from voice.cli.commands.trace import write_plot

        write_plot(plot, lines)
        click.echo(f"picture: {plot}")
