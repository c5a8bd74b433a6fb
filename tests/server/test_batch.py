"""Ten turns in one request: each answered for itself, none generated twice, limits counted as documented."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from tests.support.scripted_llm import Step
from tests.support.serving import Serving, serving
from voice.client import BatchItem, SessionError, Sessions
from voice.llm.interface import Ask, Delta, Done, UpstreamError
from voice.sessions.engine_context import EngineOptions
from voice.sessions.log import Refused
from voice.sessions.upstream_queue import Limits


def answer(ask: Ask) -> Iterable[Step]:
    """Says it back; 30 tokens each; fails for "bad"."""
    text = ask.messages[-1].text
    if text == "bad":
        yield UpstreamError("no", code="upstream_bad_request", temporary=False)
    yield Delta(f"{text}!")
    yield Done(input=20, output=10, estimated=False)


def item(made: dict[str, Any], text: str, sequence: int = 1) -> dict[str, Any]:
    return {"session_id": made["session_id"], "session_token": made["session_token"], "sequence": sequence,
            "input": text}  # fmt: skip


async def post(here: Serving, items: list[dict[str, Any]], **headers: str) -> httpx.Response:
    return await here.http.post("/v1/batch", json={"items": items}, headers={"x-client-type": "batch", **headers})


def test_each_item_has_its_own_status_and_a_repeat_generates_nothing() -> None:
    async def play() -> None:
        async with serving(answer) as here:
            made = [await here.create() for _ in range(10)]
            items = [item(one, f"t{n}") for n, one in enumerate(made)]
            items[2]["input"] = "bad"
            items[3]["sequence"] = 5
            items[4]["session_token"] = made[5]["session_token"]
            first = (await post(here, items)).json()["results"]
            assert [one["status"] for one in first] == [200, 200, 502, 422, 404, 200, 200, 200, 200, 200]
            assert [one["session_id"] for one in first] == [one["session_id"] for one in made]
            assert first[0] | {"usage": None} == {
                "session_id": made[0]["session_id"], "sequence": 1, "status": 200, "end": "done", "text": "t0!",
                "seq": 3, "usage": None}  # fmt: skip
            assert (first[2]["error"]["code"], first[2]["error"]["temporary"]) == ("upstream_bad_request", False)
            assert (first[3]["error"]["code"], first[3]["error"]["expected"]) == ("sequence_gap", 1)
            assert first[4]["error"]["code"] == "session_unknown"
            assert len(here.upstream.asked) == 8
            both = await asyncio.gather(post(here, items), post(here, items))
            assert [again.json()["results"] for again in both] == [first, first]
            assert len(here.upstream.asked) == 8
            expected = [
                (await here.http.get(f"/v1/sessions/{one['session_id']}",
                                     headers={"x-session-token": one["session_token"]})).json()["expected"]
                for one in made
            ]  # fmt: skip
            assert expected == [2, 2, 2, 1, 1, 2, 2, 2, 2, 2]

    asyncio.run(play())


def test_a_defect_in_one_item_costs_no_other_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with serving(answer) as here:
            made = [await here.create() for _ in range(3)]
            session = here.app.service.access.session

            async def broken(sid: str, *rest: Any) -> Any:
                if sid == made[1]["session_id"]:
                    raise ZeroDivisionError
                return await session(sid, *rest)

            monkeypatch.setattr(here.app.service.access, "session", broken)
            results = (await post(here, [item(one, "x") for one in made])).json()["results"]
            assert [one["status"] for one in results] == [200, 500, 200]
            assert results[1]["error"]["code"] == "broken"

    asyncio.run(play())


def test_eleven_items_or_two_of_one_session_are_refused_whole() -> None:
    async def play() -> None:
        async with serving(answer) as here:
            made = [await here.create() for _ in range(11)]
            for items, what in (([item(one, "x") for one in made], "11 items; expected at most 10"),
                                ([item(made[0], "x"), item(made[0], "y", 2)], "two items of one session")):  # fmt: skip
                refused = await post(here, items)
                assert (refused.status_code, refused.json()["error"]["code"]) == (422, "batch_refused")
                assert what in refused.json()["error"]["message"]
            assert (await post(here, [])).status_code == 400
            bare = await here.http.post("/v1/batch", json={"items": [item(made[0], "x")]})
            assert (bare.status_code, "x-client-type" in bare.text) == (400, True)
            assert here.upstream.asked == []

    asyncio.run(play())


def test_a_batch_is_one_request_and_as_many_turns_as_it_has_items() -> None:
    async def play() -> None:
        options = EngineOptions(limits=Limits(tokens_per_min=60))
        async with serving(answer, options=options, api_keys="k1", rate=0.4) as here:
            key = {"authorization": "Bearer k1"}
            made = [(await here.http.post("/v1/sessions", json={}, headers=key)).json() for _ in range(3)]
            items = [item(one, "x") for one in made]
            assert [one["status"] for one in (await post(here, items, **key)).json()["results"]] == [200] * 3
            later = await here.http.post("/v1/sessions", json={}, headers=key)
            assert later.json()["error"]["code"] == "rate_limited"  # four requests were the burst
            with pytest.raises(Refused, match="60 tokens per minute"):  # 90 were used
                here.engine.parts.slots.check(here.engine.lives[0].card.owner)

    asyncio.run(play())


def test_the_python_client_sends_batches() -> None:
    async def play() -> None:
        async with serving(answer) as here, Sessions(here.url) as sessions:
            made = [await sessions.create() for _ in range(11)]
            items = [BatchItem(one.id, one.token, 1, f"t{n}") for n, one in enumerate(made)]
            results = await sessions.batch(items[:10])
            assert [one["text"] for one in results] == [f"t{n}!" for n in range(10)]
            with pytest.raises(SessionError, match="at most 10"):
                await sessions.batch(items)
            assert await made[0].ask("next") == "next!"

    asyncio.run(play())
