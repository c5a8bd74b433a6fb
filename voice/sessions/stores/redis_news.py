"""What other processes do with the sessions of interest here: one subscribed connection, whatever their number."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from voice.sessions.stores.redis_connection import Link, pause

log = logging.getLogger(__name__)

SETTLE_S = 0.01
"""Sessions are opened and owned in one breath: it is seen first what is of interest after it."""


class News:
    """Subscribes to the channels `wanted` names, and hands on each message as `told(channel, text)`.

    What is published while there is no connection is lost, so `subscribed(channels)` is called whenever channels are
    listened to from now on: then one looks.
    """

    def __init__(
        self,
        link: Link,
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
                self._listening = None  # nothing is of interest: the next change begins anew
                return
            except (*self._link.failures, self._link.refusals) as error:
                log.debug("no news from Redis: %s", error)
            finally:
                self._pubsub = None
            await pause(tries)
            tries += 1

    async def _change(self) -> None:
        wanted, pubsub = self._wanted(), self._pubsub
        if pubsub is None:
            return  # whoever connects subscribes to what is wanted then
        new, old = wanted - self._have, self._have - wanted
        try:
            if new:
                self._have |= new
                await pubsub.subscribe(*new)
            if old:
                self._have -= old
                await pubsub.unsubscribe(*old)
        except (*self._link.failures, self._link.refusals) as error:
            log.debug("no news from Redis: %s", error)  # whoever listens meets it, too, and connects again

    def _take(self, message: Any) -> None:
        if message is None:
            return
        channel = message["channel"].decode()
        if message["type"] == "subscribe":
            self._subscribed([channel])
        elif message["type"] == "message":
            self._told(channel, message["data"].decode(errors="replace"))
