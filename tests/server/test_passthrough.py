"""Chat completions hand on what a client asks and what a model answers; what cannot pass is refused by its name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest

from tests.llm.test_model_servers import CALLS as CALLS_IN_THE_WILD
from tests.server.openai_api.test_chat_completions import DEVELOPER, begin, chunks, code, text
from tests.support.rough_server import DONE as LAST
from tests.support.rough_server import RoughServer, delta, event, stream
from tests.support.scripted_llm import ScriptedUpstream, Step
from tests.support.serving import Serving, serving
from voice.llm.interface import CALL_PIECE, Ask, Delta, Done, Effect
from voice.llm.openai import OpenAIUpstream
from voice.safety.moderation import Moderation
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules

USER: Any = {"role": "user", "content": "on"}
TOOL: Any = {"type": "function", "function": {"name": "light", "parameters": {"type": "object"}}}
CALLS = [
    {"id": "a", "type": "function", "function": {"name": "light", "arguments": '{"on": true}'}},
    {"id": "b", "type": "function", "function": {"name": "light", "arguments": '{"on": false}'}},
]
EFFECTS = [Effect("function_call", {"call_id": c["id"], **c["function"]}) for c in CALLS]  # type: ignore[dict-item]
FIELDS: dict[str, Any] = {
    "tools": [TOOL],
    "tool_choice": {"type": "function", "function": {"name": "light"}},
    "parallel_tool_calls": False,
    "temperature": 0,
    "stop": ["x"],
    "seed": 7,
    "response_format": {"type": "json_object"},
    "logit_bias": {"1": 2},
    "user": "u",
    "top_k": 5,
    "chat_template_kwargs": {"enable_thinking": False},
}


def calling(ask: Ask) -> Iterator[Step]:
    yield Delta("One moment.")
    yield from EFFECTS
    yield Done(finish="tool_calls")


def official(here: Serving) -> openai.AsyncOpenAI:
    """OpenAI's client, to be used as an async context manager."""
    return openai.AsyncOpenAI(base_url=f"{here.url}/v1", api_key="none", max_retries=0)


def calls(found: list[dict[str, Any]]) -> list[Any]:
    """The calls of a streamed answer, put together as OpenAI's client does."""
    pieces = [
        piece for chunk in found for choice in chunk["choices"] for piece in choice["delta"].get("tool_calls", ())
    ]
    assert [piece["index"] for piece in pieces] == list(range(len(pieces)))
    return [{key: value for key, value in piece.items() if key != "index"} for piece in pieces]


@pytest.mark.parametrize("session", [{}, DEVELOPER])
@pytest.mark.compatible("POST /v1/chat/completions", "functions: `tools`, `tool_calls`, streamed or not")
def test_calls_come_back_streamed_and_whole(session: dict[str, Any]) -> None:
    async def play() -> None:
        async with serving(calling) as here:
            found = chunks(await here.chat("on", **session, tools=[TOOL], stream=True))
            assert (text(found), calls(found)) == ("One moment.", CALLS)
            assert found[-1]["choices"][0]["finish_reason"] == "tool_calls"
            whole = (await here.chat("on", **session, tools=[TOOL])).json()["choices"][0]
            assert whole["message"]["tool_calls"] == CALLS
            assert (whole["message"]["content"], whole["finish_reason"]) == ("One moment.", "tool_calls")

    asyncio.run(play())


def test_openais_own_client_puts_streamed_calls_together_in_every_shape() -> None:
    async def play() -> dict[str, Any]:
        made = {}
        async with RoughServer(*(answer for answer, _ in CALLS_IN_THE_WILD.values())) as server:
            upstream = OpenAIUpstream(server.url, "m")
            upstream.kind = "generic"
            moderation = Moderation(Rules([Rule("illegal", "red fox")]))
            async with serving(upstream=upstream, moderation=moderation) as here, official(here) as client:
                for case in CALLS_IN_THE_WILD:
                    asked = client.chat.completions.stream(model="m", messages=[USER], tools=[TOOL])
                    async with asked as reply:
                        message = (await reply.get_final_completion()).choices[0].message
                    made[case] = [
                        {"call_id": call.id, "name": call.function.name, "arguments": call.function.arguments}
                        for call in message.tool_calls or ()
                    ]
            await upstream.close()
        return made

    assert asyncio.run(play()) == {case: calls for case, (_, calls) in CALLS_IN_THE_WILD.items()}


def test_pieces_of_a_call_leave_as_they_arrive_between_words() -> None:
    first: dict[str, object] = {"place": 0, "call_id": "a", "name": "light", "arguments": ""}
    more: list[dict[str, object]] = [{"place": 0, "arguments": part} for part in ('{"on"', ": true}")]
    pieces = [Effect(CALL_PIECE, piece) for piece in (first, *more)]
    steps: list[Delta | Effect] = [Delta("One "), *pieces[:2], Delta("moment."), pieces[2]]
    follows = asyncio.Event()

    class Waiting(ScriptedUpstream):
        async def stream(self, ask: Ask) -> AsyncIterator[Delta | Effect | Done]:
            assert ask.pieces
            for step in steps:
                yield step
                await follows.wait()
                follows.clear()
            yield Done(finish="tool_calls")

    async def play() -> list[Any]:
        seen: list[Any] = []
        async with serving(upstream=Waiting()) as here, official(here) as client:
            async for chunk in await client.chat.completions.create(
                model="m", messages=[USER], tools=[TOOL], stream=True
            ):
                told = chunk.choices[0].delta
                if told.content or told.tool_calls:
                    parts = [piece.function.arguments for piece in told.tool_calls or () if piece.function]
                    seen.append(told.content or parts)
                    follows.set()
        return seen

    assert asyncio.run(play()) == ["One ", [""], ['{"on"'], "moment.", [": true}"]]


def test_a_call_that_moderation_stops_ends_in_the_middle() -> None:
    arguments = ['{"say": "a red', ' fox"}']

    def answer(ask: Ask) -> Iterator[Step]:
        yield Effect(CALL_PIECE, {"place": 0, "call_id": "a", "name": "say", "arguments": arguments[0]})
        yield Effect(CALL_PIECE, {"place": 0, "arguments": arguments[1]})
        yield Done(finish="tool_calls")

    async def play() -> None:
        async with serving(answer, moderation=Moderation(Rules([Rule("illegal", "red fox")]))) as here:
            found = chunks(await here.chat("on", tools=[TOOL], stream=True))
            pieces = [one for chunk in found for choice in chunk["choices"]
                      for one in choice["delta"].get("tool_calls", ())]  # fmt: skip
            assert "".join(piece["function"]["arguments"] for piece in pieces) == '{"say": "a '
            assert found[-1]["choices"][0]["finish_reason"] == "content_filter"

    asyncio.run(play())


@pytest.mark.compatible("POST /v1/chat/completions", "every field of the model server, handed on as written")
def test_everything_reaches_the_model_server_as_it_was_written() -> None:
    said: list[dict[str, Any]] = [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "on"}], "name": "ada"},
        {"role": "assistant", "content": None, "tool_calls": CALLS},
        {"role": "tool", "tool_call_id": "a", "content": "done"},
        {"role": "tool", "tool_call_id": "b", "content": '{"ok": true}'},
        {"role": "user", "content": "and?"},
    ]
    answer = stream(delta("Yes."), delta(tool_calls=[{"index": 0, **CALLS[0]}]),
                    end=event(delta(finish="tool_calls")) + LAST)  # fmt: skip

    async def play() -> tuple[dict[str, Any], Any]:
        async with RoughServer(answer) as server:
            upstream = OpenAIUpstream(server.url, "m")
            upstream.kind = "generic"
            async with serving(upstream=upstream) as here:
                reply = await here.chat("", messages=said, model="m", **FIELDS)
            await upstream.close()
            return reply.json(), server.asked[0][1]

    reply, asked = asyncio.run(play())
    assert asked["messages"] == said
    assert {name: asked[name] for name in FIELDS} == FIELDS
    assert set(asked) == {"messages", "model", "stream", "stream_options", *FIELDS}
    assert reply["choices"][0]["message"]["tool_calls"] == [CALLS[0]]


def test_a_session_takes_tools_and_their_results() -> None:
    replies: Iterator[list[Step]] = iter([[*EFFECTS, Done(finish="tool_calls")], [Delta("It is on."), Done()]])

    async def play() -> None:
        async with serving(lambda ask: next(replies)) as here:
            session, token = await begin(here, tools=[TOOL])
            first = await here.chat("on", token, **session, sequence=1, tool_choice="required")
            assert first.json()["choices"][0]["message"]["tool_calls"] == CALLS
            results = [{"role": "tool", "tool_call_id": name, "content": f"{name} done"} for name in "ab"]
            second = await here.chat("", token, messages=results, **session, sequence=2)
            assert second.json()["choices"][0]["message"]["content"] == "It is on."
            once, again = here.upstream.asked
            assert dict(once.options) == {"tools": [TOOL], "tool_choice": "required"}
            assert dict(again.options) == {"tools": [TOOL]}
            told = [(m.role, m.text, [dict(call) for call in m.calls], m.call_id) for m in again.messages[1:]]
            made = [dict(effect.data) for effect in EFFECTS]
            assert told == [("user", "on", [], ""), ("assistant", "", made, ""),
                            ("tool", "a done", [], "a"), ("tool", "b done", [], "b")]  # fmt: skip

    asyncio.run(play())


@pytest.mark.parametrize("session", [{}, DEVELOPER])
@pytest.mark.parametrize("why", ["length", "content_filter"])
@pytest.mark.compatible("POST /v1/chat/completions", "`finish_reason`")
def test_the_finish_reason_is_the_model_servers(why: str, session: dict[str, Any]) -> None:
    async def play() -> None:
        async with serving(lambda ask: [Delta("half"), Done(finish=why)]) as here:
            assert chunks(await here.chat("x", **session, stream=True))[-1]["choices"][0]["finish_reason"] == why
            assert (await here.chat("x", **session)).json()["choices"][0]["finish_reason"] == why

    asyncio.run(play())


@pytest.mark.parametrize(
    ("body", "named", "expected"),
    [
        ({"audio": {"voice": "alloy"}}, "audio", "text messages only"),
        ({"modalities": ["text", "audio"]}, "modalities", '["text"]'),
        ({"logprobs": True}, "logprobs", "none"),
        ({"functions": [{"name": "f"}]}, "functions", "tools"),
        ({"developer_mod": True}, "developer_mod", "developer_mode"),
        ({"developerMode": True}, "developerMode", "developer_mode"),
        ({"sessionid": "s_1"}, "sessionid", "session_id"),
        ({"seqence": 1}, "seqence", "sequence"),
        ({"session_id": "s_1"}, "session_id without developer_mode", '"developer_mode": true'),
        ({"effects": ["timer"]}, "effects without developer_mode", '"developer_mode": true'),
        ({"sequence": 1}, "sequence without developer_mode", '"developer_mode": true'),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "image_url", ""),
        ({"messages": [{"role": "tool", "content": "x"}]}, "tool_call_id", ""),
        ({"messages": [{"role": "assistant"}]}, "content", ""),
        ({"n": 2}, "n:", ""),
    ],
)
@pytest.mark.compatible(
    "POST /v1/chat/completions", "`audio`, `logprobs`, `n` above 1, `functions`", refused="texts; `tools`"
)
def test_what_cannot_pass_is_refused_by_name(body: dict[str, Any], named: str, expected: str) -> None:
    async def play() -> None:
        async with serving() as here:
            answer = await here.chat("x", **body)
            assert code(answer, 400) == "bad_request"
            told = answer.json()["error"]["message"]
            assert named in told
            assert expected in told
            assert here.upstream.asked == []

    asyncio.run(play())


def test_what_looks_like_nothing_of_ours_passes() -> None:
    async def play() -> None:
        async with serving() as here:
            answer = await here.chat("x", metadata={"a": "b"}, modalities=["text"], store=False, service_tier="auto")
            assert answer.status_code == 200
            assert json.loads(json.dumps(dict(here.upstream.asked[0].options))) == {
                "metadata": {"a": "b"}, "store": False, "service_tier": "auto"
            }  # fmt: skip

    asyncio.run(play())
