"""The conversation as plain lines, for pipes, logs and scripts; and the lines of standard input."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable

import click

from voice.cli.terminal.controls import Controls
from voice.conversation.observer import Note, Notice, Remark, ReplySpoken, TranscriptChanged, TurnEnded
from voice.sessions.interface import ConnectionChanged


class _PlainFace:
    """What both kinds of plain lines have in common: standard input is the keyboard, and nothing is redrawn."""

    async def hold(self, work: Awaitable[None]) -> None:
        """Run a conversation to its end."""
        await work

    def attach(self, controls: Controls) -> None:
        """Nothing to control it by."""

    def lines(self) -> AsyncIterator[str]:
        """The lines of standard input."""
        return typed_lines()


class Plain(_PlainFace):
    """An observer that prints a line when the words of a turn are final, one when its reply has ended, and notices.

    `prompt` is for someone at a keyboard: it is printed when a line is awaited, and their own words are not repeated.
    """

    def __init__(self, prompt: str = "") -> None:
        self._prompt = prompt
        self._said = ""
        self._remarks: list[Remark] = []
        self._ask()

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
                for remark in self._remarks:
                    self._tell(remark)
                self._remarks.clear()
                if trace.response_ms is not None and not self._prompt:
                    spans = ", ".join(f"{name.replace('_', ' ')} {ms:.0f}" for name, ms in trace.spans())
                    click.echo(f"       {trace.response_ms:.0f} ms ({spans})")
            case Remark():
                self._remarks.append(event)
            case Notice():
                self._tell(event)

    def _tell(self, notice: Notice) -> None:
        self._line(notice.text if self._prompt and notice.level == "info" else f"{notice.level}: {notice.text}")

    def _line(self, text: str) -> None:
        """A line of its own, in place of the prompt that waits for input."""
        click.echo(f"\r{text}" if self._prompt else text)
        self._ask()

    def _ask(self) -> None:
        if self._prompt:
            click.echo(self._prompt, nl=False)


class PlainChat(_PlainFace):
    """An observer of a conversation by text: replies as they come on standard output, all else on standard error.

    `write` takes a text and how, as `click.echo`; `prompt` is for someone at a keyboard.
    """

    def __init__(self, prompt: str = "", write: Callable[..., object] = click.echo) -> None:
        self._prompt, self._write = prompt, write
        self._shown = 0
        self._within = False
        """A reply's line is not ended."""
        self._ask()

    def __call__(self, event: Note) -> None:
        match event:
            case ReplySpoken(text=text):
                self._write(text[self._shown :], nl=False)
                self._shown, self._within = len(text), True
            case TurnEnded(trace=trace) if "said" in trace.notes:
                self._write(f"\a\n{trace.notes['said']}")
                self._ask()
            case TurnEnded(trace=trace):
                if self._within or (trace.outcome == "answered" and not self._shown):
                    self._write("")
                self._shown, self._within = 0, False
                self._ask()
            case Notice(text=text, level="error"):
                self._write(f"\nerror: {text}", err=True)
            case Notice(text=text):
                if self._within:
                    self._write("")
                self._within = False
                self._write(f"({text})", err=True)
            case ConnectionChanged(up=up, reason=reason):
                self._write("(connected again)" if up else f"(connection lost: {reason}; reconnecting)", err=True)

    def _ask(self) -> None:
        self._write(self._prompt, nl=False)


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
