"""`voice talk`: the conversation, live or over a recording."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import click

from voice.cli.options import Resolved, configured, setting
from voice.conversation.observer import Note, Notice, Observer, TurnEnded
from voice.errors import MissingError, UsageError
from voice.trace import TurnTrace
from voice.wiring.engine_choice import engine_choices

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
@click.option("--plot", type=FILE, metavar="FILE.svg", help="Show the latency waterfall after each turn.")
@click.option("--record", type=FILE, metavar="DIR", help="Record the conversation as audio and text in this folder.")
@configured
def command(
    resolved: Resolved,
    source: Path | None,
    sink: Path | None,
    fast: bool,
    typing: bool,
    trace: Path | None,
    plot: Path | None,
    record: Path | None,
) -> None:
    """Hold a spoken conversation. Ctrl-C ends it.

    Without --input and --output it uses the microphone and the speaker. No audio is stored without --record, which the
    assistant announces aloud.
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
    from voice.wiring.conversation import KEPT_TURNS, converse

    turns: deque[TurnTrace] = deque(maxlen=KEPT_TURNS)
    try:
        with face(typing, turns) as observer:
            for line in engine_choices(resolved.settings).lines(resolved.settings.chat):
                observer(Notice(line))
            conversation = converse(
                resolved.settings,
                source=source,
                sink=sink,
                fast=fast,
                observer=observer,
                trace=trace,
                text=_keyboard() if typing else None,
                record=record,
            )
            with only_python_on_stderr():
                run(conversation, VirtualLoop if fast else None)
        if source is not None and not any(turn.text or turn.reply for turn in turns):
            click.echo(f"no speech recognized in {source}")
    finally:
        if not typing or plot is not None:
            _sum_up(turns, plot, hurried=fast)


@contextlib.contextmanager
def face(typing: bool, turns: deque[TurnTrace]) -> Iterator[Observer]:
    """The redrawn screen in a terminal, plain lines elsewhere; each finished turn is also added to `turns`."""
    from rich.console import Console

    from voice.cli.terminal import LiveScreen, Plain

    console = Console()
    screen = (
        LiveScreen(console)
        if console.is_terminal and not typing
        else Plain("> " if typing and sys.stdin.isatty() else "")
    )

    def observe(event: Note) -> None:
        if isinstance(event, TurnEnded):
            turns.append(event.trace)
        screen(event)

    with screen:
        yield observe


def _apart(source: Path | None, written: dict[str, Path | None]) -> None:
    """Refuse to overwrite the input recording, or to write two outputs to one file."""
    seen = {} if source is None else {source.resolve(): "--input"}
    for flag, path in written.items():
        if path is not None and (other := seen.setdefault(path.resolve(), flag)) != flag:
            raise UsageError(f"{other} names the same file", where=f"{flag} {path}", expected="a different file")


def _keyboard() -> AsyncIterator[str]:
    from voice.cli.terminal import typed_lines

    return typed_lines()


def _sum_up(turns: deque[TurnTrace], plot: Path | None, *, hurried: bool) -> None:
    """Print the latency table if a turn was answered, and write the plot."""
    lines = [turn.to_json() for turn in turns if turn.text or turn.reply]
    if not any(line["response_ms"] is not None for line in lines):
        return
    from rich.console import Console

    from voice.cli.commands.trace import write_plot
    from voice.cli.latency_table import latency_table

    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 120
    console.print(latency_table(lines, HURRIED if hurried else ""))
    if plot is not None:
        write_plot(plot, lines)
        click.echo(f"picture: {plot}")
