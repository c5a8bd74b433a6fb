"""The conversation in a terminal: the redrawn screen, the plain lines, and typed input."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType

import click
from rich.console import Console, Group
from rich.live import Live
from rich.style import Style
from rich.table import Table
from rich.text import Text

from voice.audio.frames import SILENT_DBFS
from voice.conversation.observer import Level, Note, Notice, ReplySpoken, StateChanged, TranscriptChanged, TurnEnded
from voice.trace import TurnTrace

BARS = " ▁▂▃▄▅▆▇█"
FLOOR_DBFS, CEILING_DBFS = -60.0, -10.0
HISTORY = 24
"""Levels shown, one per tenth of a second."""

FRAMES_PER_S = 8
"""Redraws; each costs about a millisecond of processor time."""

STATES = {
    "idle": ("○", "dim", "say something"),
    "listening": ("●", "bold red", "listening"),
    "ending": ("●", "yellow", "listening"),
    "thinking": ("◌", "bold cyan", "thinking"),
    "speaking": ("▶", "bold green", "speaking"),
    "paused": ("⏸", "yellow", "paused, you spoke"),
}
NOTICES = {"info": "dim", "warning": "yellow", "error": "bold red"}


class LiveScreen:
    """An observer that keeps the lines of past turns above and redraws the current turn below, while entered."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._levels: deque[float] = deque([SILENT_DBFS] * HISTORY, maxlen=HISTORY)
        self._state = "idle"
        self._words = TranscriptChanged("", False)
        self._reply = ReplySpoken("", "")
        self._live = Live(get_renderable=self.render, console=console, refresh_per_second=FRAMES_PER_S, transient=True)

    def __enter__(self) -> LiveScreen:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, event: Note) -> None:
        match event:
            case Level():
                self._levels.append(event.dbfs)
            case StateChanged():
                self._state = event.state
            case TranscriptChanged():
                self._words = event
            case ReplySpoken():
                self._reply = event
            case TurnEnded():
                self._words, self._reply = TranscriptChanged("", False), ReplySpoken("", "")
                if event.trace.text or event.trace.reply:
                    self._live.refresh()  # else the turn would be shown twice until the next redraw
                    self._console.print(past_turn(event.trace))
            case Notice():
                self._console.print(Text(f"  {event.text}", style=NOTICES.get(event.level, "")))

    def render(self) -> Group:
        """The current turn: the microphone level, the words so far, the reply so far."""
        sign, style, label = STATES.get(self._state, ("○", "dim", self._state))
        line = Text.assemble((f" {sign} {label:<18}", style), (sparkline(self._levels), "green"))
        words = Text(self._words.text[: self._words.stable], style="bold")
        words.append(self._words.text[self._words.stable :], "bold" if self._words.final else "italic dim")
        heard = len(self._reply.heard)
        reply = Text(self._reply.text[:heard])
        reply.append(self._reply.text[heard:], "dim")
        rows = [("you", "cyan", words), ("voice", "green", reply)]
        return Group(*(_said(who, colour, text) for who, colour, text in rows if text.plain), line)


def past_turn(trace: TurnTrace) -> Group:
    """The lines a finished turn leaves: what was said, what was heard of the reply, and how long it took."""
    reply = Text(trace.shown)
    if trace.outcome == "interrupted":
        reply.append(" — interrupted", "yellow")
    elif trace.outcome == "failed":
        reply.append(" — failed", "bold red")
    response = trace.response_ms
    timing = Text("" if response is None else f"{response:.0f} ms", style="dim")
    rows = [_said("you", "cyan", Text(trace.text, style="bold"))] if trace.text else []
    return Group(*rows, _said("voice", "green", reply, timing))


def sparkline(levels: deque[float]) -> str:
    """The last levels in dBFS as a row of bars."""
    span = CEILING_DBFS - FLOOR_DBFS
    shares = (min(1.0, max(0.0, (level - FLOOR_DBFS) / span)) for level in levels)
    return "".join(BARS[round(share * (len(BARS) - 1))] for share in shares)


def _said(who: str, colour: str, text: Text, after: Text | None = None) -> Table:
    row = Table.grid(padding=(0, 2), expand=True)
    row.add_column(width=6, justify="right", style=Style(color=colour))
    row.add_column(ratio=1)
    row.add_column(justify="right", no_wrap=True)
    row.add_row(who, text, after or Text(""))
    return row


class Plain:
    """An observer that prints a line when the words of a turn are final, one when its reply has ended, and notices.

    `prompt` is for someone at a keyboard: it is printed when a line is awaited, and their own words are not repeated.
    """

    def __init__(self, prompt: str = "") -> None:
        self._prompt = prompt
        self._said = ""

    def __enter__(self) -> Plain:
        self._ask()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __call__(self, event: Note) -> None:
        match event:
            case TranscriptChanged(text=text, final=True) if not self._prompt and text != self._said:
                self._said = text
                click.echo(f"you:   {text}")
            case TurnEnded(trace=trace):
                self._said = ""
                if trace.text or trace.reply:
                    manner = "" if trace.outcome == "answered" else f"({trace.outcome})"
                    self._line(" ".join(filter(None, ("voice:", trace.shown, manner))))
                if trace.response_ms is not None and not self._prompt:
                    spans = ", ".join(f"{name.replace('_', ' ')} {ms:.0f}" for name, ms in trace.spans())
                    click.echo(f"       {trace.response_ms:.0f} ms ({spans})")
            case Notice(text=text, level=level):
                self._line(text if self._prompt and level == "info" else f"{level}: {text}")

    def _line(self, text: str) -> None:
        """A line of its own, in place of the prompt that waits for input."""
        click.echo(f"\r{text}" if self._prompt else text)
        self._ask()

    def _ask(self) -> None:
        if self._prompt:
            click.echo(self._prompt, nl=False)


async def typed_lines(descriptor: int = 0) -> AsyncIterator[str]:
    """Each line read from the file descriptor, without its ending, until it ends.

    It is read raw: a daemon thread that waits inside a buffered `sys.stdin` would break the interpreter's exit.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        while True:
            try:
                block = os.read(descriptor, 4096)
            except OSError:
                block = b""  # a closed terminal has ended as well
            try:
                loop.call_soon_threadsafe(queue.put_nowait, block)
            except RuntimeError:
                return  # the conversation is over
            if not block:
                return

    threading.Thread(target=read, name="keyboard", daemon=True).start()
    rest = b""
    while block := await queue.get():
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace")
