"""OpenAI's shape over a session: created, continued, replayed, refused; and handed through without one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.support.patience import PATIENCE_S
from tests.support.scripted_llm import Step
from tests.support.serving import Serving, serving
from voice.llm.interface import Ask, Delta, Done, Effect, UpstreamError

DEVELOPER: dict[str, Any] = {"developer_mode": True}


def chunks(answer: httpx.Response) -> list[dict[str, Any]]:
    """The chunks of a streamed answer; it has to end as OpenAI's do."""
    assert answer.status_code == 200, answer.text
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def text(found: list[dict[str, Any]]) -> str:
    return "".join(choice["delta"].get("content") or "" for chunk in found for choice in chunk["choices"])


def code(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"]["code"])


async def begin(here: Serving, **body: Any) -> tuple[dict[str, Any], str]:
    """A session made by a chat completion: what later calls send, and the token."""
    answer = await here.chat("", messages=[{"role": "system", "content": "be brief"}], **DEVELOPER, **body)
    assert answer.json()["choices"][0]["message"]["content"] == ""
    return {**DEVELOPER, "session_id": answer.headers["x-session-id"]}, answer.headers["x-session-token"]


def test_only_the_new_words_travel_and_the_session_remembers() -> None:
    async def play() -> None:
        async with serving() as here:
            session, token = await begin(here, model="m1", temperature=0.25)
            for sequence, words in enumerate(("one", "two"), 1):
                answer = await here.chat(words, token, **session, sequence=sequence)
                assert answer.json()["choices"][0]["message"]["content"] == f"You said: {words}"
                assert answer.headers["x-session-id"] == session["session_id"]
                assert "x-session-token" not in answer.headers
            asked = here.upstream.asked[-1]
            told = ["be brief", "one", "You said: one", "two"]
            assert [message.text for message in asked.messages] == told
            assert (asked.model, dict(asked.options)) == ("m1", {"temperature": 0.25})
            assert answer.json()["usage"]["prompt_tokens"] > 0
            assert answer.json()["seq"] == 8

    asyncio.run(play())


def test_a_first_user_message_is_turn_one() -> None:
    async def play() -> None:
        async with serving() as here:
            answer = await here.chat("hello", **DEVELOPER, stream=True)
            found = chunks(answer)
            assert text(found) == "You said: hello"
            assert [chunk["seq"] for chunk in found] == [1, 2, 3, 4]
            assert found[-1]["choices"][0]["finish_reason"] == "stop"
            session = {**DEVELOPER, "session_id": answer.headers["x-session-id"]}
            again = await here.chat("next", answer.headers["x-session-token"], **session, sequence=2)
            assert again.json()["choices"][0]["message"]["content"] == "You said: next"

    asyncio.run(play())


def test_a_number_names_one_turn() -> None:
    async def play() -> None:
        async with serving() as here:
            session, token = await begin(here)
            answers = await asyncio.gather(
                *(here.chat("hello", token, **session, sequence=1, stream=True) for _ in range(5))
            )
            same = [[chunk | {"created": 0} for chunk in chunks(answer)] for answer in answers]
            assert all(found == same[0] for found in same)
            whole = await here.chat("hello", token, **session, sequence=1)
            assert whole.json()["choices"][0]["message"]["content"] == text(chunks(answers[0]))
            assert len(here.upstream.asked) == 1
            refusals = [
                ({"sequence": 1}, "other", "sequence_conflict"),
                ({"sequence": 3}, "x", "sequence_gap"),
                ({}, "x", "sequence_required"),
                ({"sequence": 1, "temperature": 1}, "hello", "sequence_conflict"),
            ]
            for body, words, expected in refusals:
                answer = await here.chat(words, token, **session, **body)
                assert code(answer, 422) == expected
                assert answer.json()["error"]["expected"] == 2

    asyncio.run(play())


@pytest.mark.compatible("POST /v1/chat/completions", "`stream_options.include_usage`")
def test_usage_comes_where_it_is_asked_for() -> None:
    def counted(ask: Ask) -> list[Step]:
        return [Delta("ok"), Done(20, 12, 3, estimated=False)]

    async def play() -> None:
        async with serving(counted) as here:
            sessions: list[dict[str, Any]] = [{}, DEVELOPER]
            for session in sessions:
                more: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
                last = chunks(await here.chat("hello", **session, **more))[-1]
                assert last["choices"] == []
                assert last["usage"]["prompt_tokens_details"] == {"cached_tokens": 12}
                assert last["usage"]["total_tokens"] == 23
                assert not any("usage" in c for c in chunks(await here.chat("hello", **session, stream=True)))

    asyncio.run(play())


def test_effects_are_chunks_with_a_field_of_their_own() -> None:
    async def play() -> None:
        async with serving(lambda ask: [Effect("timer", {"s": 5}), Delta("set"), Done()]) as here:
            found = chunks(await here.chat("timer", **DEVELOPER, stream=True))
            assert [chunk["effect"] for chunk in found if "effect" in chunk] == [{"kind": "timer", "data": {"s": 5}}]
            assert text(found) == "set"

    asyncio.run(play())


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("session", [{}, DEVELOPER])
def test_a_failure_before_the_first_word_is_an_http_error(stream: bool, session: dict[str, Any]) -> None:
    refusal = UpstreamError("no such model", code="upstream_404", temporary=False)

    async def play() -> None:
        async with serving(lambda ask: [refusal]) as here:
            answer = await here.chat("hello", **session, stream=stream)
            assert code(answer, 502) == "upstream_404"
            assert answer.headers["x-should-retry"] == "false"

    asyncio.run(play())


@pytest.mark.parametrize("session", [{}, DEVELOPER])
def test_a_failure_in_mid_reply_ends_the_stream_with_an_error(session: dict[str, Any]) -> None:
    broken = UpstreamError("the connection broke", code="upstream_cut", temporary=True)

    async def play() -> None:
        async with serving(lambda ask: [Delta("half"), 0.01, broken]) as here:
            answer = await here.chat("hello", **session, stream=True)
            lines = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
            assert text(lines[:-1]) == "half"
            assert lines[-1]["error"]["code"] == "upstream_cut"
            whole = await here.chat("hello", **session)
            assert code(whole, 502) == "upstream_cut"

    asyncio.run(play())


def test_a_client_that_leaves_stops_nothing_and_comes_back() -> None:
    async def play() -> None:
        async with serving(lambda ask: [Delta("one "), 0.2, Delta("two"), Done()]) as here:
            session, token = await begin(here)
            body = {"messages": [{"role": "user", "content": "hello"}], **session, "sequence": 1, "stream": True}
            headers = {"x-session-token": token}
            async with here.http.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer:
                await anext(answer.aiter_lines())
            found = chunks(await here.chat("hello", token, **session, sequence=1, stream=True))
            assert text(found) == "one two"
            assert len(here.upstream.asked) == 1

    asyncio.run(play())


def test_without_developer_mode_nothing_is_kept_and_leaving_stops_the_model() -> None:
    async def play() -> None:
        async with serving(lambda ask: [Delta("one "), 30.0, Delta("two"), Done()]) as here:
            said = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
            parts = {"role": "user", "content": [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]}
            body = {"model": "m2", "messages": [*said, parts], "stream": True, "top_p": 0.5}
            async with here.http.stream("POST", "/v1/chat/completions", json=body) as answer:
                await anext(answer.aiter_lines())
            async with asyncio.timeout(PATIENCE_S):
                while not here.upstream.closed:
                    await here.http.get("/healthz")
            asked = here.upstream.asked[0]
            assert [message.text for message in asked.messages] == ["a", "b", "cd"]
            assert (asked.model, dict(asked.options)) == ("m2", {"top_p": 0.5})
            assert here.engine.lives == ()

    asyncio.run(play())


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        {"messages": [{"role": "wizard", "content": "x"}]},
        {"messages": [{"role": "user", "content": None}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
        {"n": 2},
        {"temperature": float("nan")},
        {"sequence": 0, **DEVELOPER},
        {"sequence": "1", **DEVELOPER},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], **DEVELOPER},
    ],
)
def test_requests_that_make_no_sense_are_refused(body: dict[str, Any]) -> None:
    async def play() -> None:
        async with serving() as here:
            full = {"messages": [{"role": "user", "content": "x"}], **body}
            content = json.dumps(full).encode()
            headers = {"content-type": "application/json"}
            answer = await here.http.post("/v1/chat/completions", content=content, headers=headers)
            assert code(answer, 400) == "bad_request"
            assert here.upstream.asked == []

    asyncio.run(play())


def test_an_existing_session_takes_one_new_message() -> None:
    async def play() -> None:
        async with serving() as here:
            session, token = await begin(here)
            history = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
            assert code(await here.chat("", token, messages=history, **session, sequence=1), 400) == "bad_request"
            assert code(await here.chat("x", "vt_wrong", **session, sequence=1), 404) == "session_unknown"
            assert code(await here.chat("x", **DEVELOPER, sequence=2), 422) == "sequence_gap"

    asyncio.run(play())


def test_a_second_turn_waits_its_turn() -> None:
    async def play() -> None:
        async with serving(lambda ask: [Delta("one "), 0.2, Done()]) as here:
            session, token = await begin(here)
            running = asyncio.create_task(here.chat("first", token, **session, sequence=1))
            async with asyncio.timeout(PATIENCE_S):
                while not here.upstream.asked:
                    await here.http.get("/healthz")
            busy = await here.chat("second", token, **session, sequence=2)
            assert code(busy, 409) == "turn_in_flight"
            assert (busy.headers["x-should-retry"], busy.headers["retry-after"]) == ("true", "1")
            await running

    asyncio.run(play())


@pytest.mark.compatible("GET /v1/models", "the model that answers, also by its name")
def test_the_model_is_listed() -> None:
    async def play() -> None:
        async with serving() as here:
            models = (await here.http.get("/v1/models")).json()
            assert [model["id"] for model in models["data"]] == ["scripted"]

    asyncio.run(play())
