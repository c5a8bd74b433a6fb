"""The keys of the screen: what each does, and which of them act now."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Protocol

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys as Key


class Keyboard(Protocol):
    """What keys act on."""

    def quit(self) -> None: ...
    def accept(self) -> None: ...
    def type(self, typing: bool) -> None: ...
    def hush(self) -> None: ...
    def mute(self) -> None: ...
    def talk(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that act, given what goes on."""

    spoken: bool
    typing: bool
    busy: bool
    muted: bool

    def names(self) -> list[str]:
        """The keys with what they do, the most needed first."""
        stop = ["Esc stop"] * self.busy
        if not self.typing:
            return [*stop, "m unmute" if self.muted else "m mute", "space talk", "q quit", "Enter type"]
        return [*stop, "Ctrl-D quit", "/help", *["Esc back"] * (self.spoken and not self.busy)]


def key_help(spoken: bool) -> str:
    """All keys in one line."""
    first = "m mute · space talk, again to end your turn · Enter or any letter types · q quit · " if spoken else ""
    return f"Keys: {first}Esc stops a reply · Alt-Enter new line · arrows recall lines · Ctrl-D quit"


def key_bindings(screen: Keyboard, buffer: Buffer, typing: Condition) -> KeyBindings:
    """The bindings: single letters act only while nothing is typed and there is a microphone."""
    keys = KeyBindings()

    @keys.add("m", filter=~typing)
    def _(event: KeyPressEvent) -> None:
        screen.mute()

    @keys.add("space", filter=~typing)
    def _(event: KeyPressEvent) -> None:
        screen.talk()

    @keys.add("q", filter=~typing)
    @keys.add("c-d", filter=~typing | Condition(lambda: not buffer.text))
    def _(event: KeyPressEvent) -> None:
        screen.quit()

    @keys.add("enter", filter=~typing)
    def _(event: KeyPressEvent) -> None:
        screen.type(True)

    @keys.add(Key.Any, filter=~typing)
    @keys.add(Key.BracketedPaste, filter=~typing)
    def _(event: KeyPressEvent) -> None:
        if event.data.isprintable() or event.key_sequence[0].key == Key.BracketedPaste:
            screen.type(True)
            buffer.insert_text(event.data.replace("\r\n", "\n").replace("\r", "\n"))

    @keys.add("enter", filter=typing)
    @keys.add("c-j", filter=typing)  # what programs send that type into a terminal
    def _(event: KeyPressEvent) -> None:
        screen.accept()

    @keys.add("escape", "enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        buffer.insert_text("\n")

    @keys.add("escape")
    def _(event: KeyPressEvent) -> None:
        screen.hush()
        if not buffer.text:
            screen.type(False)

    @keys.add("c-c")
    def _(event: KeyPressEvent) -> None:
        os.kill(os.getpid(), signal.SIGINT)  # as where the terminal is not read key by key

    @keys.add("c-z")
    def _(event: KeyPressEvent) -> None:
        event.app.suspend_to_background()

    return keys
