"""Access of web pages over HTTP: origins, preflights, and headers on every answer."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voice.server.errors import answer, strange_origin

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""On every answer whose route does not say otherwise: answers are data, not pages, and must not be cached."""

STAINLESS = (
    "arch",
    "helper-method",
    "lang",
    "os",
    "package-version",
    "retry-count",
    "runtime",
    "runtime-version",
    "timeout",
)
ASKED = (
    *("authorization", "content-type", "last-event-id", "x-client-type"),
    *("x-session-heard", "x-session-id", "x-session-token", "x-openai-agents-sdk"),
    *("openai-organization", "openai-project", *(f"x-stainless-{what}" for what in STAINLESS)),
)
"""Headers that a page may send: ours, and those of OpenAI's JavaScript clients."""

PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": ", ".join(ASKED),
    "access-control-max-age": "600",
}
EXPOSED = "location, retry-after, x-session-id, x-session-token, x-should-retry"


class Browsers:
    """ASGI middleware for HTTP. `allowed(origin, host)` says which pages may ask; programs send no origin.

    A page that may not ask is refused before anything is done: its browser would only hide the answer from it.
    """

    def __init__(self, app: ASGIApp, allowed: Callable[[str | None, str], bool]) -> None:
        self._app, self._allowed = app, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        origin = asked.get("origin")

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
                if origin is not None:
                    headers.add_vary_header("Origin")
                    if welcome:
                        headers["access-control-allow-origin"] = origin
                        headers["access-control-expose-headers"] = EXPOSED
            await send(message)

        welcome = self._allowed(origin, asked.get("host", ""))
        app: ASGIApp = self._app
        if not welcome:
            app = answer(strange_origin())
        elif origin is not None and scope["method"] == "OPTIONS" and "access-control-request-method" in asked:
            app = Response(status_code=204, headers=PREFLIGHT)
        await app(scope, receive, guarded)
