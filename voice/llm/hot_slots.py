"""The slots of a llama.cpp server, given to the sessions whose prefix is worth most."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from voice.llm.hot_sessions import HotSessions
from voice.llm.interface import Ask, Delta, Done, Effect, UpstreamError
from voice.llm.openai import OpenAIUpstream

log = logging.getLogger(__name__)

CANNOT_SAVE = "--slot-save-path"
"""What a server says that was started without this option."""
CHARS_PER_TOKEN = 4
"""Until the server counts them."""


class HotSlots:
    """A model behind a llama.cpp server, whose first `slots` slots are given out here; the rest are left to the server.

    A session keeps its slot between turns until another needs it and its own is worth least (`HotSessions`). With
    `save`, a slot that is taken away is saved to the server's disk first and restored at the session's next turn; that
    needs the server's `--slot-save-path`, whose files hold what was said, not encrypted. A server of another kind is
    asked as if this were not here. `count` adds to the figure of that name. `clock` gives seconds that only grow, and
    `day_s` the local time of day in seconds.

    Source: tools/server/README.md of llama.cpp, `id_slot` and `POST /slots/{id}?action=save|restore|erase`.
    """

    def __init__(
        self,
        upstream: OpenAIUpstream,
        slots: int,
        *,
        save: bool = False,
        life_s: float = 1800.0,
        clock: Callable[[], float] = time.monotonic,
        day_s: Callable[[], float] | None = None,
    ) -> None:
        self._upstream, self._saves = upstream, save
        self._clock, self._day_s = clock, day_s or _day_s
        self.count: Callable[[str], object] = lambda name: None
        self.weight: Callable[[str], float] = lambda key: 1.0
        """How much the customer of a session counts, given the session's key."""
        self._sessions = HotSessions(life_s=life_s)
        self._owners: dict[int, str] = dict.fromkeys(range(slots), "")
        """The session of each slot; empty where it has none."""
        self._running: Counter[int] = Counter()
        self._saved: set[str] = set()
        self._to_wipe: set[str] = set()
        """Saved sessions that were forgotten: the next free slot overwrites their file."""
        self._moving = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = False

    @property
    def name(self) -> str:
        return self._upstream.name

    @property
    def continues(self) -> bool:
        return self._upstream.continues

    async def prepare(self) -> None:
        """Find out whether the server has slots, and how many."""
        if await self._upstream.prepare() != "llama.cpp":
            if self._upstream.kind:
                log.warning("%s: serve.hot has no effect: the server is not llama.cpp", self._upstream.url)
                self._ready = True
                self._owners.clear()
            return
        try:
            props = await self._upstream.ask_root("GET", "/props")
            there = int(props.get("total_slots") or len(self._owners))
        except (UpstreamError, TypeError, ValueError) as error:
            log.warning("%s: the number of slots is unknown: %s", self._upstream.url, error)
            return
        if there < len(self._owners):
            log.warning(
                "%s: the server has %d slots; serve.hot asks for %d", self._upstream.url, there, len(self._owners)
            )
        self._owners = {slot: owner for slot, owner in self._owners.items() if slot < there}
        self._ready = True

    async def stream(self, ask: Ask) -> AsyncGenerator[Delta | Effect | Done]:
        """Yield what the model says, asked in the session's slot; raises UpstreamError."""
        slot = await self._place(ask.key) if ask.key else None
        if slot is None:
            async with aclosing(self._upstream.stream(ask)) as items:
                async for item in items:
                    yield item
            return
        tokens = sum(len(message.text) for message in ask.messages) // CHARS_PER_TOKEN
        try:
            async with aclosing(self._upstream.stream(replace(ask, options={**ask.options, "id_slot": slot}))) as items:
                async for item in items:
                    if isinstance(item, Done) and not item.estimated:
                        tokens = item.input + item.output
                    yield item
        finally:
            self._running[slot] -= 1
            if self._owners.get(slot) == ask.key:  # it was not forgotten meanwhile
                weight = self.weight(ask.key)
                self._sessions.turn(ask.key, self._clock(), self._day_s(), max(1, tokens), weight)

    def forget(self, key: str) -> None:
        """A session is deleted: its slot is emptied, and a file of it is overwritten."""
        self._sessions.forget(key)
        if key in self._saved:
            self._saved.remove(key)
            self._to_wipe.add(key)
        for slot, owner in self._owners.items():
            if owner == key:
                self._owners[slot] = ""
                self._spawn(self._wipe(slot))
                return
        if self._to_wipe:
            self._spawn(self._wipe(None))

    async def close(self) -> None:
        for task in tuple(self._tasks):
            await asyncio.wait({task})
        await self._upstream.close()

    # Inside

    async def _place(self, key: str) -> int | None:
        """The slot of this session, from now on and until its turn is over; None where all others are in use."""
        async with self._moving:
            if not self._ready:
                await self.prepare()
            self._sessions.expire(self._clock())
            for slot, owner in self._owners.items():
                if owner == key:
                    self.count("hot_hits")
                    self._running[slot] += 1
                    return slot
            idle = {owner: slot for slot, owner in self._owners.items() if not self._running[slot]}
            if not idle:
                self.count("hot_full")
                return None
            coldest = "" if "" in idle else self._sessions.coldest(idle, self._clock(), self._day_s())
            slot = idle[coldest]
            self._running[slot] += 1
            if coldest:
                await self._evict(coldest, slot)
            self._owners[slot] = key
            await self._restore(key, slot)
            return slot

    async def _evict(self, key: str, slot: int) -> None:
        self.count("hot_evictions")
        worth = self._sessions.worth(key, self._clock(), self._day_s())
        if self._saves and worth and await self._act(slot, "save", key):
            self._saved.add(key)
            self.count("hot_saves")

    async def _restore(self, key: str, slot: int) -> None:
        if key in self._saved and await self._act(slot, "restore", key):
            self.count("hot_restores")
        else:
            self.count("hot_misses")

    async def _wipe(self, slot: int | None) -> None:
        """Empty this slot, or any that no session has, and save the emptiness over the files of forgotten sessions."""
        async with self._moving:
            free = [at for at, owner in self._owners.items() if not owner and not self._running[at]]
            slot = slot if slot in free else free[0] if free else None
            if slot is None or not await self._act(slot, "erase"):
                return
            for key in tuple(self._to_wipe):
                if await self._act(slot, "save", key):
                    self._to_wipe.discard(key)

    async def _act(self, slot: int, action: str, key: str = "") -> bool:
        """Whether the server did it. One that cannot save is not asked to again."""
        body = {"filename": f"voice-{hashlib.sha256(key.encode()).hexdigest()[:32]}.bin"} if key else {}
        try:
            await self._upstream.ask_root("POST", f"/slots/{slot}?action={action}", body)
        except UpstreamError as error:
            log.warning("slot %d: %s failed: %s", slot, action, error)
            if CANNOT_SAVE in str(error):
                self._saves = False
            return False
        return True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _day_s() -> float:
    now = time.localtime()
    return now.tm_hour * 3600.0 + now.tm_min * 60.0 + now.tm_sec
