"""docs/protocol.md: its example exchange is replayed, and what it lists is what there is."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from tests.support.scripted_llm import Step
from tests.support.serving import serving
from voice.llm.interface import Ask, Delta, Done
from voice.server.errors import STATUS
from voice.server.websocket_messages import FIELDS

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")


def answer(ask: Ask) -> list[Step]:
    return [Delta("You said: "), Delta(ask.messages[-1].text), Done()]


def test_the_example_exchange() -> None:
    lines = PAGE.partition("```devmode.v1\n")[2].partition("```")[0].splitlines()
    assert len(lines) > 20

    async def play() -> None:
        async with serving(answer) as here:
            made = await here.create()
            places = {"$SESSION": made["session_id"], "$TOKEN": made["session_token"], "$EPOCH": made["epoch"]}
            async with here.socket() as socket:
                for line in lines:
                    for name, value in places.items():
                        line = line.replace(name, value)
                    if line.startswith("> "):
                        await socket.raw(line[2:])
                    else:
                        assert await socket.get() == json.loads(line[2:])
                assert await socket.quiet()

    asyncio.run(play())


def test_every_op_field_and_code_is_on_the_page() -> None:
    table: dict[str, set[str]] = {}
    for row in re.findall(r"^\| (`[a-z`, ]+`) \| (.*?) \|", PAGE.partition("From the client:")[2], re.M):
        for op in re.findall(r"[a-z]+", row[0]):
            table[op] = set(re.findall(r"`(\w+)`", row[1])) - {"ch"}
    assert {op: {field.removesuffix("?") for field in fields} for op, fields in FIELDS.items()} == {
        op: fields for op, fields in table.items() if op in FIELDS
    }
    codes: dict[str, Any] = {
        code: int(status)
        for names, status in re.findall(r"^\| (`[a-z_`, ]+`) \| (\d{3}) \|", PAGE, re.M)
        for code in re.findall(r"[a-z_]+", names)
    }
    assert codes.items() <= {**STATUS}.items()
    assert STATUS.keys() - codes.keys() <= {"not_found", "method_not_allowed", "stalled"}
