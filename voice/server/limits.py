"""How much a client may send: requests per second, and bytes per request."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from voice.server.errors import answer
from voice.sessions.log import Refused

PEER: ContextVar[str] = ContextVar("peer", default="")
"""The address the request or connection being worked on came from."""

MOST_NAMES = 10_000


class Buckets:
    """Token buckets by name: `rate` per second, `burst` at once. `clock` gives seconds."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, max(1.0, burst), clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> float:
        """Take one; 0 if there was one, else the seconds until there is."""
        wait_s = self.wait_s(name)
        level, now = self._level(name)
        if len(self._levels) > MOST_NAMES:
            self._drop_full()
        self._levels[name] = (level if wait_s else level - 1.0, now)
        return wait_s

    def wait_s(self, name: str) -> float:
        """Seconds until there is one to take; 0 if there is."""
        return max(0.0, 1.0 - self._level(name)[0]) / self._rate

    def _level(self, name: str) -> tuple[float, float]:
        now = self._clock()
        level, at = self._levels.get(name, (self._burst, now))
        return min(self._burst, level + (now - at) * self._rate), now

    def _drop_full(self) -> None:
        """Forget the names whose buckets are full again: they are as if never seen."""
        for name in [name for name in self._levels if self._level(name)[0] >= self._burst]:
            del self._levels[name]


class BodyLimit:
    """ASGI middleware that refuses request bodies over `most` bytes, announced or not."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced) > self._most:
            what = f"the request's body is larger than {self._most} bytes"
            await answer(Refused("body_too_large", what), {"connection": "close"})(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                raise HTTPException(413, f"the request's body is larger than {self._most} bytes")
            return message

        await self._app(scope, counted, send)
