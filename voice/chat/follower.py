"""The client's half of the protocol: where it is in the log, what is new, and what to ask for after a break."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from voice.chat.log import BrokenLog, Event

SILENT_S = 90.0
"""A connection without any frame for this long is dead."""


def next_beat_s(random: Callable[[], float]) -> float:
    """Seconds until the next ping, 25–35; `random` draws from 0…1."""
    return 25.0 + 10.0 * random()


class Follower:
    """One attachment's place in a session's log. It survives connections; every character comes out of it once.

    `after` is the last event seen (None before the first attach), `epoch` the log it was seen in.
    """

    def __init__(self, *, after: int | None = None, epoch: str = "") -> None:
        self.after, self.epoch = after, epoch
        self._offsets: dict[int, int] = {}

    def position(self) -> dict[str, Any]:
        """The fields of `attach` that ask for what is missing."""
        return {} if self.after is None else {"after": self.after, "epoch": self.epoch}

    def attached(self, answer: Mapping[str, Any]) -> list[Event]:
        """Take the server's `attached`. After a snapshot, what is missing of the followed reply comes as one delta."""
        self.epoch = answer["epoch"]
        if answer["recovered"]:
            return []
        self.after = answer["seq"]
        texts = {said["turn"]: said["text"] for said in answer["snapshot"]["messages"] if said["role"] == "assistant"}
        open = answer["snapshot"]["open"]
        if open is not None:
            texts[open["turn"]] = open["text"]
        followed = {turn: self._offsets.get(turn, 0) for turn in self._offsets or ({open["turn"]} if open else ())}
        self._offsets = {turn: max(seen, len(texts.get(turn, ""))) for turn, seen in followed.items()}
        return [
            Event(answer["seq"], turn, "delta", texts[turn][seen:], seen)
            for turn, seen in followed.items()
            if texts.get(turn, "")[seen:]
        ]

    def receive(self, message: Mapping[str, Any]) -> Event | None:
        """Take an `ev`: the event if it is new, None if seen before. Raises BrokenLog on a hole: attach again."""
        event = Event(message["seq"], message["turn"], message["t"], message.get("d"), message.get("o"))
        if self.after is None or event.seq > self.after + 1:
            raise BrokenLog(f"event {event.seq} came after event {self.after}", remedy="attach again")
        if event.seq <= self.after:
            return None
        self.after = event.seq
        if event.t == "started":
            self._offsets = {event.turn: 0}
        elif event.t == "delta":
            self._offsets = {event.turn: (event.o or 0) + len(event.d)}
        return event
