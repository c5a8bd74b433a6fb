"""People's memories over HTTP: records put by their key, looked at, and everything about a person deleted.

For the programs that hold an API key; the token of a session opens none of it.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import Field, JsonValue
from starlette.responses import Response

from voice.errors import UsageError
from voice.memory.fact_book import facts
from voice.memory.memory import Memory
from voice.memory.record_book import all_rows, counts, put
from voice.memory.records import RecordKind, Row, RowError, read_row
from voice.memory.talks.talk_book import count_talks
from voice.memory.vault import Who
from voice.server.schemas import Strict
from voice.server.service import Service
from voice.sessions.log import Refused

MOST_ROWS = 10_000
"""Rows of one call."""

MOST_BYTES = 16 * 1024 * 1024
"""The largest body of such a call."""

PATH = "/v1/people"

Person = Annotated[str, Path(min_length=1, max_length=200)]


class RecordRows(Strict):
    """Rows as their kind's columns name their fields."""

    rows: Annotated[list[dict[str, JsonValue]], Field(max_length=MOST_ROWS)]


def routes(service: Service, memory: Memory) -> APIRouter:
    """The routes under /v1/people. People are those of the API key; every call needs one that may write."""
    router, access, vault = APIRouter(prefix=PATH, tags=["people"]), service.access, memory.vault

    @router.put("/{person}/records/{kind}")
    async def put_records(person: Person, kind: str, body: RecordRows, request: Request) -> dict[str, int]:
        """Keep records, each in place of the one with its key: a repeated call changes nothing. All of them or none."""
        who, wanted = Who(access.enter(request.headers, "write"), person), _kind(memory, kind)
        rows = await memory.do(lambda: _read(wanted, body.rows))

        def keep() -> int:
            with vault.writing(who) as database:
                return put(database, wanted, rows, vault.oldest())

        try:
            kept = await memory.do(keep)
        except UsageError as error:
            raise Refused("bad_request", error.what, expected=error.expected) from error
        return {"kept": kept, "old": len(rows) - kept}

    @router.get("/{person}/records/{kind}")
    async def records(person: Person, kind: str, request: Request) -> dict[str, Any]:
        """The person's records of a kind, oldest first."""
        who, wanted = Who(access.enter(request.headers, "write"), person), _kind(memory, kind)

        def read() -> list[dict[str, object]]:
            with vault.reading(who) as database:
                return all_rows(database, wanted.name)

        return {"person": person, "kind": wanted.name, "rows": await memory.do(read)}

    @router.get("/{person}")
    async def look(person: Person, request: Request) -> dict[str, Any]:
        """What is remembered of the person: facts, how many records of each kind, and turns of earlier talks."""
        who = Who(access.enter(request.headers, "write"), person)

        def read() -> dict[str, Any]:
            with vault.reading(who) as database:
                known = {"facts": facts(database), "records": counts(database), "talks": count_talks(database)}
                return {"person": person, **known}

        return await memory.do(read)

    @router.delete("/{person}", status_code=204)
    async def delete(person: Person, request: Request) -> Response:
        """Forget everything about the person; also where there was nothing."""
        who = Who(access.enter(request.headers, "write"), person)
        await memory.forget(who)
        return Response(status_code=204)

    return router


def _kind(memory: Memory, name: str) -> RecordKind:
    found = memory.kinds.get(name)
    if found is None:
        expected = ", ".join(memory.kinds) or "none: memory.records names no kind"
        raise Refused("not_found", "there is no such kind of records", expected=expected)
    return found


def _read(kind: RecordKind, told: list[dict[str, JsonValue]]) -> list[Row]:
    rows = []
    for number, row in enumerate(told, start=1):
        try:
            rows.append(read_row(kind, row))
        except RowError as error:
            raise Refused("bad_request", f"row {number}: {error}", expected="every row as its kind needs it") from error
    return rows
