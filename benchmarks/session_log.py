"""How fast a session engine logs: many replies at once from a model that never waits, into an encrypted SQLite file."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from voice.llm.interface import Ask, Delta, Done
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.stores.encrypted import EncryptedStore
from voice.sessions.stores.interface import Store
from voice.sessions.stores.redis import RedisStore
from voice.sessions.stores.sqlite import SqliteStore

BURST = 8
"""Words that arrive together, as they do from a socket that is read under load."""


class Flood:
    """An upstream that sends `words` words as fast as they are taken."""

    name, continues = "flood", False

    def __init__(self, words: int) -> None:
        self._words = words

    async def stream(self, ask: Ask) -> AsyncIterator[Delta | Done]:
        for n in range(self._words):
            if n % BURST == 0:
                await asyncio.sleep(0)
            yield Delta("word ")
        yield Done(input=1, output=self._words, estimated=False)

    async def prepare(self) -> None: ...

    async def close(self) -> None: ...


async def logged_deltas_per_s(sessions: int = 200, words: int = 500, redis: str = "") -> float:
    """Deltas logged per second, from the first send until the last is on disk: in a SQLite file, or in a Redis."""
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as folder:
        kept: Store = RedisStore(redis) if redis else SqliteStore(Path(folder) / "sessions.db")
        store = EncryptedStore(kept, secrets.token_bytes(32))
        engine = Engine(store, Flood(words))
        lives = [(await engine.create())[0] for _ in range(sessions)]
        begun = loop.time()
        for live in lives:
            live.send(1, "go")
        await asyncio.gather(*(_ended(live) for live in lives))
        took_s = loop.time() - begun
        await engine.close()
        await store.close()
    return sessions * words / took_s


async def _ended(live: ActiveSession) -> None:
    """Wait until the reply's end is logged."""
    news = asyncio.Event()
    leave = live.listen(news.set)
    while live.lost is None and (live.running or live.logged < live.talk.seq):
        news.clear()
        await news.wait()
    leave()
    if live.lost is not None:
        raise live.lost
