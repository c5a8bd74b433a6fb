"""Conversations with the official Python package, unmodified: made, continued, and their items."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.server.openai_api.responses.test_routes import asked, refusal, sdk, works
from tests.support.patience import PATIENCE_S
from tests.support.redis import ON_REDIS, empty
from tests.support.responses import unknown
from voice.safety.filters import NoGuard, TextFilter
from voice.safety.moderation import Moderation
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules
from voice.sessions.engine_context import EngineOptions
from voice.sessions.stores.memory import MemoryStore
from voice.sessions.stores.redis import RedisStore

CONVERSATIONS, ITEMS = "/v1/conversations", "/v1/conversations/{id}/items"
ADA = [{"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello, Ada."}]


async def texts(client: Any, name: str, **how: Any) -> list[str]:
    items = [item async for item in client.conversations.items.list(name, order="asc", **how)]
    assert unknown(items) == []
    return [item.content[0].text if item.type == "message" else item.type for item in items]


@works(f"POST {CONVERSATIONS}", "with `items` and `metadata`")
@works("POST /v1/responses", "`conversation`: what is said is added to it")
@works(f"GET, POST, DELETE {CONVERSATIONS}/{{id}}", "look at it, change its metadata, delete it")
@works(f"GET {ITEMS}", "pages, both orders")
@pytest.mark.parametrize("kept", ["memory", ON_REDIS])
def test_a_conversation_from_its_beginning_to_its_end(kept: str) -> None:
    async def run() -> None:
        store = MemoryStore() if kept == "memory" else RedisStore(empty().url)
        async with sdk(store=store) as (client, first_node), sdk(store=store) as (other, node):
            made = await client.conversations.create(items=ADA, metadata={"room": "kitchen"})
            [made_here] = first_node.engine.lives
            assert unknown(made) == []
            first = await client.responses.create(model="m", conversation=made.id, input="Who am I?")
            assert (first.conversation.id, first.previous_response_id) == (made.id, None)
            second = await other.responses.create(model="m", conversation={"id": made.id}, input="And now?")
            assert [text for _, text in asked(node)][:3] == ["I am Ada.", "Hello, Ada.", "Who am I?"]
            said = ["I am Ada.", "Hello, Ada.", "Who am I?", "You said: Who am I?", "And now?", "You said: And now?"]
            assert await texts(other, made.id, limit=2) == said
            assert await other.conversations.retrieve(made.id) == made
            changed = await other.conversations.update(made.id, metadata={"room": "hall"})
            assert (await client.conversations.retrieve(made.id)) == changed
            assert changed.metadata == {"room": "hall"}
            aside = await client.responses.create(model="m", input="Aside", previous_response_id=second.id)
            assert aside.conversation is None
            assert await texts(client, made.id) == said, "another response's branch is not part of it"
            gone = await other.conversations.delete(made.id)
            assert (gone.deleted, gone.id) == (True, made.id)
            async with asyncio.timeout(PATIENCE_S):
                while made_here in first_node.engine.lives and made_here.lost is None:  # until it hears of that
                    await first_node.http.get("/healthz")
            assert (await refusal(client.conversations.retrieve(made.id))).status_code == 404
            assert (await refusal(client.responses.retrieve(first.id))).status_code == 404
        await store.close()

    asyncio.run(run())


@works(f"POST {ITEMS}", "messages, calls and their outputs")
@works(f"GET, DELETE {ITEMS}/{{item_id}}", "one item; the model no longer sees what was deleted")
def test_items_are_added_looked_at_and_taken_out() -> None:
    async def run() -> None:
        async with sdk() as (client, here):
            made = await client.conversations.create()
            call = {"type": "function_call", "call_id": "c", "name": "light", "arguments": "{}"}
            output = {"type": "function_call_output", "call_id": "c", "output": "on"}
            added = await client.conversations.items.create(made.id, items=[*ADA, call, output])
            assert [item.type for item in added.data] == ["message", "message", "function_call", "function_call_output"]
            for item in added.data:
                assert await client.conversations.items.retrieve(item.id, conversation_id=made.id) == item
            response = await client.responses.create(model="m", conversation=made.id, input="light off?")
            assert here.upstream.asked[0].messages[1].calls[0]["call_id"] == "c"
            items = [item async for item in client.conversations.items.list(made.id, order="asc")]
            for item in (items[0], items[2], items[5]):
                assert (await client.conversations.items.delete(item.id, conversation_id=made.id)).id == made.id
                again = client.conversations.items.retrieve(item.id, conversation_id=made.id)
                assert (await refusal(again)).status_code == 404
            assert await texts(client, made.id) == [
                *("Hello, Ada.", "function_call_output", "light off?", "function_call")
            ]
            await client.responses.create(model="m", conversation=made.id, input="bye")
            assert [text for _, text in asked(here)] == ["Hello, Ada.", "light off?\nbye"]
            await client.responses.delete(response.id)
            assert (await refusal(client.responses.retrieve(response.id))).status_code == 404
            assert "light off?" in await texts(client, made.id), "the items of a conversation stay"

    asyncio.run(run())


def test_items_are_told_when_the_model_no_longer_sees_them() -> None:
    async def run() -> None:
        async with sdk(options=EngineOptions(context_tokens=64)) as (client, here):
            made = await client.conversations.create(items=ADA)
            for word in ("x ", "y "):
                await client.responses.create(model="m", conversation=made.id, input=word * 40)
            assert [text for _, text in asked(here)] == ["y " * 40]
            assert (await texts(client, made.id))[:4] == [
                "I am Ada.",
                "Hello, Ada.",
                "x " * 40,
                "You said: " + "x " * 40,
            ]

    asyncio.run(run())


def test_added_words_are_redacted_and_moderated() -> None:
    class NoDigits:
        def feed(self, text: str) -> str:
            return "".join("#" if char.isdigit() else char for char in text)

        def flush(self) -> str:
            return ""

    def screen() -> TextFilter:
        return NoDigits()

    async def run() -> None:
        moderation = Moderation(Rules([Rule("illegal", "red fox")]))
        async with sdk(moderation=moderation, guards=NoGuard(screen)) as (client, here):
            made = await client.conversations.create(metadata={"phone": "555"})
            assert made.metadata == {"phone": "###"}
            call = {"type": "function_call", "call_id": "call_123", "name": "f1", "arguments": '{"n": 5}'}
            added = await client.conversations.items.create(made.id, items=[{"role": "user", "content": "42"}, call])
            assert added.data[0].content[0].text == "##"
            assert (added.data[1].call_id, added.data[1].name, added.data[1].arguments) == (
                "call_123",
                "f1",
                '{"n": #}',
            )
            bad = client.conversations.items.create(made.id, items=[{"role": "user", "content": "a red fox"}])
            refused = await refusal(bad)
            assert (refused.status_code, refused.code) == (400, "flagged")
            assert len(await texts(client, made.id)) == 2
            assert not here.upstream.asked

    asyncio.run(run())


def test_what_cannot_pass_is_refused_by_its_name() -> None:
    async def run() -> None:
        async with sdk() as (_, here):
            refused: list[tuple[str, dict[str, Any], str]] = [
                ("", {"items": [{"type": "reasoning"}]}, "items[0].type"),
                ("", {"items": [{"role": "user", "content": "x"}] * 21}, "items"),
                ("", {"metadata": {"a": 5}}, "metadata"),
                ("", {"unknown": 1}, "unknown"),
                ("/conv_1/items", {}, "items"),
            ]
            for path, body, param in refused:
                answered = await here.http.post(f"/v1/conversations{path}", json=body)
                assert answered.status_code == 400, body
                assert answered.json()["error"]["param"].startswith(param)

    asyncio.run(run())


def test_two_responses_at_once_do_not_mix() -> None:
    async def run() -> None:
        async with sdk(grace_s=0) as (client, _):
            made = await client.conversations.create()
            await client.responses.create(model="m", conversation=made.id, input="wait", background=True)
            busy = await refusal(client.responses.create(model="m", conversation=made.id, input="wait"))
            assert (busy.status_code, busy.code) == (409, "turn_in_flight")

    asyncio.run(run())
