"""Up to ten turns of as many sessions in one request, each with its own answer; and how a turn is awaited."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request

from voice.server.errors import STATUS, told
from voice.server.schemas import Batch, BatchAnswer, BatchItemBody, storable
from voice.server.service import Service
from voice.sessions.active_session import ActiveSession
from voice.sessions.log import ENDS, Event, Refused
from voice.sessions.stores.interface import StoreError

NO_USAGE: Mapping[str, Any] = {"input": 0, "cached": 0, "output": 0, "estimated": False}
FAILED = ("failed", "retry_failed")


async def turn_events(live: ActiveSession, number: int, first: int) -> AsyncGenerator[Event]:
    """The turn's events from `started` to its end. Raises Refused when the session is lost meanwhile."""
    async with aclosing(live.follow(first - 1)) as events:
        async for event in events:
            if event.turn == number:
                yield event
                if event.t in ENDS:
                    return


def usage(end: Event) -> Mapping[str, Any]:
    """What a turn that ended like that has used."""
    used: Mapping[str, Any] = (end.d or {}).get("usage") or NO_USAGE
    return used


def failed(end: Event) -> Refused:
    """A failed turn. The same sequence would only replay it, so clients are not told to try that again."""
    remedy = "send it as the next turn" if end.d["temporary"] else ""
    return Refused(end.d["code"], end.d["message"], temporary=False, remedy=remedy)


log = logging.getLogger(__name__)

MOST_ITEMS = 10


def routes(service: Service) -> APIRouter:
    """The route /v1/batch."""
    router, access = APIRouter(prefix="/v1", tags=["sessions"]), service.access

    @router.post("/batch", response_model=BatchAnswer, response_model_exclude_none=True)
    async def batch(
        body: Batch, request: Request, x_client_type: Annotated[Literal["batch"], Header()]
    ) -> dict[str, Any]:
        """Send one turn each to at most ten sessions and wait for all of them; answers come in the order of the items.

        It is one request; each item is a turn like any other. Sending the same batch again starts nothing new.
        """
        owner = access.enter(request.headers)
        if len(body.items) > MOST_ITEMS:
            raise Refused("batch_refused", f"{len(body.items)} items", expected=f"at most {MOST_ITEMS}")
        if len({item.session_id for item in body.items}) < len(body.items):
            raise Refused("batch_refused", "two items of one session", expected="one turn of each session")
        return {"results": await asyncio.gather(*(_result(item, owner) for item in body.items))}

    async def _result(item: BatchItemBody, owner: str) -> dict[str, Any]:
        named = {"session_id": item.session_id, "sequence": item.sequence}
        try:
            return named | await _turn(item, owner)
        except StoreError as error:
            refused = Refused("store_failed", f"the conversation cannot be stored: {error}", temporary=True)
        except Refused as error:
            refused = error
        except Exception:  # a defect in one turn: the others are answered all the same
            log.exception("a batch item failed")
            refused = Refused("broken", "the server failed on this item")
        return named | {"status": STATUS.get(refused.code, 502), "error": told(refused)}

    async def _turn(item: BatchItemBody, owner: str) -> dict[str, Any]:
        """The turn's reply, once it has ended. Raises Refused or StoreError."""
        storable([item.input, item.msg_id, item.options])
        live = await access.session(item.session_id, item.session_token, owner)
        if not live.knows(item.sequence):
            await live.own()
        turn = await live.ask(item.sequence, item.input, msg_id=item.msg_id, options=item.options)
        text: list[str] = []
        async for event in turn_events(live, turn.number, turn.first):
            if event.t == "delta":
                text.append(event.d)
        if event.t in FAILED:
            raise failed(event)
        return {"status": 200, "end": event.t, "text": "".join(text), "seq": event.seq, "usage": dict(usage(event))}

    return router
