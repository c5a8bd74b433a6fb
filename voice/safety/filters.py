"""The interface of filters that remove or block text before it is logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Blocked(Exception):
    """A text is blocked completely. `code` is a stable word, the message one readable line."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TextFilter(Protocol):
    """Reads one text piece by piece, however it was split, and passes on what may be logged and sent.

    A screen holds back the end of what it has read for as long as it could still be part of something to take out.
    Both methods may raise Blocked.
    """

    def feed(self, text: str) -> str:
        """Read the next piece; returns what is safe now, often less, sometimes nothing."""
        ...

    def flush(self) -> str:
        """The text is complete: returns the rest."""
        ...


class Guard(Protocol):
    """One session's filters: for text on its way into the log, and from the log to the model server."""

    def screen(self) -> TextFilter:
        """A new filter: one for each input and one for each reply."""
        ...

    def to_model(self, text: str) -> str:
        """The text sent to the model server instead of a logged text."""
        ...


class SessionSecret(Protocol):
    """What guards need to know of a session: its id, and 32 bytes for each purpose that only this session has."""

    @property
    def sid(self) -> str: ...

    def secret(self, purpose: str) -> bytes: ...


class Guards(Protocol):
    """The guards of an engine's sessions. They keep data about sessions in memory only."""

    def of(self, session: SessionSecret) -> Guard:
        """The guard of a session, the same until the session is forgotten."""
        ...

    def stateless(self) -> Guard:
        """A guard for one request of no session."""
        ...

    def leave(self, sid: str, until: float) -> None:
        """The session left memory and may return until this time on the engine's clock."""
        ...

    def forget(self, sid: str) -> None:
        """Delete everything about a session."""
        ...

    def tidy(self, now: float) -> None:
        """Delete the sessions that did not return in time."""
        ...


class NoFilter:
    """Passes everything unchanged."""

    def feed(self, text: str) -> str:
        return text

    def flush(self) -> str:
        return ""


class NoGuard:
    """Guards without state, with the same kind of filter for every session."""

    def __init__(self, screens: Callable[[], TextFilter] = NoFilter) -> None:
        self.screen = screens

    def to_model(self, text: str) -> str:
        return text

    def of(self, session: SessionSecret) -> Guard:
        return self

    def stateless(self) -> Guard:
        return self

    def leave(self, sid: str, until: float) -> None: ...

    def forget(self, sid: str) -> None: ...

    def tidy(self, now: float) -> None: ...


def screened(guard: Guard, text: str) -> str:
    """A whole text in the form that may be logged. Raises Blocked."""
    screen = guard.screen()
    return screen.feed(text) + screen.flush()


def screened_data(guard: Guard, data: Any) -> Any:
    """JSON data with all its texts filtered; keys and numbers are unchanged. Raises Blocked."""
    if isinstance(data, str):
        return screened(guard, data)
    if isinstance(data, Mapping):
        return {key: screened_data(guard, value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [screened_data(guard, value) for value in data]
    return data
