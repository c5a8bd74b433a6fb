"""What every store keeps to: order, fences, ledger, lifetimes. Run on all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tests.support.redis import ON_REDIS, RedisClock, empty, needs_redis, shared
from voice.sessions.log import Event
from voice.sessions.stores.encrypted import EncryptedStore
from voice.sessions.stores.interface import Card, FenceLost, LeaseHeld, NameTaken, Store, UnknownSession, Usage
from voice.sessions.stores.memory import MemoryStore
from voice.sessions.stores.redis import RedisStore
from voice.sessions.stores.sqlite import SqliteStore

USAGE = Usage(1, 20, 12, 3, estimated=False, tries=1, draft=False, outcome="done")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


SEALED_REDIS = pytest.param("sealed redis", marks=needs_redis)
Scene = Callable[[Store, Clock], Awaitable[Any]]


@pytest.fixture(params=["memory", "sqlite", ON_REDIS, "sealed memory", "sealed sqlite", SEALED_REDIS])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Scene], Any]:
    def run(scene: Scene) -> Any:
        async def main() -> Any:
            clock: Any = Clock()
            store: Store
            if request.param.endswith("memory"):
                store = MemoryStore(clock, wall=clock)
            elif request.param.endswith("sqlite"):
                store = SqliteStore(tmp_path / "chat.db", clock=clock, wall=clock)
            else:
                clock = RedisClock(empty())
                store = RedisStore(shared().url, wall=clock)
            if request.param.startswith("sealed"):
                store = EncryptedStore(store, b"m" * 32)
            try:
                return await scene(store, clock)
            finally:
                await store.close()

        return asyncio.run(main())

    return run


def events(first: int, *texts: str) -> list[Event]:
    return [Event(first + index, 1, "delta", text, index) for index, text in enumerate(texts)]


async def new(store: Store, sid: str = "s_1", **more: Any) -> int:
    await store.create(Card(sid, "e1", b"hash", **more))
    return (await store.acquire(sid, "a", 10.0)).fence


def test_a_session_is_found_as_it_was_made(play: Callable[[Scene], Any]) -> None:
    async def scene(store: Store, clock: Clock) -> None:
        card = Card("s_1", "e1", b"\x00\xff", "be 简短", "m", {"temperature": 0.5}, "kitchen", "owner", 60.0)
        await store.create(card)
        stored = await store.load("s_1")
        assert (replace(stored.card, key=b""), stored.seq, stored.saved) == (card, 0, None)
        assert await store.find("kitchen") == "s_1"
        assert await store.find("attic") is None
        assert [await store.count("owner"), await store.count("other")] == [1, 0]
        with pytest.raises(NameTaken):
            await store.create(Card("s_2", "e1", name="kitchen"))
        with pytest.raises(UnknownSession):
            await store.load("s_2")

    play(scene)


def test_a_text_reaches_the_node_that_holds_the_lease_where_processes_hear_of_one_another(
    play: Callable[[Scene], Any], request: pytest.FixtureRequest
) -> None:
    async def scene(store: Store, clock: Clock) -> None:
        text, posted = '["say"] 天气 \n', list[tuple[str, str]]()
        store.wanted("a", lambda sid: None, lambda sid, text: posted.append((sid, text)))
        fence = await new(store)
        while await store.post("s_1", text) and not posted:  # noqa: ASYNC110 - Redis may not have subscribed yet
            await asyncio.sleep(0.01)
        assert set(posted) == (set() if "sqlite" in request.node.name else {("s_1", text)})
        await store.renew({"s_1": fence}, 0.0)
        assert not await store.post("s_1", text)

    play(scene)


def test_appends_are_logged_in_the_order_of_the_calls(play: Callable[[Scene], Any]) -> None:
    async def scene(store: Store, clock: Clock) -> None:
        fence = await new(store)
        told: list[int] = []
        stop = store.watch("s_1", told.append)
        texts = ["天气", 'a"b\n\\', "\x00", "🙂", "", " "]
        answers = [store.append("s_1", fence, events(n, text), at_once=n == 3) for n, text in enumerate(texts, 1)]
        assert await asyncio.gather(*answers) == [1, 2, 3, 4, 5, 6]
        await asyncio.sleep(0)
        assert told == sorted(told)
        assert told[-1] == 6
        assert [event.d for event in await store.read("s_1", 0, 100)] == texts
        assert [event.seq for event in await store.read("s_1", 2, 3)] == [3, 4, 5]
        stop()
        await store.append("s_1", fence, [Event(7, 1, "done", {"usage": {"input": 1}, "nested": [1, None]})], USAGE)
        assert (await store.read("s_1", 6, 9))[0] == Event(7, 1, "done", {"usage": {"input": 1}, "nested": [1, None]})
        assert told[-1] == 6
        assert await store.usage("s_1") == [USAGE]
        assert (await store.load("s_1")).seq == 7

    play(scene)


def test_a_ledger_row_is_replaced_by_a_later_one(play: Callable[[Scene], Any]) -> None:
    async def scene(store: Store, clock: Clock) -> None:
        fence = await new(store)
        await store.append("s_1", fence, events(1, "a"), USAGE)
        later = Usage(1, 20, 12, 3, estimated=False, tries=1, draft=True, outcome="discarded")
        await store.append("s_1", fence, events(2, "b"), later)
        assert await store.usage("s_1") == [later]

    play(scene)


def test_a_void_fence_and_a_hole_are_refused_and_harm_nobody_else(play: Callable[[Scene], Any]) -> None:
    async def scene(store: Store, clock: Clock) -> None:
        first = await new(store)
        other = await new(store, "s_2")
        second = (await store.acquire("s_1", "a", 10.0)).fence
        assert second > first
        results = await asyncio.gather(
            store.append("s_2", other, events(1, "fine")),
            store.append("s_1", first, events(1, "late"), USAGE),
            store.append("s_1", second, events(2, "hole")),
            store.append("s_2", other, events(2, "too")),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [int, FenceLost, FenceLost, int]
        assert await store.read("s_1", 0, 9) == []
        assert await store.usage("s_1") == []
        assert [event.d for event in await store.read("s_2", 0, 9)] == ["fine", "too"]

    play(scene)


def test_a_lease_keeps_others_out_until_it_ends(play: Callable[[Scene], Any]) -> None:
    async def scene(store: Store, clock: Clock) -> None:
        fence = await new(store)
        clock.now += 9
        with pytest.raises(LeaseHeld):
            await store.acquire("s_1", "b", 10.0)
        await store.renew({"s_1": fence, "s_gone": 4}, 10.0)
        clock.now += 9
        with pytest.raises(LeaseHeld):
            await store.acquire("s_1", "b", 10.0)
        clock.now += 2
        taken = await store.acquire("s_1", "b", 10.0)
        await store.renew({"s_1": fence}, 0.0)
        with pytest.raises(LeaseHeld):
            await store.acquire("s_1", "a", 10.0)
        await store.renew({"s_1": taken.fence}, 0.0)
        await store.acquire("s_1", "a", 10.0)

    play(scene)


def test_sessions_end_when_their_time_is_over_and_named_ones_do_not(play: Callable[[Scene], Any]) -> None:
    async def scene(store: Store, clock: Clock) -> None:
        await store.create(Card("s_short", "e", ttl_s=10.0))
        await store.create(Card("s_long", "e", ttl_s=10.0))
        await store.create(Card("s_named", "e", name="kitchen"))
        clock.now += 9
        await store.touch({"s_long": 30.0, "s_named": 1.0})
        clock.now += 2
        with pytest.raises(UnknownSession):
            await store.load("s_short")
        with pytest.raises(UnknownSession):
            await store.acquire("s_short", "a", 10.0)
        await store.load("s_long")
        clock.now += 1000
        await store.touch({})
        with pytest.raises(UnknownSession):
            await store.delete("s_long")
        await store.load("s_named")

    play(scene)


def test_trimming_keeps_the_state_and_the_rest_of_the_log(play: Callable[[Scene], Any]) -> None:
    async def scene(store: Store, clock: Clock) -> None:
        fence = await new(store)
        await store.append("s_1", fence, events(1, *"abcdef"))
        await store.trim("s_1", fence, 4, {"seq": 6, "last": "天"})
        assert [event.seq for event in await store.read("s_1", 0, 9)] == [5, 6]
        stored = await store.load("s_1")
        assert (stored.seq, stored.saved) == (6, {"seq": 6, "last": "天"})
        with pytest.raises(FenceLost):
            await store.trim("s_1", fence + 1, 5, {})
        await store.append("s_1", fence, events(7, "g"))

    play(scene)


def test_a_deleted_session_is_unknown(play: Callable[[Scene], Any]) -> None:
    async def scene(store: Store, clock: Clock) -> None:
        fence = await new(store)
        await store.delete("s_1")
        for call in (store.load("s_1"), store.delete("s_1"), store.acquire("s_1", "a", 1.0)):
            with pytest.raises(UnknownSession):
                await call
        with pytest.raises((UnknownSession, FenceLost)):
            await store.append("s_1", fence, events(1, "late"))

    play(scene)


def test_sessions_are_listed_by_their_last_use(play: Callable[[Scene], Any]) -> None:
    async def scene(store: Store, clock: Clock) -> None:
        for sid in ("s_1", "s_2", "s_3"):
            await store.create(Card(sid, "e", name=sid if sid == "s_2" else None))
            clock.now += 10.0
        assert await store.kept() == ["s_1", "s_2", "s_3"]
        await store.acquire("s_1", "a", 10.0)
        assert await store.kept() == ["s_2", "s_3", "s_1"]
        assert await store.kept(1020.0) == ["s_2"]
        await store.delete("s_2")
        assert await store.kept() == ["s_3", "s_1"]

    play(scene)


def test_a_session_has_other_secrets_for_other_purposes() -> None:
    card, other = Card("s_1", "e", key=b"k" * 32), Card("s_2", "e", key=b"l" * 32)
    made = {card.secret("names"), card.secret("pseudonyms"), other.secret("names")}
    assert len(made) == 3
    assert {len(secret) for secret in made} == {32}
    assert card.secret("names") == card.secret("names")
    assert "kkk" not in repr(card)
    assert Card("s_1", "e", b"hash").secret("names") != Card("s_1", "e", b"other").secret("names")
    expanded = HKDFExpand(SHA256(), 32, b"names").derive(card.key)
    assert card.secret("names") == expanded
