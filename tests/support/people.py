"""Scripted people: audio whose loudness spells the words, and a recognizer that reads them back out of the samples.

Nothing is handed past the audio: what the loop clips, feeds twice or late is missing, doubled or late in the words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from tests.support.energy_vad import EnergyDetector
from tests.support.scripted_session import ScriptedSession
from voice.asr.interface import Recognizer, Transcript
from voice.audio.devices import SilentSink
from voice.audio.frames import RATE, Frame, Pcm, silence
from voice.audio.playout import Playout, PlayoutEvent
from voice.conversation import observer as note
from voice.conversation.components import Components
from voice.conversation.conversation import Conversation
from voice.errors import EngineError
from voice.llm.builtin.timer_list import Timers
from voice.trace import TurnTrace
from voice.tts.interface import Synthesizer
from voice.tts.tone import ToneSynthesizer
from voice.turn.endpointing import Endpointer
from voice.turn.machine import TurnMachine
from voice.turn.overlap import is_echo
from voice.turn.state import Overlap, Policy
from voice.turn.turn_model import TurnModel
from voice.vad.speech_gate import SpeechGate
from voice.worker import Worker

T = TypeVar("T")
R = TypeVar("R")

FRAME = 320
WORD_FRAMES = 15
"""300 ms a word."""

COUGH = "*"
"""A sound that is loud but no word."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Words spoken from `at` seconds on, 300 ms each; a number among them is a pause in seconds."""

    at: float
    words: tuple[str | float, ...]


def speaks(at: float, *words: str | float) -> Speech:
    """A person says these words at this time."""
    return Speech(at, tuple(part for word in words for part in (word.split() if isinstance(word, str) else [word])))


class Person:
    """A microphone in front of someone who speaks as scripted, for `seconds`."""

    frame_ms = 20
    name = "a person"

    def __init__(self, seconds: float, *speeches: Speech) -> None:
        self.vocabulary: list[str] = [COUGH]
        self._pcm = silence(seconds)
        self.ends: list[float] = []
        for speech in speeches:
            at = round(speech.at * RATE)
            for part in speech.words:
                if isinstance(part, float | int):
                    at += round(part * RATE)
                    continue
                self._pcm[at : at + FRAME * WORD_FRAMES] = self._spell(part)
                at += FRAME * WORD_FRAMES
            self.ends.append(at / RATE)

    def _spell(self, word: str) -> Pcm:
        """One level for the first frame of a word, another for its rest, so that a repeated word is two words."""
        if word not in self.vocabulary:
            self.vocabulary.append(word)
        level = 3000 + 100 * self.vocabulary.index(word)
        pcm = np.full(FRAME * WORD_FRAMES, level, dtype=np.int16)
        pcm[:FRAME] += 10_000
        return pcm

    async def frames(self) -> AsyncIterator[Frame]:
        loop = asyncio.get_running_loop()
        start = loop.time()
        for index in range(len(self._pcm) // FRAME):
            due = start + (index + 1) * FRAME / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))
            yield Frame(self._pcm[index * FRAME : (index + 1) * FRAME], due)

    async def close(self) -> None:
        pass

    def read(self, pcm: Pcm) -> str:
        """The words whose beginning is in the audio."""
        words = []
        for frame in pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME):
            level = int(frame[0]) - 10_000
            if level >= 3000:
                words.append(self.vocabulary[(level - 3000) // 100])
        return " ".join(word for word in words if word != COUGH)


@dataclass(slots=True)
class Reader:
    """A recognizer for one `Person`; partials where `partials` is set, one failure per text in `fails`."""

    person: Person
    partials: bool = True
    fails: list[str] = field(default_factory=list)
    name: str = "reader"

    def warm(self) -> None:
        pass

    def open(self) -> ReaderUtterance:
        return ReaderUtterance(self)


@dataclass(slots=True)
class ReaderUtterance:
    reader: Reader
    audio: list[Pcm] = field(default_factory=list)
    last: str = ""

    def add_audio(self, pcm: Pcm) -> Transcript | None:
        self.audio.append(pcm)
        words = self.reader.person.read(np.concatenate(self.audio))
        if words == self.last or not self.reader.partials:
            return None
        self.last = words
        return Transcript(words)

    def result(self) -> Transcript:
        if self.reader.fails:
            raise EngineError(self.reader.fails.pop(0))
        return Transcript(self.reader.person.read(np.concatenate(self.audio)))

    def close(self) -> None:
        self.audio.clear()


class Delayed(Worker[T]):
    """A worker whose every call takes `delay_s` on the loop's clock, as a slow engine would."""

    def __init__(self, name: str, make: Callable[[], T], delay_s: float) -> None:
        super().__init__(name, make)
        self.delay_s = delay_s

    async def call(self, method: Callable[[T], R], *, patience_s: float | None = None) -> R:
        await asyncio.sleep(self.delay_s)
        return await super().call(method, patience_s=patience_s)


@dataclass(slots=True)
class Talk:
    """What happened in a conversation."""

    session: ScriptedSession
    notes: list[tuple[float, note.Note]]

    @property
    def traces(self) -> list[TurnTrace]:
        return [seen.trace for _, seen in self.notes if isinstance(seen, note.TurnEnded)]

    @property
    def outcomes(self) -> list[str]:
        return [str(trace.outcome) for trace in self.traces]

    def states(self) -> list[tuple[float, str]]:
        """When each state began."""
        return [(round(at, 3), str(seen.state)) for at, seen in self.notes if isinstance(seen, note.StateChanged)]

    def notices(self) -> list[str]:
        return [seen.text for _, seen in self.notes if isinstance(seen, note.Notice)]

    def said(self) -> list[str]:
        """What was heard of each reply, by the history."""
        return [turn.said if turn.heard is None else turn.said[: turn.heard] for turn in self.session.turns]


async def converse(
    person: Person,
    session: ScriptedSession,
    *,
    policy: Policy | None = None,
    endpointer: Endpointer | None = None,
    asr_s: float = 0.0,
    tts_s: float = 0.0,
    judge_s: float = 0.0,
    turn_model: TurnModel | None = None,
    reader: Reader | None = None,
    voices: Sequence[Callable[[], Synthesizer]] = (ToneSynthesizer,),
    parts: Callable[[Components], None] = lambda parts: None,
    guarded: bool = False,
) -> Talk:
    """A conversation of the real loop with a scripted person and session, on the running loop's clock.

    One that is `guarded` takes words of its replies for their echo.
    """
    loop = asyncio.get_running_loop()
    notes: list[tuple[float, note.Note]] = []
    conversation: list[Conversation] = []

    def played(event: PlayoutEvent) -> None:
        loop.call_soon_threadsafe(conversation[0].played, event)

    playout = Playout(RATE, played)
    recognizer: Callable[[], Recognizer] = lambda: reader or Reader(person)  # noqa: E731
    made = Components(
        machine=TurnMachine(
            policy or Policy(),
            endpointer or Endpointer(silence_s=0.5, min_s=0.25, max_s=1.2, adaptive=False),
        ),
        sink=SilentSink(playout),
        playout=playout,
        session=session,
        detector=EnergyDetector(),
        gate=SpeechGate(start_s=0.06, hangover_s=0.0),
        recognizer=Delayed("recognizer", recognizer, asr_s),
        voices=[Delayed("voice", voice, tts_s) for voice in voices],
        turn_model=Delayed("turn model", lambda: turn_model, judge_s) if turn_model is not None else None,
        timers=Timers(),
        observer=lambda seen: notes.append((loop.time(), seen)),
        source=person,
    )
    parts(made)
    conversation.append(Conversation(made))
    if guarded:
        spoken = lambda words: Overlap.ECHO if is_echo(words, conversation[0].spoken) else Overlap.WORDS  # noqa: E731
        made.machine.policy = replace(made.machine.policy, overlap=spoken)
    try:
        await asyncio.wait_for(conversation[0].run(), 300.0)
    finally:
        made.recognizer.close()
        for voice in made.voices:
            voice.close()
        if made.turn_model is not None:
            made.turn_model.close()
    return Talk(session, notes)
