"""What a client of chat completions knows of its sessions: tokens, and which turn each `sequence` stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_ITEMS = 10
"""Turns in one batch, as the server takes them."""


@dataclass(slots=True)
class KnownSession:
    """`turns` maps each `sequence` that was sent to its turn; `expected` is the next turn, None where it is unsure.

    `sent` is the turn that was sent last.
    """

    token: str = ""
    expected: int | None = None
    sent: int = 0
    turns: dict[int, int] = field(default_factory=dict)


class SessionBook:
    """Maps the one counter of its user, the last `seq` seen, to the protocol's turn numbers.

    A `sequence` that was sent before stands for the same turn, so that sending it again attaches to it. A turn that
    the server itself ended with an error is over: the same `sequence` then begins another one.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, KnownSession] = {}

    def is_sure(self, sid: str, sequence: int | None, token: str) -> bool:
        """Whether the turn's number is known; else it is asked for, and `learn` takes it."""
        known = self._known(sid, token)
        return known.expected is not None or (sequence is not None and sequence in known.turns)

    def learn(self, sid: str, expected: int, token: str = "") -> None:
        """Note which turn the server expects next."""
        self._known(sid, token).expected = expected

    def headers(self, sid: str) -> dict[str, str]:
        """What opens the session."""
        return {"x-session-token": self._sessions[sid].token}

    def turn(self, sid: str | None, sequence: int | None, token: str = "") -> dict[str, Any]:
        """The fields and headers of a request: a new session for none."""
        if not sid:
            return {"extra_body": {"developer_mode": True}}
        known = self._known(sid, token)
        number = known.turns.get(sequence, known.expected) if sequence is not None else known.expected
        assert number is not None
        known.sent = number
        if sequence is not None:
            known.turns[sequence] = number
        return {
            "extra_body": {"developer_mode": True, "session_id": sid, "sequence": number},
            "extra_headers": self.headers(sid),
        }

    def answered(self, sid: str | None, headers: Mapping[str, str], messages: Sequence[Mapping[str, Any]]) -> str:
        """Note that the server took the turn; returns the session's id."""
        found = headers.get("x-session-id", sid or "")
        if sid:
            known = self._sessions[sid]
            known.expected = max(known.expected or 0, known.sent + 1)
        else:
            asked = any(message.get("role") == "user" for message in messages)
            turns = {0: 1} if asked else {}
            self._sessions[found] = KnownSession(headers.get("x-session-token", ""), 2 if asked else 1, 0, turns)
        return found

    def failed(self, sid: str | None, sequence: int | None, *, final: bool) -> None:
        """Note a failure; after a `final` one the next turn's number has to be asked for."""
        if not sid or not final:
            return
        known = self._sessions[sid]
        known.expected = None
        if sequence is not None:
            known.turns.pop(sequence, None)

    def item(self, sid: str, text: str) -> dict[str, Any]:
        """One turn of a batch."""
        known = self._known(sid, "")
        return {"session_id": sid, "session_token": known.token, "sequence": known.expected or 1, "input": text}

    def batched(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Note what became of the turns of a batch."""
        for result in results:
            known = self._known(result["session_id"], "")
            known.expected = result["sequence"] + 1 if result["status"] == 200 else None

    def _known(self, sid: str, token: str) -> KnownSession:
        known = self._sessions.setdefault(sid, KnownSession())
        known.token = token or known.token
        return known


def merged(request: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """A request with our fields and headers beside those of its user."""
    return {**request, **{name: {**(request.get(name) or {}), **fields} for name, fields in ours.items()}}


def batches(
    book: SessionBook, sids: Sequence[str], messages: Sequence[Sequence[Mapping[str, Any]]]
) -> Iterator[list[dict[str, Any]]]:
    """The items of each request, as many as one may have. Raises ValueError where they do not fit the sessions."""
    if len(sids) != len(messages):
        raise ValueError(f"{len(messages)} lists of messages for {len(sids)} sessions; expected one each")
    items = [book.item(sid, said[-1]["content"]) for sid, said in zip(sids, messages, strict=True)]
    for start in range(0, len(items), MOST_ITEMS):
        yield items[start : start + MOST_ITEMS]
