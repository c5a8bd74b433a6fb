"""The small stand-ins for asyncio's event and queue, texts however they are cut, and answers at once."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from voice.server.fast_websocket import Gate, Inbox, SmallWebSocket
from voice.server.websocket_connection import WebSocketConnection
from voice.server.websocket_messages import Closing, parse


def test_a_gate_lets_everybody_through_once_it_opens() -> None:
    async def play() -> None:
        gate = Gate(open=False)
        waiting = [asyncio.create_task(gate.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting[1:])
        gate.set()
        await asyncio.gather(*waiting[1:], gate.wait())
        gate.clear()
        again = asyncio.create_task(gate.wait())
        await asyncio.sleep(0)
        assert not again.done()
        gate.set()
        await again

    asyncio.run(play())


def test_an_inbox_keeps_the_order() -> None:
    async def play() -> None:
        inbox = Inbox()
        assert inbox.empty()
        reading = asyncio.create_task(inbox.get())
        await asyncio.sleep(0)
        for number in range(3):
            inbox.put_nowait(number)
        assert [await reading, await inbox.get(), await inbox.get()] == [0, 1, 2]
        assert inbox.empty()

    asyncio.run(play())


class Wire(asyncio.Transport):
    """What the server's side wrote, call by call."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.written.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Give every text back, and the connection's end a name; what is short and begins with "now" at once."""
    await receive()
    await send({"type": "websocket.accept", "at_once": lambda text: text if text.startswith("now") else None})
    while (message := await receive())["type"] == "websocket.receive":
        if message["text"] == "bye":
            await send({"type": "websocket.close", "code": 4000, "reason": "bye"})
            return
        await send({"type": "websocket.send", "text": message["text"]})


async def rounds() -> None:
    """Let everything happen that is ready to."""
    for _ in range(9):
        await asyncio.sleep(0)


async def shaken(app: Any, client: ClientProtocol | None = None) -> tuple[SmallWebSocket, Wire]:
    """The server's side of a connection after the handshake."""
    config = uvicorn.Config(
        app, ws=SmallWebSocket, ws_per_message_deflate=False, ws_ping_interval=None, log_config=None
    )
    config.load()
    client, wire = client or ClientProtocol(parse_uri("ws://x/")), Wire()
    server = SmallWebSocket(config, ServerState(), {}, asyncio.get_running_loop())
    server.connection_made(wire)
    client.send_request(client.connect())
    server.data_received(b"".join(client.data_to_send()))
    await rounds()
    return server, wire


async def told(pieces: list[bytes]) -> tuple[list[str | int], Wire]:
    """Texts and the close code that a client hears when it sends these pieces."""
    client = ClientProtocol(parse_uri("ws://x/"))
    server, wire = await shaken(echo, client)
    for piece in pieces:
        if not wire.closed:
            server.data_received(piece)
        await rounds()
    client.receive_data(b"".join(wire.written))
    server.connection_lost(None)
    await rounds()
    heard: list[str | int] = []
    for event in client.events_received():
        if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
            heard.append(bytes(event.data).decode())
        elif isinstance(event, Frame) and event.opcode is Opcode.PONG:
            heard.append(f"pong {bytes(event.data).decode()}")
        elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
            heard.append(int.from_bytes(bytes(event.data[:2]), "big"))
    return heard, wire


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(["ping", "parts", "now", "now!" * 40]), st.text(max_size=140)), max_size=8),
    st.lists(st.integers(1, 60), max_size=40),
    st.booleans(),
)
def test_texts_come_back_however_they_were_cut(said: list[str], steps: list[int], whole: bool) -> None:
    frames: list[bytes] = []
    expected: list[str | int] = []
    for text in said:
        if text == "ping":
            frames.append(frame(Opcode.PING, b"p"))
            expected.append("pong p")
        elif text == "parts":
            frames += [frame(Opcode.TEXT, b"one", fin=False), frame(Opcode.PING, b"q"), frame(Opcode.CONT, b" two")]
            expected += ["pong q", "one two"]
        elif text != "bye":
            frames.append(frame(Opcode.TEXT, text.encode()))
            expected.append(text)
    pieces = frames
    if not whole:
        raw, pieces, at = b"".join(frames), [], 0
        for step in [*steps, len(b"".join(frames))]:
            pieces.append(raw[at : at + step])
            at += step
        pieces = [piece for piece in pieces if piece]
    heard, _ = asyncio.run(told(pieces))
    assert in_turn(heard) == in_turn(expected)
    assert sorted(map(str, heard)) == sorted(map(str, expected))


def in_turn(heard: list[str | int]) -> list[str | int]:
    """What waits for the texts before it."""
    return [one for one in heard if not str(one).startswith(("pong", "now"))]


@pytest.mark.parametrize(
    ("piece", "code"),
    [
        (frame(Opcode.TEXT, b"\xff"), 1007),
        (frame(Opcode.TEXT, b"one", fin=False) + frame(Opcode.TEXT, b"two"), 1002),
        (Frame(Opcode.TEXT, b"bare").serialize(mask=False), 1002),
        (frame(Opcode.TEXT, b"bye"), 4000),
    ],
    ids=["no UTF-8", "a text within a text", "unmasked", "a farewell"],
)
def test_what_breaks_the_protocol_is_answered_with_its_code(piece: bytes, code: int) -> None:
    async def play() -> None:
        heard, _ = await told([frame(Opcode.TEXT, b"a"), piece])
        assert heard == ["a", code]

    asyncio.run(play())


def test_an_answer_at_once_wakes_nobody_and_a_peer_that_does_not_read_gets_none() -> None:
    async def play() -> None:
        woken: list[str] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept", "at_once": lambda text: f"{text}!" if text == "now" else None})
            while (message := await receive())["type"] == "websocket.receive":
                woken.append(message["text"])

        server, wire = await shaken(app)
        for text in (b"now", b"later"):
            server.data_received(frame(Opcode.TEXT, text))
            await rounds()
        assert wire.written[1:] == [b"\x81\x04now!"]
        assert woken == ["later"]
        server.pause_writing()
        server.data_received(frame(Opcode.TEXT, b"now"))
        await rounds()
        assert len(wire.written) == 2
        assert woken == ["later", "now"]
        server.connection_lost(None)
        await rounds()

    asyncio.run(play())


PINGS = st.builds(
    json.dumps, st.dictionaries(st.sampled_from(["op", "n", "ch"]), st.sampled_from(["ping", 1, -1, None]))
)


@given(st.one_of(PINGS, st.sampled_from(['{"op":"ping","n":7}', '{"op":"send","input":"\\"ping\\""}', '"ping"', "["])))
def test_only_a_whole_ping_is_answered_at_once(text: str) -> None:
    engine = SimpleNamespace(parts=SimpleNamespace(clock=lambda: 1.0))
    said = WebSocketConnection(cast(Any, SimpleNamespace(engine=engine)), "", cast(Any, None), cast(Any, None)).at_once(
        text
    )
    try:
        op = parse(text)
    except Closing:
        op = {"op": "broken"}
    pong = {"op": "pong", "n": op["n"]} if "n" in op else {"op": "pong"}
    assert (None if said is None else json.loads(said)) == (pong if op["op"] == "ping" else None)
