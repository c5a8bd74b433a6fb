"""Voices that people asked to be known by: kept after a clear yes, theirs alone, forgotten when they say so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support import canaries
from tests.support.engine import text, until_end
from tests.support.voices import ANN, BEN, voice_of
from voice.clock import run_virtual
from voice.llm.builtin import BuiltinUpstream
from voice.llm.openai_dialects import message_json
from voice.memory.fact_book import keep
from voice.memory.memory import Budget, Memory
from voice.memory.tools import memory_call, memory_tools
from voice.memory.vault import Vault, Who
from voice.memory.voice_book import known_voices, rename_voice
from voice.memory.voice_tools import VoiceBook, voice_call, voice_tools
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.local_session import LocalSession, open_local
from voice.sessions.state import SessionState
from voice.sessions.stores.memory import MemoryStore
from voice.speakers.recognition import ENOUGH_S, KnownVoice, Sample, who
from voice.tools.registry import Registry

ASKED = "Shall I remember your voice, Ann? It stays on this machine."


class Heard:
    """Who speaks, as the test says."""

    encoder = "constant"

    def __init__(self) -> None:
        self.person, self.seconds = ANN, 4.0
        self.known: Sequence[KnownVoice] = ()

    @property
    def speaker(self) -> Mapping[str, str]:
        found = who(self.known, Sample(voice_of(self.person), self.seconds))
        if not self.known:
            return {}
        return {"id": found.id, "name": found.name} if found is not None else {"id": "", "name": "someone"}

    async def sample(self) -> Sample | None:
        return Sample(voice_of(self.person), self.seconds) if self.seconds else None

    def learn(self, known: Sequence[KnownVoice], speaker: str = "") -> None:
        self.known = known


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    vault = Vault(tmp_path / "people", lambda: bytes(32))
    made = Memory(vault, Budget(deadline_s=5.0), lambda: datetime(2026, 3, 4, 12, 0, tzinfo=UTC))
    yield made
    made.close()


def talk(memory: Memory, heard: Heard, *turns: tuple[int, str]) -> list[str]:
    """What the built-in responder answers to people who speak in turn."""

    async def run() -> list[str]:
        voices = VoiceBook(memory, heard, "me")
        await voices.load()
        model = BuiltinUpstream(now=lambda: datetime(2026, 3, 4, 12, 0))
        remembered = partial(memory_call, memory.kinds.values())
        model.memory = lambda words, said: voice_call(words, heard.speaker, remembered(words, said))
        tools = Registry([*memory_tools(memory, spoken=True), *voice_tools(voices)])
        engine = Engine(MemoryStore(), model, EngineOptions(person="me"), tools=tools)
        session = await open_local(engine, name="home")
        session.speaker = lambda: heard.speaker
        said = []
        for person, words in turns:
            heard.person = person
            said.append(await answered(session, words))
        await session.close()
        await engine.close()
        return said

    return run_virtual(run())


async def answered(session: LocalSession, words: str) -> str:
    reply = session.send(words, draft=True)
    await asyncio.sleep(0)
    await reply.commit()
    return "".join([getattr(event, "text", "") async for event in reply])


def test_a_voice_is_kept_after_a_clear_yes_only(memory: Memory, tmp_path: Path) -> None:
    heard = Heard()
    assert talk(memory, heard, (ANN, "my name is Ann"), (ANN, "no")) == [ASKED, "All right."]
    assert talk(memory, heard, (ANN, "my name is Ann"), (ANN, "yes but maybe later"))[0] == ASKED
    assert not heard.known
    assert not list(tmp_path.glob("people/*.person"))
    said = talk(memory, heard, (ANN, "My name is Ann."), (ANN, "Yes."), (ANN, "my name is Ann"))
    assert said[1] == "I'll know your voice, Ann. The next things you say help me to know it better."
    assert said[2] == "Nice to meet you, Ann."  # she is known: nothing is asked again
    assert [(one.id, one.name) for one in heard.known] == [("me", "Ann")]


def test_in_chinese(memory: Memory) -> None:
    said = talk(memory, Heard(), (ANN, "我叫小安"), (ANN, "好的"), (ANN, "忘掉我的声音"))
    assert said == [
        "要我记住你的声音吗，小安？它只留在这台机器上。",
        "好的，小安，我记住你的声音了。再说几句话，我会认得更准。",
        "好的，你的声音我忘掉了。",
    ]


def test_everyone_has_their_own_memory_and_a_stranger_none(memory: Memory) -> None:
    heard = Heard()
    said = talk(
        memory,
        heard,
        (ANN, "remember that my locker is number twelve"),
        (ANN, "my name is Ann"),
        (ANN, "yes"),
        (BEN, "what is my locker number"),
        (BEN, "remember that I like tea"),
        (BEN, "my name is Ben"),
        (BEN, "yes"),
        (BEN, "remember that I like tea"),
        (BEN, "what do you know about me"),
        (ANN, "what do you know about me"),
        (BEN, "who am I"),
    )
    stranger = "I don't know your voice"
    assert said[3].startswith(stranger)
    assert said[4].startswith(stranger)
    assert said[8] == "You told me: you like tea."
    assert said[9] == "You told me: your locker is number twelve."  # the first who is known is the owner
    assert said[10] == "You are Ben."
    assert {one.id for one in heard.known} == {"me", "ben"}


def test_a_name_that_another_voice_has_is_refused(memory: Memory) -> None:
    heard = Heard()
    said = talk(memory, heard, (ANN, "my name is Ann"), (ANN, "yes"), (BEN, "my name is Ann"), (BEN, "yes"))
    assert said[3] == "I know another voice by the name of Ann. Please tell me another name."
    assert len(heard.known) == 1


def test_too_little_of_a_voice_is_not_kept(memory: Memory) -> None:
    heard = Heard()
    heard.seconds = 0.5
    said = talk(memory, heard, (ANN, "my name is Ann"), (ANN, "yes"))
    assert said[1].startswith("I heard too little of your voice.")
    assert not heard.known


def test_a_voice_is_forgotten_alone_or_with_everything(memory: Memory, tmp_path: Path) -> None:
    heard = Heard()
    kept = ((ANN, "my name is Ann"), (ANN, "yes"), (ANN, "remember that the word is swordfish"))
    said = talk(memory, heard, *kept, (ANN, "forget my voice"), (ANN, "what do you know about me"))
    assert said[3:] == ["I've forgotten your voice.", "You told me: the word is swordfish."]
    assert not heard.known
    said = talk(memory, heard, *kept, (ANN, "forget everything about me"), (ANN, "yes"))
    assert said[4] == "I've forgotten everything about you."
    assert not list(tmp_path.glob("people/*.person"))


def test_what_is_kept_of_a_voice_is_sealed_bounded_and_of_one_encoder(memory: Memory, tmp_path: Path) -> None:
    heard = Heard()
    talk(memory, heard, (ANN, "my name is Ann"), (ANN, "yes"), (ANN, "remember that the word is swordfish"))
    voices = VoiceBook(memory, heard, "me")

    async def improve() -> None:
        for _ in range(10):
            await voices.improve("me", "Ann", Sample(voice_of(ANN), 4.0))
        await voices.improve("gone", "Gone", Sample(voice_of(BEN), 4.0))  # forgotten meanwhile: not kept again

    run_virtual(improve())
    (file,) = tmp_path.glob("people/*.person")
    assert file.stat().st_mode & 0o777 == 0o600
    canaries.check_folder(tmp_path)
    assert voice_of(ANN).tobytes() not in file.read_bytes()
    (ann,) = known_voices(memory.vault, "constant")
    assert ENOUGH_S <= ann.seconds < ENOUGH_S + 4.0
    assert known_voices(memory.vault, "another encoder") == []
    with memory.vault.writing(Who("", "me")) as database:
        rename_voice(database, "Anna")
    assert [one.name for one in known_voices(memory.vault)] == ["Anna"]


@pytest.mark.parametrize(
    ("words", "speaker", "call"),
    [
        ("my name is Ann", {}, "remember_voice"),
        ("我叫小安", {}, "remember_voice"),
        ("my name is Ann", {"id": "me", "name": "ann"}, None),
        ("my name is Ann", {"id": "", "name": "someone"}, "remember_voice"),
        ("what is my name", {}, None),
        ("what is my name", {"id": "me", "name": "Ann"}, "who_speaks"),
        ("我叫什么名字", {"id": "", "name": "someone"}, "who_speaks"),
        ("I'm tired", {}, None),
        ("please forget my voice", {"id": "me", "name": "Ann"}, "forget_voice"),
        ("把我的声音忘掉", {"id": "me", "name": "Ann"}, "forget_voice"),
        ("forget my voice", {"id": "", "name": "someone"}, "who_speaks"),
        ("what time is it", {"id": "", "name": "someone"}, None),
    ],
)
def test_what_words_ask_of_voices(words: str, speaker: dict[str, Any], call: str | None) -> None:
    found = voice_call(words, speaker, None)
    assert (found.name if found else None) == call


def test_a_client_of_a_server_cannot_say_who_speaks(memory: Memory) -> None:
    async def run() -> str:
        with memory.vault.writing(Who("", "ann")) as database:
            keep(database, "the word is swordfish", date(2026, 3, 4))
        model = BuiltinUpstream()
        model.memory = partial(memory_call, memory.kinds.values())
        engine = Engine(MemoryStore(), model, EngineOptions(), tools=Registry(memory_tools(memory, spoken=True)))
        live, _ = await engine.create(options={"person": "bob"})
        turn = live.send(1, "what do you know about me", options={"speaker": {"id": "ann", "name": "Ann"}})
        said = text(await until_end(live, turn.first))
        await engine.close()
        return said

    assert run_virtual(run()) == "You have not asked me to remember anything yet."


def test_a_model_reads_who_spoke_and_the_built_in_responder_only_the_words() -> None:
    state = SessionState("e")
    turn, _ = state.send(1, "hello", options={"speaker": {"id": "", "name": "someone"}})
    assert [message_json(one)["content"] for one in state.context(turn)] == ["someone: hello"]
    state.end(turn, "failed", {})
    again, _ = state.send(2, "hi", options={"speaker": {"id": "me", "name": "Ann"}})
    assert [message_json(one)["content"] for one in state.context(again)] == ["someone: hello\nAnn: hi"]
    assert state.snapshot()["messages"][0]["speaker"] == {"id": "", "name": "someone"}
    assert [one.text for one in turn.asks()] == ["hello"]
