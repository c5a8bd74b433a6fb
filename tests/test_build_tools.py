"""Whose tools are whose: the owner has the house, visitors have it only where the settings say so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.home import TOKEN, House
from voice.llm.builtin.timer_list import Timers
from voice.sessions.stores.memory import MemoryStore
from voice.settings.schema import Settings
from voice.wiring.sessions import engine, upstream

SERVERS = '{"near": {"command": ["/no/such/program"]}}'


def settings(url: str, llm: str, *, shared: bool) -> Settings:
    plain = Settings()
    tools = replace(plain.tools, home_url=url, home_token=TOKEN, shared=shared, mcp=SERVERS)
    return replace(plain, tools=tools, chat=replace(plain.chat, llm=llm, model="m"))


async def found(settings: Settings, *, own: bool) -> tuple[set[str], int]:
    """The tools of an engine, and how many servers it would ask."""
    timers = Timers() if own else None
    model = upstream(settings, timers, (lambda: 0.0) if own else None)
    async with engine(settings, model, MemoryStore, running=list if own else None) as made:
        tools = made.parts.tools
        return (set(tools.tools), len(tools.sources)) if tools is not None else (set(), 0)


@pytest.mark.parametrize("llm", ["builtin", "http://127.0.0.1:9/v1"])
def test_the_house_is_the_owners(llm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with House() as house:
        own, servers = asyncio.run(found(settings(house.url, llm, shared=False), own=True))
        visitors, theirs = asyncio.run(found(settings(house.url, llm, shared=False), own=False))
        shared, lent = asyncio.run(found(settings(house.url, llm, shared=True), own=False))
    assert {"home", "home_guarded"} <= own
    assert not {"home", "home_guarded"} & visitors
    assert {"home", "home_guarded"} <= shared
    asked = 0 if llm == "builtin" else 1
    assert (servers, theirs, lent) == (asked, 0, asked)
    assert ("clock" in own) is (llm != "builtin")
