"""The last look at a text before it is logged: what must never be stored or sent is taken out here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Blocked(Exception):
    """A text must not go on at all. `code` is a stable word, the message one line for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Screen(Protocol):
    """Reads one text piece by piece, however it was split, and lets through what may be logged and sent.

    A screen holds back the end of what it has read for as long as it could still be part of something to take out.
    Both methods may raise Blocked.
    """

    def feed(self, text: str) -> str:
        """Read the next piece; returns what is safe now, often less, sometimes nothing."""
        ...

    def flush(self) -> str:
        """The text is complete: returns the rest."""
        ...


Screens = Callable[[], Screen]
"""Makes a fresh screen: one for each input and one for each reply."""


class Clear:
    """Lets everything through at once."""

    def feed(self, text: str) -> str:
        return text

    def flush(self) -> str:
        return ""


def screened(screen: Screen, text: str) -> str:
    """A whole text through a screen."""
    return screen.feed(text) + screen.flush()
