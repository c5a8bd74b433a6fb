"""What a Realtime client may do wrong, and who may not come in at all."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import random
import tracemalloc
from typing import Any

import pytest
from openai.types.realtime import ClientSecretCreateResponse
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.patience import PATIENCE_S
from tests.support.realtime import Peer, talks
from tests.support.serving import serving

MESSAGE = {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "x"}]}
MCP = {"type": "mcp", "server_label": "x"}

WRONG: list[tuple[Any, str, str | None]] = [
    ([], "invalid_json", None),
    ({"no": "type"}, "missing_field", "type"),
    ({"type": "sing"}, "unknown_event", "type"),
    ({"type": "input_audio_buffer.append"}, "missing_field", "audio"),
    ({"type": "input_audio_buffer.append", "audio": 7}, "invalid_value", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "§"}, "invalid_audio", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "AA=="}, "invalid_audio", "audio"),
    ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty", None),
    ({"type": "conversation.item.create", "item": MESSAGE}, "unsupported_content", "item.content[0]"),
    ({"type": "conversation.item.create", "item": {"type": "mcp_call"}}, "unsupported_content", "item.type"),
    ({"type": "conversation.item.retrieve", "item_id": "x"}, "item_not_found", "item_id"),
    ({"type": "conversation.item.delete", "item_id": "x"}, "item_not_found", "item_id"),
    ({"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": -1},
     "invalid_value", "audio_end_ms"),
    ({"type": "response.cancel"}, "response_cancel_not_active", None),
    ({"type": "response.create", "response": {"conversation": "both"}}, "invalid_value", "response.conversation"),
    ({"type": "response.create", "response": {"input": []}}, "unsupported_field", "response.input"),
    ({"type": "session.update", "session": {"type": "translation"}}, "unsupported_session", "session.type"),
    ({"type": "session.update", "session": {"tools": [MCP]}}, "unsupported_tool", "session.tools[0]"),
    ({"type": "session.update", "session": {"prompt": {"id": "x"}}}, "unsupported_field", "session.prompt"),
    ({"type": "session.update", "session": {"output_modalities": []}}, "invalid_value", "session.output_modalities"),
    ({"type": "session.update", "session": {"audio": 1}}, "invalid_value", "session.audio"),
    ({"type": "session.update", "session": {"audio": {"output": {"voice": "me"}}}}, "unknown_voice", "session.audio"),
    ({"type": "session.update", "session": {"audio": {"input": {"format": {"type": "audio/mp3"}}}}},
     "invalid_value", "session.audio.input.format.type"),
    ({"type": "session.update", "session": {"voice": "alloy"}}, "unsupported_field", "session.voice"),
    ({"type": "session.update", "session": {"turn_detection": None}}, "unsupported_field", "session.turn_detection"),
]  # fmt: skip


def test_what_is_wrong_is_answered_by_an_error_and_the_connection_goes_on() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as peer:
            before = (await peer.update())["audio"]
            for index, (event, code, param) in enumerate(WRONG):
                name = f"mine_{index}"
                await peer.socket.send(json.dumps(event | {"event_id": name} if isinstance(event, dict) else event))
                error = await peer.error()
                assert (error["code"], error["param"]) == (code, param), event
                assert error["event_id"] == (name if isinstance(event, dict) else None)
            assert (await peer.update())["audio"] == before

    asyncio.run(run())


def test_noise_of_all_kinds_ends_in_errors_or_a_close_that_says_why() -> None:
    async def run() -> None:
        draw = random.Random(7)
        async with serving(engines=talks()) as here:
            async with Peer(here) as peer:
                for _ in range(60):
                    await peer.socket.send(
                        "".join(draw.choice('{}[]":,\\u0tyaxé1-') for _ in range(draw.randrange(60)))
                    )
                    assert (await peer.error())["code"] in ("invalid_json", "missing_field", "unknown_event")
                for _ in range(60):
                    await peer.socket.send("{}")
                assert await peer.closed() == (1008, "100 invalid events in a row")
            async with Peer(here) as peer:
                await peer.socket.send(b"\0\1")
                assert await peer.closed() == (1003, "binary frame; expected JSON as text")
            async with Peer(here) as peer:
                with contextlib.suppress(ConnectionClosed):
                    await peer.socket.send("x" * 10_000_000)
                assert (await peer.closed())[0] == 1009
            async with Peer(here) as peer:
                await peer.socket.send(b"\xff\xfe", text=True)
                assert (await peer.closed())[0] == 1007
            assert here.app.realtime is not None
            async with asyncio.timeout(PATIENCE_S):
                for connection in list(here.app.realtime.connections):
                    await connection.gone.wait()

    asyncio.run(run())


def test_memory_stays_flat_under_noise() -> None:
    async def noise(peer: Peer, draw: random.Random, frames: int) -> int:
        """Send so many frames of rubbish, each answered; returns the bytes held afterwards."""
        for index in range(frames):
            kind = draw.choice(("[", '{"type": "', '{"type": "input_audio_buffer.append", "audio": "'))
            await peer.socket.send(kind + "".join(draw.choices('{}[]":,Aé1-', k=4_000)))
            await peer.error()
            if index % 50 == 0:
                await peer.update()
            peer.events.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    async def run() -> None:
        draw = random.Random(17)
        async with serving(engines=talks()) as here, Peer(here) as peer:
            tracemalloc.start()
            try:
                before = await noise(peer, draw, 200)
                assert await noise(peer, draw, 600) - before < 300_000  # 600 frames are 2,400,000
            finally:
                tracemalloc.stop()

    asyncio.run(run())


def test_audio_that_nobody_can_hear_in_time_is_refused() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as peer:
            second = "A" * 64_000
            for _ in range(70):
                await peer.send("input_audio_buffer.append", audio=second)
            assert (await peer.error())["code"] == "buffer_full"

    asyncio.run(run())


@pytest.mark.compatible("POST /v1/realtime/client_secrets", "short-lived keys for browsers")
def test_only_those_with_a_key_or_a_secret_come_in_and_no_page_from_elsewhere() -> None:
    async def refused(here: Any, **headers: str) -> int:
        with pytest.raises(InvalidStatus) as answer:
            await Peer(here, headers).__aenter__()
        return answer.value.response.status_code

    async def run() -> None:
        async with serving(engines=talks(), api_keys="sesame") as here:
            assert await refused(here) == 401
            assert await refused(here, authorization="Bearer ek_made_up") == 401
            assert await refused(here, authorization="Bearer sesame", origin="http://elsewhere.example") == 403
            own = here.url
            async with Peer(here, {"authorization": "Bearer sesame", "origin": own}):
                pass
            assert (await here.http.post("/v1/realtime/client_secrets", json={})).status_code == 401
            headers = {"authorization": "Bearer sesame"}
            session = {"type": "realtime", "instructions": "Be brief.", "model": "voice"}
            body = {"session": session, "expires_after": {"anchor": "created_at", "seconds": 60}}
            made = await here.http.post("/v1/realtime/client_secrets", json=body, headers=headers)
            assert made.status_code == 200, made.text
            secret = ClientSecretCreateResponse.model_validate(made.json())
            subprotocols = ("realtime", f"openai-insecure-api-key.{secret.value}")
            async with Peer(here, {"origin": own}, subprotocols=subprotocols) as peer:
                assert peer.session["instructions"] == "Be brief."
                told = peer.known
            resume = (*subprotocols, f"x-session.{told['x-session-id']}.{told['x-session-token']}", "x-heard.0.0")
            async with Peer(here, {"origin": own}, subprotocols=resume) as peer:
                assert peer.session["x_session"]["resumed"] is True
            key = {"authorization": f"Bearer {secret.value}"}
            assert (await here.http.get("/v1/models", headers=key)).status_code == 401
            body["session"] = {"type": "translation"}
            assert (await here.http.post("/v1/realtime/client_secrets", json=body, headers=headers)).status_code == 400

    asyncio.run(run())
