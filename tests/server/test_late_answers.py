"""A tool that outlasts its turn: a client that can tell a person gets its answer, others are promised nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.realtime import Peer, talks
from tests.support.scripted_llm import Step
from tests.support.serving import serving
from voice.client.session import RemoteSession
from voice.llm.interface import LATE, SLOW, SLOW_UNTOLD, Ask, Delta, Done, Effect
from voice.sessions import tool_rounds
from voice.tools.interface import Context, Result, Spec
from voice.tools.registry import Registry


class Oven:
    """A tool that answers once a test lets it."""

    spec = Spec("oven", "Waits for the oven.", timeout_s=PATIENCE_S)

    def __init__(self) -> None:
        self.warm = asyncio.Event()

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        await self.warm.wait()
        return Result("The oven is warm.")


def answer(ask: Ask) -> Iterator[Step]:
    """Calls the tool for a question, and says what it is told to say until it has answered."""
    told = ask.messages[-1]
    if told.role == "tool":
        late = "It is warm now." if told.text.endswith(LATE) else told.text
        yield Delta({SLOW: "You will hear.", SLOW_UNTOLD: "Ask me again."}.get(told.text, late))
        yield Done()
    else:
        yield Effect("function_call", {"call_id": "c", "name": "oven", "arguments": "{}"})
        yield Done(finish="tool_calls")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_rounds, "SLOW_S", 0.01)


def test_a_client_over_a_socket_is_given_it_also_after_an_outage() -> None:
    async def play() -> tuple[list[str], list[str]]:
        oven, heard = Oven(), asyncio.Queue[str]()
        async with serving(answer, tools=Registry([oven])) as here, await RemoteSession.create(here.url) as session:
            said = [await session.ask("is it warm?")]
            session.options = {"effects": ["announce"]}
            session.announce_to(heard.put_nowait)
            said.append(await session.ask("tell me when it is warm"))
            session.link.drop()
            oven.warm.set()
            async with asyncio.timeout(PATIENCE_S):
                told = [await heard.get()]
            said.append(await session.ask("and now?"))
            assert session.links == 2
            return said, [*told, *(heard.get_nowait() for _ in range(heard.qsize()))]

    said, told = asyncio.run(play())
    assert said[:2] == ["Ask me again.", "You will hear."]
    assert told == ["It is warm now."]


def test_a_realtime_client_hears_it_as_a_response_of_its_own() -> None:
    async def play() -> str:
        oven = Oven()
        async with serving(answer, engines=talks(), tools=Registry([oven])) as here, Peer(here) as peer:
            await peer.type("tell me when it is warm")
            done = (await peer.until("response.done"))[-1]["response"]
            assert done["output"][0]["content"][0]["transcript"] == "You will hear."
            oven.warm.set()
            done = (await peer.until("response.done"))[-1]["response"]
            return str(done["output"][0]["content"][0]["transcript"])

    assert asyncio.run(play()) == "It is warm now."


def test_the_log_of_a_session_has_it_for_clients_that_read_it_over_http() -> None:
    async def play() -> list[dict[str, Any]]:
        oven = Oven()
        async with serving(answer, tools=Registry([oven])) as here:
            made = await here.create(options={"effects": ["announce"]})
            live = await here.engine.open(made["session_id"])
            await live.ask(1, "tell me when it is warm")
            async with asyncio.timeout(PATIENCE_S):
                async for event in live.follow(0):
                    if event.t == "done":
                        oven.warm.set()
                    if event.t == "result" and "announce" in event.d:
                        break
            told = await here.http.get(f"/v1/sessions/{made['session_id']}/events",
                                       headers={"x-session-token": made["session_token"]})  # fmt: skip
            return [event for event in told.json()["events"] if event["t"] in ("done", "result")]

    first, done, result, last = asyncio.run(play())
    assert first["d"] == {"call_id": "c", "name": "oven", "text": SLOW}
    assert (done["t"], done["turn"]) == ("done", last["turn"])
    assert result["d"] == {"call_id": "c", "name": "oven", "text": "The oven is warm."}
    assert last["d"] == {**result["d"], "announce": "It is warm now."}
