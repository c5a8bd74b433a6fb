"""The WebSocket client over real sockets that break, against the session's real rules."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from tests.support.patience import PATIENCE_S
from tests.support.served_session import Served, reply_to
from voice.client.http import SessionError
from voice.client.session import RemoteSession
from voice.errors import ConfigError, UnavailableError
from voice.llm.interface import Delta, Done, Effect, Message
from voice.sessions.interface import ConnectionChanged, ReplyEvent, ReplyFailed

HELLO = "".join(reply_to("hello"))


class Server:
    """Serves one conversation; `breaks_after` frames it cuts the connection, `refuses` closes new ones with a code."""

    def __init__(self, breaks_after: int = 0) -> None:
        self.served, self.breaks_after = Served(), breaks_after
        self.refuses = 0
        self.connections = 0
        self.now: ServerConnection | None = None
        self.steps = True
        self.asked = asyncio.Event()

    async def handle(self, connection: ServerConnection) -> None:
        self.connections += 1
        if self.refuses:
            await connection.close(self.refuses)
            return
        self.served.drop()
        self.now = connection
        sent = 0
        async for frame in connection:
            self.served.take(json.loads(frame))
            if self.served.talk.turns:
                self.asked.set()
            while self.served.out or (self.steps and self.served.running):
                if not self.served.out:
                    self.served.step()
                    continue
                await connection.send(json.dumps(self.served.out.popleft()))
                sent += 1
                if self.breaks_after and sent >= self.breaks_after:
                    connection.transport.abort()
                    return


def with_server(server: Server, talk: Callable[[str], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with (
            asyncio.timeout(PATIENCE_S),
            serve(server.handle, "127.0.0.1", 0, subprotocols=[Subprotocol("devmode.v1")]) as listening,
        ):
            port = next(iter(listening.sockets)).getsockname()[1]
            await talk(f"http://127.0.0.1:{port}")

    asyncio.run(run())


async def events(session: RemoteSession, text: str) -> list[ReplyEvent]:
    return [event async for event in session.send(text)]


def spoken(told: list[ReplyEvent]) -> str:
    return "".join(event.text for event in told if isinstance(event, Delta))


def test_reply_history_and_the_next_turn() -> None:
    async def talk(url: str) -> None:
        async with await RemoteSession.attach(url, "s_1", "vt_1") as session:
            told = await events(session, "hello")
            assert spoken(told) == HELLO
            assert isinstance(told[-1], Done)
            assert await session.ask("again") == "".join(reply_to("again"))
            assert (await session.history())[:2] == (Message("user", "hello"), Message("assistant", HELLO))

    with_server(Server(), talk)


@pytest.mark.parametrize("after", [2, 3, 4])
def test_connection_cut_every_few_frames_repeats_and_drops_nothing(after: int) -> None:
    server = Server(breaks_after=after)

    async def talk(url: str) -> None:
        async with await RemoteSession.attach(url, "s_1", "vt_1") as session:
            for text in ("hello", "天气怎么样"):
                told = await events(session, text)
                assert spoken(told) == "".join(reply_to(text))
                links = [event.up for event in told if isinstance(event, ConnectionChanged)]
                assert links == [False, True] * (len(links) // 2)

    with_server(server, talk)
    assert server.connections > 2
    assert server.served.generations == 2


def test_draft_committed_draft_discarded_and_reply_cut_to_what_was_heard() -> None:
    server = Server()

    async def talk(url: str) -> None:
        async with await RemoteSession.attach(url, "s_1", "vt_1") as session:
            guess = session.send("a guess", draft=True)
            await anext(guess)
            await guess.discard()
            sure = session.send("hello", draft=True)
            await sure.commit()
            told = [event async for event in sure]
            await sure.truncate(3)
            assert spoken(told) == HELLO
            assert [m.text for m in await session.history()] == ["hello", HELLO[:3]]

    with_server(server, talk)
    assert server.served.talk.turns[1].discarded


def test_truncated_reply_ends_at_once_even_while_away() -> None:
    server = Server()
    server.steps = False

    async def talk(url: str) -> None:
        async with await RemoteSession.attach(url, "s_1", "vt_1") as session:
            reply = session.send("hello")
            await server.asked.wait()
            server.refuses = 1012
            assert server.now is not None
            server.now.transport.abort()
            told = [await anext(reply)]
            await reply.truncate(0)
            told += [event async for event in reply]
            assert [type(event) for event in told] == [ConnectionChanged, Done]
            server.refuses, server.steps = 0, True
            assert await session.history() == (Message("user", "hello"),)

    with_server(server, talk)


@pytest.mark.parametrize("code", [1012, 1013, 4008, 1001])
def test_server_that_restarts_is_found_again(code: int) -> None:
    server = Server()

    async def talk(url: str) -> None:
        async with await RemoteSession.attach(url, "s_1", "vt_1") as session:
            assert server.now is not None
            server.refuses = code
            await server.now.close(code)
            reply = session.send("hello")
            first = await anext(reply)
            assert isinstance(first, ConnectionChanged)
            assert not first.up
            server.refuses = 0
            assert spoken([event async for event in reply]) == HELLO

    with_server(server, talk)


def test_key_refused_later_ends_the_turn_and_does_not_come_back() -> None:
    server = Server()

    async def talk(url: str) -> None:
        async with await RemoteSession.attach(url, "s_1", "vt_1") as session:
            assert server.now is not None
            server.refuses = 4001
            await server.now.close(1012)
            told = await events(session, "hello")
            assert isinstance(told[-1], ReplyFailed)
            assert told[-1].code == "key_invalid"
            before = server.connections
            assert (await events(session, "again"))[0] == told[-1]
            assert server.connections == before

    with_server(server, talk)


def test_key_refused_at_once_says_which_setting() -> None:
    server = Server()
    server.refuses = 4001

    async def talk(url: str) -> None:
        with pytest.raises(ConfigError, match="VOICE_CHAT_SERVER_KEY"):
            await RemoteSession.attach(url, "s_1", "vt_1")

    with_server(server, talk)


def test_unknown_session_is_said_at_once() -> None:
    server = Server()
    server.served.unknown = True

    async def talk(url: str) -> None:
        with pytest.raises(SessionError) as caught:
            await RemoteSession.attach(url, "s_1", "wrong")
        assert caught.value.code == "session_unknown"

    with_server(server, talk)


def test_no_server_is_one_line() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for begin in (RemoteSession.attach(url, "s_1", "vt_1"), RemoteSession.create(url)):
            with pytest.raises(UnavailableError, match="voice serve") as caught:
                asyncio.run(begin)
            assert "\n" not in str(caught.value)


def test_link_lost_for_good_fails_the_turn() -> None:
    server = Server()
    server.steps = False

    async def talk(url: str) -> None:
        async with await RemoteSession.attach(url, "s_1", "vt_1", give_up_s=0.2) as session:
            server.refuses = 1012
            assert server.now is not None
            server.now.transport.abort()
            told = await events(session, "hello")
            assert isinstance(told[-1], ReplyFailed)
            assert (told[-1].code, told[-1].temporary) == ("link_lost", True)

    with_server(server, talk)


def test_effects_pass_and_closing_ends_what_waits() -> None:
    server = Server()
    server.steps = False

    async def talk(url: str) -> None:
        session = await RemoteSession.attach(url, "s_1", "vt_1")
        reply = session.send("timer")
        await server.asked.wait()
        server.served.add(server.served.talk.effect(server.served.talk.turns[1], "timer", {"s": 5}))
        assert server.now is not None
        await server.now.send(json.dumps(server.served.out.pop()))
        assert await anext(reply) == Effect("timer", {"s": 5})
        await session.close()
        assert await anext(reply) == ReplyFailed("closed", "the session was closed here")

    with_server(server, talk)
