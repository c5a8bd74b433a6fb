"""A full server, one that runs out of memory, and one whose model fails say so, over HTTP and WebSocket alike."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from tests.support.patience import PATIENCE_S
from tests.support.scripted_llm import Step
from tests.support.serving import Serving, serving
from voice.client.protocol import ClientProtocol
from voice.llm.interface import Ask, Delta, Done, UpstreamError
from voice.sessions.circuit_breaker import BreakerPolicy, RetryPolicy
from voice.sessions.engine_context import EngineOptions
from voice.sessions.interface import ReplyFailed
from voice.sessions.upstream_queue import Limits

FULL = EngineOptions(limits=Limits(turns=1, queue=2))
BREAKABLE = EngineOptions(
    breaker=BreakerPolicy(failures=3, open_s=0.2), retry=RetryPolicy(tries=3, base_s=0.001, most_s=0.001)
)


class Model:
    """A model that waits to be told what to do."""

    def __init__(self) -> None:
        self.fails = False
        self.held = asyncio.Event()

    def answer(self, ask: Ask) -> Iterable[Step]:
        if self.fails:
            yield UpstreamError("out of order", code="upstream_error", temporary=True)
        yield Delta("one ")
        while not self.held.is_set():
            yield 0.005
        yield Delta("two")
        yield Done(input=3, output=2, estimated=False)


async def busy(here: Serving, turns: int) -> list[dict[str, object]]:
    """That many sessions with a turn each, of which one runs."""
    made = [await here.create() for _ in range(turns)]
    for one in made:
        live = await here.engine.open(str(one["session_id"]))
        await live.own()
        live.send(1, "hello")
    return made


async def left(here: Serving, *, running: int) -> None:
    """Wait until nobody waits and that many turns run."""
    line = here.engine.parts.slots.admission
    async with asyncio.timeout(PATIENCE_S):
        while line.waiting or line.running != running:  # noqa: ASYNC110 - it is a number, and tells nobody
            await asyncio.sleep(0)


def test_full_queue_refuses_everywhere_and_takes_the_turn_later() -> None:
    async def run() -> None:
        model = Model()
        async with serving(model.answer, options=FULL) as here, here.socket() as socket:
            await busy(here, 2)
            late = await here.create()
            answer = await here.chat("me too", late["session_token"], developer_mode=True,
                                     session_id=late["session_id"], sequence=1)  # fmt: skip
            assert answer.status_code == 429
            assert answer.json()["error"]["code"] == "overloaded"
            assert int(answer.headers["retry-after"]) >= 1
            assert (await here.chat("stateless too")).status_code == 429
            await socket.attach(late)
            await socket.say(op="send", sequence=1, input="me too")
            refused = await socket.get()
            assert (refused["op"], refused["code"], refused["temporary"]) == ("err", "overloaded", True)
            assert refused["retry_after"] >= 1
            assert "voice_shed_total 3.0" in (await here.http.get("/metrics")).text
            assert "voice_turns_waiting 1.0" in (await here.http.get("/metrics")).text
            model.held.set()
            await left(here, running=0)
            await socket.say(op="send", sequence=1, input="me too")
            assert (await socket.until("done"))[0]["t"] == "started"

    asyncio.run(run())


def test_turn_that_is_cancelled_leaves_the_queue_without_asking_the_model() -> None:
    async def run() -> None:
        model = Model()
        async with serving(model.answer, options=FULL) as here:
            _, second = await busy(here, 2)
            live = await here.engine.open(str(second["session_id"]))
            live.cancel(1)
            await left(here, running=1)
            model.held.set()
            await left(here, running=0)
            assert len(here.upstream.asked) == 1

    asyncio.run(run())


def test_turn_that_waits_too_long_ends_with_the_reason() -> None:
    async def run() -> None:
        model = Model()
        options = replace(FULL, limits=Limits(turns=1, queue=2, wait_s=0.05))
        async with serving(model.answer, options=options) as here, here.socket() as socket:
            _, second = await busy(here, 2)
            await socket.attach(second, after=0, epoch=second["epoch"])
            end = (await socket.until("retry_failed"))[-1]["d"]
            assert (end["code"], end["temporary"], end["tries"]) == ("overloaded", True, 0)
            assert end["usage"]["input"] == 0
            model.held.set()

    asyncio.run(run())


def test_failing_model_is_given_a_rest_and_tried_again() -> None:
    async def run() -> None:
        model = Model()
        model.held.set()
        model.fails = True
        async with serving(model.answer, options=BREAKABLE) as here, here.socket() as socket:
            made = await here.create()
            await socket.attach(made)
            await socket.say(op="send", sequence=1, input="hello")
            assert (await socket.until("retry_failed"))[-1]["d"]["tries"] == 3
            await socket.say(op="send", sequence=2, input="hello")
            refused = await socket.get()
            assert (refused["code"], refused["temporary"]) == ("upstream_unavailable", True)
            answer = await here.chat("stateless")
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "upstream_unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            assert len(here.upstream.asked) == 3
            figures = (await here.http.get("/metrics")).text
            assert "voice_breaker_state 2.0" in figures
            assert "voice_breaker_openings_total 1.0" in figures
            model.fails = False
            while refused.get("code") == "upstream_unavailable":
                await asyncio.sleep(0.02)
                await socket.say(op="send", sequence=2, input="hello")
                refused = await socket.get()
            assert (await socket.until("done"))[-1]["t"] == "done"
            assert "voice_breaker_state 0.0" in (await here.http.get("/metrics")).text

    asyncio.run(run())


def test_server_over_its_memory_takes_nothing_new_but_finishes_and_shows() -> None:
    async def run() -> None:
        async with serving(memory_mb=1) as here:
            refused = await here.http.post("/v1/sessions", json={})
            assert refused.status_code == 429
            assert refused.json()["error"]["code"] == "overloaded"
            assert "MiB of memory" in refused.json()["error"]["message"]
            assert (await here.chat("hello")).status_code == 429
            assert (await here.http.get("/readyz")).status_code == 200

    asyncio.run(run())


def test_client_asks_a_full_server_again_but_not_forever() -> None:
    core = ClientProtocol("s", "t", lambda low, high: low)
    core.connected(0.0)
    core.receive({"op": "attached", "epoch": "e", "seq": 0, "expected": 1, "recovered": False,
                  "snapshot": {"messages": [], "open": None}}, 0.0, 90)  # fmt: skip
    turn = core.send("hello", 0.0)
    full = {"op": "err", "code": "overloaded", "message": "full", "temporary": True, "re": "send", "turn": 1}
    core.take()
    core.receive(full | {"retry_after": 3.0}, 0.0, 90)
    assert turn.retry_at == 3.2
    core.tick(3.2)
    assert [op["op"] for op in core.take()] == ["send"]
    core.receive(full | {"retry_after": 9.0}, 3.3, 90)
    assert core.happened() == [(turn, ReplyFailed("overloaded", "full", True))]
