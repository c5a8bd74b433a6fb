"""The routes of OpenAI's Conversations: sessions that are made first; items are listed, added and taken out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field, JsonValue

from voice.server.openai_api.responses.items import Item, metadata, page, place_of, read
from voice.server.openai_api.responses.routes import Limit, Order
from voice.server.openai_api.responses.store import ResponseStore, items_of, missing
from voice.server.schemas import Strict, storable
from voice.server.service import Service
from voice.sessions.active_session import ActiveSession
from voice.sessions.tokens import public_id

Items = Annotated[list[dict[str, JsonValue]], Field(max_length=20)]


class NewConversation(Strict):
    """A conversation as it begins."""

    items: Items | None = None
    metadata: dict[str, str] | None = None


class ChangedConversation(Strict):
    """What may change of one: all of its metadata at once."""

    metadata: dict[str, str] | None


class NewItems(Strict):
    """Items to add."""

    items: Items


def routes(service: Service) -> APIRouter:
    """The routes under /v1/conversations."""
    router, access, engine = APIRouter(prefix="/v1/conversations", tags=["openai"]), service.access, service.engine
    store = ResponseStore(service)

    @router.post("")
    async def create(body: NewConversation, request: Request) -> dict[str, Any]:
        """Begin a conversation, perhaps with what was said elsewhere."""
        owner = access.enter(request.headers, "write")
        before = read(body.items or (), "items")
        noted = dict(metadata(body.metadata or {}))
        storable(body.model_dump())
        live = await store.begin(owner, {"conversation": {"created_at": int(service.now_s())}})
        if noted:
            await store.ask(live, "", {"record": {"metadata": noted}}, answered=False)
        if before:
            await store.ask(live, "", {"before": before}, answered=False)
        await live.settled()
        return _told(live)

    @router.get("/{conversation_id}")
    async def retrieve(conversation_id: str, request: Request) -> dict[str, Any]:
        """A conversation and its metadata."""
        return _told(await store.conversation(conversation_id, access.enter(request.headers)))

    @router.post("/{conversation_id}")
    async def update(conversation_id: str, body: ChangedConversation, request: Request) -> dict[str, Any]:
        """Give a conversation other metadata."""
        owner = access.enter(request.headers, "write")
        noted = dict(metadata(body.metadata or {}))
        storable(noted)
        live = await store.conversation(conversation_id, owner, "write")
        await store.ask(live, "", {"record": {"metadata": noted}}, answered=False)
        await live.settled()
        return _told(live)

    @router.delete("/{conversation_id}")
    async def delete(conversation_id: str, request: Request) -> dict[str, Any]:
        """Delete a conversation and everything said in it."""
        live = await store.conversation(conversation_id, access.enter(request.headers, "write"), "write")
        await engine.delete(live.card.sid)
        return {"id": conversation_id, "object": "conversation.deleted", "deleted": True}

    @router.get("/{conversation_id}/items")
    async def list_items(
        conversation_id: str, request: Request, after: str = "", limit: Limit = 20, order: Order = "desc"
    ) -> dict[str, Any]:
        """A page of the items."""
        live = await store.conversation(conversation_id, access.enter(request.headers))
        return page(await items_of(live), after, limit, order)

    @router.post("/{conversation_id}/items")
    async def add_items(conversation_id: str, body: NewItems, request: Request) -> dict[str, Any]:
        """Add items without a reply; they are read and judged as any words."""
        owner = access.enter(request.headers, "write")
        before = read(body.items, "items")
        storable(body.items)
        live = await store.conversation(conversation_id, owner, "write")
        turn = await store.ask(live, "", {"before": before}, answered=False)
        await live.settled()
        added = [item for item in await items_of(live) if place_of(item["id"])[0] == turn.number]
        return page(added, "", len(added) or 1, "asc")

    @router.get("/{conversation_id}/items/{item_id}")
    async def retrieve_item(conversation_id: str, item_id: str, request: Request) -> Item:
        """One item."""
        live = await store.conversation(conversation_id, access.enter(request.headers))
        return await _item(live, item_id)

    @router.delete("/{conversation_id}/items/{item_id}")
    async def delete_item(conversation_id: str, item_id: str, request: Request) -> dict[str, Any]:
        """Take an item out of the conversation: the model no longer sees it."""
        live = await store.conversation(conversation_id, access.enter(request.headers, "write"), "write")
        await _item(live, item_id)
        await live.own()
        turn, part = place_of(item_id)
        live.remove(turn, [part])
        await live.settled()
        return _told(live)

    return router


async def _item(live: ActiveSession, name: str) -> Item:
    found = next((item for item in await items_of(live) if item["id"] == name), None)
    if found is None:
        raise missing("item")
    return found


def _told(live: ActiveSession) -> dict[str, Any]:
    card = live.card
    return {
        "id": public_id("conv", card.token_hash, card.sid),
        "object": "conversation",
        "created_at": card.options["record"]["conversation"]["created_at"],
        "metadata": dict(live.talk.metadata),
    }
