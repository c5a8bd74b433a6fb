"""Responses outside the conversation: beside it, with other items, remembered nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from tests.support.realtime import Peer, of, talks
from tests.support.scripted_llm import Step
from tests.support.serving import Serving, serving
from voice.llm.interface import Ask, Delta, Done, Effect, UpstreamError
from voice.safety.moderation import Moderation
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules


def answer(ask: Ask) -> Iterable[Step]:
    last = ask.messages[-1].text
    if last == "wait":
        return [Delta("I wait"), 60.0, Done()]
    if last == "fail":
        return [UpstreamError("broken", code="upstream_error", temporary=False)]
    if last == "call":
        return [Effect("function_call", {"call_id": "c", "name": "light", "arguments": "{}"}), Done()]
    return [Delta("Sorted."), Done(input=7, output=2, estimated=False)]


async def aside(peer: Peer, **fields: Any) -> None:
    await peer.send("response.create", response={"conversation": "none", "output_modalities": ["text"], **fields})


def words(*texts: str) -> list[dict[str, Any]]:
    content = [[{"type": "input_text", "text": text}] for text in texts]
    return [{"type": "message", "role": "user", "content": one} for one in content]


def asked(here: Serving) -> list[str]:
    return [message.text for message in here.upstream.asked[-1].messages]


@pytest.mark.compatible("WebSocket /v1/realtime", '`conversation: "none"`, with or without `input`, as text')
def test_a_response_beside_the_conversation() -> None:
    async def run() -> None:
        async with serving(answer, engines=talks()) as here, Peer(here) as peer:
            await peer.update(output_modalities=["text"])
            await peer.type("hello")
            await peer.until("response.done")
            await peer.until("x.latency")
            items = [event["item"]["id"] for event in of(peer.events, "conversation.item.added")]
            await aside(peer, instructions="Sort this.", metadata={"topic": "sorting"})
            done = (await peer.until("response.done"))[-1]["response"]
            assert (done["status"], done["metadata"], done["conversation_id"]) == (
                "completed",
                {"topic": "sorting"},
                None,
            )
            assert done["output"][0]["content"][0]["text"] == "Sorted."
            assert done["usage"]["output_tokens"] == 2
            assert asked(here) == ["Sort this.", "hello", "Sorted."]
            reference = {"type": "item_reference", "id": items[0]}
            await aside(peer, instructions="Sort.", input=[*words("other"), reference])
            await peer.until("response.done")
            assert asked(here)[0] == "Sort."
            assert "\n".join(asked(here)[1:]) == "other\nhello"
            assert [event["item"]["id"] for event in of(peer.events, "conversation.item.added")] == items
            await peer.type("more")
            await peer.until("response.done")
            assert asked(here)[1:] == ["hello", "Sorted.", "more"]

    asyncio.run(run())


def test_how_one_ends_that_is_stopped_fails_or_calls_a_function() -> None:
    async def run() -> None:
        moderation = Moderation(Rules([Rule("illegal", "red fox")]))
        async with serving(answer, engines=talks(), moderation=moderation, grace_s=0) as here, Peer(here) as peer:
            await aside(peer, input=words("wait"))
            made = (await peer.until("response.created"))[-1]["response"]["id"]
            await peer.until("response.output_text.delta")
            await aside(peer, input=words("call"))
            done = (await peer.until("response.done"))[-1]["response"]
            assert done["output"][0]["name"] == "light"
            await peer.send("response.cancel", response_id=made)
            done = (await peer.until("response.done"))[-1]["response"]
            assert (done["id"], done["status"], done["status_details"]["reason"]) == (
                made,
                "cancelled",
                "client_cancelled",
            )
            await aside(peer, input=words("fail"))
            done = (await peer.until("response.done"))[-1]["response"]
            assert (done["status"], done["status_details"]["error"]["code"]) == ("failed", "upstream_error")
            await aside(peer, input=words("a red fox"))
            done = (await peer.until("response.done"))[-1]["response"]
            assert (done["status"], done["status_details"]["reason"]) == ("incomplete", "content_filter")
            for fields, param in (
                ({"output_modalities": ["audio"]}, "response.output_modalities"),
                ({"input": "x"}, "response.input"),
                ({"input": [{"type": "item_reference"}]}, "response.input[0].id"),
                ({"input": [{"type": "message", "role": "user"}]}, "response.input[0].content"),
            ):
                await aside(peer, **fields)
                assert (await peer.error())["param"] == param
            for _ in range(9):
                await aside(peer, input=words("wait"))
            assert (await peer.error())["code"] == "too_many_responses"

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "moderation: a blocked reply ends `incomplete` with `content_filter`")
def test_a_blocked_reply_says_so() -> None:
    def wicked(ask: Ask) -> Iterable[Step]:
        return [Delta("It is a red fox. "), Done()]

    async def run() -> None:
        moderation = Moderation(Rules([Rule("illegal", "red fox")]))
        async with serving(wicked, engines=talks(), moderation=moderation) as here, Peer(here) as peer:
            await peer.update(output_modalities=["text"])
            await peer.type("what is it")
            done = (await peer.until("response.done"))[-1]["response"]
            assert (done["status"], done["status_details"]["reason"]) == ("incomplete", "content_filter")

    asyncio.run(run())
