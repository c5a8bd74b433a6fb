"""One session on one connection: how far it was sent, how far it may be, and what was lost."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from voice.sessions.active_session import Live
from voice.sessions.log import Event, Refused
from voice.sessions.tokens import Scope

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as it is sent; `json.dumps` would make an encoder for every frame."""


class Channel:
    """A place in a session's log. Nothing is queued here: what was not sent yet stays in the log.

    `credit` is how many bytes may be sent beyond what the client has acknowledged; the frame that reaches it is sent
    whole. `wake` is called when there may be something to send.
    """

    __slots__ = ("_bytes", "_freed", "_leave", "_marks", "allowance", "credit", "live", "number", "refused", "scope",
                 "sent", "session_id", "token")  # fmt: skip

    def __init__(self, number: int, session_id: str, token: str, credit: int) -> None:
        self.number, self.session_id, self.token, self.credit = number, session_id, token, credit
        self.live: Live | None = None
        self.scope: Scope = "read"
        self.refused: Refused | None = None
        self.sent = 0
        self.allowance = 0
        """Bytes of its present turn among the connection's channels; below 0 it has taken some of its next one."""
        self._bytes = self._freed = 0
        self._marks: deque[tuple[int, int]] = deque()
        self._leave: Callable[[], None] | None = None

    def begin(self, live: Live, after: int, wake: Callable[[], None]) -> None:
        """Send what comes after `after`, up to the credit."""
        self.end()
        self.live, self.sent = live, after
        self.allowance = self._bytes = self._freed = 0
        self._marks.clear()
        self._leave = live.listen(wake)

    def end(self, refused: Refused | None = None) -> None:
        """Send nothing any more; `refused` is what ops on this channel are answered with from now on."""
        if self._leave is not None:
            self._leave()
        self._leave, self.live, self.refused = None, None, refused

    def ack(self, seq: int) -> None:
        """The client has seen everything up to `seq`: the window moves on."""
        while self._marks and self._marks[0][0] <= seq:
            self._freed = self._marks.popleft()[1]
        if seq >= self.sent:
            self._freed = self._bytes
            self._marks.clear()

    def took(self, size: int) -> None:
        """The next event was sent, as a frame of `size` bytes."""
        self.sent += 1
        self._bytes += size
        self.allowance -= size
        # A sixteenth of the credit is exact enough, and keeps the list short however small the events are.
        if not self._marks or self._bytes - self._marks[-1][1] >= self.credit // 16:
            self._marks.append((self.sent, self._bytes))

    @property
    def open(self) -> bool:
        """Whether the client has room for another event."""
        return self._bytes - self._freed < self.credit

    def room(self) -> int:
        """How many events there are to be sent now; 0 while the client has no room."""
        return self.live.logged - self.sent if self.live is not None and self.open else 0

    def frame(self, op: str, fields: dict[str, Any]) -> str:
        """An op on this channel, as text."""
        line: dict[str, Any] = {"op": op, **fields}
        if self.number:
            line["ch"] = self.number
        return encode(line)

    def events(self, batch: Sequence[Event]) -> Iterator[str]:
        """Events as frames. Deltas are written by hand: there are thousands of them a second."""
        tail = f',"ch":{self.number}}}' if self.number else "}"
        for event in batch:
            if event.t == "delta":
                d = encode(event.d)
                yield f'{{"op":"ev","seq":{event.seq},"turn":{event.turn},"t":"delta","o":{event.o},"d":{d}{tail}'
            else:
                yield self.frame("ev", event.to_json())
