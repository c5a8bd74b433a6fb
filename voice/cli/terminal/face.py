"""Which face a conversation has: the screen in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from voice.cli.terminal.controls import Controls
from voice.conversation.observer import Note
from voice.settings.layers import retained_days
from voice.settings.schema import Settings

if TYPE_CHECKING:
    from prompt_toolkit.history import History


class Face(Protocol):
    """An observer that shows a conversation, and where its typed lines come from."""

    def __call__(self, event: Note) -> None: ...

    def attach(self, controls: Controls) -> None:
        """The conversation has begun, and can be controlled."""
        ...

    def lines(self) -> AsyncIterator[str]:
        """What is typed, one turn each."""
        ...

    async def hold(self, work: Awaitable[None]) -> None:
        """Run the conversation to its end, or until the person leaves."""
        ...


def screen(settings: Settings, *, spoken: bool, engines: str, latency: bool = False) -> Face | None:
    """The screen, None where there is no terminal to draw on."""
    if not sys.stdin.isatty():
        return None
    from voice.cli.terminal.screen import Screen, usable

    if not usable():
        return None
    return Screen(
        spoken=spoken,
        engines=engines,
        wake=invitation(settings) if spoken else "",
        latency=latency,
        history=_kept(settings),
    )


def invitation(settings: Settings) -> str:
    """What the person does to be heard; empty where they just speak."""
    wake = settings.wake
    if wake.mode == "button":
        return "press space to talk"
    if wake.mode == "word":
        names = [word.rpartition("/")[2].removesuffix(".json").replace("_", " ") for word in wake.words.split(",")]
        return f"say “{names[0].strip()}”"
    return ""


def _kept(settings: Settings) -> Callable[[Callable[[OSError], None]], History] | None:
    """Where typed lines are kept: only of a conversation that is itself kept, and redacted as it is."""
    chat = settings.chat
    stored = chat.server or (chat.store != "memory" and retained_days(chat.retain))
    if not chat.session or not stored:
        return None
    from voice.cli.terminal.typed_history import TypedHistory, history_file

    def made(failed: Callable[[OSError], None]) -> History:
        return TypedHistory(history_file(chat.session), _redaction(settings), failed)

    return made


def _redaction(settings: Settings) -> Callable[[str], str]:
    """Takes out of a line what is not to be stored."""

    def redact(line: str) -> str:
        from voice.wiring.safety import guards

        many = guards(settings.safety)
        if many is None:
            return line
        first = many.fresh().screen()
        return first.feed(line) + first.flush()

    return redact
