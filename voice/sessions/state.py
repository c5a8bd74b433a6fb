"""The session's rules without any I/O: events in a dense log, turns in order, drafts, truncation, resume.

A `SessionState` is the fold of its log. Its methods take what a client or the model wants, refuse it with `Refused` or
return the events that make it true, already applied; the caller logs them before anyone sees them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from voice.llm.context import PER_MESSAGE, answered, cut_at, estimate_messages, estimate_tokens, merged, room_of
from voice.llm.interface import CALL, Message
from voice.sessions.group import Group, GroupRules, Said
from voice.sessions.log import BrokenLog, Event, Refused, SessionTurn, body_hash

_SAVED = ("seq", "trimmed", "last", "begins", "ratio", "metadata")


class SessionState:
    """One session's state. `epoch` names its log; `window` is the model's context in tokens.

    `group` has the people who take part, where several do, and what they said; `rules` are how they are answered.
    `metadata` is what a client has noted about the session last, in the `record` of a turn that is no response.
    """

    __slots__ = ("begins", "epoch", "group", "last", "metadata", "ratio", "seq", "system", "trimmed", "turns", "window")

    def __init__(self, epoch: str, *, system: str = "", window: int = 8192, rules: GroupRules | None = None) -> None:
        self.epoch, self.system, self.window = epoch, system, window
        self.seq = 0
        self.trimmed = 0
        self.last = 0
        self.begins = 1
        self.ratio = 1.0
        self.metadata: Mapping[str, str] = {}
        self.turns: dict[int, SessionTurn] = {}
        self.group = Group(rules or GroupRules(), self._log)

    # What clients ask

    def send(
        self,
        sequence: int,
        input: str,
        *,
        draft: bool = False,
        msg_id: str = "",
        options: Mapping[str, Any] | None = None,
        categories: Sequence[str] = (),
        blocked: bool = False,
        said: Sequence[Said] = (),
    ) -> tuple[SessionTurn, list[Event]]:
        """Accept the next turn, or find the one this number already names (then without events).

        `categories` are what the words were flagged for. Of `blocked` words nothing is kept, so that their turn is
        found by its number alone. `said` are the messages of participants that the input is made of.

        Raises Refused sequence_conflict, sequence_gap, turn_gone or turn_in_flight.
        """
        options = options or {}
        if 1 <= sequence <= self.last:
            known = self._turn(sequence)
            if not known.blocked and known.body != body_hash(input, options):
                raise Refused(
                    "sequence_conflict", f"turn {sequence} was already sent with a different body", number=self.last + 1
                )
            return known, []
        if sequence != self.last + 1:
            raise Refused("sequence_gap", f"turn {sequence} is out of order", number=self.last + 1)
        events: list[Event] = []
        before = self.turns.get(self.last)
        if before is not None and before.draft:
            events += self.discard(before.number)
        elif before is not None and before.running:
            raise Refused("turn_in_flight", f"turn {before.number} is still running", temporary=True)
        fixed = self._fixed(input)
        sizes = [(turn.number, round(self.ratio * turn.tokens())) for turn in self.remembered()]
        begins = cut_at(fixed, sizes, self.window)
        if begins is not None:
            left = fixed + sum(tokens for number, tokens in sizes if number >= begins)
            events += self._log(sequence, "cut", {"from": begins, "tokens": left})
        started: dict[str, Any] = {"input": input, "draft": draft}
        if msg_id:
            started["msg_id"] = msg_id
        if options:
            started["options"] = dict(options)
        if categories:
            started["categories"] = list(categories)
        if blocked:
            started["blocked"] = True
        if said:
            started["said"] = [item.label for item in said]
        events += self._log(sequence, "started", started)
        return self.turns[sequence], events

    def commit(self, number: int) -> list[Event]:
        """Make a draft a turn of the conversation; nothing if it is one. Raises Refused turn_discarded."""
        turn = self._turn(number)
        if turn.discarded:
            raise Refused("turn_discarded", f"turn {number} was discarded", expected="a draft")
        return self._log(number, "committed") if turn.draft else []

    def discard(self, number: int) -> list[Event]:
        """Drop a draft; nothing if it was dropped. Raises Refused turn_committed."""
        turn = self._turn(number)
        if turn.discarded:
            return []
        if not turn.draft:
            raise Refused("turn_committed", f"turn {number} is part of the conversation", expected="a draft")
        return self._log(number, "discarded", self._stopped(turn))

    def truncate(self, number: int, heard: int) -> list[Event]:
        """Keep the first `heard` code points of the reply; never brings back what an earlier truncation took."""
        turn = self._turn(number)
        if heard < 0:
            raise Refused("bad_request", f"heard is {heard}", expected="a number of code points, 0 or more")
        heard = min(heard, turn.length if turn.heard is None else turn.heard)
        if turn.discarded or (turn.heard == heard and not turn.running):
            return []
        if not turn.running and turn.heard is None and heard == turn.length:
            return []
        return self._log(number, "truncated", {"heard": heard} | (self._stopped(turn) or {}))

    def cancel(self, number: int) -> list[Event]:
        """Stop a running turn; what was delivered stays."""
        turn = self._turn(number)
        return self._log(number, "cancelled", self._stopped(turn)) if turn.running else []

    def remove(self, number: int, parts: Sequence[str]) -> list[Event]:
        """Take parts of a turn out of the conversation; nothing for those that are gone already."""
        turn = self._turn(number)
        gone = [part for part in parts if part not in turn.removed]
        return self._log(number, "removed", {"parts": gone}) if gone else []

    def answer(self, most: int) -> tuple[SessionTurn, list[Event]] | None:
        """Begin the turn that answers participants, about `most` code points of theirs at most.

        None while a turn runs or no message waits.
        """
        before = self.turns.get(self.last)
        said = [] if before is not None and before.running else self.group.next(most)
        if not said:
            return None
        return self.send(
            self.last + 1,
            said[0].input if said[0].blocked else "\n".join(item.line for item in said),
            categories=list(dict.fromkeys(name for item in said for name in item.categories)),
            blocked=said[0].blocked,
            said=said,
        )

    # What the model brings

    def delta(self, turn: SessionTurn, text: str) -> list[Event]:
        """More of the reply; nothing once the turn has ended, so late words are dropped here."""
        if not turn.running or not text:
            return []
        return self._log(turn.number, "delta", text, turn.length)

    def effect(self, turn: SessionTurn, kind: str, data: Mapping[str, Any]) -> list[Event]:
        return self._log(turn.number, "effect", {"kind": kind, "data": dict(data)}) if turn.running else []

    def call(self, turn: SessionTurn, call: Mapping[str, Any]) -> list[Event]:
        """A tool of ours is called for the reply."""
        return self._log(turn.number, "call", dict(call)) if turn.running else []

    def result(self, turn: SessionTurn, result: Mapping[str, Any]) -> list[Event]:
        """A tool of ours has answered, perhaps later than the turn has ended: what was done is remembered."""
        known = (
            self.turns.get(turn.number) is turn and not turn.discarded and turn.step_of(result["call_id"]) is not None
        )
        return self._log(turn.number, "result", dict(result)) if known else []

    def end(self, turn: SessionTurn, t: str, d: dict[str, Any]) -> list[Event]:
        """End a running turn with done, failed or retry_failed."""
        return self._log(turn.number, t, d) if turn.running else []

    def usage(self, turn: SessionTurn) -> dict[str, Any]:
        """Estimated token counts of a turn that did not get any from the model server."""
        return {"input": turn.asked, "cached": 0, "output": estimate_tokens("".join(turn.parts)), "estimated": True}

    # What others read

    def context(self, turn: SessionTurn) -> tuple[Message, ...]:
        """The messages this turn is asked with: the same bytes as the turn before, plus what came since."""
        said = [message for before in self.remembered() if before.number < turn.number for message in before.messages()]
        system = str(turn.options.get("instructions", self.system))
        return merged(answered([Message("system", system), *said, *turn.asks(), *turn.worked()]))

    def fits(self, messages: Iterable[Message]) -> bool:
        """Whether these find room in the model's window together with all that is remembered."""
        tokens = estimate_messages(messages) + sum(turn.tokens() for turn in self.remembered())
        return self.ratio * tokens <= room_of(self.window)

    def remembered(self) -> Iterable[SessionTurn]:
        """The turns of the conversation since the last cut."""
        return (turn for turn in self.turns.values() if turn.kept and turn.number >= self.begins)

    def before(self, turn: SessionTurn) -> SessionTurn | None:
        """The turn of the conversation before this one."""
        return max((t for t in self.remembered() if t.number < turn.number), key=lambda t: t.number, default=None)

    def messages(self) -> list[tuple[int, Message]]:
        """The conversation since the last cut, drafts left out, each message with its turn."""
        return [(turn.number, message) for turn in self.remembered() for message in turn.told() if message.text]

    def open_turn(self) -> SessionTurn | None:
        """The turn that is running or undecided, if there is one; it is always the last."""
        turn = self.turns.get(self.last)
        return turn if turn is not None and (turn.running or turn.draft) else None

    @property
    def idle(self) -> bool:
        """Whether no turn is open and no participant's message waits."""
        return self.open_turn() is None and not self.group.due

    @property
    def unanswered(self) -> bool:
        """Whether a reply is being made, or is owed to a participant."""
        turn = self.turns.get(self.last)
        return (turn is not None and turn.running) or self.group.due

    def can_resume(self, after: int | None, epoch: str) -> bool:
        """Whether exactly the events after `after` can be given to someone who has seen the ones up to it."""
        return after is not None and epoch == self.epoch and self.trimmed <= after <= self.seq

    def snapshot(self) -> dict[str, Any]:
        """For someone who cannot be given the events: the conversation, and the open turn with its text so far."""
        open, group = self.open_turn(), self.group.snapshot()
        said = [
            {"turn": number, "role": message.role, "text": message.text, **self._named(number, message.role)}
            for number, message in self.messages()
            if open is None or number != open.number
        ]
        if open is None:
            return {"messages": said, "open": None, **group}
        now = {
            "turn": open.number,
            "input": open.input,
            "text": open.text,
            "draft": open.draft,
            "ended": not open.running,
            **self._named(open.number, "user"),
        }
        return {"messages": said, "open": now, **group}

    def _named(self, number: int, role: str) -> dict[str, Any]:
        turn = self.turns[number]
        names = {"msg_id": turn.msg_id, "said": turn.said, "speaker": turn.speaker} if role == "user" else {}
        return {name: value for name, value in names.items() if value}

    # The fold

    def apply(self, event: Event) -> None:
        """Take the next event of the log. Raises BrokenLog if it is not the next, or of no known turn."""
        if event.seq != self.seq + 1:
            raise BrokenLog(f"event {event.seq} follows event {self.seq}", expected=f"event {self.seq + 1}")
        self.seq = event.seq
        if event.t == "started":
            self._begin(event)
            return
        if event.turn == 0:
            self.group.apply(event)
            return
        if event.t == "cut":
            self.begins = event.d["from"]
            for turn in self.turns.values():
                if turn.number < self.begins:
                    turn.parts, turn.input, turn.steps, turn.memo = [], "", [], None
            return
        turn = self.turns[event.turn]
        if event.t == "delta":
            if event.o != turn.length:
                raise BrokenLog(f"a delta of turn {event.turn} is at {event.o}", expected=f"offset {turn.length}")
            turn.parts.append(event.d)
            turn.length += len(event.d)
        elif event.t == "effect":
            turn.acted = True
            if event.d["kind"] == CALL:
                turn.calls.append(event.d["data"])
        elif event.t == "call":
            if not turn.steps or turn.steps[-1]["results"]:
                turn.steps.append({"at": turn.length, "calls": [], "results": []})
            turn.steps[-1]["calls"].append(event.d)
        elif event.t == "result":
            step = turn.step_of(event.d["call_id"])
            if step is None:
                raise BrokenLog(f"a result of turn {event.turn} answers no call")
            step["results"].append(event.d)
            turn.memo = None
        elif event.t == "committed":
            turn.draft = False
        elif event.t == "removed":
            turn.removed += event.d["parts"]
            turn.memo = None
        else:
            self._finish(turn, event)

    # Keeping it small

    def trim_point(self, keep: int) -> int:
        """The last event that may go when about `keep` are to stay: before a turn or a message, 0 for none."""
        borders = [turn.first for turn in self.turns.values()] + [item.seq for item in self.group.items.values()]
        return max((first for first in borders if self.trimmed + 1 < first <= self.seq - keep), default=1) - 1

    def trim(self, through: int) -> None:
        """Forget turns whose events up to `through` are gone and that are no longer part of the context."""
        self.trimmed = max(self.trimmed, through)
        for number in [n for n, turn in self.turns.items() if turn.first <= through and n < self.begins]:
            del self.turns[number]
        self.group.trim(through)

    def to_json(self) -> dict[str, Any]:
        """Everything but system, window and rules, for `restore`."""
        kept = [field.name for field in fields(SessionTurn) if field.name not in ("memo", "parts", "said")]
        turns = [
            {name: getattr(turn, name) for name in kept}
            | {"parts": "".join(turn.parts)}
            | ({"said": turn.said} if turn.said else {})
            for turn in self.turns.values()
        ]
        return {name: getattr(self, name) for name in _SAVED} | {"turns": turns} | self.group.to_json()

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Become what `to_json` saved; later events are applied on top."""
        for name in _SAVED:
            setattr(self, name, saved.get(name, getattr(self, name)))
        turns = [SessionTurn(**(one | {"parts": [one["parts"]]})) for one in saved["turns"]]
        self.turns = {turn.number: turn for turn in turns}
        if "group" in saved:
            self.group.restore(saved["group"])

    def _begin(self, event: Event) -> None:
        options = event.d.get("options") or {}
        turn = SessionTurn(
            event.turn,
            event.d["input"],
            body_hash(event.d["input"], options),
            event.seq,
            draft=event.d["draft"],
            drafted=event.d["draft"],
            options=options,
            msg_id=event.d.get("msg_id", ""),
            categories=event.d.get("categories", []),
            blocked=event.d.get("blocked", False),
            said=event.d.get("said", []),
        )
        self.group.answered(turn.number, turn.said)
        record = options.get("record") or {}
        if "metadata" in record and "response" not in record:
            self.metadata = record["metadata"]
        turn.asked = self._fixed(turn.input) + round(self.ratio * sum(before.tokens() for before in self.remembered()))
        self.turns[turn.number] = turn
        self.last = turn.number

    def _finish(self, turn: SessionTurn, event: Event) -> None:
        turn.memo = None
        turn.parts = ["".join(turn.parts)]
        if event.t == "truncated":
            turn.heard = event.d["heard"]
        elif event.t == "discarded":
            turn.discarded, turn.draft = True, False
            turn.parts = []
        if turn.running or event.t in ("truncated", "discarded"):
            turn.running, turn.outcome = False, event.t
        told = event.d or {}
        turn.tries = told.get("tries", turn.tries)
        turn.usage = told.get("usage", turn.usage)
        if event.t == "done" and turn.usage and not turn.usage["estimated"] and turn.asked and not turn.steps:
            self.ratio = min(4.0, max(0.5, self.ratio * turn.usage["input"] / turn.asked))

    def _log(self, number: int, t: str, d: Any = None, o: int | None = None) -> list[Event]:
        event = Event(self.seq + 1, number, t, d, o)
        self.apply(event)
        return [event]

    def _fixed(self, input: str) -> int:
        """Tokens that are sent whatever was said before: the system message and the new words."""
        system = estimate_tokens(self.system) + PER_MESSAGE if self.system else 0
        return round(self.ratio * (system + estimate_tokens(input) + PER_MESSAGE))

    def _stopped(self, turn: SessionTurn) -> dict[str, Any] | None:
        return {"usage": self.usage(turn)} if turn.running else None

    def _turn(self, number: int) -> SessionTurn:
        turn = self.turns.get(number)
        if turn is not None:
            return turn
        if 1 <= number <= self.last:
            raise Refused("turn_gone", f"turn {number} was trimmed from the log")
        raise Refused("turn_unknown", f"no turn {number}", number=self.last + 1)
