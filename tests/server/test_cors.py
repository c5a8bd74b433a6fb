"""Fault 18 over HTTP, preflights, and the headers that every answer has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.support.realtime import talks
from tests.support.serving import Serving, serving
from voice.server.cors import EXPOSED, SECURITY

ELSEWHERE = "https://evil.example"
FRIEND = "https://kiosk.example"


def play(scene: Callable[[Serving], Awaitable[Any]], **how: Any) -> None:
    async def run() -> None:
        async with serving(**how) as here:
            await scene(here)

    asyncio.run(run())


def test_a_page_from_elsewhere_is_refused_before_anything_is_done() -> None:
    async def scene(here: Serving) -> None:
        for method, path in [("POST", "/v1/sessions"), ("GET", "/healthz"), ("OPTIONS", "/v1/sessions")]:
            for origin in (ELSEWHERE, "null", "http://127.0.0.1:1", "https://[", f"{FRIEND}.evil.example"):
                headers = {"origin": origin, "access-control-request-method": "POST"}
                answer = await here.http.request(method, path, headers=headers, json={})
                assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_refused")
                assert "access-control-allow-origin" not in answer.headers
        assert not here.engine.lives

    play(scene, origins=FRIEND)


def test_an_allowed_page_may_ask_and_read() -> None:
    async def scene(here: Serving) -> None:
        asked = {"origin": FRIEND, "access-control-request-method": "POST", "access-control-request-headers": "x"}
        preflight = await here.http.options("/v1/sessions", headers=asked)
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == FRIEND
        allowed = preflight.headers["access-control-allow-headers"].split(", ")
        assert {"x-session-token", "x-stainless-retry-count", "x-stainless-os"} <= set(allowed)
        made = await here.http.post("/v1/sessions", json={}, headers={"origin": FRIEND})
        assert made.status_code == 201
        assert made.headers["access-control-allow-origin"] == FRIEND
        assert made.headers["access-control-expose-headers"] == EXPOSED
        assert made.headers["vary"] == "Origin"
        own = await here.http.get("/healthz", headers={"origin": here.url})
        assert own.headers["access-control-allow-origin"] == here.url
        program = await here.http.get("/healthz")
        assert "access-control-allow-origin" not in program.headers

    play(scene, origins=f" {FRIEND}/ ,")


def test_a_name_made_to_point_here_is_not_the_servers_own() -> None:
    """DNS rebinding: the page's host and its origin agree, but the name is its owner's."""

    async def scene(here: Serving) -> None:
        for name, status in (
            *(
                (strange, 403)
                for strange in ("rebound.example:8970", "localhost.evil.example", "[::1", "kiosk.example.evil")
            ),
            *((own, 200) for own in ("localhost:8970", "voice.localhost", "[::1]:8970", "192.168.1.20:8970")),
        ):
            posted = await here.http.get("/healthz", headers={"origin": f"http://{name}", "host": name})
            read = await here.http.get("/metrics", headers={"host": name})  # a page's own name: without an origin
            assert (posted.status_code, read.status_code) == (status, status), name
        for given in ("kiosk.example", "node1.example:8971"):
            assert (await here.http.get("/metrics", headers={"host": given})).status_code == 200

    play(scene, origins=FRIEND, advertise="http://node1.example:8971")

    async def keyed(here: Serving) -> None:
        asked = {"origin": "https://voice.example", "host": "voice.example"}
        assert (await here.http.get("/healthz", headers=asked)).status_code == 200

    play(keyed, api_keys="alpha")


@pytest.mark.parametrize(("path", "spoken"), [("/v1/ws", "devmode.v1"), ("/v1/realtime?model=voice", "realtime")])
def test_nor_is_it_for_the_sockets(path: str, spoken: str) -> None:
    async def status(here: Serving, name: str) -> int:
        """How a page under this name, which leads to the server, is answered."""
        port = urlsplit(here.url).port
        address, origin = f"ws://{name}:{port}{path}", Origin(f"http://{name}:{port}")
        how: dict[str, Any] = {"host": "127.0.0.1", "port": port, "proxy": None}
        try:
            async with connect(address, origin=origin, subprotocols=[Subprotocol(spoken)], **how):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    async def scene(here: Serving) -> None:
        for name in ("evil.example", "localhost.evil.example"):
            assert await status(here, name) == 403
        for name in ("localhost", "127.0.0.1"):
            assert await status(here, name) == 101
        assert len(here.engine.lives) == (2 if spoken == "realtime" else 0), "a refused page has made no session"

    play(scene, engines=talks())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/openapi.json", 200),
        ("POST", "/v1/sessions", 201),
        ("GET", "/v1/sessions/s_x", 404),
        ("GET", "/nowhere", 404),
        ("PUT", "/healthz", 405),
        ("POST", "/v1/chat/completions", 400),
    ],
)
def test_every_answer_has_the_headers(method: str, path: str, status: int) -> None:
    async def scene(here: Serving) -> None:
        answer = await here.http.request(method, path, json={} if method == "POST" else None)
        assert answer.status_code == status
        for name, value in SECURITY.items():
            assert answer.headers[name] == value

    play(scene)


def test_a_body_too_large_and_a_stream_have_them_too() -> None:
    async def scene(here: Serving) -> None:
        large = await here.http.post("/v1/sessions", content=b"x" * 20_000)
        assert (large.status_code, large.headers["x-content-type-options"]) == (413, "nosniff")
        said = await here.chat("hello", developer_mode=True, stream=True)
        assert said.headers["content-security-policy"] == SECURITY["content-security-policy"]
        assert said.headers["cache-control"] == "no-store" or "no-cache" in said.headers["cache-control"]

    play(scene, body_kb=16)
