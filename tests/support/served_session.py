"""A session server in memory: the real rules of the conversation, a model of five words, one connection at a time."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from voice.sessions.log import Event, Refused
from voice.sessions.state import SessionState

Op = dict[str, Any]


def reply_to(text: str) -> list[str]:
    return [f"{text}·", "天", "气 ", "🙂", "ok"]


def size(op: Op) -> int:
    """Bytes of a frame."""
    return len(json.dumps(op, ensure_ascii=False, separators=(",", ":")).encode())


class Served:
    """What the server does with one connection at a time: the real conversation, an in-memory log, credit."""

    def __init__(self) -> None:
        self.talk = SessionState("e1")
        self.log: list[Event] = []
        self.out: deque[Op] = deque()
        self.sent: int | None = None
        self.credit = 0
        self.unacked: dict[int, int] = {}
        self.generations = 0
        self.words: deque[str] = deque()
        self.unknown = False

    def drop(self) -> None:
        self.out.clear()
        self.sent = None

    def restart(self) -> None:
        """The process died in mid-reply: delivered text is never generated again."""
        self.drop()
        turn = self.talk.open_turn()
        if turn is not None and turn.running:
            if turn.length:
                failure = {"code": "interrupted", "message": "the server restarted", "temporary": True}
                self.add(self.talk.end(turn, "failed", failure))
                self.words.clear()
            else:
                self.words = deque(reply_to(turn.input))

    def trim(self) -> None:
        """Forget the log, not the conversation: who was away gets a snapshot."""
        self.talk.trimmed = self.talk.seq

    def add(self, events: list[Event]) -> None:
        self.log += events
        self.push()

    def push(self) -> None:
        if self.sent is not None:
            while self.sent < len(self.log) and sum(self.unacked.values()) < self.credit:
                event = self.log[self.sent]
                self.sent = event.seq
                self.out.append(json.loads(json.dumps({"op": "ev", **event.to_json()})))
                self.unacked[event.seq] = size(self.out[-1])

    def other(self) -> None:
        """Another device of the same session says something, if it may."""
        try:
            turn, events = self.talk.send(self.talk.last + 1, f"other {self.talk.last}")
        except Refused:
            return
        self.generations += 1
        self.words = deque(reply_to(turn.input))
        self.add(events)

    @property
    def running(self) -> bool:
        turn = self.talk.open_turn()
        return turn is not None and turn.running

    def step(self) -> None:
        """The model brings one more word, or its end."""
        turn = self.talk.open_turn()
        if turn is None or not turn.running:
            return
        if self.words:
            self.add(self.talk.delta(turn, self.words.popleft()))
        else:
            self.add(self.talk.end(turn, "done", {"usage": self.talk.usage(turn)}))

    def take(self, op: Op) -> None:
        try:
            self._take(op)
        except Refused as error:
            expected = {} if error.number is None else {"expected": error.number}
            about = {"re": op["op"], "turn": op.get("turn", op.get("sequence"))}
            self.out.append(
                {"op": "err", "code": error.code, "message": str(error), "temporary": error.temporary, **expected}
                | about
            )

    def _take(self, op: Op) -> None:
        kind = op["op"]
        if self.unknown:
            raise Refused("session_unknown", "no such session")
        if kind == "attach":
            self._attach(op)
        elif kind == "ack":
            self.unacked = {seq: one for seq, one in self.unacked.items() if seq > op["seq"]}
            self.push()
        elif kind == "ping":
            self.out.append({"op": "pong", "n": op["n"]})
        elif kind == "send":
            turn, events = self.talk.send(op["sequence"], op["input"], draft=op.get("draft", False))
            if events:
                self.generations += 1
                self.words = deque(reply_to(turn.input))
            self.add(events)
        elif kind == "truncate":
            self.add(self.talk.truncate(op["turn"], op["heard"]))
        elif kind in ("commit", "discard", "cancel"):
            self.add(getattr(self.talk, kind)(op["turn"]))

    def _attach(self, op: Op) -> None:
        after = op.get("after")
        answer: Op = {"op": "attached", "epoch": self.talk.epoch, "seq": self.talk.seq}
        answer["expected"] = self.talk.last + 1
        answer["recovered"] = self.talk.can_resume(after, op.get("epoch", ""))
        if op.get("ch"):
            self.out.append(answer | {"snapshot": self.talk.snapshot(), "ch": op["ch"]})
            return
        if not answer["recovered"]:
            answer["snapshot"], after = self.talk.snapshot(), self.talk.seq
        assert after is not None
        self.out.append(answer)
        self.sent, self.credit = after, op["credit"]
        self.unacked = {}
        self.push()
