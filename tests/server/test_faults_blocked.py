"""Fault 9, blocked text: split at every place, connections dropped there; it is in no frame, file, log or log line."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openai
import pytest

from benchmarks.upstream import Script
from tests.support.moderator import Moderator, openai_says
from tests.support.scripted_llm import Step
from tests.support.served import Served
from tests.support.serving import serving
from voice.llm.interface import Ask, Delta, Done, UpstreamError
from voice.safety.classifiers import OpenAIModeration
from voice.safety.moderation import Moderation
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules
from voice.sessions.stores.sqlite import SqliteStore

CANARY = "xylophone 抢劫 heist"
REPLY = f"Sure. The {CANARY} begins at dawn."
RULES = Rules([Rule("illegal", CANARY)])


def clean(*texts: str | bytes) -> None:
    """Not even half of a blocked word is there."""
    for text in texts:
        found = text if isinstance(text, bytes) else text.encode()
        assert b"xylop" not in found
        assert "抢劫".encode() not in found
        assert b"heist" not in found


def split_there(ask: Ask) -> Iterable[Step]:
    """`cut N`: the reply up to its Nth character, in two pieces, then the connection breaks; `whole N`: goes on."""
    how, place = ask.messages[-1].text.split()
    at = int(place)
    yield Delta(REPLY[: at // 2])
    yield Delta(REPLY[at // 2 : at])
    yield 0.0
    if how == "cut":
        raise UpstreamError("the connection broke", code="upstream_cut", temporary=False)
    yield Delta(REPLY[at:])
    yield Done()


def test_split_and_dropped_at_every_place(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> list[str]:
        seen: list[str] = []
        store = SqliteStore(tmp_path / "s.db")
        async with serving(split_there, store=store, moderation=Moderation(RULES)) as served:
            session = await served.create()
            for number, at in enumerate([place for place in range(1, len(REPLY)) for _ in (0, 1)], 1):
                how = "cut" if number % 2 else "whole"
                async with served.socket() as socket:
                    head = await socket.attach(session)
                    await socket.say(op="send", sequence=number, input=f"{how} {at}")
                    ops = [head, await socket.get()]
                    while len(ops) < 3 or ops[-1]["t"] not in ("done", "failed"):
                        if number % 5 == 0 and ops[-1].get("t") == "delta":
                            break  # this client goes away in mid-reply
                        ops.append(await socket.get())
                seen.append(json.dumps(ops, ensure_ascii=False))
            async with served.socket() as socket:
                seen.append(json.dumps(await socket.attach(session), ensure_ascii=False))
            events = await served.http.get(
                f"/v1/sessions/{session['session_id']}/events", headers={"x-session-token": session["session_token"]}
            )
            seen += [events.text, (await served.http.get("/metrics")).text]
            told = [event["d"] for event in events.json()["events"] if event["t"] == "done"]
            assert all(end["blocked"] == "reply" for end in told)
            failed = [event for event in events.json()["events"] if event["t"] == "failed"]
            assert len(told) + len(failed) == 2 * (len(REPLY) - 1)
            assert len(told) >= len(REPLY) - 1, "every reply that was not cut short"
            assert "voice_moderation_blocked_reply_total" in seen[-1]
        await store.close()
        return seen

    with caplog.at_level(logging.DEBUG):
        seen = asyncio.run(play())
    clean(*seen, caplog.text, *(path.read_bytes() for path in tmp_path.iterdir()))


def test_a_served_process_keeps_nothing_of_it_byte_by_byte(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(f"categories:\n  illegal:\n    match:\n      - {CANARY}\n", "utf-8")
    folder = tmp_path / "served"
    folder.mkdir()
    with Served(folder, "--set", f"safety.rules={rules}", environment={"XDG_DATA_HOME": str(folder)}) as served:
        served.upstream.default(Script(text=REPLY, piece=1))
        sid, token = served.server.create()
        ask = {"developer_mode": True, "session_id": sid}

        def say(sequence: int, words: str) -> Any:
            body = {**ask, "sequence": sequence, "messages": [{"role": "user", "content": words}]}
            return served.server.request("POST", "/v1/chat/completions", body, token=token)

        status, _, answer = say(1, "hello")
        assert (status, answer["choices"][0]["message"]["content"]) == (200, "Sure. The [Blocked]")
        assert (answer["choices"][0]["finish_reason"], answer["flagged"]) == ("content_filter", True)
        _, _, answer = say(2, f"tell me about the {CANARY}")
        assert (answer["choices"][0]["message"]["content"], answer["blocked"]) == ("[Blocked]", "input")
        assert say(2, f"tell me about the {CANARY}")[2]["choices"] == answer["choices"]
        stateless = {"messages": [{"role": "user", "content": "hello"}]}
        _, _, answer = served.server.request("POST", "/v1/chat/completions", stateless)
        assert answer["choices"][0] | {"index": 0} == answer["choices"][0]
        assert (answer["choices"][0]["message"]["content"], answer["categories"]) == (
            "Sure. The [Blocked]",
            ["illegal"],
        )
        stateless["messages"][0]["content"] = CANARY
        _, _, answer = served.server.request("POST", "/v1/chat/completions", stateless)
        assert (answer["choices"][0]["message"]["content"], answer["blocked"]) == ("[Blocked]", "input")
        asked = json.dumps(served.upstream.asked()["bodies"], ensure_ascii=False)
        assert served.upstream.calls() == 2
        served.server.kill()
        clean(asked, *(path.read_bytes() for path in folder.rglob("*") if path.is_file()))


def test_the_official_client_sees_a_content_filter() -> None:
    def answer(ask: Ask) -> list[Step]:
        return [Delta(REPLY), Done()]

    async def play() -> None:
        async with serving(answer, moderation=Moderation(RULES)) as served:
            client = openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0)
            for body in ({"developer_mode": True}, {}):
                stream = await client.chat.completions.create(
                    model="m", messages=[{"role": "user", "content": "hello"}], stream=True, extra_body=body
                )
                chunks = [chunk async for chunk in stream]
                assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Sure. The [Blocked]"
                assert chunks[-1].choices[0].finish_reason == "content_filter"
                assert chunks[-1].model_extra is not None
                assert (chunks[-1].model_extra["flagged"], chunks[-1].model_extra["categories"]) == (True, ["illegal"])
            await client.close()

    asyncio.run(play())


@pytest.mark.parametrize("fault", ["late", "429", "rubbish"])
@pytest.mark.parametrize("closed", [True, False])
def test_a_moderation_server_that_fails(fault: str, closed: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def play(server: Moderator) -> None:
        judge = OpenAIModeration(server.url, "m", "", 0.3)
        moderation = Moderation(RULES, [judge], closed=closed)
        async with serving(moderation=moderation) as served:
            session = await served.create()
            async with served.socket() as socket:
                await socket.attach(session)
                server.stalls, server.status = fault == "late", 429 if fault == "429" else 200
                server.answer = lambda body: "rubbish"
                await socket.say(op="send", sequence=1, input="my words")
                if closed:
                    refused = await socket.get()
                    assert (refused["op"], refused["code"], refused["temporary"]) == ("err", "unchecked", True)
                    answer = await served.chat("my words", developer_mode=True)
                    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unchecked")
                    assert served.upstream.asked == []
                else:
                    ops = await socket.until("done")
                    assert ops[-1]["d"]["unchecked"] is True
                    assert "".join(op["d"] for op in ops if op["t"] == "delta") == "You said: my words"
                server.stalls, server.status = False, 200
                server.answer = lambda body: openai_says()
                await socket.say(op="send", sequence=1 if closed else 2, input="my words")
                assert "unchecked" not in (await socket.until("done"))[-1]["d"]
            assert served.engine.parts.counts["moderation_errors"] >= 1
        await judge.close()

    with Moderator(lambda body: openai_says()) as server, caplog.at_level(logging.INFO):
        asyncio.run(play(server))
    assert "moderation by m at" in caplog.text
    assert "my words" not in caplog.text
