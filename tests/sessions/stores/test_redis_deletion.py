"""What Redis still holds of a deleted session: keys, dump and append-only file of a real server are searched."""

from __future__ import annotations

import asyncio
import select
from pathlib import Path

from tests.support.redis import RedisServer, needs_redis
from voice.sessions.log import Event
from voice.sessions.stores.encrypted import EncryptedStore
from voice.sessions.stores.interface import Card, Store, Usage
from voice.sessions.stores.redis import RedisStore

WORDS = "the word is swordfish"
USAGE = Usage(1, 1, 0, 1, estimated=False, tries=1, draft=False, outcome="done")


async def talk(store: Store, sid: str, words: str) -> None:
    await store.create(Card(sid, "e", b"hash", words, words, {"stop": words}, f"name {words}", "owner"))
    fence = (await store.acquire(sid, "n", 10.0)).fence
    events = [Event(n, 1, "delta", f"{words} {n}", n) for n in range(1, 20)]
    await store.append(sid, fence, events, USAGE)
    await store.trim(sid, fence, 5, {"messages": [words]})


def files(folder: Path) -> list[str]:
    """Files of the server that hold the words."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and holds(path)]


def holds(path: Path) -> bool:
    return b"swordfish" in path.read_bytes()


def rewritten(server: RedisServer) -> None:
    """Write the dump, and the append-only file anew."""
    with server.client() as client:
        client.save()
        client.bgrewriteaof()
        while client.info("persistence")["aof_rewrite_in_progress"]:
            select.select([], [], [], 0.01)
        while client.info("persistence")["aof_rewrite_scheduled"]:
            select.select([], [], [], 0.01)


@needs_redis
def test_deleted_text_leaves_the_server_with_the_next_rewrite(tmp_path: Path) -> None:
    """Without encryption, to see what the server itself does: until it rewrites its file, deleted text is in there."""
    with RedisServer(tmp_path) as server:

        async def run() -> None:
            store = RedisStore(server.url)
            await talk(store, "s_1", WORDS)
            await talk(store, "s_2", "harmless")
            await store.delete("s_1")
            with server.client() as client:
                keys = list(client.scan_iter())
                assert keys
                assert not [key for key in keys if b"s_1" in key]
                told = [client.dump(key) for key in keys]
                assert not [raw for raw in told if raw and (b"swordfish" in raw or b"s_1" in raw)]
            assert len(await store.read("s_2", 5, 99)) == 14
            await store.close()

        asyncio.run(run())
        assert [name for name in files(tmp_path) if "appendonly" in name], "a record of what was done"
        rewritten(server)
        assert files(tmp_path) == []


@needs_redis
def test_sealed_sessions_are_readable_at_no_time(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:

        async def run() -> None:
            inner = RedisStore(server.url)
            store = EncryptedStore(inner, b"m" * 32)
            await talk(store, "s_1", WORDS)
            rewritten(server)
            assert files(tmp_path) == []
            assert (await store.read("s_1", 5, 1))[0].d == f"{WORDS} 6"
            await store.delete("s_1")
            assert files(tmp_path) == []
            assert await inner.kept() == ["sealed"]
            await store.close()

        asyncio.run(run())
