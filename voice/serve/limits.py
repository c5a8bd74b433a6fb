"""How much a client may send: requests per second, and bytes per request."""

from __future__ import annotations

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voice.chat.log import Refused
from voice.serve.errors import answer


class Buckets:
    """Token buckets by name: `rate` per second, `burst` at once. `clock` gives seconds."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, max(1.0, burst), clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> float:
        """Take one; 0 if there was one, else the seconds until there is."""
        now = self._clock()
        level, at = self._levels.get(name, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        taken = level >= 1.0
        self._levels[name] = (level - 1.0 if taken else level, now)
        return 0.0 if taken else (1.0 - level) / self._rate


class BodyLimit:
    """ASGI middleware that refuses request bodies over `most` bytes, announced or not."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
