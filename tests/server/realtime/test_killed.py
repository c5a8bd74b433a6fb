"""The server killed in mid-reply under a bare Realtime client, which comes back to its session by `x-session-id`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError

from tests.server.realtime.test_coming_back import rest_of
from tests.support.realtime import Peer, of
from tests.support.served import ServedProcess

QUESTION = "why is the sky blue"
REPLY = "The sky is blue because air scatters blue light more than red light."


def test_no_word_is_lost_or_repeated_when_the_server_is_killed_in_mid_reply(tmp_path: Path) -> None:
    async def run(server: ServedProcess) -> None:
        async with Peer(server.url) as first:
            await first.type(QUESTION)
            chars = 0
            while not chars:
                told = (await first.until("x.spoken"))[-1]
                turn, chars = told["turn"], told["chars"]
            server.kill()
            with pytest.raises(ConnectionClosedError):
                await first.until("session.updated")
        assert chars < len(REPLY)
        server.start()
        async with Peer(server.url, first.known | {"x-session-heard": f"{turn}.{chars}"}) as second:
            known = {"id": first.known["x-session-id"], "resumed": True, "turn": turn, "heard": chars}
            assert second.session["x_session"] == known
            done = (await second.until("response.done"))[-1]["response"]
            assert done["status"] == "completed"
            assert rest_of(second) == REPLY[chars:]
            remembered = [
                (event["item"]["role"], event["item"]["content"][0]["text"])
                for event in of(second.events, "conversation.item.added")
                if event["item"]["content"]
            ]
            assert remembered == [("user", QUESTION), ("assistant", REPLY[:chars])]

    with ServedProcess(tmp_path, "builtin", "--set", "tts.engine=espeak", "--set", "models.folder=/nowhere") as server:
        asyncio.run(run(server))
