"""Commands to a house: understood without a model, carried out over the REST API, guarded where they open it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.engine import text, until_end
from tests.support.home import TOKEN, House
from voice.errors import ConfigError, UnavailableError
from voice.llm.builtin import BuiltinUpstream
from voice.sessions.engine import Engine
from voice.sessions.stores.memory import MemoryStore
from voice.tools.home import Home, HomeTool
from voice.tools.home_assistant import HomeAssistant
from voice.tools.interface import Context, Result
from voice.tools.registry import Registry

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[House]:
    with House() as started:
        yield started


@pytest.fixture
def house(running: House) -> House:
    running.reset()
    return running


def command(url: str, words: str, language: str = "en", *, token: str = TOKEN, guarded: bool = False) -> Result:
    async def run() -> Result:
        tool = HomeTool(Home(HomeAssistant(url, token), lambda: 0.0), guarded=guarded)
        return await Registry([tool]).call(tool, json.dumps({"command": words}), Context(NOON, language))

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("words", "language", "service", "data"),
    [
        ("turn off the kitchen lights", "en", "homeassistant.turn_off",
         {"entity_id": ["light.kitchen_ceiling", "light.kitchen_table"]}),
        ("Turn on the fan.", "en", "homeassistant.turn_on", {"entity_id": ["fan.office"]}),
        ("lock the front door", "en", "lock.lock", {"entity_id": ["lock.front_door"]}),
        ("open the blinds", "en", "cover.open_cover", {"entity_id": ["cover.blinds"]}),
        ("关上窗帘", "zh", "cover.close_cover", {"entity_id": ["cover.curtain_zh"]}),
        ("把窗帘拉上", "zh", "cover.close_cover", {"entity_id": ["cover.curtain_zh"]}),
        ("拉开窗帘", "zh", "cover.open_cover", {"entity_id": ["cover.curtain_zh"]}),
        ("把窗帘开到百分之五十", "zh", "cover.set_cover_position", {"entity_id": ["cover.curtain_zh"], "position": 50}),
        ("关上客厅灯", "zh", "homeassistant.turn_off", {"entity_id": ["light.lamp_zh"]}),
        ("打开客厅灯", "zh", "homeassistant.turn_on", {"entity_id": ["light.lamp_zh"]}),
        ("Schalte Table lamp ein", "de", "homeassistant.turn_on", {"entity_id": ["light.kitchen_table"]}),
    ],
)  # fmt: skip
def test_what_is_said_is_done(house: House, words: str, language: str, service: str, data: dict[str, Any]) -> None:
    result = command(house.url, words, language)
    assert not result.failed, result.text
    assert house.called == [(service, data)]


def test_what_is_asked_is_told(house: House) -> None:
    assert command(house.url, "what is the temperature in the bedroom").text == "It is 19.5 degrees: Bedroom."
    assert command(house.url, "is the front door locked").text == "Front door: locked."
    assert house.called == []


def test_what_opens_the_house_is_for_the_tool_that_asks_first(house: House) -> None:
    refused = command(house.url, "unlock the front door")
    assert refused.failed
    assert house.called == []
    tool = HomeTool(Home(HomeAssistant(house.url, TOKEN)), guarded=True)
    assert tool.spec.confirm
    assert not command(house.url, "unlock the front door", guarded=True).failed
    assert house.called == [("lock.unlock", {"entity_id": ["lock.front_door"]})]
    assert command(house.url, "turn on the fan", guarded=True).failed


def understood(url: str, words: str) -> bool:
    async def run() -> bool:
        home = Home(HomeAssistant(url, TOKEN))
        assert not home.understands(words), "nothing is known yet"
        await home.look()
        return home.understands(words)

    return asyncio.run(run())


@pytest.mark.parametrize("words", ["turn on the fan", "how warm is it in the bedroom", "打开客厅灯"])
def test_a_whole_command_is_known_to_be_one(house: House, words: str) -> None:
    assert understood(house.url, words)
    assert not understood(house.url, "turn on the")


@pytest.mark.parametrize(
    "words", ["what is the capital of France", "turn off the moon", "set a timer for 5 minutes", "yes"]
)
def test_what_is_no_command_to_this_house_is_left_to_others(house: House, words: str) -> None:
    async def run() -> str:
        home = Home(HomeAssistant(house.url, TOKEN))
        await home.look()
        return home.tool_for(words, "en")

    assert asyncio.run(run()) == ""
    assert command(house.url, words).failed
    assert house.called == []


def test_a_token_that_is_wrong_is_one_line(house: House) -> None:
    assert (
        command(house.url, "turn on the fan", token="guess").text == "The home does not let me in: its token is wrong."
    )
    with pytest.raises(ConfigError, match="VOICE_TOOLS_HOME_TOKEN") as refused:
        HomeAssistant(house.url, "guess").check()
    assert refused.value.exit_code == 78
    assert "guess" not in str(refused.value)
    with pytest.raises(ConfigError, match="no token"):
        HomeAssistant(house.url, "")


def test_a_house_that_is_away_is_one_sentence() -> None:
    assert command("http://127.0.0.1:9", "turn on the fan").text == "The home cannot be reached."
    with pytest.raises(UnavailableError, match="no Home Assistant"):
        HomeAssistant("http://127.0.0.1:9", TOKEN).check()


def test_the_built_in_responder_commands_the_house_and_asks_before_it_opens_it(house: House) -> None:
    async def run() -> list[str]:
        home, upstream = Home(HomeAssistant(house.url, TOKEN)), BuiltinUpstream()
        await home.look()
        upstream.commands = home.tool_for
        tools = Registry([HomeTool(home), HomeTool(home, guarded=True)])
        engine = Engine(MemoryStore(), upstream, tools=tools)
        live, _ = await engine.create()
        said = []
        for number, words in enumerate(("turn on the fan", "what is 2 plus 2", "unlock the front door", "yes"), 1):
            live.send(number, words)
            said.append(text(await until_end(live, live.logged)))
            if number == 3:
                assert [service for service, _ in house.called] == ["homeassistant.turn_on"]
        await engine.close()
        return said

    assert asyncio.run(run()) == ["Done.", "2 plus 2 is 4.", "Shall I really do that? Say yes.", "Done."]
    assert [service for service, _ in house.called] == ["homeassistant.turn_on", "lock.unlock"]
