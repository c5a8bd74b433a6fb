"""Faults 11 and 18 at their heart: keys and their scopes, guesses, refusals that tell nothing by words or time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.scripted_llm import ScriptedUpstream
from tests.support.serving import serving
from voice.clock import run_virtual
from voice.errors import ConfigError
from voice.llm.interface import Delta
from voice.server.access import PEER, REFUSAL_S, WRONG_KEYS, WRONG_TOKENS, Access, own_key
from voice.server.service import Service
from voice.server.websocket_connection import WebSocketConnection
from voice.sessions.engine import Engine
from voice.sessions.log import Refused
from voice.sessions.stores.encrypted import EncryptedStore
from voice.sessions.stores.memory import MemoryStore
from voice.sessions.tokens import scoped_token, token_hash
from voice.settings.serving import ServeSettings


def access(**settings: Any) -> Access:
    return Access(Engine(MemoryStore(), ScriptedUpstream()), ServeSettings(**settings), lambda: 1000.0)


def refusal(call: Callable[[], Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value


def virtual(scene: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await scene()

    run_virtual(run())


def test_keys_of_one_name_are_one_owner_and_plain_keys_are_their_own() -> None:
    async def scene() -> None:
        gate = access(api_keys="alpha, kitchen:write:beta,kitchen:read:gamma ,")
        owners = {key: gate.owner(key) for key in ("alpha", "beta", "gamma")}
        assert owners["beta"] == owners["gamma"] != owners["alpha"]
        assert owners["alpha"] == access(api_keys="alpha").owner("alpha"), "an old key keeps its sessions"
        for wrong in ("", "kitchen:write:beta", "delta"):
            assert refusal(lambda key=wrong: gate.owner(key)).code == "key_invalid"  # type: ignore[misc]
        assert "alpha" not in repr(vars(gate))

    virtual(scene)


@pytest.mark.parametrize("keys", ["a:admin:b", "a:read:", ":read:b", "a:b:"])
def test_keys_that_cannot_be_meant_are_refused_without_showing_them(keys: str) -> None:
    with pytest.raises(ConfigError) as caught:
        access(api_keys=f"alpha,{keys}")
    assert "VOICE_SERVE_API_KEYS" in str(caught.value)
    assert keys not in str(caught.value)


def test_a_page_opened_here_gets_a_key_that_may_write() -> None:
    assert own_key("kitchen:read:gamma, kitchen:write:beta,alpha") == "beta"
    assert own_key("alpha,beta") == "alpha"
    assert own_key(" , kitchen:read:gamma") == own_key("") == ""


def test_a_reading_key_reads_and_does_nothing_else() -> None:
    async def run() -> None:
        async with serving(api_keys="kitchen:write:beta,kitchen:read:gamma") as here:
            write, read = ({"authorization": f"Bearer {key}"} for key in ("beta", "gamma"))
            made = (await here.http.post("/v1/sessions", json={}, headers=write)).json()
            path, token = f"/v1/sessions/{made['session_id']}", {"x-session-token": made["session_token"]}
            assert (await here.http.get(path, headers=read | token)).status_code == 200
            chat = {"messages": [{"role": "user", "content": "hi"}]}
            for method, where, body in [
                ("POST", "/v1/sessions", {}),
                ("POST", "/v1/chat/completions", chat),
                ("POST", f"{path}/token", {}),
                ("DELETE", path, None),
            ]:
                refused = await here.http.request(method, where, json=body, headers=read | token)
                assert refused.json()["error"]["code"] == "scope_insufficient", (method, where)
            async with here.socket(additional_headers=read) as socket:
                assert (await socket.attach(made))["op"] == "attached"
                await socket.say(op="send", sequence=1, input="hello")
                assert (await socket.get())["code"] == "scope_insufficient"
            assert (await here.http.delete(path, headers=write | token)).status_code == 204

    asyncio.run(run())


def test_an_address_that_guesses_keys_waits_and_shuts_out_nobody_who_is_in() -> None:
    async def scene() -> None:
        gate = access(api_keys="alpha,beta")
        PEER.set("10.0.0.1")
        gate.owner("alpha")
        for n in range(int(WRONG_KEYS[1])):
            assert refusal(lambda n=n: gate.owner(f"guess {n}")).code == "key_invalid"  # type: ignore[misc]
        for key in ("another guess", "beta"):
            refused = refusal(lambda key=key: gate.owner(key))  # type: ignore[misc]
            assert refused.code == "rate_limited"
            assert refused.retry_after_s
        gate.owner("alpha")
        PEER.set("10.0.0.2")
        gate.owner("beta")
        PEER.set("10.0.0.1")
        await asyncio.sleep(1 / WRONG_KEYS[0] + 0.01)
        gate.owner("beta")
        for _ in range(50):
            assert refusal(lambda: gate.owner("")).code == "key_invalid", "no key is no guess"

    virtual(scene)


def test_of_the_addresses_that_showed_a_key_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr("voice.server.access.MOST_NAMES", 3)
        gate = access(api_keys="alpha")
        for host in (1, 2, 3, 1, 4):  # 1 came again, so 2 is the one that was away longest
            PEER.set(f"10.0.0.{host}")
            gate.owner("alpha")
        for host, remembered in ((1, True), (2, False), (3, True), (4, True)):
            PEER.set(f"10.0.0.{host}")
            for n in range(int(WRONG_KEYS[1]) + 1):
                refusal(lambda n=n: gate.owner(f"guess {n}"))  # type: ignore[misc]
            if remembered:
                gate.owner("alpha")
            else:
                assert refusal(lambda: gate.owner("alpha")).code == "rate_limited"

    virtual(scene)


def test_guesses_over_the_wire_are_answered_with_429_and_when_to_come_back() -> None:
    async def run() -> None:
        async with serving(api_keys="alpha") as here:
            for _ in range(int(WRONG_KEYS[1])):
                wrong = await here.http.get("/v1/models", headers={"authorization": "Bearer guess"})
                assert wrong.status_code == 401
            limited = await here.http.get("/v1/models", headers={"authorization": "Bearer alpha"})
            assert limited.status_code == 429
            assert 1 <= int(limited.headers["retry-after"]) <= 6
            async with here.socket() as socket:
                await socket.say(op="auth", key="guess")
                assert (await socket.closed())[0] == 1013

    asyncio.run(run())


async def _sealed() -> tuple[Access, dict[str, tuple[str, str]]]:
    """A gate, and what to show it: session id and token for every wrong way."""
    engine = Engine(EncryptedStore(MemoryStore(), b"m" * 32), ScriptedUpstream())
    (live, token), (_, other) = await engine.create(), await engine.create()
    sid = live.card.sid
    expired = scoped_token(token_hash(token), sid, "write", 999.0)
    tries = {
        "no token": (sid, ""),
        "token of another session": (sid, other),
        "expired token": (sid, expired),
        "half a token": (sid, token[:-1]),
        "not ASCII": (sid, "é" * 43),
        "unknown session": ("s_nobody", token),
        "expired token, unknown session": ("s_nobody", expired),
        "no id": ("", token),
        "endless id": ("s" * 10_000, token),
    }
    return Access(engine, ServeSettings(), lambda: 1000.0), tries


def test_every_wrong_way_in_takes_the_same_time_to_the_tick() -> None:
    """On virtual time: whatever was looked up before, the answer is given at one moment after the question."""

    async def scene() -> None:
        gate, tries = await _sealed()
        now = asyncio.get_running_loop().time
        answers = set()
        for sid, token in tries.values():
            begun = now()
            with pytest.raises(Refused) as caught:
                await gate.session(sid, token, "")
            answers.add((caught.value.code, str(caught.value), round(now() - begun, 9)))
        assert len(answers) == 1
        [(code, _, took_s)] = answers
        assert (code, took_s) == ("session_unknown", REFUSAL_S)
        await gate._engine.close()

    virtual(scene)


def test_a_session_of_another_owner_reads_as_unknown() -> None:
    async def scene() -> None:
        engine = Engine(MemoryStore(), ScriptedUpstream())
        live, token = await engine.create(owner="somebody")
        gate = Access(engine, ServeSettings(), lambda: 1000.0)
        with pytest.raises(Refused) as caught:
            await gate.session(live.card.sid, token, "me")
        assert caught.value.code == "session_unknown"
        assert await gate.session(live.card.sid, token, "somebody") is live
        await engine.close()

    virtual(scene)


def test_too_many_wrong_tokens_are_refused_alike_whether_the_session_exists_or_not() -> None:
    async def scene() -> None:
        gate, tries = await _sealed()
        PEER.set("10.0.0.9")
        ways = [tries["no token"], tries["unknown session"]] * (int(WRONG_TOKENS[1]) // 2)
        results = await asyncio.gather(*(gate.session(*way, "") for way in ways), return_exceptions=True)
        assert {getattr(result, "code", "") for result in results} == {"session_unknown"}
        now = asyncio.get_running_loop().time
        for way in ways[:2]:
            begun = now()
            with pytest.raises(Refused) as caught:
                await gate.session(*way, "")
            assert (caught.value.code, caught.value.temporary) == ("rate_limited", True)
            assert round(now() - begun, 9) == REFUSAL_S
        await gate._engine.close()

    virtual(scene)


class Wire:
    """A WebSocket without a network: ops go in at times, frames come out with theirs."""

    def __init__(self, service: Service) -> None:
        self.told: list[tuple[float, dict[str, Any]]] = []
        self._ops: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.connection = WebSocketConnection(service, "", self._ops.get, self._send)

    def say(self, **op: Any) -> None:
        self._ops.put_nowait({"type": "websocket.receive", "text": json.dumps(op)})

    def hang_up(self) -> None:
        self._ops.put_nowait({"type": "websocket.disconnect"})

    async def _send(self, message: Any) -> None:
        told = json.loads(message["text"]) if "text" in message else dict(message)
        self.told.append((asyncio.get_running_loop().time(), told))


def test_a_token_that_ends_takes_what_it_has_opened_with_it_at_that_moment() -> None:
    async def scene() -> None:
        engine = Engine(
            MemoryStore(), ScriptedUpstream(lambda ask: [step for _ in range(60) for step in (1.0, Delta("x "))])
        )
        service = Service(engine, ServeSettings(), lambda: 1000.0)
        live, whole = await engine.create()
        service.now_s()
        brief = scoped_token(token_hash(whole), live.card.sid, "read", 1010.0)
        watching, both = Wire(service), Wire(service)
        running = [asyncio.create_task(one.connection.run()) for one in (watching, both)]
        for wire, token, ch in ((watching, brief, 0), (both, brief, 1), (both, whole, 2)):
            wire.say(op="attach", session_id=live.card.sid, session_token=token, ch=ch)
        live.send(1, "go")
        times = [asyncio.get_running_loop().time() async for _ in live.batches(0, until=10.0)]
        assert times[-1] < 10.0 == asyncio.get_running_loop().time()
        await asyncio.sleep(15)
        (ended_at, err), (closed_at, closing) = watching.told[-2:]
        assert (ended_at, err["code"], err["re"], closed_at, closing["code"]) == (
            *(10.0, "token_expired", "attach"),
            *(10.0, 4003),
        )
        assert len([told for _, told in watching.told if told.get("t") == "delta"]) == 9
        [(at, told)] = [(at, told) for at, told in both.told if told["op"] == "err"]
        assert (at, told["code"], told["ch"]) == (10.0, "token_expired", 1)
        assert both.told[-1][0] > 20.0, "the other channel has a token that does not end"
        both.say(op="cancel", turn=1, ch=1)
        await asyncio.sleep(0.1)
        [told] = [told for _, told in both.told if told["op"] == "err" and told["re"] == "cancel"]
        assert told["code"] == "token_expired"
        for wire in (watching, both):
            wire.hang_up()
        await asyncio.gather(*running)
        await engine.close()

    virtual(scene)
