"""What other processes do with the sessions of this one, over one subscribed Redis connection."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from voice.sessions.stores import redis_scripts as scripts
from voice.sessions.stores.interface import GONE, REWRITTEN, Posted, StoreError, Watchers
from voice.sessions.stores.redis_connection import RedisConnection, pause
from voice.sessions.stores.redis_scripts import NEWS, NODES, key
from voice.text.patterns import pattern_of

log = logging.getLogger(__name__)

SETTLE_S = 0.01
"""Sessions are opened and owned in one breath: it is seen first what is of interest after it."""


class RedisSubscription:
    """Subscribes to the channels `wanted` names, and hands on each message as `told(channel, text)`.

    What is published while there is no connection is lost, so `subscribed(channels)` is called whenever channels are
    listened to from now on: then one looks.
    """

    def __init__(
        self,
        link: RedisConnection,
        wanted: Callable[[], set[str]],
        told: Callable[[str, str], None],
        subscribed: Callable[[Iterable[str]], None],
    ) -> None:
        self._link, self._wanted, self._told, self._subscribed = link, wanted, told, subscribed
        self._pubsub: Any = None
        self._have: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._listening: asyncio.Task[None] | None = None
        self._changing: asyncio.Task[None] | None = None

    def changed(self) -> None:
        """What is wanted may be another set now."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SETTLE_S, self._settle)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        tasks = {task for task in (self._listening, self._changing) if task is not None}
        while tasks:  # redis-py loses a cancellation that comes while it connects
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=0.05)

    def _settle(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        if self._listening is None:
            self._listening = loop.create_task(self._listen(), name="redis news")
        elif self._changing is None or self._changing.done():
            self._changing = loop.create_task(self._change(), name="redis subscriptions")
        else:
            self.changed()

    async def _listen(self) -> None:
        tries = 0
        while True:
            try:
                async with self._link.client.pubsub() as pubsub:
                    self._have = self._wanted()
                    if self._have:
                        await pubsub.subscribe(*self._have)
                    self._pubsub = pubsub
                    self.changed()
                    while self._have or pubsub.subscribed:
                        self._take(await pubsub.get_message(timeout=None))
                        tries = 0
                self._listening = None  # no subscriptions: the next change starts again
                return
            except (*self._link.failures, self._link.refusals) as error:
                log.debug("no notifications from Redis: %s", error)
            finally:
                self._pubsub = None
            await pause(tries)
            tries += 1

    async def _change(self) -> None:
        wanted, pubsub = self._wanted(), self._pubsub
        if pubsub is None:
            return  # the next connection subscribes to what is needed then
        new, old = wanted - self._have, self._have - wanted
        try:
            if new:
                self._have |= new
                await pubsub.subscribe(*new)
            if old:
                self._have -= old
                await pubsub.unsubscribe(*old)
        except (*self._link.failures, self._link.refusals) as error:
            log.debug("no notifications from Redis: %s", error)  # the listener gets the same error and reconnects

    def _take(self, message: Any) -> None:
        if message is None:
            return
        channel = message["channel"].decode()
        if message["type"] == "subscribe":
            self._subscribed([channel])
        elif message["type"] == "message":
            self._told(channel, message["data"].decode(errors="replace"))


END = pattern_of(rf"[1-9][0-9]{{0,15}}|{GONE}|{REWRITTEN}")
"""A notification about a log: its new end, or that it was lost."""


@dataclass(slots=True)
class WatchedSession:
    """A session this process may write: its fence, and the node it was acquired for."""

    fence: int
    node: str
    broken: bool = False


class RedisNotifications:
    """Tracks which sessions this node may write, which are watched, and the confirmed end of each watched log."""

    def __init__(self, link: RedisConnection) -> None:
        self._link = link
        self._news = RedisSubscription(link, self._channels, self._told, self._look)
        self._watchers = Watchers()
        self._held: dict[str, WatchedSession] = {}
        self._nodes: dict[str, tuple[Callable[[str], None], Posted]] = {}
        self._ends: dict[str, tuple[int, int]] = {}
        self._looking: dict[str, None] = {}
        self._looker: asyncio.Task[None] | None = None

    def held(self, sid: str, fence: int) -> WatchedSession | None:
        """The session as it is held with this fence, if it is."""
        held = self._held.get(sid)
        return held if held is not None and held.fence == fence else None

    def hold(self, sid: str, held: WatchedSession, seq: int) -> None:
        """It may be written here from now on, after `seq`."""
        self._held[sid] = held
        self._reached(sid, seq, held.fence)
        self._news.changed()

    def drop(self, sid: str, fence: int | None = None) -> None:
        """This node can no longer write it, at least not with this fence."""
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

    def node(self, node: str, asked: Callable[[str], None] | None = None, posted: Posted | None = None) -> None:
        """Receive messages to this node: requests of others for its sessions, and what they post to them."""
        if asked is not None or node not in self._nodes:
            self._nodes[node] = asked or (lambda _: None), posted or (lambda _, __: None)
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
        """Any program can publish: messages that are not from a node are dropped."""
        word, _, sid = text.partition(" ")
        if channel.startswith(NEWS) and END.fullmatch(text):
            self._heard(channel.removeprefix(NEWS), int(text))
        elif channel.startswith(NODES) and word == "taken":
            self._taken(*sid.partition(" ")[::2])
        elif channel.startswith(NODES) and word == "wanted":
            self._nodes[channel.removeprefix(NODES)][0](sid)
        elif channel.startswith(NODES) and word == "said":
            sid, _, text = sid.partition(" ")
            self._nodes[channel.removeprefix(NODES)][1](sid, text)
        else:
            log.debug("ignored a message of %d characters from another program", len(text))

    def _taken(self, sid: str, fence: str) -> None:
        """Another node took it over with that fence. News that comes late is not of what was taken back since."""
        held = self._held.get(sid)
        if held is not None and fence.isdecimal() and held.fence < int(fence):
            self.drop(sid)

    def _heard(self, sid: str, seq: int) -> None:
        if sid in self._held and seq >= 0:
            return
        if seq < 0:
            self._held.pop(sid, None)
            self._ends.pop(sid, None)
        elif seq < self._ends.get(sid, (0, 0))[0]:
            return  # a look comes over another connection, and a later notification may overtake it
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
        tries = 0
        while self._looking:
            sids, self._looking = list(self._looking), {}
            try:
                await asyncio.gather(*(self._see_one(sid) for sid in sids))
                tries = 0
            except StoreError as error:
                log.debug("the logs are looked at again: %s", error)
                self._looking = {sid: None for sid in [*sids, *self._looking] if sid in self._watchers.sessions}
                await pause(tries)
                tries += 1

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
