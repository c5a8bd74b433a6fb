"""The sessions a process writes or watches, as far as Redis tells of them: who wants them, how far their logs go."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from voice.sessions.stores import redis_scripts as scripts
from voice.sessions.stores.interface import GONE, REWRITTEN, StoreError
from voice.sessions.stores.redis_connection import Link
from voice.sessions.stores.redis_news import News
from voice.sessions.stores.redis_scripts import NEWS, NODES, key
from voice.sessions.stores.watchers import Watchers

log = logging.getLogger(__name__)

END = re.compile(rf"[1-9][0-9]{{0,15}}|{GONE}|{REWRITTEN}")
"""What is told of a log: how far it goes now, or that it does not any more."""


@dataclass(slots=True)
class Held:
    """A session this process may write: its fence, and the node it was acquired for."""

    fence: int
    node: str
    broken: bool = False


class Following:
    """Who may write which session here, who watches which, and how far the watched logs certainly went."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._news = News(link, self._channels, self._told, self._look)
        self._watchers = Watchers()
        self._held: dict[str, Held] = {}
        self._nodes: dict[str, Callable[[str], None]] = {}
        self._ends: dict[str, tuple[int, int]] = {}
        self._looking: dict[str, None] = {}
        self._looker: asyncio.Task[None] | None = None

    def held(self, sid: str, fence: int) -> Held | None:
        """The session as it is held with this fence, if it is."""
        held = self._held.get(sid)
        return held if held is not None and held.fence == fence else None

    def hold(self, sid: str, held: Held, seq: int) -> None:
        """It may be written here from now on, after `seq`."""
        self._held[sid] = held
        self._reached(sid, seq, held.fence)
        self._news.changed()

    def drop(self, sid: str, fence: int | None = None) -> None:
        """It may not be written here any more, at least not with this fence."""
        held = self._held.get(sid)
        if held is not None and fence in (None, held.fence):
            del self._held[sid]
            self._news.changed()

    def logged(self, sid: str, seq: int, fence: int) -> None:
        """It was written here up to `seq`."""
        self._reached(sid, seq, fence)
        self._watchers.logged(sid, seq)

    def watch(self, sid: str, logged: Callable[[int], None]) -> Callable[[], None]:
        """Have `logged` called with each end of its log, wherever it is written; returns what ends that."""
        stop = self._watchers.add(sid, logged)
        self._news.changed()

        def end() -> None:
            stop()
            if sid not in self._watchers.sessions:
                self._ends.pop(sid, None)
                self._news.changed()

        return end

    def node(self, node: str, asked: Callable[[str], None] | None = None) -> None:
        """Hear what is told to this node; `asked` is called with each of its sessions that is wanted elsewhere."""
        if asked is not None or node not in self._nodes:
            self._nodes[node] = asked or (lambda _: None)
            self._news.changed()

    async def close(self) -> None:
        await self._news.close()
        if self._looker is not None:
            self._looker.cancel()
            await asyncio.wait({self._looker})

    # Inside

    def _reached(self, sid: str, seq: int, fence: int = 0) -> None:
        """Remember how far the log of a watched session certainly went."""
        if sid not in self._watchers.sessions:
            return
        before = self._ends.get(sid, (0, 0))
        self._ends[sid] = max(before[0], seq), max(before[1], fence)

    def _channels(self) -> set[str]:
        """Of interest: who wants our sessions, and what others log in those watched here."""
        others = {NEWS + sid for sid in self._watchers.sessions if sid not in self._held}
        return others | {NODES + node for node in self._nodes}

    def _told(self, channel: str, text: str) -> None:
        """Anybody may publish: what is no message of a node is dropped."""
        word, _, sid = text.partition(" ")
        if channel.startswith(NEWS) and END.fullmatch(text):
            self._heard(channel.removeprefix(NEWS), int(text))
        elif channel.startswith(NODES) and word == "taken":
            self.drop(sid)
        elif channel.startswith(NODES) and word == "wanted":
            self._nodes[channel.removeprefix(NODES)](sid)
        else:
            log.debug("another program's message of %d characters on a channel of ours", len(text))

    def _heard(self, sid: str, seq: int) -> None:
        if sid in self._held and seq >= 0:
            return
        if seq < 0:
            self._held.pop(sid, None)
            self._ends.pop(sid, None)
        else:
            self._reached(sid, seq)
        self._watchers.logged(sid, seq)

    def _look(self, channels: Iterable[str]) -> None:
        """Something may have been missed on these channels: see how far the logs are."""
        for channel in channels:
            if channel.startswith(NEWS):
                self._looking[channel.removeprefix(NEWS)] = None
            else:
                self._looking |= dict.fromkeys(self._watchers.sessions)
        if self._looking and (self._looker is None or self._looker.done()):
            self._looker = asyncio.get_running_loop().create_task(self._see(), name="redis look")

    async def _see(self) -> None:
        while self._looking:
            sids, self._looking = list(self._looking), {}
            try:
                await asyncio.gather(*(self._see_one(sid) for sid in sids))
            except StoreError:
                return  # it looks again when it is connected again

    async def _see_one(self, sid: str) -> None:
        seq, fence = self._ends.get(sid, (0, 0))
        what = (fence, seq, secrets.token_hex(4), NEWS + sid)
        found, now = await self._link.run(scripts.MEND, [key(sid)], *what)
        if sid not in self._watchers.sessions:
            return
        held = self._held.get(sid)
        if held is not None and held.fence < now:
            self.drop(sid)
        if found:
            self._heard(sid, found)
