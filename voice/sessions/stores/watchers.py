"""Who wants to know when a session's log has grown."""

from __future__ import annotations

from collections.abc import Callable, KeysView

Logged = Callable[[int], None]


class Watchers:
    """Callbacks by session; called on the event loop."""

    def __init__(self) -> None:
        self._by_session: dict[str, list[Logged]] = {}

    @property
    def sessions(self) -> KeysView[str]:
        """The sessions somebody watches."""
        return self._by_session.keys()

    def add(self, sid: str, logged: Logged) -> Callable[[], None]:
        """Have `logged` called with the log's new end; returns what ends that."""
        self._by_session.setdefault(sid, []).append(logged)

        def remove() -> None:
            watching = self._by_session.get(sid, [])
            if logged in watching:
                watching.remove(logged)
            if not watching:
                self._by_session.pop(sid, None)

        return remove

    def logged(self, sid: str, seq: int) -> None:
        """Tell those who watch this session."""
        for callback in tuple(self._by_session.get(sid, ())):
            callback(seq)
