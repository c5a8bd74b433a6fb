"""Several people in one session: who takes part, what they said, and whose words are answered next.

A `Group` is a part of the session's state. It is folded from the events `joined`, `left`, `said`, `skipped` and
`stopped`, which have no turn, and from the turns that answer. Like those of the state, its methods refuse what a client
wants or return the events that make it true.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, cast, get_args

from voice.sessions.log import Event, Refused, body_hash
from voice.text.patterns import pattern_of

Role = Literal["speak", "read", "moderate"]
"""What a participant may do besides reading."""
Manner = Literal["each", "together", "addressed"]
"""Which messages a turn answers: one, all that wait, or one that names the assistant with those overheard before it."""

BargeIn = Literal["all", "own"]
"""Whom a participant's barge-in stops the reply for: everyone, or only themselves."""

MOST_PRESENT = 256
LONGEST_NAME = 40
OVERHEARD_CHARS = 4000
"""Code points of what was not addressed to the assistant that are kept for its next answer."""
_MARKS = pattern_of(r"[:：]")
_ROLES = frozenset({"assistant", "developer", "function", "system", "tool", "user"})


@dataclass(frozen=True, slots=True)
class GroupRules:
    """How a group is answered. `waiting` messages may wait in the session, `each` of one author. `barge_in` says whom
    one who stops the reply stops it for."""

    answer: Manner = "each"
    name: str = ""
    waiting: int = 64
    each: int = 8
    barge_in: BargeIn = "all"

    def addressed(self, text: str) -> bool:
        """Whether the assistant is meant: always, except where only those who say its name are answered."""
        return self.answer != "addressed" or _says(self.name, text)


@dataclass(slots=True)
class Participant:
    """Someone who takes part. `last` is the number of their last message.

    `served` is the turn that answered one of them last, `answers` how many were answered.
    """

    id: str
    name: str
    scope: Role
    present: bool = True
    last: int = 0
    served: int = 0
    answers: int = 0

    def to_json(self) -> dict[str, Any]:
        """As other participants see it."""
        return {"id": self.id, "name": self.name, "scope": self.scope}


@dataclass(slots=True)
class Said:
    """One message of a participant: their own number `n`, and its place `seq` in the log.

    `turn` answers it, 0 while none does. Of `blocked` words nothing is kept; `instead` is what is answered to them.
    """

    author: str
    name: str
    n: int
    seq: int
    input: str
    body: str
    msg_id: str = ""
    categories: list[str] = field(default_factory=list)
    blocked: bool = False
    instead: str = ""
    overheard: bool = False
    turn: int = 0

    @property
    def line(self) -> str:
        """As the model reads it. Further lines are indented, so that none looks like another one's words."""
        first, *more = self.input.splitlines() or [""]
        return "\n  ".join([f"{self.name}: {first}", *more])

    @property
    def label(self) -> dict[str, Any]:
        """What names it in the turn that answers it."""
        return {"author": self.author, "name": self.name, "n": self.n}


class Group:
    """The people of one session and their messages; empty in a session with a single author.

    `log(turn, type, data)` makes and applies an event of the session's log.
    """

    __slots__ = ("_log", "items", "people", "rules", "stopped", "stops", "waiting")

    def __init__(self, rules: GroupRules, log: Callable[[int, str, Any], list[Event]]) -> None:
        self.rules, self._log = rules, log
        self.people: dict[str, Participant] = {}
        self.items: dict[tuple[str, int], Said] = {}
        """By author and number, in the order of the log."""
        self.waiting: dict[tuple[str, int], Said] = {}
        self.stopped = 0
        """The last turn whose reply a participant stopped listening to."""
        self.stops: dict[str, int] = {}
        """How much of that reply those who stopped it heard, code points, by their id."""

    # What participants ask

    def join(self, id: str, name: str, scope: Role) -> list[Event]:
        """Let someone take part; nothing for an id that was given already.

        Raises Refused bad_request, name_taken or overloaded.
        """
        if id in self.people:
            return []
        name, present = fit_name(name), self.present()
        if any(_alike(one.name) == _alike(name) for one in present):
            raise Refused("name_taken", f"another participant is called {name}", expected="another name")
        if len(present) >= MOST_PRESENT:
            raise Refused("overloaded", f"{MOST_PRESENT} people take part", temporary=True)
        return self._log(0, "joined", {"id": id, "name": name, "scope": scope})

    def leave(self, id: str) -> list[Event]:
        """Someone no longer takes part; what they said is still answered. Raises Refused participant_unknown."""
        return self._log(0, "left", {"id": self.person(id).id})

    def say(
        self,
        author: str,
        n: int,
        input: str,
        *,
        msg_id: str = "",
        categories: Sequence[str] = (),
        blocked: bool = False,
        instead: str = "",
    ) -> list[Event]:
        """Accept a participant's next message; nothing if their number already names it: `items` has it then.

        Raises Refused bad_request, participant_unknown, sequence_conflict, sequence_gap, turn_gone or overloaded.
        """
        if not input.strip():
            raise Refused("bad_request", "a message without words", expected="input that is not empty")
        person, known = self.person(author), self.items.get((author, n))
        if known is not None:
            if not (known.blocked or blocked) and known.body != body_hash(input, {}):
                what = f"message {n} was already sent with a different body"
                raise Refused("sequence_conflict", what, number=person.last + 1)
            return []
        if 1 <= n <= person.last:
            raise Refused("turn_gone", f"message {n} was trimmed from the log")
        if n != person.last + 1:
            raise Refused("sequence_gap", f"message {n} is out of order", number=person.last + 1)
        overheard = not blocked and not self.rules.addressed(input)
        if not overheard:
            self._check_room(person)
        said = {"author": author, "name": person.name, "n": n, "input": input}
        marks = {"msg_id": msg_id, "categories": list(categories), "blocked": blocked, "instead": instead}
        marks["overheard"] = overheard
        return self._log(0, "said", said | {name: mark for name, mark in marks.items() if mark})

    def _check_room(self, person: Participant) -> None:
        waiting = [item.author for item in self.waiting.values() if not item.overheard]
        if waiting.count(person.id) >= self.rules.each:
            what = f"too many messages of {person.name} wait for an answer"
            raise Refused("overloaded", what, temporary=True, expected=f"at most {self.rules.each}")
        if len(waiting) >= self.rules.waiting:
            what = "too many messages wait for an answer"
            raise Refused("overloaded", what, temporary=True, expected=f"at most {self.rules.waiting}")

    def skip(self, author: str, n: int) -> list[Event]:
        """Take a waiting message out of the line; nothing if it does not wait."""
        return self._log(0, "skipped", {"author": author, "n": n}) if (author, n) in self.waiting else []

    def stop(self, id: str, turn: int, heard: int) -> list[Event]:
        """A participant stops listening to a turn's reply, of which they heard so much; nothing if they heard less
        before. Raises Refused participant_unknown."""
        person = self.person(id)
        if turn < self.stopped or (turn == self.stopped and self.stops.get(id, heard + 1) <= heard):
            return []
        return self._log(0, "stopped", {"id": person.id, "turn": turn, "heard": heard})

    def least_heard(self, said: Sequence[Mapping[str, Any]]) -> int | None:
        """What all have heard of the stopped reply to these messages; None where it is whole.

        Where one stops it for all, what the one of them heard that heard least; else the same among those who are
        answered by it: of the others' listening the conversation knows nothing.
        """
        answered = {label["author"] for label in said}
        counted = [heard for id, heard in self.stops.items() if self.rules.barge_in == "all" or id in answered]
        return min(counted, default=None)

    def do(self, op: str, how: Mapping[str, Any]) -> list[Event]:
        """Join, leave, say, skip or stop. Raises Refused as these do, and ValueError or TypeError for anything else."""
        if op not in ("join", "leave", "say", "skip", "stop"):
            raise ValueError(f"{op!r} is not an operation of a group")
        events: list[Event] = getattr(self, op)(**how)
        return events

    def check(self, op: str, how: Mapping[str, Any]) -> None:
        """Raises Refused where `do` would do so now."""
        dry = Group(self.rules, lambda turn, t, d: [])
        dry.people, dry.items, dry.waiting = self.people, self.items, self.waiting
        dry.stopped, dry.stops = self.stopped, self.stops
        dry.do(op, how)

    def person(self, id: str) -> Participant:
        """Someone who takes part. Raises Refused participant_unknown."""
        person = self.people.get(id)
        if person is None or not person.present:
            raise Refused("participant_unknown", "no such participant, or they have left")
        return person

    def takes_part(self, id: str) -> bool:
        """Whether someone with this id is present; "" is the owner of the session, who always is."""
        return not id or (id in self.people and self.people[id].present)

    def present(self) -> list[Participant]:
        """Those who take part now, in the order in which they came."""
        return [person for person in self.people.values() if person.present]

    # Whose turn it is

    def next(self, most: int) -> list[Said]:
        """What the next turn answers, at most about `most` code points, in the order of the log; empty for nothing."""
        taken = next(self._turns(most), [])
        if taken and not taken[0].blocked:
            taken += [item for item in self.waiting.values() if item.overheard and item.seq < taken[0].seq]
        return sorted(taken, key=lambda item: item.seq)

    @property
    def due(self) -> bool:
        """Whether a message waits for an answer."""
        return any(not item.overheard for item in self.waiting.values())

    def position(self, item: Said, most: int) -> int | None:
        """How many turns from now answers a message, 1 being the next; None if it does not wait for one."""
        if (item.author, item.n) not in self.waiting or item.overheard:
            return None
        return next(place for place, taken in enumerate(self._turns(most), 1) if item in taken)

    def _turns(self, most: int) -> Iterator[list[Said]]:
        """What the turns to come answer: the author served longest ago first, each author's messages in order."""
        lines: dict[str, deque[Said]] = {}
        for item in self.waiting.values():
            if not item.overheard:
                lines.setdefault(item.author, deque()).append(item)
        served = {author: (self.people[author].served, self.people[author].answers) for author in lines}
        turn = max(served.values(), default=(0, 0))[0]
        while lines:
            turn += 1
            taken: list[Said] = []
            size = 0
            while heads := [line[0] for line in lines.values() if not (taken and line[0].blocked)]:
                head = min(heads, key=lambda item: (served[item.author], item.seq))
                size += len(head.line)
                if taken and size > most:
                    break
                taken.append(head)
                served[head.author] = turn, served[head.author][1] + 1
                lines[head.author].popleft()
                lines = {author: line for author, line in lines.items() if line}
                if head.blocked or self.rules.answer != "together":
                    break
            yield taken

    # The fold

    def apply(self, event: Event) -> None:
        """Take an event of the session itself, which has no turn."""
        d = event.d
        if event.t == "joined":
            self.people[d["id"]] = Participant(d["id"], d["name"], d["scope"])
        elif event.t == "left":
            self.people[d["id"]].present = False
        elif event.t == "skipped":
            self._drop((d["author"], d["n"]))
        elif event.t == "stopped":
            self.stops = {**(self.stops if d["turn"] == self.stopped else {}), d["id"]: d["heard"]}
            self.stopped = d["turn"]
        elif event.t == "said":
            item = Said(seq=event.seq, body=body_hash(d["input"], {}), **d)
            self.people[item.author].last = item.n
            self.items[item.author, item.n] = self.waiting[item.author, item.n] = item
            self._forget_overheard()

    def answered(self, turn: int, labels: Sequence[Mapping[str, Any]]) -> None:
        """A turn has begun that answers these messages."""
        for label in labels:
            key = label["author"], label["n"]
            item = self.waiting.pop(key)
            item.turn, item.input = turn, ""
            if not item.overheard:
                person = self.people[item.author]
                person.served, person.answers = turn, person.answers + 1

    def trim(self, through: int) -> None:
        """Forget messages up to this place in the log that do not wait, and people who have left, with their last."""
        for key, item in list(self.items.items()):
            if item.seq <= through and key not in self.waiting:
                del self.items[key]
        authors = {author for author, _ in self.items}
        self.people = {id: person for id, person in self.people.items() if person.present or id in authors}

    def _forget_overheard(self) -> None:
        """Keep the newest of what was not addressed to the assistant."""
        room = OVERHEARD_CHARS
        for key, item in reversed(list(self.waiting.items())):
            if item.overheard:
                room -= len(item.line)
                if room < 0:
                    self._drop(key)

    def _drop(self, key: tuple[str, int]) -> None:
        self.waiting.pop(key).input = ""

    # Keeping it

    def snapshot(self) -> dict[str, Any]:
        """For those who cannot be given the events; nothing in a session with a single author."""
        if not self.people:
            return {}
        waiting = [{**item.label, "seq": item.seq, "input": item.input} for item in self.waiting.values()]
        return {"participants": [person.to_json() for person in self.present()], "waiting": waiting}

    def to_json(self) -> dict[str, Any]:
        """All but the rules, for `restore`; nothing in a session with a single author."""
        if not self.people:
            return {}
        waiting = [list(key) for key in self.waiting]
        people, items = list(map(asdict, self.people.values())), list(map(asdict, self.items.values()))
        stops = {"stopped": self.stopped, "stops": dict(self.stops)} if self.stops else {}
        return {"group": {"people": people, "items": items, "waiting": waiting, **stops}}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Become what `to_json` gave."""
        self.people = {one["id"]: Participant(**one) for one in saved["people"]}
        self.items = {(one["author"], one["n"]): Said(**one) for one in saved["items"]}
        self.waiting = {(author, n): self.items[author, n] for author, n in saved["waiting"]}
        self.stopped, self.stops = saved.get("stopped", 0), dict(saved.get("stops", {}))


def fit_name(name: str) -> str:
    """A name that reads as one before somebody's words. Raises Refused bad_request."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or _MARKS.search(name) or _alike(name) in _ROLES:
        raise Refused(
            "bad_request",
            "this cannot be a participant's name",
            expected=f"1–{LONGEST_NAME} printable characters without a colon, and no role such as system",
        )
    return name


def rules_of(wanted: Any, *, waiting: int = 64, each: int = 8) -> GroupRules:
    """The rules that a session was made with, as its options have them."""
    found = wanted if isinstance(wanted, Mapping) else {}
    answer = cast(Manner, found["answer"]) if found.get("answer") in get_args(Manner) else "each"
    barge_in = cast(BargeIn, found["barge_in"]) if found.get("barge_in") in get_args(BargeIn) else "all"
    return GroupRules(answer, str(found.get("name", "")), waiting, each, barge_in)


def _alike(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _says(name: str, text: str) -> bool:
    """Whether the name is in the text, as a word where its script has words."""
    sought = re.escape(_alike(name))
    if name.isascii():
        sought = rf"(?<![a-z0-9_]){sought}(?![a-z0-9_])"
    return bool(name) and re.search(sought, _alike(text)) is not None
