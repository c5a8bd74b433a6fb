"""Several people in one session, over HTTP and WebSocket: own tokens, one order, no one in another's name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from functools import wraps
from typing import Any

import httpx
import pytest

from tests.support.scripted_llm import Step, echo
from tests.support.serving import Serving, serving
from voice.llm.interface import Ask, Delta, Done
from voice.sessions.engine_context import EngineOptions
from voice.sessions.tokens import participant_token


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test on an event loop of its own."""

    @wraps(test)
    def run(**how: Any) -> None:
        asyncio.run(test(**how))

    return run


def slow(ask: Ask) -> Iterable[Step]:
    yield Delta("one ")
    yield 0.15
    yield Delta("two")
    yield Done()


class Table:
    """A session and those who sit at it."""

    def __init__(self, here: Serving, session: dict[str, Any]) -> None:
        self.here, self.session = here, session
        self.path = f"/v1/sessions/{session['session_id']}"

    async def ask(self, method: str, path: str, token: str = "", body: Any = None) -> httpx.Response:
        headers = {"x-session-token": token or self.session["session_token"]}
        return await self.here.http.request(method, self.path + path, json=body, headers=headers)

    async def join(self, name: str, scope: str = "speak") -> dict[str, Any]:
        made = await self.ask("POST", "/participants", body={"name": name, "scope": scope})
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    async def say(self, who: dict[str, Any], n: int, text: str) -> httpx.Response:
        return await self.ask("POST", "/say", who["session_token"], {"n": n, "input": text})

    def seat(self, who: dict[str, Any]) -> dict[str, Any]:
        """What opens the session for this participant."""
        return {"session_id": self.session["session_id"], "session_token": who["session_token"]}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@in_loop
async def test_what_is_said_is_acknowledged_with_its_place_and_answered_in_turn() -> None:
    async with serving(slow) as here, here.socket() as ws:
        table = Table(here, await here.create())
        ann, bob = await table.join("Ann"), await table.join("Bob")
        await ws.attach(table.seat(bob))
        first, second = await table.say(ann, 1, "hello"), await table.say(ann, 2, "and then?")
        assert (first.status_code, first.json()) == (202, {"n": 1, "seq": 3, "turn": 1})
        assert second.json()["position"] == 1
        await ws.say(op="say", n=1, input="me too", msg_id="m1")
        ops = [*await ws.until("done"), *await ws.until("done"), *await ws.until("done")]
        assert [op["d"]["input"] for op in ops if op.get("t") == "started"] == [
            "Ann: hello",
            "Bob: me too",
            "Ann: and then?",
        ]
        said = next(op for op in ops if op["op"] == "said")
        assert said == {"op": "said", "n": 1, "seq": said["seq"], "position": 1}
        event = next(op for op in ops if op.get("seq") == said["seq"] and op["op"] == "ev")
        assert event["d"] == {"author": bob["id"], "name": "Bob", "n": 1, "input": "me too", "msg_id": "m1"}
        again = await table.say(ann, 2, "and then?")
        assert again.json() == {"n": 2, "seq": second.json()["seq"], "turn": 3}
        assert code(await table.say(ann, 2, "else")) == (422, "sequence_conflict")
        gap = await table.say(ann, 5, "else")
        assert (code(gap), gap.json()["error"]["expected"]) == ((422, "sequence_gap"), 3)


@pytest.mark.parametrize("scope", ["speak", "read", "moderate"])
@in_loop
async def test_a_token_allows_what_its_scope_says(scope: str) -> None:
    async with serving(slow) as here, here.socket() as ws:
        table = Table(here, await here.create())
        one, other = await table.join("Ann", scope), await table.join("Bob")
        token = one["session_token"]
        may = {"read": {"look"}, "speak": {"look", "say"}, "moderate": {"look", "say", "skip", "cancel"}}[scope]
        requests = {
            "look": ("GET", "/participants", None, 200),
            "say": ("POST", "/say", {"n": 1, "input": "hi"}, 202),
            "skip": ("DELETE", f"/participants/{other['id']}/messages/2", None, 204),
            "cancel": ("POST", "/cancel", {"turn": 1}, 204),
            "join": ("POST", "/participants", {"name": "Eve"}, 201),
            "renew": ("POST", f"/participants/{other['id']}/token", {}, 201),
            "token": ("POST", "/token", {"scope": "write"}, 201),
            "delete": ("DELETE", "", None, 204),
        }
        await table.say(other, 1, "running")
        await table.say(other, 2, "waiting")
        for what, (method, path, body, status) in requests.items():
            answer = await table.ask(method, path, token, body)
            if what in may:
                assert answer.status_code == status, what
            else:
                assert code(answer) == (403, "scope_insufficient"), what
        await ws.attach(table.seat(one))
        await ws.say(op="send", sequence=9, input="hi")
        refused = [op for op in await ws.rest() if op["op"] == "err"]
        assert [op["code"] for op in refused] == ["scope_insufficient"]


@in_loop
async def test_the_owner_keeps_order_and_speaks_for_nobody() -> None:
    async with serving(slow) as here:
        table = Table(here, await here.create())
        ann = await table.join("Ann")
        assert code(await table.say(table.session, 1, "hi")) == (403, "scope_insufficient")
        assert code(await table.ask("POST", "/participants", body={"name": "ann"})) == (409, "name_taken")
        assert code(await table.ask("POST", "/participants", body={"name": "system"})) == (400, "bad_request")
        assert code(await table.ask("POST", "/participants/p_x/token", body={})) == (404, "participant_unknown")
        for n in (1, 2, 3):
            await table.say(ann, n, f"a{n}")
        assert (await table.ask("DELETE", f"/participants/{ann['id']}/messages/2")).status_code == 204
        waiting = (await table.ask("GET", "/participants")).json()
        assert waiting["participants"] == [{"id": ann["id"], "name": "Ann", "scope": "speak"}]
        assert [one["n"] for one in waiting["waiting"]] == [3]
        assert (await table.ask("POST", "/cancel", body={"turn": 1})).status_code == 204
        state = (await table.ask("GET", "")).json()
        assert state["open"]["said"] == [{"author": ann["id"], "name": "Ann", "n": 3}]


@in_loop
async def test_a_participant_stops_a_reply_over_the_socket() -> None:
    async with serving(slow) as here, here.socket() as ws:
        table = Table(here, await here.create(group={"barge_in": "all"}))
        ann, bob = await table.join("Ann"), await table.join("Bob")
        await ws.attach(table.seat(bob))
        await table.say(ann, 1, "hello")
        await ws.until("delta")
        await ws.say(op="stop", turn=1, heard=1)
        stopped, cut = (await ws.until("stopped"))[-1], (await ws.until("truncated"))[-1]
        assert stopped["d"] == {"id": bob["id"], "turn": 1, "heard": 1}
        assert cut["d"]["heard"] == 1
        await ws.say(op="stop", turn=7, heard=1)
        assert (await ws.get())["code"] == "turn_unknown"


@in_loop
async def test_someone_who_has_left_is_cut_off_everywhere_and_only_they() -> None:
    async with serving(slow) as here, here.socket() as cut, here.socket() as kept:
        table = Table(here, await here.create())
        ann, bob = await table.join("Ann"), await table.join("Bob")
        await cut.attach(table.seat(ann))
        await kept.attach(table.seat(bob))
        headers = {"x-session-token": ann["session_token"], "accept": "text/event-stream"}
        async with here.http.stream("GET", f"{table.path}/events", headers=headers) as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "event: attached"
            assert (await table.ask("DELETE", f"/participants/{bob['id']}", ann["session_token"])).status_code == 403
            assert (await table.ask("DELETE", f"/participants/{ann['id']}", ann["session_token"])).status_code == 204
            rest = [line async for line in lines]
        assert "event: err" in rest
        assert (await cut.get())["code"] == "session_unknown"
        assert code(await table.say(ann, 1, "still here")) == (404, "session_unknown")
        await cut.say(op="say", n=1, input="still here")
        assert [op["code"] for op in await cut.rest()] == ["session_unknown"]
        assert (await kept.until("left"))[-1]["d"] == {"id": ann["id"]}
        assert (await table.say(bob, 1, "alone now")).status_code == 202
        assert (await kept.until("done"))[-1]["turn"] == 1


@in_loop
async def test_tokens_of_participants_end_and_can_neither_be_forged_nor_moved() -> None:
    async with serving(echo) as here:
        table, elsewhere = Table(here, await here.create()), Table(here, await here.create())
        ann, bob = await table.join("Ann"), await table.join("Bob")
        assert (await elsewhere.join("Ann"))["id"] != ann["id"]
        _, _, rest = ann["session_token"].partition(".")
        stored = here.engine.lives[0].card.token_hash
        ended = participant_token(stored, table.session["session_id"], ann["id"], here.app.service.now_s() - 1)
        for token in (f"vp_{bob['id']}.{rest}", f"vs_read.{rest}", f"vs_{ann['id']}.{rest}", "vp_p_x.9.9", ended):
            assert code(await table.ask("GET", "/participants", token)) == (404, "session_unknown")
        assert code(await elsewhere.ask("GET", "", ann["session_token"])) == (404, "session_unknown")
        again = await table.ask("POST", f"/participants/{ann['id']}/token", body={"ttl_s": 60})
        assert {**again.json(), "session_token": "", "expires_at": ""} == {
            **ann,
            "session_token": "",
            "expires_at": "",
        }
        assert (await table.say(again.json(), 1, "hi")).status_code == 202


@in_loop
async def test_listeners_hear_one_reply_and_each_resumes_alone() -> None:
    async with serving(slow) as here, here.socket() as one, here.socket() as two:
        table = Table(here, await here.create())
        ann, bob = await table.join("Ann"), await table.join("Bob", "read")
        first = await one.attach(table.seat(ann))
        await two.attach(table.seat(bob))
        await table.say(ann, 1, "hello")
        heard = [await one.until("done"), await two.until("done")]
        assert heard[0] == heard[1]
        await table.say(ann, 2, "again")
        await one.until("done")
        back = [await two.attach(table.seat(bob), after=heard[0][-1]["seq"], epoch=first["epoch"])]
        while back[-1]["op"] != "attached":  # live events of the attachment before
            back.append(await two.get())
        assert back[-1]["recovered"]
        again = await two.until("done")
        assert [op["seq"] for op in again] == list(range(again[0]["seq"], again[-1]["seq"] + 1))
        assert again[0]["seq"] == heard[0][-1]["seq"] + 1


@in_loop
async def test_a_full_line_refuses_for_now_and_says_who_waits() -> None:
    async with serving(slow, options=EngineOptions(waiting=2, waiting_each=1)) as here:
        table = Table(here, await here.create())
        people = [await table.join(name) for name in ("Ann", "Bob", "Eve")]
        answers = [await table.say(people[0], n, "hm") for n in (1, 2, 3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert "too many messages of Ann wait for an answer" in answers[2].text
        assert (await table.say(people[1], 1, "hm")).status_code == 202
        assert code(await table.say(people[2], 1, "hm")) == (429, "overloaded")


@pytest.mark.parametrize("group", [{"answer": "all"}, {"answer": "addressed"}, {"name": "x" * 41}, "each", {"more": 1}])
@in_loop
async def test_rules_that_make_no_sense_are_refused(group: Any) -> None:
    async with serving() as here:
        answer = await here.http.post("/v1/sessions", json={"group": group})
        assert code(answer) == (400, "bad_request")


@in_loop
async def test_only_those_who_name_the_assistant_are_answered_where_the_session_says_so() -> None:
    async with serving(echo) as here:
        table = Table(here, await here.create(group={"answer": "addressed", "name": "Nova"}))
        ann, bob = await table.join("Ann"), await table.join("Bob")
        assert (await table.say(ann, 1, "it rains")).json() == {"n": 1, "seq": 3}
        assert (await table.say(bob, 1, "Nova, is that so?")).json() == {"n": 1, "seq": 4, "turn": 1}
        await asyncio.sleep(0)
        assert here.upstream.asked[0].messages[-1].text == "Ann: it rains\nBob: Nova, is that so?"


@in_loop
async def test_a_reading_api_key_says_nothing() -> None:
    keys = "home:write:k1,home:read:k2"
    async with serving(api_keys=keys) as here:
        here.http.headers["authorization"] = "Bearer k1"
        table = Table(here, await here.create())
        ann = await table.join("Ann")
        here.http.headers["authorization"] = "Bearer k2"
        assert code(await table.say(ann, 1, "hi")) == (403, "scope_insufficient")
        assert (await table.ask("GET", "/participants", ann["session_token"])).status_code == 200
