"""Responses over one WebSocket with the official Python package: lanes beside each other, each in its order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.server.openai_api.responses.test_routes import client_of, sdk, works
from tests.support.patience import PATIENCE_S
from tests.support.responses import unknown
from tests.support.scripted_llm import Step
from tests.support.serving import serving
from voice.llm.interface import Ask, Delta, Done

SOCKET = "WebSocket /v1/responses"


def answer(ask: Ask) -> Iterable[Step]:
    last = ask.messages[-1].text
    return [Delta("I wait"), 60.0, Done()] if last == "wait" else [Delta("You said: "), Delta(last), Done()]


async def until(connection: Any, ends: int) -> list[Any]:
    """The events up to so many ends of responses, or errors."""
    found: list[Any] = []
    async with asyncio.timeout(PATIENCE_S):
        async for event in connection:
            assert unknown(event) == [] or event.type == "error"
            found.append(event)
            ends -= event.type in ("response.completed", "response.failed", "error")
            if not ends:
                break
    return found


@works(SOCKET, "`response.create`, `previous_response_id`, `store: false`")
def test_a_conversation_over_one_socket() -> None:
    async def run() -> None:
        async with sdk(answer) as (client, here), client.responses.connect() as connection:
            await connection.response.create(model="m", input="one")
            first = (await until(connection, 1))[-1]
            assert (first.type, first.response.output_text, first.stream_id) == (
                "response.completed",
                "You said: one",
                None,
            )
            await connection.response.create(
                model="m", input="two", previous_response_id=first.response.id, store=False
            )
            await until(connection, 1)
            assert [message.text for message in here.upstream.asked[-1].messages] == ["one", "You said: one", "two"]
            assert (await client.responses.retrieve(first.response.id)).output_text == "You said: one"

    asyncio.run(run())


@works(SOCKET, "`stream_id`: streams beside each other, each in its order")
def test_fifty_conversations_on_one_socket_do_not_stall_each_other() -> None:
    async def run() -> None:
        async with sdk(answer, grace_s=0) as (client, _), client.responses.connect() as connection:
            await connection.response.create(model="m", input="wait", stream_id="0")
            for number in range(1, 50):
                for word in ("one", "two"):
                    await connection.response.create(model="m", input=word, stream_id=str(number))
            events = await until(connection, 98)
            said: dict[str, str] = {}
            for event in events:
                if event.type == "response.output_text.delta":
                    said[event.stream_id] = said.get(event.stream_id, "") + event.delta
            assert said.pop("0") == "I wait"
            assert set(said.values()) == {"You said: oneYou said: two"}
            assert len(said) == 49

    asyncio.run(run())


@works(SOCKET, "`response.steer`, `background`", refused="HTTP")
def test_what_cannot_pass_is_an_error_of_its_stream_and_the_socket_stays_open() -> None:
    async def run() -> None:
        async with sdk(answer) as (client, _), client.responses.connect() as connection:
            tool = {"type": "web_search"}
            for event, param, stream in (
                ({"type": "response.steer"}, "type", None),
                ({"type": "response.create", "input": "x", "background": True}, "background", None),
                ({"type": "response.create", "input": "x", "tools": [tool], "stream_id": "a"}, "tools[0].type", "a"),
                ({"type": "response.create", "input": "x", "temperature": "hot"}, "temperature", None),
                ({"type": "response.create", "input": "x", "stream_id": 5}, "stream_id", None),
            ):
                await connection.send_raw(json.dumps(event))
                [told] = await until(connection, 1)
                assert (told.type, told.status, told.error.param, told.stream_id) == ("error", 400, param, stream)
            await connection.send_raw("rubbish")
            assert (await until(connection, 1))[0].error.message == "the frame is not JSON"
            await connection.response.create(model="m", input="still here")
            assert (await until(connection, 1))[-1].response.output_text == "You said: still here"

    asyncio.run(run())


def test_a_key_is_asked_for_before_it_opens() -> None:
    async def run() -> None:
        async with serving(answer, api_keys="alpha,kitchen:read:gamma") as here:
            url = here.url.replace("http", "ws", 1) + "/v1/responses"
            for headers, status in (({}, 401), ({"authorization": "Bearer gamma"}, 403)):
                with pytest.raises(InvalidStatus) as refused:
                    await connect(url, proxy=None, additional_headers=headers).__aenter__()
                assert refused.value.response.status_code == status
            async with client_of(here, "alpha") as client, client.responses.connect() as connection:
                await connection.response.create(model="m", input="one")
                assert (await until(connection, 1))[-1].type == "response.completed"

    asyncio.run(run())
