"""Tools that take time: never a second of silence once a turn is decided, and never a word over a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from tests.support.people import Person, Talk, converse, speaks
from tests.support.scripted_session import ScriptedReply, ScriptedSession, words
from voice.audio.devices import SilentSink
from voice.audio.earcons import earcons
from voice.audio.frames import RATE
from voice.clock import run_virtual
from voice.conversation.components import Components
from voice.sessions.interface import ReplyEvent, Working
from voice.tts.interface import Emit
from voice.tts.tone import ToneSynthesizer

PHRASE = "One moment, I'm looking."
PULL_S = 0.02


class Looking(ScriptedReply):
    """Calls a tool for the word `weather`, which takes as long as its session says."""

    async def __aiter__(self) -> AsyncIterator[ReplyEvent]:
        assert isinstance(self.session, Weather)
        if "weather" in self.text:
            yield Working("weather", saying="looking")
            await asyncio.sleep(self.session.takes_s)
            if self.ended:
                return
            yield Working("weather", done=True)
        for event in words("It is sunny today." if "weather" in self.text else "You are welcome."):
            yield event


@dataclass(slots=True)
class Weather(ScriptedSession):
    takes_s: float = 0.0

    def send(self, text: str, *, draft: bool = False) -> ScriptedReply:
        self.asked.append(text)
        return Looking(self, len(self.asked), text, committed=not draft)


@dataclass(slots=True)
class Room:
    """What is heard in a conversation: when there is a sound, and the texts in the order they are spoken."""

    sounds: list[float] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)
    late: list[tuple[float, str]] = field(default_factory=list)
    """What is announced, and when."""

    def talk(self, person: Person, session: Weather, tts_s: float) -> Talk:
        room = self

        class Heard(SilentSink):
            async def _run(self) -> None:
                loop, start, pulls = asyncio.get_running_loop(), asyncio.get_running_loop().time(), 0
                while True:
                    if self._playout.pull(round(self.rate * PULL_S), loop.time()).any():
                        room.sounds.append(loop.time())
                    pulls += 1
                    await asyncio.sleep(max(0.0, start + pulls * PULL_S - loop.time()))

        class Spelled(ToneSynthesizer):
            def speak(self, text: str, emit: Emit) -> None:
                room.spoken.append(text)
                super().speak(text, emit)

        def shape(parts: Components) -> None:
            parts.sink = Heard(parts.playout)
            parts.earcons = earcons(RATE, ("thinking",))

        def announce(text: str) -> None:
            session.say(text)

        async def play() -> Talk:
            loop = asyncio.get_running_loop()
            for at, text in self.late:
                loop.call_at(at, announce, text)
            return await converse(person, session, parts=shape, tts_s=tts_s, voices=(Spelled,))

        return run_virtual(play())

    def silences(self, done: Talk) -> list[float]:
        """How long each silence is between the decision about a turn and its end, or until someone speaks."""
        found, decided = [], None
        for at, state in done.states():
            if state == "thinking" and decided is None:
                decided = at
            elif state in ("idle", "listening") and decided is not None:
                times = [decided, *(sound for sound in self.sounds if decided <= sound <= at), at]
                found += [after - before for before, after in pairwise(times)]
                decided = None
        return found

    def within(self, begin: float, end: float) -> list[float]:
        """The sounds between two moments."""
        return [at for at in self.sounds if begin <= at <= end]


@pytest.mark.parametrize("takes_s", [0.0, 0.2, 0.39, 0.5, 0.9, 1.5, 3.0, 7.9, 20.0, 60.0])
@pytest.mark.parametrize("tts_s", [0.0, 0.2])
def test_a_tool_never_leaves_a_second_of_silence(takes_s: float, tts_s: float) -> None:
    room = Room()
    done = room.talk(Person(takes_s + 8, speaks(1.0, "weather")), Weather(echo, takes_s=takes_s), tts_s)
    assert max(room.silences(done)) <= 1.0
    assert done.outcomes == ["answered"]
    assert room.spoken.count(PHRASE) == (takes_s > 0.4), "at most one phrase, and none for a quick tool"


@pytest.mark.parametrize("takes_s", [2.0, 3.5, 4.5, 6.0, 20.0])
@pytest.mark.parametrize("tts_s", [0.0, 0.2])
def test_a_tool_that_ends_while_a_person_speaks_is_not_heard_over_them(takes_s: float, tts_s: float) -> None:
    """The person speaks from 4.0 to 5.5 s; the tool is called at 1.8 s."""
    room, speech = Room(), speaks(4.0, "thank you very much indeed")
    person = Person(30, speaks(1.0, "weather"), speech)
    done = room.talk(person, Weather(echo, takes_s=takes_s), tts_s)
    assert max(room.silences(done)) <= 1.0
    assert room.within(4.5, person.ends[-1] + 0.2) == []
    assert done.session.asked[-1].endswith("thank you very much indeed")
    assert "You are welcome." in room.spoken or "It is sunny today." in room.spoken


@pytest.mark.parametrize("at", [1.2, 2.2, 3.0, 5.0, 5.9, 6.3, 12.0])
@pytest.mark.parametrize("tts_s", [0.0, 0.2])
def test_what_is_announced_later_waits_until_no_one_speaks(at: float, tts_s: float) -> None:
    room = Room(late=[(at, "The oven is warm.")])
    person = Person(20, speaks(1.0, "hello there"), speaks(5.0, "how are you today"))
    done = room.talk(person, Weather(echo), tts_s)
    assert room.spoken.count("The oven is warm.") == 1
    assert room.spoken.count("You are welcome.") == 2
    for end in person.ends:
        assert room.within(end - 0.2, end) == []
    assert done.outcomes.count("answered") >= 2


def echo(text: str) -> list[ReplyEvent]:
    return words(text)
