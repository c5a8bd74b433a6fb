"""The Redis store on a real server: killed, restarted with and without what it kept, cut off, filled, shared."""

from __future__ import annotations

import asyncio
import functools
import json
import random
import shlex
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.processes import free_port
from benchmarks.session_links import Relay
from tests.support.patience import PATIENCE_S
from tests.support.redis import RedisServer, empty, needs_redis, shared
from voice.errors import ConfigError
from voice.sessions.log import Event
from voice.sessions.stores import redis_scripts as scripts
from voice.sessions.stores.interface import (
    GONE,
    REWRITTEN,
    Card,
    FenceLost,
    LeaseHeld,
    NameTaken,
    StoreError,
    UnknownSession,
    Usage,
)
from voice.sessions.stores.redis import RedisStore, _line

pytestmark = needs_redis
USAGE = Usage(1, 20, 12, 3, estimated=False, tries=1, draft=False, outcome="done")


def word(seq: int) -> Event:
    return Event(seq, 1, "delta", f"word {seq} ", seq)


async def begun(store: RedisStore, sid: str = "s_1", **more: Any) -> int:
    await store.create(Card(sid, "e1", b"hash", **more))
    return (await store.acquire(sid, "a", 10.0)).fence


async def until(true: Callable[[], object | Awaitable[object]]) -> None:
    """Wait for it. A seq may be told twice, as news and by looking: compare the last one told."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = true()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.005)


def test_a_killed_server_that_keeps_its_log_loses_nothing(tmp_path: Path) -> None:
    async def check(server: RedisServer) -> None:
        store, acknowledged = RedisStore(server.url), 0
        fence = await begun(store)
        for _ in range(3):
            for n in range(20):
                row = Usage(1, acknowledged + 3, 0, 0, True, 1, False, "done")
                events = [word(acknowledged + after) for after in (1, 2, 3)]
                append = store.append("s_1", fence, events, row, at_once=True)
                if n == 10:
                    server.kill()
                    server.start()
                acknowledged = await append
        events = await store.read("s_1", 0, 1000)
        assert [event.seq for event in events] == list(range(1, 181))
        assert acknowledged == 180
        assert [row.input for row in await store.usage("s_1")] == [180]
        assert (await store.load("s_1")).epoch == "e1"
        await store.close()

    with RedisServer(tmp_path) as server:
        asyncio.run(check(server))


def test_a_killed_server_that_keeps_nothing_says_so(tmp_path: Path) -> None:
    async def check(server: RedisServer) -> None:
        store, told = RedisStore(server.url), list[int]()
        fence = await begun(store)
        store.watch("s_1", told.append)
        await store.append("s_1", fence, [word(1)])
        server.kill()
        server.start()
        with pytest.raises(UnknownSession):
            await store.append("s_1", fence, [word(2)])
        with pytest.raises(UnknownSession):
            await store.load("s_1")
        await until(lambda: GONE in told)
        await store.close()

    with RedisServer(tmp_path, kept=False) as server:
        asyncio.run(check(server))


@pytest.mark.parametrize("who", ["owner", "watcher"])
def test_a_log_that_lost_its_end_goes_on_under_another_epoch(tmp_path: Path, who: str) -> None:
    """As after a failover to a replica that was behind: nobody may take new events for the lost ones."""
    copy = tmp_path / "copy"

    async def check(server: RedisServer) -> None:
        store, other, told = RedisStore(server.url), RedisStore(server.url), list[int]()
        fence = await begun(store)
        other.watch("s_1", told.append)
        await store.append("s_1", fence, [word(1)])
        await until(lambda: told[-1:] == [1])
        shutil.copytree(tmp_path / "kept", copy)
        await store.append("s_1", fence, [word(2), word(3)])
        await until(lambda: told[-1] == 3)
        server.kill()
        shutil.rmtree(tmp_path / "kept")
        copy.rename(tmp_path / "kept")
        server.start()
        if who == "owner":
            with pytest.raises(FenceLost):
                await store.append("s_1", fence, [word(4)])
        await until(lambda: REWRITTEN in told)
        stored = await other.load("s_1")
        assert stored.seq == 1
        assert stored.epoch != stored.card.epoch == "e1"
        with pytest.raises(FenceLost):
            await store.append("s_1", fence, [word(2)])
        await store.close()
        await other.close()

    (tmp_path / "kept").mkdir()
    with RedisServer(tmp_path / "kept") as server:
        asyncio.run(check(server))


def test_connections_cut_at_any_moment_lose_and_repeat_nothing() -> None:
    async def check() -> None:
        draw = random.Random(5)
        async with Relay(empty().url).running() as relay:
            store = RedisStore(relay.url)
            fences = {sid: await begun(store, sid) for sid in ("s_1", "s_2", "s_3")}
            over = asyncio.Event()

            async def write(sid: str) -> None:
                for first in range(1, 601, 3):
                    events = [word(first + n) for n in range(3)]
                    assert await store.append(sid, fences[sid], events, at_once=draw.random() < 0.5) == first + 2

            async def cut() -> None:
                while not over.is_set():
                    await asyncio.sleep(draw.uniform(0, 0.02))
                    relay.cut()

            cutting = asyncio.create_task(cut())
            await asyncio.gather(*map(write, fences))
            over.set()
            await cutting
            for sid in fences:
                assert [event.seq for event in await store.read(sid, 0, 1000)] == list(range(1, 601))
            await store.close()

    asyncio.run(check())


def test_other_processes_hear_of_every_append_whatever_becomes_of_their_connection() -> None:
    async def check(server: RedisServer, client: redis.Redis) -> None:
        store, other = RedisStore(server.url), RedisStore(server.url)
        fence, told = await begun(store), list[int]()
        stop = other.watch("s_1", told.append)
        await until(lambda: client.pubsub_numsub("voice:news:s_1")[0][1] == 1)
        await store.append("s_1", fence, [word(1)])
        await until(lambda: told[-1:] == [1])
        for seq in range(2, 8):
            append = store.append("s_1", fence, [word(seq)], at_once=True)
            client.client_kill_filter(_type="pubsub")
            await append
            await until(functools.partial(lambda seq: told[-1] == seq, seq))
        assert told == sorted(told)
        await store.delete("s_1")
        await until(lambda: told[-1] == GONE)
        stop()
        await until(lambda: not client.pubsub_channels("voice:news:*"))
        await store.close()
        await other.close()

    server = empty()
    with server.client() as client:
        asyncio.run(check(server, client))


def test_who_wants_a_session_is_heard_by_its_holder() -> None:
    async def check() -> None:
        store, other = RedisStore(empty().url), RedisStore(shared().url)
        wanted = list[str]()
        store.wanted("a", wanted.append)
        fence = await begun(store)
        await until(lambda: shared().client().pubsub_numsub("voice:node:a")[0][1] == 1)
        with pytest.raises(LeaseHeld) as held:
            await other.acquire("s_1", "b", 10.0)
        assert held.value.node == "a"
        assert 9 < held.value.left_s <= 10
        await until(lambda: wanted == ["s_1"])
        told = list[int]()
        store.watch("s_1", told.append)
        await store.renew({"s_1": fence}, 0.0)
        taken = await other.acquire("s_1", "b", 10.0)
        await other.append("s_1", taken.fence, [word(1)])
        await until(lambda: told[-1:] == [1])
        with pytest.raises(FenceLost):
            await store.append("s_1", fence, [word(2)])
        await store.close()
        await other.close()

    asyncio.run(check())


def test_an_owner_that_slept_hears_that_its_session_was_taken() -> None:
    """Its lease ran out without a word from it; it follows the new owner from then on."""

    async def check() -> None:
        store, other, told = RedisStore(empty().url), RedisStore(shared().url), list[int]()
        await begun(store)
        store.watch("s_1", told.append)
        await until(lambda: shared().client().pubsub_numsub("voice:node:a")[0][1] == 1)
        shared().client().delete("voice:{s_1}:lease")
        fence = (await other.acquire("s_1", "b", 10.0)).fence
        for seq in (1, 2):
            await other.append("s_1", fence, [word(seq)])
        await until(lambda: told and told[-1] == 2)
        await store.close()
        await other.close()

    asyncio.run(check())


def test_late_news_of_a_session_that_was_taken_back_since_takes_nothing() -> None:
    async def check() -> None:
        store, other, asked = RedisStore(empty().url), RedisStore(shared().url), list[str]()
        store.wanted("a", asked.append)
        lost = await begun(store)
        await until(lambda: shared().client().pubsub_numsub("voice:node:a")[0][1] == 1)
        await store.renew({"s_1": lost}, 0.0)
        theirs = (await other.acquire("s_1", "b", 10.0)).fence
        await other.renew({"s_1": theirs}, 0.0)
        mine = (await store.acquire("s_1", "a", 10.0)).fence
        for news in (f"taken s_1 {theirs}", "taken s_1", "taken s_1 soon", "wanted s_1"):
            shared().client().publish("voice:node:a", news)
        await until(lambda: asked)
        assert await store.append("s_1", mine, [word(1)], at_once=True) == 1
        shared().client().publish("voice:node:a", f"taken s_1 {mine + 1}")
        shared().client().publish("voice:node:a", "wanted s_1")
        await until(lambda: len(asked) == 2)
        with pytest.raises(FenceLost):
            await store.append("s_1", mine, [word(2)], at_once=True)
        await store.close()
        await other.close()

    asyncio.run(check())


def test_a_notification_may_overtake_a_look_and_a_failed_look_is_repeated() -> None:
    """They come over two connections: the end of a log that is told never goes back."""

    async def check() -> None:
        store, told, looks = RedisStore(empty().url), list[int](), list[asyncio.Future[Any]]()
        fence = await begun(store)
        other = RedisStore(shared().url)
        run = other._link.run

        async def late(script: scripts.Script, keys: Sequence[str], *words: Any) -> Any:
            answer = await run(script, keys, *words)
            if script is not scripts.MEND:
                return answer
            looks.append(asyncio.get_running_loop().create_future())
            await looks[-1]
            return answer

        other._link.run = late  # type: ignore[method-assign]
        await store.append("s_1", fence, [word(1)], at_once=True)
        other.watch("s_1", told.append)
        await until(lambda: looks)
        await store.append("s_1", fence, [word(2)], at_once=True)
        await until(lambda: told)
        looks[0].set_exception(StoreError("Redis does not answer", where="a test"))
        await until(lambda: len(looks) == 2)
        await store.append("s_1", fence, [word(3)], at_once=True)
        await until(lambda: told[-1] == 3)
        looks[1].set_result(None)
        await asyncio.sleep(0)
        await store.append("s_1", fence, [word(4)], at_once=True)
        await until(lambda: told[-1] == 4)
        assert told == sorted(told)
        await store.close()
        await other.close()

    asyncio.run(check())


def test_appends_of_one_moment_are_few_calls() -> None:
    async def check() -> None:
        server = empty()
        store = RedisStore(server.url, group_s=0.05)
        fences = {f"s_{n}": await begun(store, f"s_{n}") for n in range(20)}
        server.client().config_resetstat()
        appends = [store.append(sid, fence, [word(seq)]) for seq in range(1, 11) for sid, fence in fences.items()]
        await asyncio.gather(*appends)
        calls = server.client().info("commandstats")
        assert sum(calls.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("evalsha", "eval")) <= 2 * 20
        assert calls["cmdstat_xadd"]["calls"] == 200
        await store.close()

    asyncio.run(check())


def test_a_life_is_as_long_as_the_last_of_all_processes_says() -> None:
    async def check() -> None:
        server = empty()
        store, other = RedisStore(server.url), RedisStore(server.url)
        fence = await begun(store, ttl_s=20.0, owner="key")
        await store.append("s_1", fence, [word(1)], USAGE)
        await other.touch({"s_1": 60.0})
        await store.touch({"s_1": 5.0})
        with server.client() as client:
            lives = {key: client.pttl(f"voice:{{s_1}}:{key}") for key in ("session", "log", "ledger")}
        assert all(59_000 < left <= 60_000 for left in lives.values()), lives
        await other.touch({"s_1": 0.0})
        await other.load("s_1")  # the store had the later sign of life
        await store.touch({"s_1": 0.0})
        with pytest.raises(UnknownSession):
            await other.load("s_1")
        assert await other.count("key") == 0
        await store.close()
        await other.close()

    asyncio.run(check())


def test_a_deleted_session_leaves_no_key_and_its_name_is_free() -> None:
    async def check() -> None:
        store = RedisStore(empty().url)
        fence = await begun(store, name="kitchen", owner="key")
        await store.append("s_1", fence, [word(1)], USAGE)
        await store.delete("s_1")
        with shared().client() as client:
            assert client.keys("*") == []
        await store.create(Card("s_2", "e", name="kitchen"))
        assert await store.find("kitchen") == "s_2"
        await store.close()

    asyncio.run(check())


def test_a_maker_that_died_in_between_blocks_no_name() -> None:
    async def check() -> None:
        store = RedisStore(empty().url)
        await store.create(Card("s_1", "e", name="kitchen"))
        with shared().client() as client:
            assert client.pttl("voice:{s_1}:session") == -1
            client.delete("voice:{s_1}:session")  # it expired a minute after its maker died
        assert await store.find("kitchen") is None
        await store.create(Card("s_2", "e", name="kitchen"))
        assert await store.find("kitchen") == "s_2"
        with pytest.raises(NameTaken):
            await store.create(Card("s_3", "e", name="kitchen"))
        with pytest.raises(UnknownSession):
            await store.load("s_3")
        await store.close()

    asyncio.run(check())


def test_an_absent_server_is_told_in_one_line() -> None:
    async def check() -> None:
        store = RedisStore(f"redis://someone@127.0.0.1:{free_port()}/0", "swordfish", patience_s=0.1)
        with pytest.raises(StoreError) as caught:
            await store.load("s_1")
        line = str(caught.value)
        assert "does not answer" in line
        assert "start redis-server" in line
        assert "\n" not in line
        assert "swordfish" not in line
        assert "someone" not in line
        assert caught.value.exit_code == 69
        await store.close()

    asyncio.run(check())


def test_a_server_that_wants_a_password_says_what_to_do() -> None:
    async def check() -> None:
        server = empty()
        with server.client() as client:
            client.config_set("requirepass", "swordfish")
        try:
            store = RedisStore(server.url, patience_s=0.0)
            with pytest.raises(StoreError, match="VOICE_CHAT_STORE_PASSWORD"):
                await store.count("")
            await store.close()
            store = RedisStore(server.url, "swordfish")
            assert await store.count("") == 0
            await store.close()
        finally:
            with server.client(password="swordfish") as client:
                client.config_set("requirepass", "")

    asyncio.run(check())


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="redis://HOST"):
        RedisStore("redis://host:port/0")


def test_a_full_server_refuses_and_works_again_later() -> None:
    async def check() -> None:
        server = empty()
        store = RedisStore(server.url)
        fence = await begun(store)
        with server.client() as client:
            client.config_set("maxmemory", "1mb")
            try:
                with pytest.raises(StoreError, match="maxmemory"):
                    await store.append("s_1", fence, [word(1)])
            finally:
                client.config_set("maxmemory", "0")
        with pytest.raises(StoreError, match="open it again"):
            await store.append("s_1", fence, [word(2)])
        fence = (await store.acquire("s_1", "a", 10.0)).fence
        assert await store.append("s_1", fence, [word(1)]) == 1
        await store.close()

    asyncio.run(check())


def test_a_server_that_forgot_the_scripts_is_told_them_again() -> None:
    async def check() -> None:
        store = RedisStore(empty().url)
        fence = await begun(store)
        for seq in (1, 2):
            with shared().client() as client:
                client.script_flush()
            assert await store.append("s_1", fence, [word(seq)]) == seq
        await store.close()

    asyncio.run(check())


def test_every_call_keeps_to_one_node_of_a_cluster(tmp_path: Path) -> None:
    async def check(server: RedisServer) -> None:
        store = RedisStore(server.url)
        fence = await begun(store, name="kitchen", owner="key")
        appends = [store.append("s_1", fence, [word(seq)], USAGE if seq == 9 else None) for seq in range(1, 10)]
        assert await asyncio.gather(*appends) == list(range(1, 10))
        assert len(await store.read("s_1", 0, 100)) == 9
        assert await store.usage("s_1") == [USAGE]
        assert [await store.find("kitchen"), await store.count("key")] == ["s_1", 1]
        await store.create(Card("s_2", "e1", ttl_s=20.0))
        await store.touch({"s_1": 1.0, "s_2": 60.0})
        await store.renew({"s_1": fence}, 10.0)
        await store.trim("s_1", fence, 5, {})
        assert await store.kept() == ["s_2", "s_1"] or await store.kept() == ["s_1", "s_2"]
        await store.delete("s_1")
        assert await store.find("kitchen") is None
        await store.close()

    with RedisServer(tmp_path, cluster=True) as server:
        asyncio.run(check(server))


def test_a_call_that_cannot_be_made_fails_alone() -> None:
    async def check() -> None:
        store = RedisStore(empty().url)
        with pytest.raises(StoreError):
            await store._link.command("SET", "voice:x", object())
        assert await store._link.command("PING") in (b"PONG", True)
        await store.close()

    asyncio.run(check())


def test_news_that_redis_refused_are_heard_once_it_allows_them() -> None:
    async def check() -> None:
        with empty().client() as client:
            store, told = RedisStore(shared().url), list[int]()
            fence = await begun(store)
            await store.renew({"s_1": fence}, 0.0)
            client.acl_setuser("default", enabled=True, reset_channels=True)
            try:
                store.watch("s_1", told.append)
                await until(lambda: "channel" in str(client.acl_log()))
            finally:
                client.execute_command("ACL", "SETUSER", "default", "allchannels")
            other = RedisStore(shared().url)
            fence = (await other.acquire("s_1", "b", 10.0)).fence
            await other.append("s_1", fence, [word(1)])
            await until(lambda: told[-1:] == [1])
            await store.close()
            await other.close()

    asyncio.run(check())


def test_messages_of_other_programs_are_dropped_and_the_next_news_are_heard() -> None:
    async def check(client: redis.Redis) -> None:
        store, other = RedisStore(shared().url), RedisStore(shared().url)
        wanted, told = list[str](), list[int]()
        fence = await begun(store)
        other.wanted("b", wanted.append)
        other.watch("s_1", told.append)
        await until(lambda: client.pubsub_numsub("voice:news:s_1", "voice:node:b") in BOTH_HEARD)
        for strange in (b"", b"hello", b"\xff\xfe", b"-7", b"0", b"1e3", "٣".encode(), b"9" * 5000, b"wanted"):
            client.publish("voice:news:s_1", strange)
            client.publish("voice:node:b", strange)
        client.publish("voice:node:b", "wanted s_1")
        await store.append("s_1", fence, [word(1)])
        await until(lambda: told[-1:] == [1] and wanted[-1:] == ["s_1"])
        assert set(told) == {1}
        await store.close()
        await other.close()

    with empty().client() as client:
        asyncio.run(check(client))


BOTH_HEARD = ([("voice:news:s_1", 1), ("voice:node:b", 1)], [(b"voice:news:s_1", 1), (b"voice:node:b", 1)])
WORD = st.text('aé"\\\n剑', max_size=4)
DATA = st.none() | st.booleans() | st.integers() | WORD | st.dictionaries(WORD, st.lists(WORD, max_size=2), max_size=2)


@given(st.builds(Event, st.integers(1), st.integers(0), WORD, DATA, st.none() | st.integers(0)))
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert Event(event.seq, *json.loads(_line(event))) == event


def test_the_rights_on_the_page_are_enough() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operate.md").read_text("utf-8")
    line = page.partition("ACL SETUSER voice on ")[2].partition("```")[0]
    rights = shlex.split(line.replace("\\\n", ""))[1:]

    async def check(url: str) -> None:
        store, other, told = RedisStore(url, "secret"), RedisStore(url, "secret"), list[int]()
        fence = await begun(store, name="mine", owner="shop")
        assert (await other.find("mine"), await other.count("shop"), await other.kept()) == ("s_1", 1, ["s_1"])
        other.watch("s_1", told.append)
        assert await store.append("s_1", fence, [word(1), word(2)], USAGE) == 2
        await until(lambda: told[-1:] == [2])
        await store.renew({"s_1": fence}, 10.0)
        await store.touch({"s_1": 60.0})
        await store.trim("s_1", fence, 1, {})
        assert (await other.usage("s_1"), await other.read("s_1", 1, 9)) == ([USAGE], [word(2)])
        await store.delete("s_1")
        await until(lambda: told[-1:] == [GONE])
        await store.close()
        await other.close()

    with empty().client() as client:
        client.execute_command("ACL", "SETUSER", "voice", "on", ">secret", *rights)
        client.acl_log_reset()
        try:
            asyncio.run(check(shared().url.replace("redis://", "redis://voice@")))
            assert not client.acl_log()
        finally:
            client.acl_deluser("voice")
