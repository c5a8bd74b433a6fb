"""Responses over one WebSocket: `response.create` in, events out; lanes by `stream_id` run beside each other."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import aclosing
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from voice.server.errors import STATUS, strange_origin, told
from voice.server.openai_api.responses.maker import ResponseMaker
from voice.server.openai_api.responses.request import ResponseBody, unsupported
from voice.server.service import Service
from voice.server.websocket_hub import HANG_UP_S, reject
from voice.server.websocket_messages import NOT_TEXT, RESTARTING
from voice.sessions.log import Refused
from voice.sessions.stores.interface import StoreError

MOST_LANES, MOST_WAITING = 64, 16
LONGEST_S = 3600.0
"""How long a connection may last, as at OpenAI."""

OVER = "websocket_connection_limit_reached"


class ResponseSockets:
    """An ASGI application for websocket scopes of /v1/responses."""

    def __init__(self, service: Service, maker: ResponseMaker) -> None:
        self._service, self._maker = service, maker
        self._open: set[ResponseSocket] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        headers, access = Headers(scope=scope), self._service.access
        try:
            if not access.origin_allowed(headers.get("origin"), headers.get("host", "")):
                raise strange_origin()
            owner = access.enter(headers, "write")
        except Refused as refused:
            await reject(refused, send)
            return
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        socket = ResponseSocket(self._service, self._maker, owner, send)
        self._open.add(socket)
        try:
            await socket.run(receive)
        finally:
            self._open.discard(socket)

    async def close(self) -> None:
        """Ask all clients to reconnect, without waiting for peers that do not read."""
        closing = [asyncio.create_task(one.close(RESTARTING, "the server is restarting")) for one in self._open]
        if closing:
            _, late = await asyncio.wait(closing, timeout=HANG_UP_S)
            for task in late:
                task.cancel()


class ResponseSocket:
    """One accepted connection. Requests of one lane are answered one after the other, lanes beside each other."""

    def __init__(self, service: Service, maker: ResponseMaker, owner: str, send: Send) -> None:
        self._service, self._maker, self._owner, self._send = service, maker, owner, send
        self._lanes: dict[str, deque[ResponseBody]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, receive: Receive) -> None:
        """Until the client leaves; responses that are stored go on without it."""
        try:
            async with asyncio.timeout(LONGEST_S):
                while (message := await receive())["type"] == "websocket.receive":
                    if message.get("text") is None:
                        await self.close(NOT_TEXT, "binary frame; expected JSON as text")
                        return
                    await self._take(message["text"])
        except TimeoutError:
            await self._refuse(Refused(OVER, "the connection is 60 minutes old", remedy="open another one"), "")
            await self.close(1000, "60 minutes are over; reconnect")
        finally:
            for task in self._tasks:
                task.cancel()

    async def close(self, code: int, reason: str) -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _take(self, text: str) -> None:
        lane = ""
        try:
            lane, body = read(text)
            if lane not in self._lanes and len(self._lanes) >= MOST_LANES:
                raise Refused("rate_limited", f"{MOST_LANES} streams are in progress", temporary=True)
            waiting = self._lanes.get(lane)
            if waiting is None:
                waiting = self._lanes[lane] = deque()
                task = asyncio.create_task(self._run_lane(lane, waiting), name="responses of a lane")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            elif len(waiting) >= MOST_WAITING:
                raise Refused("rate_limited", f"{MOST_WAITING} requests of this stream wait", temporary=True)
            waiting.append(body)
        except Refused as refused:
            await self._refuse(refused, lane)

    async def _run_lane(self, lane: str, waiting: deque[ResponseBody]) -> None:
        while waiting:
            try:
                await self._answer(lane, waiting.popleft())
            except Refused as refused:
                await self._refuse(refused, lane)
            except StoreError as error:
                what = f"the conversation cannot be stored: {error}"
                await self._refuse(Refused("store_failed", what, temporary=True), lane)
            except OSError:
                return  # the peer is gone, which `run` is about to learn
        del self._lanes[lane]

    async def _answer(self, lane: str, body: ResponseBody) -> None:
        self._service.access.take(self._owner)
        made = await self._maker.begin(body, self._owner)
        async with aclosing(made.events) as events:
            async for some in events:
                for event in some:
                    await self._say(event, lane)

    async def _refuse(self, refused: Refused, lane: str) -> None:
        error = {**told(refused), "type": "invalid_request_error", "param": refused.param or None}
        await self._say({"type": "error", "status": STATUS.get(refused.code, 502), "error": error}, lane)

    async def _say(self, event: dict[str, Any], lane: str) -> None:
        said = {**event, "stream_id": lane} if lane else event
        await self._send({"type": "websocket.send", "text": json.dumps(said, ensure_ascii=False)})


def read(text: str) -> tuple[str, ResponseBody]:
    """The lane and the request of a `response.create`. Raises Refused."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused("bad_request", "the frame is not JSON") from error
    if not isinstance(event, dict) or event.get("type") != "response.create":
        raise Refused("bad_request", "an unknown event", expected="response.create", param="type")
    fields = {name: value for name, value in event.items() if name not in ("type", "stream_id")}
    lane = event.get("stream_id") or ""
    if not isinstance(lane, str) or len(lane) > 64:
        raise Refused("bad_request", "stream_id is no text of up to 64 characters", param="stream_id")
    for name in ("background", "stream"):
        if fields.pop(name, None) and name == "background":
            raise unsupported(name, "HTTP: over a WebSocket every response is streamed")
    try:
        return lane, ResponseBody.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refused("bad_request", f"{where}: {first['msg']}", param=where) from None
