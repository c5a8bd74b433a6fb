"""Sessions on the slots of a scripted llama.cpp server, over real HTTP: whose words have been read already."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from benchmarks.upstream import Script, ScriptedUpstream
from benchmarks.upstream_slots import ScriptedSlots
from voice.llm.hot_slots import HotSlots
from voice.llm.interface import Ask, Done, Message
from voice.llm.openai import OpenAIUpstream


class Bench:
    """A model behind `slots` slots, with a clock that the test moves."""

    def __init__(self, server: ScriptedUpstream, slots: int, *, save: bool = False) -> None:
        self.server, self.now, self.counts = server, 0.0, Counter[str]()
        upstream = OpenAIUpstream(server.url, "scripted")
        self.model = HotSlots(upstream, slots, save=save, clock=lambda: self.now, day_s=lambda: 0.0)
        self.model.count = lambda name: self.counts.update([name])
        self._said: dict[str, list[Message]] = {}

    async def turn(self, key: str, text: str = "one more thing") -> int:
        """The next turn of a session; returns how much of its prompt was read already."""
        said = self._said.setdefault(key, [Message("system", f"You talk with {key} .")])
        said.append(Message("user", text))
        done = None
        async for item in self.model.stream(Ask(tuple(said), key=key)):
            done = item if isinstance(item, Done) else done
        assert done is not None
        self.now += 1.0
        return done.cached

    @property
    def slot(self) -> int:
        """The slot of the newest request, -1 where the server chose."""
        return int(self.server.asked.bodies[-1].get("id_slot", -1))


@asynccontextmanager
async def bench(
    slots: int, *, save: bool = False, kind: str = "llama.cpp", server: ScriptedSlots | None = None
) -> AsyncIterator[Bench]:
    async with ScriptedUpstream(Script(text="Yes."), kind=kind, slots=server) as running:
        made = Bench(running, slots, save=save)
        yield made
        await made.model.close()


def run(work: Callable[[], object]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_a_session_keeps_its_slot_and_its_words_are_read_once() -> None:
    async def work() -> None:
        async with bench(2) as at:
            assert [await at.turn("ann"), await at.turn("bob")] == [0, 0]
            assert await at.turn("ann") > 0
            ann = at.slot
            assert await at.turn("bob") > 0
            assert at.slot != ann
            assert at.counts == {"hot_misses": 2, "hot_hits": 2}

    run(work)


def test_the_session_that_is_worth_least_loses_its_slot() -> None:
    async def work() -> None:
        async with bench(2) as at:
            for _ in range(5):
                await at.turn("ann")
                at.now += 20.0
            await at.turn("bob")  # once, and then silent for longer than ann ever was
            at.now += 300.0
            await at.turn("ann")
            await at.turn("cid")
            assert at.counts["hot_evictions"] == 1
            assert await at.turn("ann") > 0
            assert await at.turn("bob") == 0

    run(work)


def test_a_slot_that_was_saved_is_restored() -> None:
    async def work() -> None:
        async with bench(1, save=True) as at:
            await at.turn("ann")
            await at.turn("bob")
            assert await at.turn("ann") > 0
            assert at.counts["hot_saves"] == 2
            assert at.counts["hot_restores"] == 1

    run(work)


def test_a_server_that_cannot_save_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with bench(1, save=True, server=ScriptedSlots(1, saves=False)) as at:
            for name in ("ann", "bob", "cid"):
                assert await at.turn(name) == 0
            assert at.server.asked.counts["POST /slots/0?action=save"] == 1

    run(work)
    assert "--slot-save-path" in caplog.text


def test_of_two_alike_the_one_of_the_dearer_customer_keeps_its_slot() -> None:
    async def work() -> None:
        async with bench(2) as here:
            here.model.weight = lambda key: 4.0 if key == "gold" else 1.0
            for key in ("gold", "trial", "new"):
                await here.turn(key)
            assert await here.turn("gold") > 0
            assert await here.turn("trial") == 0

    run(work)


def test_a_forgotten_session_leaves_neither_slot_nor_file() -> None:
    async def work() -> None:
        slots = ScriptedSlots(2)
        async with bench(2, save=True, server=slots) as at:
            for name in ("ann", "bob", "cid"):  # one of the first two is saved
                await at.turn(name, f"the secret of {name}")
            for name in ("ann", "bob", "cid"):
                at.model.forget(name)
        assert not any(slots.holds(f"the secret of {name}") for name in ("ann", "bob", "cid"))

    run(work)


def test_while_all_slots_are_in_use_the_server_chooses() -> None:
    async def work() -> None:
        async with bench(1) as at:
            at.server.queue.append(Script(text="Slowly, slowly.", fault="stall", after=1))
            async with aclosing(at.model.stream(Ask((Message("user", "hello"),), key="ann"))) as first:
                await anext(first)
                await at.turn("bob")
                assert at.slot == -1
                assert at.counts["hot_full"] == 1
            await at.turn("bob")
            assert at.slot == 0, "the turn that was cancelled gave it back"

    run(work)


@pytest.mark.parametrize(("kind", "wanted"), [("ollama", 2), ("generic", 2), ("llama.cpp", 9)])
def test_what_the_server_does_not_have_is_said_and_not_used(
    kind: str, wanted: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with bench(wanted, kind=kind) as at:
            for name in "abcdefgh":
                await at.turn(name)
            used = {body.get("id_slot") for body in at.server.asked.bodies if "messages" in body}
            assert used == ({0, 1, 2, 3} if kind == "llama.cpp" else {None})

    run(work)
    assert "serve.hot" in caplog.text


def test_asks_without_a_session_take_no_slot() -> None:
    async def work() -> None:
        async with bench(1) as at:
            async for _ in at.model.stream(Ask((Message("user", "hello"),))):
                pass
            assert at.slot == -1

    run(work)
