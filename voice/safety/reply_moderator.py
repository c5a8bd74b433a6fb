"""Moderates a reply: text passes only after its check, or passes at once and is stopped later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from voice.llm.interface import CALL_PIECE
from voice.safety.filters import Blocked
from voice.safety.moderation import Moderation
from voice.safety.rules import Reading
from voice.safety.verdict import UNCHECKED, Verdict
from voice.text.patterns import pattern_of

OVERLAP = 200
"""Code points of context before a window, so that what stands on both sides of a cut is seen whole."""

LONGEST = 240
"""Code points without a clause's end after which words are cut anyway."""

_END = pattern_of(r"""[,.;:!?…]["')\]]*\s+|[，。！？；：、…]+["”’」』）]*|\n+""")
_SPACE = pattern_of(r"\s+")


@dataclass(frozen=True, slots=True)
class Window:
    """A text to check: it ends with the `new` part and starts with the text before it."""

    text: str
    new: str


class Windows:
    """Takes a reply as it comes and gives out all clauses that are complete whenever it is asked."""

    __slots__ = ("_before", "_waiting")

    def __init__(self) -> None:
        self._before = self._waiting = ""

    def feed(self, text: str) -> None:
        self._waiting += text

    def take(self, *, final: bool = False) -> Window | None:
        """The next window, None while no clause is complete; `final` takes the rest."""
        cut = len(self._waiting) if final else self._cut()
        if not cut:
            return None
        new, self._waiting = self._waiting[:cut], self._waiting[cut:]
        window = Window(self._before + new, new)
        self._before = window.text[-OVERLAP:]
        return window

    def _cut(self) -> int:
        ends = [found.end() for found in _END.finditer(self._waiting)]
        if not ends and len(self._waiting) >= LONGEST:
            ends = [found.end() for found in _SPACE.finditer(self._waiting)] or [len(self._waiting)]
        return ends[-1] if ends else 0


class Flagged(Blocked):
    """A reply is blocked for these categories."""

    def __init__(self, categories: tuple[str, ...]) -> None:
        super().__init__("flagged", f"blocked by moderation: {', '.join(categories)}")
        self.categories = categories


class RuleGate:
    """One text as the rules let it pass, piece by piece; `found` takes the categories of what they find."""

    __slots__ = ("_found", "_held", "_optimistic", "_reading", "_sent")

    def __init__(self, reading: Reading, found: dict[str, None], *, optimistic: bool) -> None:
        self._reading, self._found, self._optimistic = reading, found, optimistic
        self._held = ""
        self._sent = 0

    def feed(self, text: str) -> str:
        """More of the text; returns what may pass now. Call `heed` once that has passed."""
        self._held += text
        self._reading.feed(text)
        return self._safe()

    def reread(self, begun: str) -> None:
        """Read a beginning that has passed before. Call `heed` next."""
        self._reading.feed(begun)
        self._sent = len(begun)

    def finish(self) -> str:
        """The text is complete; returns the rest of what may pass."""
        self._reading.finish()
        return self._safe()

    def heed(self) -> None:
        """Raises Flagged where a rule stops the text."""
        for match in self._reading.matches:
            self._found[match.rule.category] = None
        if self._reading.blocked is not None:
            raise Flagged((self._reading.blocked.rule.category,))

    def _safe(self) -> str:
        safe = len(self._held) if self._optimistic else self._reading.safe - self._sent
        if self._reading.blocked is not None:
            safe = min(safe, self._reading.blocked.start - self._sent)
        safe = max(0, safe)
        text, self._held = self._held[:safe], self._held[safe:]
        self._sent += safe
        return text


class ReplyModerator:
    """One attempt at a reply on its way to `put`, which is called with text that may be logged and sent.

    Rules read each delta and hold only what could still break one. Judges are asked about whole clauses, one window
    after the other, while the reply continues. `question` is what it answers. `feed`, `act` and `finish` raise Flagged,
    and Blocked with code `unchecked` where a judge failed and text is stopped then. `categories` were flagged but may
    pass; `unchecked` says that a judge failed and text passed all the same.
    """

    __slots__ = ("_act", "_calls", "_checking", "_count", "_effects", "_final", "_gate", "_known", "_moderation",
                 "_news", "_put", "_question", "_windows", "categories", "unchecked")  # fmt: skip

    def __init__(
        self,
        moderation: Moderation | None,
        question: str,
        put: Callable[[str], None],
        act: Callable[[str, Mapping[str, Any]], None],
        count: Callable[[str], None],
    ) -> None:
        self._moderation, self._question = moderation, question
        self._put, self._act, self._count = put, act, count
        self.categories: dict[str, None] = {}
        self.unchecked = False
        self._gate = self._new_gate()
        self._calls: dict[object, RuleGate | None] = {}
        """The arguments of the calls that come in pieces, by their places."""
        self._known = 0
        self._windows = Windows() if moderation is not None and moderation.judges else None
        self._effects: list[tuple[str, Mapping[str, Any]]] = []
        self._checking: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._final = False

    def reread(self, begun: str) -> None:
        """Read a beginning of the reply that was delivered before: what is looked for may have begun in it."""
        if self._gate is not None:
            self._gate.reread(begun)
            self._gate.heed()
        if self._windows is not None and begun:
            self._known = len(begun)
            self._windows.feed(begun)
            self._check()

    def feed(self, text: str) -> None:
        """Process more of the reply."""
        self._pass(text if self._gate is None else self._gate.feed(text))
        if self._gate is not None:
            self._gate.heed()

    def act(self, kind: str, data: Mapping[str, Any]) -> None:
        """Pass on an effect of the reply; with judges, once all of its text has passed."""
        if kind == CALL_PIECE:
            self._piece(data)
            return
        self._read(data)
        self._do(kind, data)

    async def finish(self) -> None:
        """The reply is complete: return once all of it has passed."""
        if self._gate is not None:
            self._pass(self._gate.finish())
            self._gate.heed()
        if self._windows is not None:
            self._final = True
            self._check()
            assert self._checking is not None
            await self._checking
        for place, gate in self._calls.items():
            if gate is not None and (rest := gate.finish()):
                self._do(CALL_PIECE, {"place": place, "arguments": rest})
            if gate is not None:
                gate.heed()
        for kind, data in self._effects:
            self._act(kind, data)

    def close(self) -> None:
        """Stop passing text on."""
        if self._checking is not None and not self._checking.done():
            self._checking.cancel()
        elif self._checking is not None and not self._checking.cancelled():
            self._checking.exception()  # the caller has stopped for another reason

    def _new_gate(self) -> RuleGate | None:
        reading = self._moderation.reading() if self._moderation is not None else None
        if reading is None or self._moderation is None:
            return None
        return RuleGate(reading, self.categories, optimistic=self._moderation.optimistic)

    def _piece(self, data: Mapping[str, Any]) -> None:
        """Pass on a piece of a call; of its arguments, what the rules have read."""
        place, more = data["place"], str(data["arguments"])
        head = {name: value for name, value in data.items() if name != "arguments"}
        begins = place not in self._calls
        if begins:
            self._read(head)
            self._calls[place] = self._new_gate()
        gate = self._calls[place]
        safe = more if gate is None else gate.feed(more)
        if begins or safe:
            self._do(CALL_PIECE, {**head, "arguments": safe})
        if gate is not None:
            gate.heed()

    def _read(self, data: Mapping[str, Any]) -> None:
        """Have the rules read all texts of an effect."""
        if self._moderation is not None:
            self._heed(self._moderation.words("\n".join(_texts(data))))

    def _do(self, kind: str, data: Mapping[str, Any]) -> None:
        if self._windows is None:
            self._act(kind, data)
        else:
            self._effects.append((kind, data))

    def _pass(self, text: str) -> None:
        """The rules have nothing against `text`."""
        if not text:
            return
        if self._windows is None:
            self._put(text)
            return
        assert self._moderation is not None
        if self._checking is not None and self._checking.done():
            self._checking.result()
        if self._moderation.optimistic:
            self._put(text)
        self._windows.feed(text)
        self._check()

    def _check(self) -> None:
        self._news.set()
        if self._checking is None:
            self._checking = asyncio.get_running_loop().create_task(self._ask(), name="moderate a reply")

    async def _ask(self) -> None:
        """Ask the judges about window after window."""
        assert self._moderation is not None and self._windows is not None
        while True:
            self._news.clear()
            window = self._windows.take(final=self._final)
            if window is not None:
                self._heed(await self._moderation.ask(window.text, self._question))
                known = min(self._known, len(window.new))
                self._known -= known
                if not self._moderation.optimistic:
                    self._put(window.new[known:])
            elif self._final:
                return
            else:
                await self._news.wait()

    def _heed(self, verdict: Verdict) -> None:
        assert self._moderation is not None
        if verdict.error:
            self._count("moderation_errors")
        blocking = self._moderation.blocking(verdict)
        if UNCHECKED in blocking:
            raise Blocked(UNCHECKED, f"the reply could not be checked: {verdict.error}")
        if blocking:
            raise Flagged(blocking)
        self.categories.update(dict.fromkeys(verdict.categories))
        self.unchecked = self.unchecked or bool(verdict.error)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping | list | tuple):
        for value in data.values() if isinstance(data, Mapping) else data:
            yield from _texts(value)
