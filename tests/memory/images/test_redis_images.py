"""Memories in a real Redis: the same on every node, sealed, never overwritten by a node that knows an older one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.redis import RedisServer, empty, needs_redis
from voice.memory.images import redis_images
from voice.memory.images.redis_images import PREFIX, RedisImages
from voice.memory.vault import Vault, Who
from voice.sessions.stores.interface import StoreError

pytestmark = needs_redis
ANN, BOB = Who("", "ann"), Who("shop", "bob")
KEY = b"k" * 32


@pytest.fixture
def server() -> RedisServer:
    return empty()


@pytest.fixture
def nodes(server: RedisServer) -> Iterator[tuple[Vault, Vault]]:
    made = Vault(RedisImages(server.url), lambda: KEY), Vault(RedisImages(server.url), lambda: KEY)
    yield made
    for vault in made:
        vault.close()


def tell(vault: Vault, who: Who, fact: str) -> None:
    with vault.writing(who) as database:
        database.execute("INSERT INTO facts (text, about, day) VALUES (?, '', '')", (fact,))


def told(vault: Vault, who: Who) -> list[str]:
    with vault.reading(who) as database:
        return [] if database is None else [row[0] for row in database.execute("SELECT text FROM facts ORDER BY id")]


def test_a_person_has_one_memory_on_all_nodes(nodes: tuple[Vault, Vault]) -> None:
    one, other = nodes
    for number in range(3):
        tell(one, ANN, f"one {number}")
        tell(other, ANN, f"other {number}")
    assert told(one, ANN) == told(other, ANN)
    assert len(told(one, ANN)) == 6
    tell(other, BOB, "x")
    assert one.people() == [ANN, BOB]
    assert one.size(ANN) > 100
    assert one.forget(ANN)
    assert told(other, ANN) == []
    assert not other.forget(ANN)
    tell(other, ANN, "again")
    assert told(one, ANN) == ["again"], "a new image is never taken for the one that was removed"
    assert other.forget_all() == 2
    assert one.people() == []


def test_two_processes_write_at_once_and_lose_nothing(server: RedisServer, nodes: tuple[Vault, Vault]) -> None:
    code = (
        "import sys; from voice.memory.vault import Vault, Who\n"
        "from voice.memory.images.redis_images import RedisImages\n"
        "vault = Vault(RedisImages(sys.argv[1]), lambda: b'k' * 32)\n"
        "for number in range(20):\n"
        "    with vault.writing(Who('', 'ann')) as database:\n"
        "        database.execute(\"INSERT INTO facts (text, about, day) VALUES (?, '', '')\", (sys.argv[2],))\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, server.url, name]) for name in ("first", "second")]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert sorted(told(nodes[0], ANN)) == ["first"] * 20 + ["second"] * 20


def test_nothing_in_redis_can_be_read_or_moved(server: RedisServer, nodes: tuple[Vault, Vault]) -> None:
    tell(nodes[0], Who("", "swordfish"), "the word is swordfish")
    tell(nodes[0], BOB, "x")
    with server.client() as client:
        keys = sorted(client.scan_iter())
        assert len(keys) == 2
        assert all(key.startswith(PREFIX.encode()) for key in keys)
        raw = b"".join(keys) + b"".join(client.hget(key, "image") for key in keys)
        assert b"swordfish" not in raw
        client.hset(keys[0], mapping=client.hgetall(keys[1]))
    with pytest.raises(StoreError, match="damaged"):
        for who in (Who("", "swordfish"), BOB):
            told(Vault(RedisImages(server.url), lambda: KEY), who)


def test_a_node_that_knows_an_older_image_may_not_write(server: RedisServer) -> None:
    images = RedisImages(server.url)
    stamp = images.write("a", b"1", None)
    later = images.write("a", b"2", stamp)
    for old in (None, stamp):
        with pytest.raises(StoreError, match="another node changed"):
            images.write("a", b"3", old)
    assert (images.read("a"), images.stamp("a")) == (b"2", later)
    images.close()


def test_who_writes_is_waited_for_and_a_dead_one_not_for_long(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_images, "WAIT_S", 0.05)
    one, other = RedisImages(server.url), RedisImages(server.url)
    with one.alone("a"):
        with pytest.raises(StoreError, match="another node is changing"), other.alone("a"):
            pass
        with other.alone("b"):
            pass
    with other.alone("a"):
        pass
    one.close()
    other.close()


def test_a_cluster_keeps_memories_too(tmp_path: Path) -> None:
    with RedisServer(tmp_path, kept=False, cluster=True) as cluster:
        vault = Vault(RedisImages(cluster.url), lambda: KEY)
        tell(vault, ANN, "a")
        tell(vault, BOB, "b")
        assert told(Vault(RedisImages(cluster.url), lambda: KEY), ANN) == ["a"]
        assert vault.people() == [ANN, BOB]
        assert vault.forget_all() == 2
        vault.close()


def test_a_redis_that_is_away_is_one_line() -> None:
    vault = Vault(RedisImages("redis://127.0.0.1:1/0"), lambda: KEY)
    with pytest.raises(StoreError, match="cannot be reached"):
        told(vault, ANN)
