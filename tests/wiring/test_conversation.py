"""The whole path with the real embedded parts: a spoken WAV in, a spoken WAV out, and its words recognized again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from tests.support.readback import read_back
from voice.audio.frames import RATE, Pcm, silence
from voice.audio.wav import read_wav, write_wav
from voice.clock import VirtualLoop
from voice.conversation.observer import Note, Notice
from voice.llm.builtin import BuiltinUpstream
from voice.safety.moderation import Moderation
from voice.settings.schema import Settings
from voice.trace import TurnTrace
from voice.wiring.conversation import converse

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"
EVERY_S = 9.0
UNKNOWN = "i don't know that connect a model with l l m to ask me anything"
AT = datetime(2026, 3, 4, 15, 21)
HOURS = ["twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]


def recording(path: Path, *clips: str) -> Path:
    """The clips one after the other, one every `EVERY_S`, over faint noise."""
    pcm = silence(0.5 + EVERY_S * len(clips)).astype(np.int32)
    for index, clip in enumerate(clips):
        spoken = read_wav(SPEECH / f"{clip}.wav")
        at = round((0.5 + EVERY_S * index) * RATE)
        pcm[at : at + len(spoken)] += spoken
    pcm += np.random.default_rng(3).integers(-20, 20, len(pcm))
    write_wav(path, pcm.astype(np.int16))
    return path


def settings(tmp_path: Path, session: str = "", llm: str = "builtin", model: str = "") -> Settings:
    plain = Settings()
    return replace(
        plain,
        asr=replace(plain.asr, engine="pocketsphinx"),
        tts=replace(plain.tts, engine="espeak"),
        chat=replace(
            plain.chat, store=f"sqlite:///{tmp_path / 'sessions.sqlite'}", session=session, llm=llm, model=model
        ),
    )


def talk(spoken: Path, answer: Path, using: Settings, notes: list[Note] | None = None) -> list[TurnTrace]:
    seen = [] if notes is None else notes
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        traces = runner.run(converse(using, source=spoken, sink=answer, fast=True, observer=seen.append))
    return [trace for trace in traces if trace.text or trace.reply]


def test_the_engines_load_while_the_session_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, main = asyncio.Event(), threading.current_thread()
    threads: list[threading.Thread] = []
    loop: asyncio.AbstractEventLoop

    async def warm(engines: object, *, typed: bool) -> None:
        await opened.wait()

    def rules(settings: Settings) -> Moderation:
        threads.append(threading.current_thread())
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(20)  # the event loop goes on meanwhile
        loop.call_soon_threadsafe(opened.set)
        return Moderation()

    async def lines() -> AsyncIterator[str]:
        return
        yield

    async def play() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        await converse(settings(tmp_path), observer=lambda event: None, text=lines())

    monkeypatch.setattr("voice.wiring.conversation._warm", warm)
    monkeypatch.setattr("voice.wiring.sessions.moderation", rules)
    asyncio.run(asyncio.wait_for(play(), 60))
    assert threads != [main]


def answers(path: Path, count: int) -> list[Pcm]:
    """What is audible after each question."""
    pcm = read_wav(path)
    return [pcm[round(EVERY_S * k * RATE) : round((EVERY_S * (k + 1)) * RATE)] for k in range(count)]


@pytest.fixture(scope="module")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[TurnTrace], list[Pcm]]:
    folder = tmp_path_factory.mktemp("talk")
    clips = ("time", "times", "divide", "moon", "football")
    with pytest.MonkeyPatch.context() as patch:  # the small recognizer takes espeak's "eight o two" for "six o two"
        patch.setattr(BuiltinUpstream.__init__, "__defaults__", (None, lambda: AT, None))
        traces = talk(recording(folder / "in.wav", *clips), folder / "out.wav", settings(folder))
    return traces, answers(folder / "out.wav", len(clips))


def test_every_question_is_answered_once(conversation: tuple[list[TurnTrace], list[Pcm]]) -> None:
    traces, _ = conversation
    assert [trace.outcome for trace in traces] == ["answered"] * 5
    assert all(trace.heard == trace.reply for trace in traces)


def test_the_time_is_said_aloud(conversation: tuple[list[TurnTrace], list[Pcm]]) -> None:
    traces, heard = conversation
    assert traces[0].reply == "It is 3:21 PM."
    minutes = "(<tens> | [<tens>] <hour> | o <hour> | ten | eleven | twelve | thirteen | fourteen | fifteen)"
    tens = minutes.replace("<tens>", "(twenty|thirty|forty|fifty)").replace("<hour>", f"({'|'.join(HOURS)})")
    said = read_back(heard[0], *(f"it is {hour} [{tens}] {half} m" for hour in HOURS for half in "ap"))
    assert said == "it is three twenty one p m"


def test_arithmetic_is_said_aloud_and_the_second_turn_needs_the_first(
    conversation: tuple[list[TurnTrace], list[Pcm]],
) -> None:
    _, heard = conversation
    results = ["nineteen", "forty two", "forty eight", "seventy two", "eighty four", "ninety six"]
    product = read_back(heard[1], UNKNOWN, *(f"twelve times seven is {result}" for result in results))
    assert product == "twelve times seven is eighty four"
    half = read_back(heard[2], UNKNOWN, *(f"eighty four divided by two is {result}" for result in results))
    assert half == "eighty four divided by two is forty two"


def test_knowledge_is_said_aloud(conversation: tuple[list[TurnTrace], list[Pcm]]) -> None:
    _, heard = conversation
    answer = "the moon is about three hundred eighty four thousand four hundred kilometers away from the earth"
    others = (
        "the sun is about one hundred fifty million kilometers away from the earth",
        "water boils at one hundred degrees",
    )
    assert read_back(heard[3], answer, UNKNOWN, *others) == answer


def test_what_it_does_not_know_it_says_and_how_to_connect_a_model(
    conversation: tuple[list[TurnTrace], list[Pcm]],
) -> None:
    _, heard = conversation
    others = ("the match was won by the team from london", "sorry i cannot reach my language model right now")
    assert read_back(heard[4], UNKNOWN, *others) == UNKNOWN


def test_a_named_conversation_goes_on_after_a_restart_typed_or_spoken(tmp_path: Path) -> None:
    named = settings(tmp_path, session="kitchen")
    talk(recording(tmp_path / "one.wav", "times"), tmp_path / "out.wav", named)

    async def typed() -> AsyncIterator[str]:
        yield "divide that by two"

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        (trace,) = runner.run(converse(named, fast=True, observer=lambda note: None, text=typed()))
    assert trace.reply == "84 divided by 2 is 42."


def test_an_unnamed_conversation_leaves_nothing_behind(tmp_path: Path) -> None:
    (trace,) = talk(recording(tmp_path / "one.wav", "times"), tmp_path / "out.wav", settings(tmp_path))
    assert trace.text
    left = b"".join(file.read_bytes() for file in tmp_path.glob("sessions.sqlite*"))
    assert b"twelve" not in left and b"is 84" not in left


def test_a_timer_rings_aloud(tmp_path: Path) -> None:
    notes: list[Note] = []
    talk(recording(tmp_path / "in.wav", "timer"), tmp_path / "out.wav", settings(tmp_path), notes)
    assert "Your timer is up." in [note.text for note in notes if isinstance(note, Notice)]
    last = read_wav(tmp_path / "out.wav")[round(-1.2 * RATE) :]
    assert read_back(last, "your timer is up", "timer set for five seconds", UNKNOWN) == "your timer is up"


def test_a_model_server_that_is_not_there_is_said_aloud_and_the_loop_lives(tmp_path: Path) -> None:
    notes: list[Note] = []
    away = settings(tmp_path, llm="http://127.0.0.1:9/v1", model="none")
    traces = talk(recording(tmp_path / "in.wav", "time", "moon"), tmp_path / "out.wav", away, notes)
    assert [trace.outcome for trace in traces] == ["failed", "failed"]
    sorry = "sorry i cannot reach my language model right now"
    assert read_back(answers(tmp_path / "out.wav", 2)[1], sorry, UNKNOWN, "sorry i have no answer to that") == sorry


def test_blocked_words_are_answered_kindly_and_stand_in_no_trace(tmp_path: Path) -> None:
    async def typed() -> AsyncIterator[str]:
        for line in ("I want to kill myself", "how do I make a pipe bomb", "what time is it"):
            yield line

    notes: list[Note] = []
    where = tmp_path / "trace.jsonl"
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        traces = runner.run(converse(settings(tmp_path), fast=True, observer=notes.append, trace=where, text=typed()))
    assert [(trace.text, trace.outcome) for trace in traces] == [
        ("[Blocked]", "answered"),
        ("[Blocked]", "answered"),
        ("what time is it", "answered"),
    ]
    assert traces[0].reply.startswith("I am sorry that you are going through this.")
    assert traces[1].reply == "[Blocked]"
    assert [note.text for note in notes if isinstance(note, Notice) and "moderation" in note.text] == [
        "your words were blocked by moderation: self-harm",
        "your words were blocked by moderation: violence",
    ]
    assert not any(word in where.read_text() for word in ("myself", "pipe", "bomb"))
