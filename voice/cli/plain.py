"""The conversation as plain lines, for a file, a pipe, a log, or someone who types."""

from __future__ import annotations

from types import TracebackType

import click

from voice.conversation.observer import Note, Notice, TurnEnded, Words


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
            case Words(text=text, final=True) if not self._prompt and text != self._said:
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
