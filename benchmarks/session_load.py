"""Clients that send turns to a model or session server and time the first token of each."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import re
from collections.abc import Awaitable, Callable
from typing import Any, Self
from urllib.parse import urlsplit

from voice.client.connection import SUBPROTOCOL
from voice.client.http import HttpClient
from voice.errors import UnavailableError

MOST_CREDIT = 16 * 1024 * 1024
CONTENT = re.compile(rb'"content":\s*"[^"]')
SAID = re.compile(rb'"response.output_text.delta"')
Turn = Callable[[str], Awaitable[float]]
"""Sends one text, reads the whole reply, returns the seconds to its first token."""


class Completions:
    """One keep-alive connection to an OpenAI-compatible server, without a library in between.

    `sent` counts the bytes uploaded. With `session` each turn carries only its own words, else the whole history.
    """

    def __init__(self, base_url: str, *, session: bool = False, key: str = "") -> None:
        parts = urlsplit(base_url)
        self._host, self._port, self._path = parts.hostname, parts.port, f"{parts.path}/chat/completions"
        self._headers = f"host: {parts.netloc}\r\ncontent-type: application/json\r\n"
        if key:
            self._headers += f"authorization: Bearer {key}\r\n"
        self._session, self._sequence = session, 0
        self._id = ""
        self._history: list[dict[str, str]] = []
        self.sent = 0

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        if self._session:
            head, _, _ = await self._post([{"role": "system", "content": "Be brief."}], developer_mode=True)
            found = dict(re.findall(r"(?im)^(x-session-id|x-session-token): *(\S+)", head))
            self._id = found["x-session-id"]
            self._headers += f"x-session-token: {found['x-session-token']}\r\n"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._writer.transport.abort()

    async def turn(self, text: str) -> float:
        message = {"role": "user", "content": text}
        if self._session:
            self._sequence += 1
            more = {"developer_mode": True, "session_id": self._id, "sequence": self._sequence}
            return (await self._post([message], **more))[1]
        _, first_s, reply = await self._post([*self._history, message])
        self._history += [message, {"role": "assistant", "content": reply}]
        return first_s

    async def _post(self, messages: list[dict[str, str]], **more: object) -> tuple[str, float, str]:
        """Return the head of the answer, the seconds to the first token, and the reply."""
        head, first_s, raw = await self._stream({"messages": messages, **more}, CONTENT)
        return head, first_s, _reply(raw)

    async def _stream(self, fields: dict[str, object], token: re.Pattern[bytes]) -> tuple[str, float, bytes]:
        """Return the head of the answer, the seconds until `token` was in its body, and the body."""
        loop = asyncio.get_running_loop()
        body = json.dumps({"model": "scripted", "stream": True, **fields}).encode()
        request = f"POST {self._path} HTTP/1.1\r\n{self._headers}content-length: {len(body)}\r\n\r\n".encode() + body
        self.sent += len(request)
        begun, first_s = loop.time(), 0.0
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        if " 200 " not in head.split("\r\n")[0]:
            raise UnavailableError(head.split("\r\n")[0], where=f"{self._host}:{self._port}{self._path}")
        length = re.search(r"(?im)^content-length: *(\d+)", head)
        if length:
            return head, loop.time() - begun, await self._reader.readexactly(int(length[1]))
        raw = b""
        while True:
            size = int((await self._reader.readline()).split(b";")[0], 16)
            chunk = await self._reader.readexactly(size + 2)
            if not size:
                return head, first_s, raw
            raw += chunk[:-2]
            if not first_s and token.search(raw):
                first_s = loop.time() - begun


class ResponseStream(Completions):
    """Responses over one keep-alive connection, each continuing the one before it."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url)
        self._path = f"{urlsplit(base_url).path}/responses"
        self._before: dict[str, object] = {}

    async def turn(self, text: str) -> float:
        _, first_s, raw = await self._stream({"input": text, **self._before}, SAID)
        self._before = {"previous_response_id": _events(raw)[-1]["response"]["id"]}
        return first_s


def _events(raw: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in raw.split(b"\n") if line.startswith(b"data: {")]


def _reply(raw: bytes) -> str:
    return "".join(c["delta"].get("content") or "" for chunk in _events(raw) for c in chunk.get("choices") or ())


class RawSocket:
    """A WebSocket to a session server without a library in between, so that only the server's time is measured."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        key = base64.b64encode(os.urandom(16)).decode()
        self._writer.write(
            f"GET /v1/ws HTTP/1.1\r\nhost: {self._parts.netloc}\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            f"sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n"
            f"sec-websocket-protocol: {SUBPROTOCOL}\r\n\r\n".encode()
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise UnavailableError(head.split(b"\r\n")[0].decode(), where=self._parts.geturl())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._writer.transport.abort()

    def send(self, **op: object) -> None:
        data = json.dumps(op).encode()
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        self._writer.write(b"\x81" + size + b"\0\0\0\0" + data)  # a mask of zeros leaves the data as it is

    async def frame(self) -> bytes:
        size = (await self._reader.readexactly(2))[1]
        if size >= 126:
            size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
        return await self._reader.readexactly(size)


class Frames(RawSocket):
    """One session over a socket of its own."""

    def __init__(self, url: str, system: str = "Be brief.") -> None:
        super().__init__(url)
        self._system, self._sequence = system, 0

    async def __aenter__(self) -> Self:
        made = await HttpClient(self._parts.geturl()).call("POST", "/v1/sessions", {"system": self._system})
        await super().__aenter__()
        self.send(op="attach", session_id=made["session_id"], session_token=made["session_token"], credit=MOST_CREDIT)
        await self.frame()
        return self

    async def turn(self, text: str) -> float:
        loop = asyncio.get_running_loop()
        self._sequence += 1
        begun, first_s = loop.time(), 0.0
        self.send(op="send", sequence=self._sequence, input=text)
        while True:
            frame = await self.frame()
            if not first_s and b'"t":"delta"' in frame:
                first_s = loop.time() - begun
            elif b'"t":"done"' in frame:
                seq = json.loads(frame)["seq"]
                self.send(op="ack", seq=seq)
                return first_s
            elif b'"t":"failed"' in frame or b'"op":"err"' in frame:
                raise UnavailableError(frame.decode(), where=self._parts.geturl())


async def in_flight(turns: list[Turn], text: str, seconds: float, spread_s: float) -> list[float]:
    """Keep one turn in flight on each client for `seconds`; return the time to first token of each, seconds.

    Clients begin at random within `spread_s`, so that they do not march in step.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + spread_s + seconds
    draw = random.Random(len(turns))
    firsts: list[float] = []

    async def client(turn: Turn, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        while loop.time() < until:
            firsts.append(await turn(text))

    async with asyncio.TaskGroup() as group:
        for turn in turns:
            group.create_task(client(turn, draw.uniform(0, spread_s)))
    return firsts


def percentile(values: list[float], percent: float) -> float:
    """The value below which `percent` of the values lie, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def figures(**named: Any) -> dict[str, Any]:
    """Rounded for people and for `--json` alike: what is printed is what is written."""
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in named.items()}
