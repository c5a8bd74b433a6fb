"""The link to a house: all its names, its changes as they happen, and what comes of one that breaks or is shut."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest

from benchmarks.processes import VOICE
from tests.support.home import TOKEN, House, entry, state
from tests.support.patience import PATIENCE_S
from voice.errors import ConfigError, UnavailableError
from voice.tools import home as homes
from voice.tools.home import Home
from voice.tools.home_assistant import HomeAssistant
from voice.tools.home_link import connected
from voice.tools.interface import Context
from voice.tools.mcp_client import McpSource
from voice.tools.mcp_settings import McpServer
from voice.tools.registry import Registry


@pytest.fixture(scope="module")
def running() -> Iterator[House]:
    with House() as started:
        yield started


@pytest.fixture
def house(running: House, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(homes, "WAITS_S", (0.01, 0.1))
    running.reset()
    return running


@asynccontextmanager
async def known(house: House, token: str = TOKEN) -> AsyncIterator[Home]:
    """A home that is kept up."""
    home = Home(HomeAssistant(house.url, token))
    staying = asyncio.create_task(home.stay())
    try:
        yield home
    finally:
        staying.cancel()
        with suppress(asyncio.CancelledError):
            await staying


async def until(home: Home, holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await home.changed.wait()
            home.changed.clear()


def ids(home: Home, words: str) -> list[str]:
    wish = home.wish(words, "en")
    return [entity.id for entity in wish.entities] if wish is not None else []


def lock(home: Home) -> str:
    wish = home.wish("is the front door locked", "en")
    assert wish is not None
    return wish.entities[0].state


async def told(home: Home, words: str) -> str:
    return (await home.fulfil(words, "en", guarded=False)).text


def test_the_registries_give_areas_aliases_and_what_is_hidden(house: House) -> None:
    async def run() -> None:
        home = Home(HomeAssistant(house.url, TOKEN))
        await home.look()
        kitchen = ["light.kitchen_ceiling", "light.kitchen_table"]
        assert ids(home, "turn off the kitchen lights") == kitchen, "the table lamp is where its device is"
        assert ids(home, "turn off the galley lights") == kitchen
        assert ids(home, "turn on the reading light") == ["light.kitchen_table"]
        assert ids(home, "turn on the bedroom lights") == ["light.bedroom"], "an entity's own area counts first"
        assert ids(home, "turn on the internal relay") == []

    asyncio.run(run())


def test_changes_are_known_as_they_happen_and_after_a_link_that_broke(house: House) -> None:
    async def run() -> None:
        async with known(house) as home:
            await until(home, lambda: ids(home, "turn on the fan") == ["fan.office"])
            assert await told(home, "is the front door locked") == "Front door: locked."
            await asyncio.to_thread(house.change, "lock.front_door", "unlocked")
            await until(home, lambda: lock(home) == "unlocked")
            assert await told(home, "is the front door locked") == "Front door: unlocked."
            assert house.links == 1, "nothing more was asked"

            house.entries.append(entry("fan.office", aliases=["propeller"]))
            data = {"action": "update", "entity_id": "fan.office", "changes": {"aliases": []}}
            await asyncio.to_thread(house.report, "entity_registry_updated", data)
            await until(home, lambda: ids(home, "turn on the propeller") == ["fan.office"])

            await asyncio.to_thread(house.change, "fan.attic", "off", friendly_name="Attic fan")
            await until(home, lambda: ids(home, "turn on the attic fan") == ["fan.attic"])
            await asyncio.to_thread(house.change, "fan.attic", "off", friendly_name="Roof fan")
            await until(home, lambda: ids(home, "turn on the roof fan") == ["fan.attic"])

            house.states.append(state("fan.cellar", "Cellar fan", "off"))
            await asyncio.to_thread(house.drop)
            await until(home, lambda: ids(home, "turn on the cellar fan") == ["fan.cellar"])
            assert house.links == 2

    asyncio.run(run())


def test_a_wrong_token_is_tried_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await Home(HomeAssistant(house.url, "guess")).stay()

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert [("refuses the token" in one.message, "guess" in one.message) for one in caplog.records] == [(True, False)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://127.0.0.1:9/nowhere"])
def test_no_house_is_one_sentence(url: str) -> None:
    async def run() -> None:
        async with connected(url, TOKEN):
            raise AssertionError("let in")

    with pytest.raises(UnavailableError, match="no Home Assistant") as error:
        asyncio.run(run())
    assert "\n" not in str(error.value)


def test_a_command_that_home_assistant_does_not_know_is_one_sentence(house: House) -> None:
    async def run() -> None:
        async with connected(house.url, TOKEN) as link:
            await link.ask("config/unheard_of")

    with pytest.raises(UnavailableError, match=r"refuses config/unheard_of: Unknown command\."):
        asyncio.run(run())


def mcp(house: House) -> McpServer:
    return McpServer("house", url=f"{house.url}/api/mcp", token_env="HOME_TOKEN")


def test_its_mcp_server_is_one_of_the_servers(house: House) -> None:
    async def run() -> str:
        source = McpSource(mcp(house), {"HOME_TOKEN": TOKEN})
        registry = Registry(sources=[source])
        registry.start()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await source.settled()
            (tool,) = registry.tools.values()
            assert tool.spec.name == "house_HassTurnOn"
            return (await registry.call(tool, '{"name": "Fan"}', Context(datetime(2026, 1, 2, tzinfo=UTC)))).text
        finally:
            await registry.close()

    assert "action_done" in asyncio.run(run())
    assert house.called == [("mcp.HassTurnOn", {"name": "Fan"})]


def test_a_wrong_token_for_its_mcp_server_is_a_wrong_setting(house: House) -> None:
    with pytest.raises(ConfigError, match="refuses the token"):
        asyncio.run(McpSource(mcp(house), {"HOME_TOKEN": "guess"}).check())


@pytest.mark.parametrize(("token", "code", "said"), [("guess", 78, "refuses the token"), (TOKEN, 0, "9 devices")])
def test_the_doctor_says_in_one_line_how_the_house_is(house: House, token: str, code: int, said: str) -> None:
    command = [*VOICE, "tools", "doctor", "--set", f"tools.home_url={house.url}"]
    environment = {**os.environ, "VOICE_TOOLS_HOME_TOKEN": token}
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env=environment, check=False)
    assert done.returncode == code, done.stderr
    assert said in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert "guess" not in done.stdout + done.stderr
