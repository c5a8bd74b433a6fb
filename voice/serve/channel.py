"""One session on one connection: how far it was sent, how far it may be, and what was lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from voice.chat.identity import Scope
from voice.chat.live import Live
from voice.chat.log import Event, Refused


class Channel:
    """A place in a session's log. Nothing is queued here: what was not sent yet stays in the log.

    `wake` is called when there may be something to send.
    """

    __slots__ = ("_leave", "credit", "limit", "live", "number", "refused", "scope", "sent", "session_id", "token")

    def __init__(self, number: int, session_id: str, token: str, credit: int) -> None:
        self.number, self.session_id, self.token, self.credit = number, session_id, token, credit
        self.live: Live | None = None
        self.scope: Scope = "read"
        self.refused: Refused | None = None
        self.sent = 0
        self.limit = 0
        self._leave: Callable[[], None] | None = None

    def begin(self, live: Live, after: int, wake: Callable[[], None]) -> None:
        """Send what comes after `after`, up to the credit."""
        self.end()
        self.live, self.sent, self.limit = live, after, after + self.credit
        self._leave = live.listen(wake)

    def end(self, refused: Refused | None = None) -> None:
        """Send nothing any more; `refused` is what ops on this channel are answered with from now on."""
        if self._leave is not None:
            self._leave()
        self._leave, self.live, self.refused = None, None, refused

    def ack(self, seq: int) -> None:
        """The client has seen everything up to `seq`: the window moves on."""
        self.limit = max(self.limit, min(seq, self.sent) + self.credit)

    def room(self) -> int:
        """How many events may be sent now."""
        return 0 if self.live is None else min(self.limit, self.live.logged) - self.sent

    def frame(self, op: str, fields: dict[str, Any]) -> str:
        """An op on this channel, as text."""
        line: dict[str, Any] = {"op": op, **fields}
        if self.number:
            line["ch"] = self.number
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))

    def events(self, batch: Sequence[Event]) -> list[str]:
        """Events as frames. Deltas are written by hand: there are thousands of them a second."""
        tail = f',"ch":{self.number}}}' if self.number else "}"
        frames = []
        for event in batch:
            if event.t == "delta":
                d = json.dumps(event.d, ensure_ascii=False)
                frames.append(
                    f'{{"op":"ev","seq":{event.seq},"turn":{event.turn},"t":"delta","o":{event.o},"d":{d}{tail}'
                )
            else:
                frames.append(self.frame("ev", event.to_json()))
        return frames
