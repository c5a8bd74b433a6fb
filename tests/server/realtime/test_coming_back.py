"""A connection that breaks, or a server that is gone: the session goes on, and no word of the reply is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from websockets.exceptions import InvalidStatus

from tests.support.realtime import Peer, of, talks
from tests.support.scripted_llm import Step
from tests.support.serving import serving
from voice.llm.interface import Ask, Delta, Done, Effect
from voice.sessions.stores.memory import MemoryStore

LONG = "One sentence is here. Another sentence follows it. And then there is a third one. It ends with a fourth one."


def lengthy(ask: Ask) -> Iterable[Step]:
    return [Delta(LONG), Done()]


async def heard_some(peer: Peer) -> tuple[int, int]:
    """Ask, and listen until some of the reply was heard: its turn, and how much."""
    await peer.type("tell me")
    chars = 0
    while not chars:
        told = (await peer.until("x.spoken"))[-1]
        chars = told["chars"]
    return told["turn"], chars


def rest_of(peer: Peer) -> str:
    return "".join(event["delta"] for event in of(peer.events, "response.output_audio_transcript.delta"))


def test_a_reply_goes_on_where_the_connection_broke() -> None:
    async def run() -> None:
        async with serving(lengthy, engines=talks()) as here:
            async with Peer(here) as first:
                turn, chars = await heard_some(first)
                known = first.known
                first.socket.transport.abort()
            async with Peer(here, known | {"x-session-heard": f"{turn}.{chars}"}) as second:
                told = second.session["x_session"]
                assert (told["resumed"], told["id"]) == (True, known["x-session-id"])
                assert "token" not in told
                await second.until("response.done")
                assert rest_of(second) == LONG[chars:]
                said = [
                    (item["item"]["role"], item["item"]["content"][0]["text"])
                    for item in of(second.events, "conversation.item.added")
                    if item["item"]["content"]
                ]
                assert said == [("user", "tell me"), ("assistant", LONG[:chars])]
                assert of(second.events, "x.spoken")[0]["text"] == LONG
            async with Peer(here, known) as third:  # the server itself knows how far it was
                assert third.session["x_session"]["heard"] >= chars
                await third.until("response.done")
                assert LONG.endswith(rest_of(third))
            assert len(here.upstream.asked) == 1

    asyncio.run(run())


def test_a_reply_goes_on_after_the_server_was_replaced() -> None:
    async def run() -> None:
        store = MemoryStore()
        async with serving(lengthy, engines=talks(), store=store, grace_s=0.0) as here, Peer(here) as first:
            turn, chars = await heard_some(first)
            known = first.known
        reconnecting = known | {"x-session-heard": f"{turn}.{chars}"}
        async with serving(lengthy, engines=talks(), store=store) as here, Peer(here, reconnecting) as second:
            await second.until("response.done")
            assert rest_of(second) == LONG[chars:]
            await second.until("x.latency")
            await second.type("and more")
            await second.until("response.output_item.added")
            told = [message.text for message in here.upstream.asked[-1].messages[1:]]
            assert told == ["tell me", LONG, "and more"]

    asyncio.run(run())


def test_a_second_connection_takes_the_session_over() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as first, Peer(here, first.known):
            assert (await first.closed())[0] == 4009

    asyncio.run(run())


def test_a_wrong_token_reads_like_an_unknown_session() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as first:
            for id, token in ((first.known["x-session-id"], "vt_wrong"), ("s_nobody", "vt_wrong")):
                with pytest.raises(InvalidStatus) as refused:
                    await Peer(here, {"x-session-id": id, "x-session-token": token}).__aenter__()
                assert refused.value.response.status_code == 404

    asyncio.run(run())


def ringing(ask: Ask) -> Iterable[Step]:
    return [Effect("timer.set", {"seconds": 500.0, "label": "tea"}), Delta("Set."), Done()]


def test_a_timer_goes_on_after_a_break_and_ends_with_its_session() -> None:
    async def run() -> None:
        async with serving(ringing, engines=talks()) as here:
            async with Peer(here) as first:
                await first.type("tea")
                assert (await first.until("x.timers"))[-1]["timers"][0]["label"] == "tea"
                known = first.known
            async with Peer(here, known) as second:
                assert (await second.until("x.timers"))[-1]["timers"][0]["label"] == "tea"
            assert here.app.realtime is not None
            timers = here.app.realtime._timers
            assert list(timers) == [known["x-session-id"]]
            path, token = f"/v1/sessions/{known['x-session-id']}", known["x-session-token"]
            assert (await here.http.delete(path, headers={"x-session-token": token})).status_code == 204
            assert not timers

    asyncio.run(run())
