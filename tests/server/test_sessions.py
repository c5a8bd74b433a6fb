"""Sessions over HTTP: made, looked at, followed, deleted; keys, tokens, limits, and how refusals read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.support.patience import PATIENCE_S
from tests.support.serving import Serving, serving
from voice.client import Sessions
from voice.client.session import RemoteSession
from voice.sessions.engine_context import EngineOptions
from voice.sessions.tokens import scoped_token, token_hash


def token(made: dict[str, Any]) -> dict[str, str]:
    return {"x-session-token": made["session_token"]}


async def talk(here: Serving, made: dict[str, Any], *texts: str) -> None:
    for sequence, text in enumerate(texts, 1):
        said = await here.chat(
            text,
            made["session_token"],
            developer_mode=True,
            session_id=made["session_id"],
            sequence=sequence,
        )
        assert said.status_code == 200, said.text


def error(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The error of an answer, which has the shape all errors have."""
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()["error"]
    assert told["code"] == code
    assert told["message"]
    assert answer.headers["x-should-retry"] == str(told["temporary"]).lower()
    return told


def test_a_session_is_made_looked_at_and_deleted() -> None:
    async def play() -> None:
        async with serving() as here:
            answer = await here.http.post("/v1/sessions", json={"system": "be brief", "model": "m"})
            made = answer.json()
            assert answer.headers["x-session-id"] == made["session_id"]
            assert answer.headers["cache-control"] == "no-store"
            await talk(here, made, "hello", "again")
            path = f"/v1/sessions/{made['session_id']}"
            seen = (await here.http.get(path, headers=token(made))).json()
            assert made["session_token"] not in json.dumps(seen)
            assert (seen["system"], seen["model"], seen["expected"], seen["open"]) == ("be brief", "m", 3, None)
            assert [said["text"] for said in seen["messages"]][:2] == ["hello", "You said: hello"]
            assert seen["usage"]["turns"] == 2
            usage = (await here.http.get(f"{path}/usage", headers=token(made))).json()
            assert [row["turn"] for row in usage["turns"]] == [1, 2]
            assert usage["total"]["input"] == sum(row["input"] for row in usage["turns"])
            assert (await here.http.delete(path, headers=token(made))).status_code == 204
            error(await here.http.get(path, headers=token(made)), 404, "session_unknown")

    asyncio.run(play())


def test_events_are_read_from_any_place() -> None:
    async def play() -> None:
        async with serving() as here:
            made = await here.create()
            await talk(here, made, "hello")
            path = f"/v1/sessions/{made['session_id']}/events"

            async def read(**query: Any) -> dict[str, Any]:
                found: dict[str, Any] = (await here.http.get(path, params=query, headers=token(made))).json()
                return found

            whole = await read()
            assert [event["seq"] for event in whole["events"]] == [1, 2, 3, 4]
            assert [event["t"] for event in whole["events"]] == ["started", "delta", "delta", "done"]
            part = await read(after=1, epoch=made["epoch"], limit=2)
            assert (part["recovered"], part["events"]) == (True, whole["events"][1:3])
            lost = await read(after=99, epoch=made["epoch"])
            assert (lost["recovered"], lost["events"]) == (False, [])
            assert lost["snapshot"]["messages"][1]["text"] == "You said: hello"
            assert not (await read(after=1, epoch="other"))["recovered"]
            assert (await here.http.get(path, params={"after": -1}, headers=token(made))).status_code == 400

    asyncio.run(play())


def test_events_are_followed_live_and_resumed() -> None:
    async def play() -> None:
        async with serving() as here:
            made = await here.create()
            path = f"/v1/sessions/{made['session_id']}/events"
            accept = {"accept": "text/event-stream", **token(made)}
            lines: list[str] = []
            async with here.http.stream("GET", path, headers=accept) as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                source = stream.aiter_lines()
                assert await anext(source) == "event: attached"
                await talk(here, made, "hello")
                async for line in source:
                    lines.append(line)
                    if '"done"' in line:
                        break
            assert [line for line in lines if line.startswith("id:")] == ["id: 1", "id: 2", "id: 3", "id: 4"]
            async with here.http.stream("GET", path, headers={**accept, "last-event-id": "3"}) as stream:
                resumed = []
                async for line in stream.aiter_lines():
                    resumed.append(line)
                    if '"done"' in line:
                        break
            assert [line for line in resumed if line.startswith("id:")] == ["id: 4"]
            [live] = here.engine.lives
            async with asyncio.timeout(PATIENCE_S):
                while live.followed:  # until the server notices that the reader has left
                    await here.http.get("/healthz")

    asyncio.run(play())


def test_refusals_of_a_token_cannot_be_told_apart() -> None:
    async def play() -> None:
        async with serving() as here:
            made, other = await here.create(), await here.create()
            expired = scoped_token(token_hash(made["session_token"]), made["session_id"], "read", 5.0)
            answers = []
            for sid, sent in [
                (made["session_id"], ""),
                (made["session_id"], other["session_token"]),
                (made["session_id"], expired),
                ("s_nobody", made["session_token"]),
                ("x" * 500, made["session_token"]),
            ]:
                for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/events"), ("GET", "/usage")]:
                    headers = {"x-session-token": sent} if sent else {}
                    answers.append(await here.http.request(method, f"/v1/sessions/{sid}{path}", headers=headers))
            for answer in answers:
                error(answer, 404, "session_unknown")
                assert answer.content == answers[0].content
                assert {**answer.headers, "date": ""} == {**answers[0].headers, "date": ""}

    asyncio.run(play())


def test_a_scoped_token_reads_but_does_not_write() -> None:
    async def play() -> None:
        async with serving() as here:
            made = await here.create()
            path = f"/v1/sessions/{made['session_id']}"
            answer = await here.http.post(f"{path}/token", json={"scope": "read", "ttl_s": 60}, headers=token(made))
            scoped = token(answer.json())
            assert answer.json()["scope"] == "read"
            seen = await here.http.get(path, headers=scoped)
            assert (seen.status_code, "system" in seen.json()) == (200, False), "the system message is not for pages"
            error(await here.http.delete(path, headers=scoped), 403, "scope_insufficient")
            error(await here.http.post(f"{path}/token", json={}, headers=scoped), 403, "scope_insufficient")
            for bad in ({"ttl_s": 0}, {"ttl_s": 3601}, {"scope": "admin"}, {"more": 1}):
                error(await here.http.post(f"{path}/token", json=bad, headers=token(made)), 400, "bad_request")

    asyncio.run(play())


def test_events_end_with_the_token_that_opened_them() -> None:
    async def play() -> None:
        async with serving() as here:
            made = await here.create()
            path = f"/v1/sessions/{made['session_id']}"
            brief = (await here.http.post(f"{path}/token", json={"ttl_s": 1}, headers=token(made))).json()
            sse = {"accept": "text/event-stream"}
            answer = await here.http.get(f"{path}/events", headers={**token(brief), **sse}, timeout=PATIENCE_S)
            assert answer.text.split("event: ")[-1].startswith('err\ndata: {"code":"token_expired"')

    asyncio.run(play())


def test_keys_are_asked_for_and_sessions_belong_to_them() -> None:
    async def play() -> None:
        async with serving(api_keys="alpha, beta", sessions=2, rate=0.0) as here:
            made = {}
            for key in ("alpha", "beta"):
                headers = {"authorization": f"Bearer {key}"}
                made[key] = (await here.http.post("/v1/sessions", json={}, headers=headers)).json()
            for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic alpha"}):
                error(await here.http.post("/v1/sessions", json={}, headers=header), 401, "key_invalid")
                error(await here.http.get("/v1/models", headers=header), 401, "key_invalid")
            path = f"/v1/sessions/{made['alpha']['session_id']}"
            stolen = {"authorization": "Bearer beta", **token(made["alpha"])}
            error(await here.http.get(path, headers=stolen), 404, "session_unknown")
            mine = {"authorization": "bearer alpha", **token(made["alpha"])}
            assert (await here.http.get(path, headers=mine)).status_code == 200
            await here.http.post("/v1/sessions", json={}, headers=mine)
            full = error(await here.http.post("/v1/sessions", json={}, headers=mine), 429, "session_limit")
            assert full["temporary"]
            assert (await here.http.get("/healthz")).status_code == 200

    asyncio.run(play())


def test_too_many_requests_are_told_when_to_come_back() -> None:
    async def play() -> None:
        async with serving(api_keys="alpha", rate=1.0) as here:
            headers = {"authorization": "Bearer alpha"}
            answers = [await here.http.get("/v1/models", headers=headers) for _ in range(12)]
            assert [answer.status_code for answer in answers][:10] == [200] * 10
            told = error(answers[-1], 429, "rate_limited")
            assert told["temporary"]
            assert answers[-1].headers["retry-after"] == "1"

    asyncio.run(play())


@pytest.mark.parametrize("announced", [True, False])
def test_bodies_are_limited(announced: bool) -> None:
    async def play() -> None:
        async with serving(body_kb=16) as here:
            body = json.dumps({"system": "x" * 20_000}).encode()

            async def pieces() -> Any:
                for start in range(0, len(body), 5000):
                    yield body[start : start + 5000]

            content = body if announced else pieces()
            headers = {"content-type": "application/json"}
            error(await here.http.post("/v1/sessions", content=content, headers=headers), 413, "body_too_large")
            await here.create(system="y" * 10_000)

    asyncio.run(play())


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"system": 5}', b'{"unknown": 1}', b'{"options": {"x": NaN}}', b'{"system": "\\ud800"}'],
)
def test_bodies_that_make_no_sense_are_refused(body: bytes) -> None:
    async def play() -> None:
        async with serving() as here:
            answer = await here.http.post("/v1/sessions", content=body, headers={"content-type": "application/json"})
            assert error(answer, 400, "bad_request")["expected"]

    asyncio.run(play())


def test_unknown_paths_and_methods_read_like_all_errors() -> None:
    async def play() -> None:
        async with serving() as here:
            error(await here.http.get("/v1/nothing"), 404, "not_found")
            error(await here.http.put("/v1/sessions"), 405, "method_not_allowed")

    asyncio.run(play())


def test_expired_sessions_are_unknown_and_their_time_is_told() -> None:
    async def play() -> None:
        options = EngineOptions(ttl_s=0.05)
        async with serving(options=options) as here:
            made = await here.create()
            assert made["expires_at"].endswith("+00:00")
            await asyncio.sleep(0.06)
            answer = await here.http.get(f"/v1/sessions/{made['session_id']}", headers=token(made))
            error(answer, 404, "session_unknown")

    asyncio.run(play())


def test_figures_and_health() -> None:
    async def play() -> None:
        async with serving() as here:
            made = await here.create()
            await talk(here, made, "hello")
            figures = (await here.http.get("/metrics")).text
            assert 'voice_turns_total{end="done"} 1.0' in figures
            assert "voice_events_logged_total 4.0" in figures
            assert "voice_sessions_in_memory 1.0" in figures
            assert (await here.http.get("/readyz")).json() == {"status": "ready"}
            here.app.service.access.stopping = True
            answer = await here.http.get("/readyz")
            error(answer, 503, "stopping")
            assert int(answer.headers["retry-after"]) >= 1
            error(await here.http.post("/v1/sessions", json={}), 503, "stopping")

    asyncio.run(play())


def test_a_remote_session_is_forgotten_and_begins_anew() -> None:
    async def run() -> None:
        async with serving() as server:
            session = await RemoteSession.create(server.url, system="be brief")
            assert await session.ask("swordfish") == "You said: swordfish"
            before, token = session.id, session.token
            await session.forget()
            assert session.id != before
            gone = await server.http.get(f"/v1/sessions/{before}", headers={"x-session-token": token})
            assert gone.json()["error"]["code"] == "session_unknown"
            assert await session.ask("hello") == "You said: hello"
            assert [message.text for message in server.upstream.asked[-1].messages] == ["be brief", "hello"]
            await session.forget()
            await Sessions(server.url).delete(session.id, session.token)
            await session.forget()
            assert await session.ask("again") == "You said: again"
            await session.close()

    asyncio.run(run())
