"""Responses with the official Python package, unmodified: each event and object in the form of its types."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from tests.support.patience import PATIENCE_S
from tests.support.responses import checked, unknown
from tests.support.scripted_llm import Step, echo
from tests.support.serving import Serving, serving
from voice.llm.interface import Ask, Delta, Done, Effect, Message, UpstreamError
from voice.safety.moderation import Moderation
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules
from voice.sessions.engine_context import EngineOptions
from voice.sessions.stores.encrypted import EncryptedStore
from voice.sessions.stores.interface import Store
from voice.sessions.stores.memory import MemoryStore
from voice.sessions.stores.sqlite import SqliteStore

RESPONSES = "POST /v1/responses"
LIGHT = {"type": "function", "name": "light", "parameters": {"type": "object", "properties": {"on": {}}}}
works = pytest.mark.compatible


def answer(ask: Ask) -> Iterable[Step]:
    last = ask.messages[-1]
    if last.role == "user" and "light" in last.text:
        call = {"call_id": "c1", "name": "light", "arguments": '{"on":true}'}
        return [Delta("Let me see."), Effect("function_call", call), Done(finish="tool_calls")]
    if last.text == "wait":
        return [Delta("I wait"), 60.0, Done()]
    if last.text == "fail":
        return [UpstreamError("broken", code="upstream_error", temporary=False)]
    return [Delta("You said: "), Delta(last.text), Done(input=9, cached=4, output=5, estimated=False)]


@asynccontextmanager
async def sdk(answering: Any = answer, **how: Any) -> AsyncIterator[tuple[Any, Serving]]:
    """A server and the package's client."""
    async with serving(answering, **how) as here, client_of(here) as client:
        yield client, here


def client_of(here: Serving, key: str = "none") -> Any:
    return AsyncOpenAI(base_url=f"{here.url}/v1", api_key=key, max_retries=0)


async def streamed(stream: Any) -> list[Any]:
    """The events of a stream, checked."""
    events = []
    async with asyncio.timeout(PATIENCE_S):
        async for event in await stream:
            checked(event.model_dump(exclude_unset=True, by_alias=True))
            events.append(event)
    return events


def asked(here: Serving) -> list[tuple[str, str]]:
    """What the model was asked last."""
    return [(message.role, message.text) for message in here.upstream.asked[-1].messages]


async def refusal(call: Any) -> Any:
    with pytest.raises(openai.APIStatusError) as caught:
        await call
    return caught.value


@works(RESPONSES, "a text in, a reply out, with usage, metadata and instructions")
@works(RESPONSES, "`previous_response_id`")
@works("GET /v1/responses/{id}", "the same response again")
def test_a_conversation_of_two_responses() -> None:
    async def run() -> None:
        async with sdk() as (client, here):
            first = await client.responses.create(
                model="m", input="I am Ada.", instructions="Be brief.", metadata={"who": "ada"}, temperature=0.5
            )
            assert unknown(first) == []
            assert (first.output_text, first.status, first.metadata) == (
                "You said: I am Ada.",
                "completed",
                {"who": "ada"},
            )
            assert (first.usage.input_tokens, first.usage.input_tokens_details.cached_tokens) == (9, 4)
            assert (first.instructions, first.temperature, first.model) == ("Be brief.", 0.5, "m")
            assert here.upstream.asked[0].options == {"temperature": 0.5}
            second = await client.responses.create(model="m", input="Who am I?", previous_response_id=first.id)
            assert second.previous_response_id == first.id
            said = [("user", "I am Ada."), ("assistant", "You said: I am Ada."), ("user", "Who am I?")]
            assert asked(here) == said, "instructions are of one response"
            assert await client.responses.retrieve(first.id) == first
            assert await client.responses.retrieve(second.id) == second
            assert len(here.engine.lives) == 1

    asyncio.run(run())


@works(RESPONSES, "continuing an earlier response once more: both ways are kept")
def test_an_earlier_response_is_continued_another_way() -> None:
    async def run() -> None:
        async with sdk() as (client, here):
            first = await client.responses.create(model="m", input="one")
            await client.responses.create(model="m", input="two", previous_response_id=first.id)
            other = await client.responses.create(model="m", input="three", previous_response_id=first.id)
            assert asked(here) == [("user", "one"), ("assistant", "You said: one"), ("user", "three")]
            await client.responses.create(model="m", input="four", previous_response_id=other.id)
            assert [text for _, text in asked(here)][2:] == ["three", "You said: three", "four"]

    asyncio.run(run())


@works(RESPONSES, "`stream`: every event in the form of the package's types")
@works(RESPONSES, "functions: `tools`, `tool_choice`, `function_call_output`")
@works("GET /v1/responses/{id}", "`stream` with `starting_after`: the events a client has not seen")
def test_a_stream_with_a_function_call_and_its_answer() -> None:
    async def run() -> None:
        async with sdk() as (client, here):
            how = {"model": "m", "tools": [LIGHT], "tool_choice": {"type": "function", "name": "light"}}
            events = await streamed(client.responses.create(input="light on", stream=True, **how))
            assert [event.type.removeprefix("response.") for event in events] == [
                *("created", "in_progress", "output_item.added", "content_part.added", "output_text.delta"),
                *("output_text.done", "content_part.done", "output_item.done"),
                *("output_item.added", "function_call_arguments.delta", "function_call_arguments.done"),
                *("output_item.done", "completed"),
            ]
            response = events[-1].response
            assert response.tools[0].name == response.tool_choice.name == "light"
            [_, call] = response.output
            assert (call.name, call.arguments, call.call_id) == ("light", '{"on":true}', "c1")
            assert here.upstream.asked[0].options["tool_choice"] == {"type": "function", "function": {"name": "light"}}
            output = {"type": "function_call_output", "call_id": "c1", "output": "it is on"}
            done = await client.responses.create(model="m", input=[output], previous_response_id=response.id)
            assert done.output_text == "You said: it is on"
            [_, calling, told] = here.upstream.asked[-1].messages
            assert (calling.text, calling.calls[0]["call_id"], told.call_id) == ("Let me see.", "c1", "c1")
            rest = await streamed(client.responses.retrieve(response.id, stream=True, starting_after=8))
            assert rest == events[9:]

    asyncio.run(run())


@works(RESPONSES, "a whole conversation as `input`, with calls and their outputs")
@works("GET /v1/responses/{id}/input_items", "lists, pages")
def test_a_client_that_keeps_the_conversation_itself() -> None:
    async def run() -> None:
        async with sdk() as (client, here):
            first = await client.responses.create(model="m", input="light on", tools=[LIGHT])
            said = [{"role": "user", "content": "light on"}, *first.output]
            said.append({"type": "function_call_output", "call_id": "c1", "output": "done"})
            second = await client.responses.create(model="m", input=[*said, {"role": "user", "content": "thanks"}])
            assert here.upstream.asked[-1].messages[1:3] == (
                Message("assistant", "Let me see.", here.upstream.asked[-1].messages[1].calls),
                Message("tool", "done", call_id="c1"),
            )
            listed = await client.responses.input_items.list(second.id, order="asc", limit=3)
            assert unknown(listed.data) == []
            kinds = [item.type async for item in listed]
            assert kinds == ["message", "message", "function_call", "function_call_output", "message"]

    asyncio.run(run())


@works(RESPONSES, "`store: false`: nothing is kept")
def test_what_is_not_stored_is_answered_and_forgotten() -> None:
    async def run() -> None:
        async with sdk() as (client, here):
            kept = await client.responses.create(model="m", input="one")
            how = {"model": "m", "store": False, "previous_response_id": kept.id}
            response = await client.responses.create(input="two", **how)
            assert response.output_text == "You said: two"
            assert asked(here)[:2] == [("user", "one"), ("assistant", "You said: one")]
            events = await streamed(client.responses.create(input="light on", stream=True, tools=[LIGHT], **how))
            assert [item.type for item in events[-1].response.output] == ["message", "function_call"]
            assert (await refusal(client.responses.retrieve(response.id))).status_code == 404
            [live] = here.engine.lives
            assert live.talk.last == 1
            failing = await refusal(client.responses.create(input="fail", **how))
            assert (failing.status_code, failing.code) == (502, "upstream_error")

    asyncio.run(run())


@works(RESPONSES, "`background`, and looking at it while it is in progress")
@works("POST /v1/responses/{id}/cancel", "stops a response that is in progress")
def test_a_response_in_the_background_is_cancelled() -> None:
    async def run() -> None:
        async with sdk() as (client, _):
            begun = await client.responses.create(model="m", input="wait", background=True)
            assert (begun.status, begun.background) == ("in_progress", True)
            following = asyncio.create_task(streamed(client.responses.retrieve(begun.id, stream=True)))
            busy = await refusal(client.responses.create(model="m", input="more", previous_response_id=begun.id))
            assert (busy.status_code, busy.code) == (409, "turn_in_flight")
            assert (await client.responses.cancel(begun.id)).status == "cancelled"
            events = await following
            assert (events[-1].type, events[-1].response.status) == ("response.incomplete", "cancelled")
            again = await client.responses.create(model="m", input="more", previous_response_id=begun.id)
            assert again.output_text == "You said: more"

    asyncio.run(run())


@works("DELETE /v1/responses/{id}", "the response and what was said in it; the last one takes the session with it")
def test_a_deleted_response_is_gone_and_no_longer_part_of_what_follows() -> None:
    async def run() -> None:
        async with sdk() as (client, here):
            first = await client.responses.create(model="m", input="secret")
            second = await client.responses.create(model="m", input="two", previous_response_id=first.id)
            await client.responses.delete(first.id)
            for call in (client.responses.retrieve, client.responses.delete, client.responses.cancel):
                assert (await refusal(call(first.id))).status_code == 404
            third = await client.responses.create(model="m", input="three", previous_response_id=second.id)
            assert [text for _, text in asked(here)] == ["two", "You said: two", "three"]
            for response in (second, third):
                await client.responses.delete(response.id)
            assert not here.engine.lives

    asyncio.run(run())


@works(RESPONSES, "`text.format` json_schema: `responses.parse`")
@works(RESPONSES, "the package's `responses.stream` helper")
def test_the_helpers_of_the_package() -> None:
    class Answer(BaseModel):
        number: int

    async def run() -> None:
        def structured(ask: Ask) -> list[Step]:
            return [Delta('{"number": 84}'), Done()]

        async with sdk(structured) as (client, here):
            found = await client.responses.parse(model="m", input="x", text_format=Answer)
            assert found.output_parsed == Answer(number=84)
            shape: Any = here.upstream.asked[0].options["response_format"]
            assert (shape["type"], shape["json_schema"]["name"]) == ("json_schema", "Answer")
            async with client.responses.stream(model="m", input="x") as stream:
                kinds = [event.type async for event in stream]
                assert (await stream.get_final_response()).output_text == '{"number": 84}'
            assert kinds[-1] == "response.completed"

    asyncio.run(run())


@works(RESPONSES, "the synchronous client")
def test_the_synchronous_client() -> None:
    async def run() -> None:
        def play(url: str) -> tuple[str, list[str]]:
            with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
                first = client.responses.create(model="m", input="one")
                with client.responses.create(
                    model="m", input="two", previous_response_id=first.id, stream=True
                ) as stream:
                    events = [checked(event.model_dump(exclude_unset=True, by_alias=True)) for event in stream]
                return first.output_text, [event["type"] for event in events]

        async with serving(answer) as here:
            text, kinds = await asyncio.to_thread(play, here.url)
            assert (text, kinds[-1]) == ("You said: one", "response.completed")

    asyncio.run(run())


@works(RESPONSES, "`truncation`: auto drops the oldest, disabled refuses")
def test_what_does_not_fit_the_model() -> None:
    async def run() -> None:
        async with sdk(echo, options=EngineOptions(context_tokens=64)) as (client, here):
            first = await client.responses.create(model="m", input="x " * 60)
            how = {"model": "m", "input": "y " * 30, "previous_response_id": first.id}
            refused = await refusal(client.responses.create(truncation="disabled", **how))
            assert (refused.status_code, refused.code, refused.param) == (400, "context_too_long", "input")
            assert (await client.responses.create(truncation="auto", **how)).truncation == "auto"
            assert [text for _, text in asked(here)] == ["y " * 30]
            assert (await client.responses.retrieve(first.id)).output_text.startswith("You said: x x")

    asyncio.run(run())


@works(RESPONSES, "a reply that fails: an HTTP error, or the event `response.failed`")
def test_a_reply_that_fails() -> None:
    async def run() -> None:
        async with sdk() as (client, _):
            failing = await refusal(client.responses.create(model="m", input="fail"))
            assert (failing.status_code, failing.code) == (502, "upstream_error")
            events = await streamed(client.responses.create(model="m", input="fail", stream=True))
            assert events[-1].type == "response.failed"
            error = events[-1].response.error
            assert (error.code, error.message) == ("server_error", "broken (upstream_error)")

    asyncio.run(run())


@works(RESPONSES, "moderation: what is blocked ends `incomplete` with `content_filter`")
def test_what_moderation_blocks() -> None:
    async def run() -> None:
        moderation = Moderation(Rules([Rule("illegal", "red fox")]))
        async with sdk(moderation=moderation) as (client, here):
            for store in (True, False):
                response = await client.responses.create(model="m", input="a red fox", store=store)
                assert response.incomplete_details.reason == "content_filter"
                assert response.output_text == "[Blocked]"
            assert here.upstream.asked == []
            assert "fox" not in str(here.engine.lives[0].talk.to_json())

    asyncio.run(run())


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"tools": [{"type": "function"}]}, "tools[0].name"),
    ({"tools": [LIGHT], "tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
    ({"prompt": {"id": "p"}}, "prompt"),
    ({"max_tool_calls": 3}, "max_tool_calls"),
    ({"top_logprobs": 3}, "top_logprobs"),
    ({"include": ["message.output_text.logprobs"]}, "include"),
    ({"reasoning": {"summary": "auto"}}, "reasoning.summary"),
    ({"context_management": [{"type": "compaction"}]}, "context_management"),
    ({"moderation": {"model": "omni"}}, "moderation"),
    ({"text": {"format": {"type": "grammar"}}}, "text.format"),
    ({"service_tier": "flex"}, "service_tier"),
    ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0].type"),
    ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
    ({"input": None}, "input"),
    ({"previous_response_id": "resp_1", "conversation": "conv_1"}, "conversation"),
    ({"store": False, "background": True}, "store"),
    ({"unknown": 1}, "unknown"),
    ({"temperature": "hot"}, "temperature"),
    ({"metadata": {"a": "b" * 513}}, "metadata"),
]


@works(RESPONSES, "OpenAI's own tools, MCP connectors", refused="functions of the client, `tools.mcp` of the server")
@works(RESPONSES, "`tool_choice` with `allowed_tools`", refused="fewer `tools`")
@works(RESPONSES, "`prompt`", refused="`instructions`")
@works(RESPONSES, "`max_tool_calls`, log probabilities", refused="")
@works(RESPONSES, "`reasoning.summary`", refused="`reasoning.effort`")
@works(RESPONSES, "`context_management`", refused='`truncation: "auto"`')
@works(RESPONSES, "`moderation` of one request", refused="the server's `safety.*`")
@works(RESPONSES, "`service_tier` flex, priority", refused="auto, default")
@works(RESPONSES, "pictures, files and audio as input", refused="texts")
@works(RESPONSES, "`item_reference`", refused="the item itself, or `previous_response_id`")
@works(RESPONSES, "`store: false` with `conversation` or `background`", refused="")
def test_what_cannot_pass_is_refused_by_its_name() -> None:
    async def run() -> None:
        async with serving(answer) as here:
            for body, param in REFUSED:
                answered = await here.http.post("/v1/responses", json={"model": "m", "input": "x"} | body)
                error = answered.json()["error"]
                assert (answered.status_code, error["code"]) == (400, "bad_request"), body
                assert (error["type"], error["param"].startswith(param)) == ("invalid_request_error", True), body
            assert not here.engine.lives
            assert not here.upstream.asked

    asyncio.run(run())


def test_a_name_opens_its_response_for_its_own_key_only() -> None:
    async def run() -> None:
        async with (
            serving(answer, api_keys="alpha,beta,kitchen:read:gamma") as here,
            client_of(here, "alpha") as own,
            client_of(here, "beta") as other,
            client_of(here, "gamma") as read,
        ):
            made = await own.responses.create(model="m", input="x")
            assert (await own.responses.retrieve(made.id)).id == made.id
            for client, name in ((other, made.id), (own, made.id + "9"), (own, made.id[:40] + "A" + made.id[41:]),
                                 (own, "resp_1"), (own, "conv" + made.id[4:])):  # fmt: skip
                assert (await refusal(client.responses.retrieve(name))).status_code == 404
                again = client.responses.create(model="m", input="x", previous_response_id=name)
                assert (await refusal(again)).status_code == 404
            for change in (other.responses.delete(made.id), other.responses.cancel(made.id),
                           other.responses.input_items.list(made.id).__aiter__().__anext__()):  # fmt: skip
                assert (await refusal(change)).status_code == 404
            kept = await own.conversations.create()
            assert (await refusal(other.conversations.retrieve(kept.id))).status_code == 404
            assert (
                await refusal(other.responses.create(model="m", input="x", conversation=kept.id))
            ).status_code == 404
            assert (await own.responses.retrieve(made.id)).output_text == "You said: x"
            assert (await refusal(read.responses.create(model="m", input="x"))).status_code == 403

    asyncio.run(run())


def found(folder: Path, words: bytes) -> list[Path]:
    """The files in which the words can be read."""
    return [file for file in folder.iterdir() if words in file.read_bytes()]


def test_nothing_of_it_is_readable_on_the_disk_and_another_process_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        def store() -> Store:
            return EncryptedStore(SqliteStore(tmp_path / "chat.db"), b"k" * 32)

        kept = store()
        async with sdk(store=kept) as (client, _):
            secret = {"note": "marzipan"}
            made = await client.responses.create(
                model="m", input="marzipan", metadata=secret, instructions="marzipan", tools=[LIGHT]
            )
        await kept.close()
        assert not found(tmp_path, b"marzipan")
        kept = store()
        async with sdk(store=kept) as (client, here):
            assert await client.responses.retrieve(made.id) == made
            await client.responses.create(model="m", input="two", previous_response_id=made.id)
            assert [text for _, text in asked(here)] == ["marzipan", "You said: marzipan", "two"]
        await kept.close()

    asyncio.run(run())


def test_any_node_streams_what_another_one_generates_and_goes_on_after_it() -> None:
    async def run() -> None:
        store = MemoryStore()
        async with sdk(store=store) as (here, _), sdk(store=store) as (there, node):
            begun = await here.responses.create(model="m", input="wait", background=True)
            following = asyncio.create_task(streamed(there.responses.retrieve(begun.id, stream=True)))
            await here.responses.cancel(begun.id)
            assert (await following)[-1].response.output_text == "I wait"
            await there.responses.create(model="m", input="two", previous_response_id=begun.id)
            assert [text for _, text in asked(node)] == ["wait", "I wait", "two"]

    asyncio.run(run())
