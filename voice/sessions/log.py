"""The words of the session's log: events, the turns they tell of, and what refuses a client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from voice.errors import VoiceError
from voice.llm.context import estimate_messages
from voice.llm.interface import Done, Message

ENDS = frozenset({"done", "failed", "retry_failed", "cancelled", "truncated", "discarded"})
"""Events that end a running turn; the last two may also follow its end."""

SETTLING = ENDS | {"committed", "removed"}
"""Events after which a turn that is over may be part of the conversation, or less of it."""

NOTHING_USED = {"input": 0, "cached": 0, "output": 0, "estimated": True}
"""The usage of a turn for which the model server was not asked."""

OWN_OPTIONS = frozenset({"model", "instructions", "before", "effects", "group", "person", "record", "speaker"})
"""Options of a turn that are for the session: not told to the model server as they are.

`instructions` take the system message's place; `before` are messages that come before the user's words; `effects` names
what the client can carry out; a session's `group` says how several people are answered; `record` is what the API that
made the turn needs to tell of it later; `speaker` is the id and name of who was heard to speak at a microphone of this
machine, the id empty for someone unknown.
"""


class Event(NamedTuple):
    """One logged fact: its place `seq` in the log, its turn, type and data; `o` is a delta's code point offset."""

    seq: int
    turn: int
    t: str
    d: Any = None
    o: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The wire's object; absent fields are left out."""
        line: dict[str, Any] = {"seq": self.seq, "turn": self.turn, "t": self.t}
        if self.o is not None:
            line["o"] = self.o
        if self.d is not None:
            line["d"] = self.d
        return line


class Refused(VoiceError):
    """What a client asked for is against the rules; `code` is stable, `number` the turn that was expected instead.

    `temporary` says that the same may be asked again, after `retry_after_s` seconds where that is known; `at` is the
    address of the server that may take it sooner; `param` is the field of the request that is wrong.
    """

    exit_code = 69

    def __init__(
        self,
        code: str,
        what: str,
        *,
        temporary: bool = False,
        retry_after_s: float | None = None,
        number: int | None = None,
        expected: str = "",
        remedy: str = "",
        at: str = "",
        param: str = "",
    ) -> None:
        super().__init__(what, expected=str(number) if number is not None else expected, remedy=remedy)
        self.code, self.temporary, self.number = code, temporary, number
        self.retry_after_s, self.at, self.param = retry_after_s, at, param


class BrokenLog(VoiceError):
    """The stored events do not follow one another."""


@dataclass(slots=True)
class SessionTurn:
    """One user message and its reply, as far as the log tells."""

    number: int
    input: str
    body: str
    first: int
    draft: bool = False
    running: bool = True
    discarded: bool = False
    outcome: str = ""
    asked: int = 0
    """Estimated tokens of the context it was asked with."""
    length: int = 0
    """Code points of the reply received."""
    heard: int | None = None
    acted: bool = False
    """An effect was delivered."""
    calls: list[Mapping[str, str]] = field(default_factory=list)
    """Functions of the client that the reply called."""
    steps: list[dict[str, Any]] = field(default_factory=list)
    """What it had done by our own tools on its way: the offset `at` which in its text, `calls`, and their `results`."""
    msg_id: str = ""
    categories: list[str] = field(default_factory=list)
    """What moderation flagged the user's words for."""
    blocked: bool = False
    """The user's words were not let through; `input` stands in their place."""
    said: list[dict[str, Any]] = field(default_factory=list)
    """The messages of participants that it answers: author, name, and the author's number n of each."""
    tries: int = 1
    drafted: bool = False
    removed: list[str] = field(default_factory=list)
    """What was taken out of the conversation: `before0` and so on, `input`, `reply`, `call0`; other names are marks."""
    usage: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    memo: tuple[tuple[Message, ...], int] | None = None
    """Messages and their tokens, once they are final."""

    @property
    def text(self) -> str:
        """The reply as the conversation remembers it."""
        return "" if "reply" in self.removed else "".join(self.parts)[: self.heard]

    @property
    def kept(self) -> bool:
        """Whether it is part of the conversation."""
        return not self.draft and not self.discarded

    @property
    def unfinished(self) -> str:
        """The reply's text since the last tool answered."""
        return "".join(self.parts)[self.steps[-1]["at"] if self.steps else 0 :]

    def step_of(self, call_id: str) -> dict[str, Any] | None:
        """The step with this call."""
        return next((s for s in reversed(self.steps) if any(c["call_id"] == call_id for c in s["calls"])), None)

    def open_calls(self) -> list[Mapping[str, Any]]:
        """Calls of our own tools without a result, oldest first."""
        if not self.steps:
            return []
        known = {result["call_id"] for result in self.steps[-1]["results"]}
        return [call for call in self.steps[-1]["calls"] if call["call_id"] not in known]

    def awaiting(self) -> list[Mapping[str, Any]]:
        """Calls that were not made yet because the person has to say yes first."""
        asking = {r["call_id"] for step in self.steps for r in step["results"] if r.get("asks")}
        return [call for step in self.steps for call in step["calls"] if call["call_id"] in asking]

    def told(self) -> tuple[Message, ...]:
        """What was said on both sides, without what tools did in between."""
        return (*self.asks(), Message("assistant", self.text))

    def worked(self) -> tuple[Message, ...]:
        """The reply up to the last tool's answer, as the model that called it receives it."""
        said, at = [], 0
        for step in self.steps:
            calls = tuple({name: call[name] for name in ("call_id", "name", "arguments")} for call in step["calls"])
            said.append(Message("assistant", self.text[at : step["at"]], calls=calls))
            answers = {result["call_id"]: result["text"] for result in step["results"]}
            said += [
                Message("tool", answers[call["call_id"]], call_id=call["call_id"])
                for call in calls
                if call["call_id"] in answers
            ]
            at = step["at"]
        return tuple(said)

    def asks(self) -> tuple[Message, ...]:
        """What was put in before the user's words, and these."""
        before = (
            Message(one["role"], one["text"], tuple(one.get("calls", ())), one.get("call_id", ""))
            for place, one in enumerate(self.options.get("before", ()))
            if f"before{place}" not in self.removed
        )
        name = str(self.speaker.get("name", ""))
        return (*before, *(() if "input" in self.removed else (Message("user", self.input, name=name),)))

    @property
    def speaker(self) -> Mapping[str, Any]:
        """The person heard to speak; empty where that was not asked."""
        found = self.options.get("speaker")
        return found if isinstance(found, Mapping) else {}

    def messages(self) -> tuple[Message, ...]:
        return self._settled()[0]

    def tokens(self) -> int:
        """Estimated tokens of its messages."""
        return self._settled()[1]

    def _settled(self) -> tuple[tuple[Message, ...], int]:
        if self.memo is not None:
            return self.memo
        rest = self.text[self.steps[-1]["at"] :] if self.steps else self.text
        calls = tuple(call for place, call in enumerate(self.calls) if f"call{place}" not in self.removed)
        said = (*self.asks(), *self.worked(), Message("assistant", rest, calls=calls))
        found = said, estimate_messages(said)
        if not self.running:
            self.memo = found
        return found


def announcement(t: str, d: Any) -> str:
    """What an event has to be announced, once no one speaks; empty for nearly all."""
    return str(d.get("announce", "")) if t == "result" else ""


def done_of(told: Mapping[str, Any]) -> Done:
    """The end of a turn that did not fail, as the reply's iterator yields it."""
    counts = {name: told["usage"][name] for name in _COUNTS if name in told.get("usage", ())}
    flagged = tuple(told.get("categories", ()))
    return Done(
        **counts,
        flagged=flagged,
        blocked=told.get("blocked", ""),
        unchecked=told.get("unchecked", False),
        finish=told.get("finish", ""),
    )


def end_of(done: Done) -> dict[str, Any]:
    """The end of a reply of no session, as the log of one would say it."""
    usage = {name: getattr(done, name) for name in _COUNTS}
    marks = {"flagged": bool(done.flagged), "categories": list(done.flagged), "blocked": done.blocked}
    marks |= {"finish": done.finish, "unchecked": done.unchecked}
    return {"usage": usage} | {name: mark for name, mark in marks.items() if mark}


_COUNTS = ("input", "cached", "output", "estimated")


def body_hash(input: str, options: Mapping[str, Any]) -> str:
    """What makes two sends of one number the same."""
    return blake2b(json.dumps([input, dict(options)], sort_keys=True).encode(), digest_size=12).hexdigest()
