"""The client's half of the session protocol: what to send, what was received, and how to resume."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from voice.errors import VoiceError
from voice.llm.interface import Delta, Done, Effect, Message
from voice.sessions.interface import ConnectionChanged, ReplyEvent, ReplyFailed, Working
from voice.sessions.log import announcement, done_of

Op = dict[str, Any]
Draw = Callable[[float, float], float]

CREDIT = 64 * 1024
ACK_EVERY = CREDIT // 4
IDLE_PING_S = (25.0, 35.0)
BUSY_PING_S = (4.0, 6.0)  # a dead connection during a reply is noticed before the user asks
PONG_WITHIN_S = 10.0
RETRY_SEND_S = (0.2, 0.6)
PATIENCE_S = 10.0
"""How long a full or failing server is retried before an error is reported."""
HISTORY_CHANNEL = 1
NEVER_BACK = frozenset({"session_unknown", "key_invalid", "scope_insufficient", "origin_refused", "token_expired"})


class ConnectionRefused(VoiceError):
    """The server broke the protocol; the connection must be closed and the session attached again."""


@dataclass(slots=True)
class SentTurn:
    """One turn of this client: what was sent, how much of the reply arrived, and what is unconfirmed."""

    number: int
    body: Op
    draft: bool
    text: str = ""
    started: bool = False
    refused: bool = False
    ended: bool = False
    told_down: bool = False
    retry_at: float | None = None
    decide_at: float | None = None
    patient_until: float | None = None
    decisions: dict[str, Op] = field(default_factory=dict)
    settled_by: int = 0


@dataclass(slots=True)
class ClientProtocol:
    """The state of one session as its client knows it.

    Feed `connected`, `disconnected`, `receive` and `tick`; after each call send what `take` returns and hand on
    what `happened` returns. `due` is when `tick` wants to be called, in the seconds of the given `now`s. `draw(a, b)`
    returns a random number between both.
    """

    session_id: str
    token: str
    draw: Draw
    after: int | None = None
    epoch: str = ""
    expected: int = 1
    up: bool = False
    attached: bool = False
    dead: ReplyFailed | None = None
    reason: str = ""
    moved_to: str = ""
    """The server's word for where the last refused op would have been taken."""
    history: tuple[Message, ...] | None = None
    announced: list[str] = field(default_factory=list)
    _turns: dict[int, SentTurn] = field(default_factory=dict)
    _out: list[Op] = field(default_factory=list)
    _told: list[tuple[SentTurn, ReplyEvent]] = field(default_factory=list)
    _history_wanted: bool = False
    _unacked: int = 0
    _pings: int = 0
    _ping_at: float = 0.0
    _pong_by: float | None = None

    def take(self) -> list[Op]:
        """Return the operations to send now, in order."""
        out, self._out = self._out, []
        return out

    def happened(self) -> list[tuple[SentTurn, ReplyEvent]]:
        """Return the reply events since the last call, each with its turn."""
        told, self._told = self._told, []
        return told

    @property
    def busy(self) -> bool:
        """Whether a reply is awaited."""
        return any(not turn.ended for turn in self._turns.values())

    # The link

    def connected(self, now: float) -> None:
        self.up, self.attached, self._out = True, False, []
        known = {} if self.after is None else {"after": self.after, "epoch": self.epoch}
        self._attach(credit=CREDIT, **known)
        self._pong_by = now + PONG_WITHIN_S

    def disconnected(self, reason: str) -> None:
        """Report the lost connection to waiting replies, once per outage."""
        self.up = self.attached = False
        self.reason, self._out = reason, []
        for turn in self._turns.values():
            self._tell_down(turn)

    def give_up(self, failure: ReplyFailed) -> None:
        """End every waiting turn; if reconnecting is impossible, later turns end the same way."""
        if failure.code in NEVER_BACK:
            self.dead = failure
        for turn in self._turns.values():
            self._end(turn, failure)

    def due(self) -> float | None:
        """Return when `tick` is to be called, or None while there is no connection."""
        if not self.up:
            return None
        times = [when for turn in self._turns.values() for when in (turn.retry_at, turn.decide_at) if when is not None]
        times += [self._pong_by] if self._pong_by is not None else []
        times += [self._ping_at] if self.attached else []
        return min(times, default=None)

    def tick(self, now: float) -> None:
        """Send what is due; raises LinkError if the server no longer answers."""
        if self._pong_by is not None and now >= self._pong_by:
            raise ConnectionRefused("the server does not answer", expected=f"a reply within {PONG_WITHIN_S:g} s")
        if not self.attached:
            return
        for turn in self._turns.values():
            if turn.retry_at is not None and now >= turn.retry_at:
                self._send(turn)
            if turn.decide_at is not None and now >= turn.decide_at:
                self._send_decisions(turn)
        if now >= self._ping_at:
            self._pings += 1
            self._out.append({"op": "ping", "n": self._pings})
            self._pong_by = self._pong_by or now + PONG_WITHIN_S
            self._arm_ping(now)

    def heartbeat(self, now: float) -> None:
        """Record that another session's ping was just sent on the same connection; one ping serves all sessions."""
        if self.attached:
            self._arm_ping(now)

    def _arm_ping(self, now: float) -> None:
        self._ping_at = now + self.draw(*(BUSY_PING_S if self.busy else IDLE_PING_S))

    def _tell_down(self, turn: SentTurn) -> None:
        if not turn.ended and not turn.told_down:
            turn.told_down = True
            self._told.append((turn, ConnectionChanged(up=False, reason=self.reason)))

    # Requests of the conversation

    def send(self, text: str, now: float, *, draft: bool = False, options: Mapping[str, Any] | None = None) -> SentTurn:
        """Begin the next turn; it leaves at once, or when the link is back."""
        # The server may log other words than were sent, redacted or blocked ones, so the turn is known by this.
        name = f"{int(self.draw(0, 2**53)):014x}"
        body: Op = {"op": "send", "input": text, "msg_id": name} | ({"draft": True} if draft else {})
        body |= {"options": dict(options)} if options else {}
        turn = SentTurn(self.expected, body, draft)
        if self.dead is not None:
            self._end(turn, self.dead)
            return turn
        self._forget_before(turn.number)
        self._turns[turn.number] = turn
        self.expected += 1
        if self.attached:
            self._send(turn)
            self._ping_at = min(self._ping_at, now + self.draw(*BUSY_PING_S))
        elif not self.up:
            self._tell_down(turn)
        return turn

    def decide(self, turn: SentTurn, op: str, **more: int) -> None:
        """Send `commit`, `discard`, `cancel` or `truncate`, and repeat it after every outage until it is confirmed.

        A decision without effect gets no answer; the start of the next turn confirms it. All but `commit` end the reply
        at once, without waiting for the rest.
        """
        if turn.decisions.get(op) == {"op": op, **more} or self.dead is not None:
            return
        turn.decisions[op] = {"op": op, **more}
        turn.settled_by = self.expected
        self._turns.setdefault(turn.number, turn)
        if op != "commit":
            self._end(turn, Done())
        if self.attached:
            self._send_decisions(turn, op)

    def ask_history(self) -> None:
        """Request the conversation; `history` holds it after it has arrived."""
        self.history, self._history_wanted = None, True
        if self.attached:
            self._attach(ch=HISTORY_CHANNEL, credit=1)

    def _attach(self, **more: object) -> None:
        self._out.append({"op": "attach", "session_id": self.session_id, "session_token": self.token, **more})

    def _send(self, turn: SentTurn) -> None:
        turn.retry_at = None
        self._out.append(turn.body | {"sequence": turn.number})

    def _send_decisions(self, turn: SentTurn, only: str = "") -> None:
        """Send decisions, unless the turn may not exist: its number would then mean another turn."""
        turn.decide_at = None
        if turn.started or not turn.refused:
            self._out += [d | {"turn": turn.number} for op, d in turn.decisions.items() if only in ("", op)]

    def _forget_before(self, number: int) -> None:
        """Drop ended turns that are logged, and whose decisions are confirmed or had no effect."""
        self._turns = {n: t for n, t in self._turns.items() if n >= number or not t.ended or t.decisions or t.retry_at}

    # Frames from the server

    def receive(self, op: Mapping[str, Any], now: float, size: int) -> None:
        """Take one frame of `size` bytes.

        Raises LinkError for one that must not come now, KeyError or TypeError for a broken one.
        """
        self._pong_by = None
        kind, channel = op["op"], op.get("ch", 0)
        if channel == HISTORY_CHANNEL:
            if kind == "err":
                raise ConnectionRefused(op["message"])
            if kind == "attached":
                self.history = tuple(Message(m["role"], m["text"]) for m in op["snapshot"]["messages"])
                self._history_wanted = False
                self._out.append({"op": "detach", "ch": HISTORY_CHANNEL})
        elif kind == "attached":
            self._attached(op, now)
        elif kind == "ev":
            self._event(op, size)
        elif kind == "err":
            self._error(op, now)

    def _attached(self, op: Mapping[str, Any], now: float) -> None:
        first = self.after is None
        self.attached, self.epoch = True, op["epoch"]
        if not op["recovered"]:
            self.after = op["seq"]
            self._catch_up(op["snapshot"], first=first)
        self._unacked = 0
        waiting = [turn for turn in self._turns.values() if not turn.started and not turn.refused]
        if not op["recovered"]:  # whatever their numbers were, this log has not seen them
            for number, turn in enumerate(waiting, op["expected"]):
                self._turns.pop(turn.number, None)
                turn.number = number
            self._turns |= {turn.number: turn for turn in waiting}
        self.expected = max([op["expected"], *(turn.number + 1 for turn in waiting)])
        for turn in self._turns.values():
            if turn.told_down and not turn.ended:
                turn.told_down = False
                self._told.append((turn, ConnectionChanged(up=True)))
            if turn in waiting:
                self._send(turn)
            self._send_decisions(turn)
        if self._history_wanted:
            self.ask_history()
        self._arm_ping(now)

    def _catch_up(self, snapshot: Mapping[str, Any], *, first: bool) -> None:
        """Continue from a snapshot: the events in between are lost, but not the text."""
        running = snapshot["open"]
        asked = {m["turn"]: (m.get("msg_id"), m["text"]) for m in snapshot["messages"] if m["role"] == "user"}
        kept = dict.fromkeys(asked, "")
        kept |= {m["turn"]: m["text"] for m in snapshot["messages"] if m["role"] == "assistant"}
        if running is not None:
            asked[running["turn"]] = (running.get("msg_id"), running["input"])
        for turn in [] if first else list(self._turns.values()):
            if turn.ended and turn.started:
                continue
            here = running is not None and running["turn"] == turn.number
            text = running["text"] if here else kept.get(turn.number)
            if not turn.started and not _same(turn, *asked.get(turn.number, (None, None))):
                continue  # it never arrived, or another client was first: it is sent again
            if text is None or not text.startswith(turn.text):
                lost = ReplyFailed("session_lost", "the server has deleted this turn", temporary=True)
                self._end(turn, lost)
                continue
            turn.started = True
            self._grow(turn, len(turn.text), text[len(turn.text) :])
            if not here or running["ended"]:
                self._end(turn, Done())

    def _event(self, op: Mapping[str, Any], size: int) -> None:
        if self.after is None or op["seq"] <= self.after:
            return
        if op["seq"] != self.after + 1:
            raise ConnectionRefused(f"event {op['seq']} came", expected=f"event {self.after + 1}")
        self.after = op["seq"]
        self._unacked += size
        if self._unacked >= ACK_EVERY:
            self._unacked = 0
            self._out.append({"op": "ack", "seq": self.after})
        self.expected = max(self.expected, op["turn"] + 1)
        kind, data = op["t"], op.get("d") or {}
        if text := announcement(kind, data):
            self.announced.append(text)
        turn = self._turns.get(op["turn"])
        if turn is None:
            return
        if kind == "started":
            if not turn.started and not _same(turn, data.get("msg_id"), data["input"]):
                self._renumber(turn, self.expected)  # another client was first
                return
            turn.started, turn.retry_at = True, None
            self._send_decisions(turn)  # those made before came too early if the question was refused first
            for earlier in self._turns.values():
                decided = earlier.started or earlier.refused  # else it still has to be asked
                if decided and max(earlier.settled_by, earlier.number + 1) <= turn.number:
                    earlier.decisions.clear()
        elif kind == "delta":
            self._grow(turn, op["o"], op["d"])
        elif kind == "effect":
            self._told.append((turn, Effect(data["kind"], data["data"])))
        elif kind in ("call", "result"):
            working = Working(data["name"], data.get("acts", False), kind == "result", data.get("saying", ""))
            self._told.append((turn, working))
        elif kind == "committed":
            turn.decisions.pop("commit", None)
        elif kind in ("truncated", "discarded", "cancelled"):
            turn.decisions.clear()
            self._end(turn, done_of(data))
        elif kind == "done":
            self._end(turn, done_of(data))
        elif kind in ("failed", "retry_failed"):
            self._end(turn, ReplyFailed(data["code"], data["message"], data["temporary"]))

    def _grow(self, turn: SentTurn, offset: int, text: str) -> None:
        if offset > len(turn.text):
            raise ConnectionRefused(f"text at {offset} came", expected=f"text at {len(turn.text)}")
        new = text[len(turn.text) - offset :]
        if new and not turn.ended:
            turn.text += new
            self._told.append((turn, Delta(new)))

    def _error(self, op: Mapping[str, Any], now: float) -> None:
        failure = ReplyFailed(op["code"], op["message"], op["temporary"])
        if op.get("re") in ("attach", "auth"):
            if failure.temporary:
                raise ConnectionRefused(failure.message)
            self.give_up(failure)
            self.dead = failure
            return
        turn = self._turns.get(op.get("turn", -1))
        if turn is None:
            return
        self.moved_to = op.get("at", "")
        if op.get("re") != "send":
            if failure.temporary:
                turn.decide_at = now + self.draw(*RETRY_SEND_S)
            elif turn.started or turn.refused:
                turn.decisions.pop(str(op.get("re")), None)
        elif op["code"] in ("sequence_gap", "sequence_conflict") and not turn.started:
            first = self._turns.get(op["expected"], turn)
            if first is turn or first.refused:
                self._renumber(turn, op["expected"])
            else:  # an earlier question of ours waits for that number
                turn.retry_at = now + self.draw(*RETRY_SEND_S)
        elif failure.temporary and self._patient(turn, now, op.get("retry_after")):
            turn.retry_at = now + self.draw(*RETRY_SEND_S) + op.get("retry_after", 0.0)
        else:
            self._end(turn, failure)

    def _patient(self, turn: SentTurn, now: float, hint_s: float | None) -> bool:
        """Whether to resend a refused turn: a full or failing server, which sends a hint, is not retried forever."""
        if hint_s is None:
            return True
        if turn.patient_until is None:
            turn.patient_until = now + PATIENCE_S
        return now + hint_s < turn.patient_until

    def _renumber(self, turn: SentTurn, expected: int) -> None:
        """Use the number the server expects: ours belongs to another client's turn, so this turn was never accepted."""
        del self._turns[turn.number]
        turn.number, self.expected = expected, max(self.expected, expected + 1)
        self._turns[expected] = turn
        self._send(turn)

    def _end(self, turn: SentTurn, event: Done | ReplyFailed) -> None:
        if isinstance(event, ReplyFailed):
            turn.refused, turn.retry_at = True, None
        if not turn.ended:
            turn.ended = True
            self._told.append((turn, event))


def _same(turn: SentTurn, msg_id: str | None, input: str | None) -> bool:
    """Whether what the server tells of is this turn; servers that do not repeat `msg_id` are known by the words."""
    return bool(msg_id == turn.body["msg_id"] if msg_id else input == turn.body["input"])
