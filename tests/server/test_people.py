"""People's memories over HTTP: for who holds a key that may write, each key's people apart, and in their sessions."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support import canaries
from tests.support.patience import PATIENCE_S
from tests.support.serving import Serving, serving
from voice.memory.memory import Budget, Memory
from voice.memory.records import kinds_of
from voice.memory.vault import Vault
from voice.server.people import MOST_ROWS

KINDS = kinds_of('{"orders": {"day": "date", "item": "product", "number": "no", "price": "price"}}')
TODAY = date(2026, 11, 27)
KEYS = "shop:write:alpha,shop:read:beta,other:write:gamma"
PATH = "/v1/people/ann/records/orders"


def memory(folder: Path | None = None) -> Memory:
    vault = Vault(folder, lambda: b"k" * 32, oldest=lambda: TODAY - timedelta(days=30))
    return Memory(vault, Budget(deadline_s=5.0), lambda: datetime(2026, 11, 27, 12), KINDS)


def row(number: int = 1, **other: Any) -> dict[str, Any]:
    return {"no": number, "date": "2026-11-20", "product": "coffee", "price": 3.2, **other}


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def put(here: Serving, rows: list[dict[str, Any]], key: str = "", path: str = PATH) -> tuple[int, Any]:
    answer = await here.http.put(path, json={"rows": rows}, headers=bearer(key) if key else {}, timeout=PATIENCE_S)
    return answer.status_code, answer.json()


def test_records_are_put_by_their_key_looked_at_and_deleted(tmp_path: Path) -> None:
    async def play() -> None:
        async with serving(memory=memory(tmp_path / "people")) as here:
            rows = [row(1, product="swordfish"), row(2), row(3, date="2026-01-01")]
            for _ in range(2):
                assert await put(here, rows) == (200, {"kept": 2, "old": 1})
            assert (await put(here, [row(2, product="tea")]))[0] == 200
            canaries.check_folder(tmp_path)
            seen = (await here.http.get("/v1/people/ann")).json()
            assert seen == {"person": "ann", "facts": [], "records": {"orders": 3}, "talks": 0}
            shown = (await here.http.get(PATH)).json()["rows"]
            assert [one["item"] for one in shown] == ["swordfish", "coffee", "tea"]
            assert (await here.http.delete("/v1/people/ann")).status_code == 204
            assert (await here.http.delete("/v1/people/ann")).status_code == 204

    asyncio.run(play())
    assert list(tmp_path.rglob("*.person")) == []


def test_one_row_that_cannot_be_read_refuses_all() -> None:
    async def play() -> None:
        async with serving(memory=memory()) as here:
            for rows, told in (
                ([row(), row(date="never")], "row 2: date: 'never' is no day"),
                ([row(product={"a": 1})], "row 1: product is neither text nor a number"),
            ):
                status, answer = await put(here, rows)
                assert (status, told in answer["error"]["message"]) == (400, True)
            assert (await put(here, [row()] * (MOST_ROWS + 1)))[0] == 400
            assert (await put(here, [row()], path="/v1/people/ann/records/visits"))[0] == 404
            assert (await here.http.get("/v1/people/ann")).json()["records"] == {}

    asyncio.run(play())


def test_ten_thousand_rows_at_once() -> None:
    async def play() -> None:
        async with serving(memory=memory()) as here:
            assert await put(here, [row(n) for n in range(MOST_ROWS)]) == (200, {"kept": MOST_ROWS, "old": 0})

    asyncio.run(play())


def test_each_keys_people_are_others_and_a_reader_sees_none() -> None:
    async def play() -> None:
        async with serving(memory=memory(), api_keys=KEYS) as here:
            assert (await put(here, [row()], "alpha"))[0] == 200
            assert (await put(here, [row()]))[0] == 401
            assert (await put(here, [row()], "beta"))[0] == 403
            for key, status in (("", 401), ("beta", 403)):
                for method in ("GET", "DELETE"):
                    answer = await here.http.request(method, "/v1/people/ann", headers=bearer(key) if key else {})
                    assert answer.status_code == status
            seen = (await here.http.get("/v1/people/ann", headers=bearer("gamma"))).json()
            assert seen["records"] == {}
            await here.http.delete("/v1/people/ann", headers=bearer("gamma"))
            seen = (await here.http.get("/v1/people/ann", headers=bearer("alpha"))).json()
            assert seen["records"] == {"orders": 1}

    asyncio.run(play())


def test_a_session_of_the_person_is_told_and_another_is_not() -> None:
    async def play() -> None:
        async with serving(memory=memory()) as here:
            await put(here, [row()])
            heard = []
            for body in ({"person": "ann"}, {"person": "bob"}, {}):
                made = await here.create(**body)
                said = await here.chat(
                    "how much did I spend on coffee?", made["session_token"], developer_mode=True,
                    session_id=made["session_id"], sequence=1,
                )  # fmt: skip
                assert said.status_code == 200
                heard.append(here.upstream.asked[-1].messages[-1].text)
            assert heard[0].endswith("(own data) 3.20")
            assert all("3.20" not in text for text in heard[1:])
            assert "person" not in here.upstream.asked[0].options

    asyncio.run(play())
