"""Which voice a Home Assistant gets, and how long its conversations last."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from tests.support.scripted_session import ScriptedSession
from voice.clock import run_virtual
from voice.llm.interface import Delta, Done
from voice.models.store import ModelStore
from voice.sessions.interface import Session
from voice.settings.schema import Settings
from voice.wiring import speech_engines as engines_module
from voice.wiring.wyoming import LEFT_S, MOST_CONVERSATIONS, SharedServices

SETTINGS = Settings()
BUILTIN = replace(
    SETTINGS,
    asr=replace(SETTINGS.asr, engine="pocketsphinx"),
    tts=replace(SETTINGS.tts, engine="espeak"),
    models=replace(SETTINGS.models, folder="/nowhere"),
)


class Rooms:
    """Opens scripted sessions and knows which were closed."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.opened = 0

    async def __call__(self) -> Session:
        rooms, number = self, self.opened
        self.opened += 1
        self.open.append(number)

        class Room(ScriptedSession):
            async def close(self) -> None:
                rooms.open.remove(number)

        return Room(lambda text: [Delta(f"{number}: {text}"), Done()], token_s=1.0)


async def said(services: SharedServices, text: str, conversation: str) -> str:
    events = [event async for event in services.answer(text, conversation)]
    return "".join(event.text for event in events if isinstance(event, Delta))


def test_a_conversation_goes_on_until_it_was_left_for_long() -> None:
    rooms = Rooms()

    async def run() -> None:
        services = SharedServices(BUILTIN, rooms)
        assert await said(services, "hello", "a") == "0: hello"
        await asyncio.sleep(LEFT_S - 10)
        assert await said(services, "again", "a") == "0: again"
        await asyncio.sleep(LEFT_S + 1)
        assert await said(services, "who", "b") == "1: who"
        assert rooms.open == [1], "the one that was left is forgotten, though no one asked for it"
        await services.close()
        assert rooms.open == []

    run_virtual(run())


def test_without_an_id_each_text_is_a_conversation_of_its_own() -> None:
    rooms = Rooms()

    async def run() -> None:
        services = SharedServices(BUILTIN, rooms)
        assert [await said(services, "hi", "") for _ in range(2)] == ["0: hi", "1: hi"]
        assert rooms.open == []

    run_virtual(run())


def test_the_conversation_used_least_recently_makes_room() -> None:
    rooms = Rooms()

    async def run() -> None:
        services = SharedServices(BUILTIN, rooms)
        for name in range(MOST_CONVERSATIONS):
            await said(services, "hi", str(name))
        await said(services, "again", "0")
        await said(services, "hi", "one more")
        assert len(rooms.open) == MOST_CONVERSATIONS
        assert 0 in rooms.open
        assert 1 not in rooms.open
        await services.close()

    run_virtual(run())


def test_two_texts_of_one_conversation_are_answered_one_after_the_other() -> None:
    async def run() -> None:
        services = SharedServices(BUILTIN, Rooms())
        await said(services, "first", "a")
        began = asyncio.get_running_loop().time()
        await asyncio.gather(said(services, "one", "a"), said(services, "two", "a"))
        assert asyncio.get_running_loop().time() - began == pytest.approx(4.0)
        await services.close()

    run_virtual(run())


@pytest.mark.parametrize(
    ("name", "language", "spoken"),
    [("", "", ""), ("", "en-GB", ""), ("", "zh-CN", "zh"), ("no such voice", "", ""), ("", "de", "de")],
)
def test_a_voice_of_another_language_is_taken_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, name: str, language: str, spoken: str
) -> None:
    def made(settings: Settings) -> str:
        return settings.tts.language

    async def run() -> str:
        services = SharedServices(BUILTIN, Rooms())
        monkeypatch.setattr(engines_module, "synthesizer", made)
        voice = services.voice(name, language)
        assert services.voice(name, language) is voice
        found: Any = await voice.call(lambda engine: engine)
        await services.close()
        return str(found)

    assert asyncio.run(run()) == spoken


def test_the_folder_of_models_is_read_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[int] = []

    def present(store: Any, registry: Any) -> list[Any]:
        readers.append(threading.get_ident())
        return []

    async def run() -> None:
        services = SharedServices(BUILTIN, Rooms())
        monkeypatch.setattr(ModelStore, "present", present)
        assert (await services.info()).tts[0].name == "voice-tts"
        await services.close()

    asyncio.run(run())
    assert readers
    assert threading.get_ident() not in readers


def test_wake_words_are_loaded_once_for_all_who_listen_one_after_the_other() -> None:
    pytest.importorskip("pymicro_wakeword")

    async def run() -> None:
        services = SharedServices(BUILTIN, Rooms())
        async with services.wake_words(["okay_nabu"]) as (first, names):
            assert list(names.values()) == ["okay_nabu"]
            async with services.wake_words(["okay_nabu"]) as (second, _):
                assert second is not first, "each listener has its own"
        async with services.wake_words(["okay_nabu"]) as (again, _):
            assert again in (first, second)

    asyncio.run(run())
