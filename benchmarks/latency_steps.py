"""Where the time goes in the harder conversation: `python -m benchmarks.latency_steps [KEY=VALUE …]`.

The words and the sound are real, from the published weights; how long an engine works is `COSTS`, in virtual time, so
that two runs of the same code differ by no more than what the voice says otherwise, whatever else the machine does.
It shows what a change gains, not how fast a machine is: `voice bench latency --hard` does.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latency_hard import FIRST_MS, REPLIES, WORD_MS, conversation, published
from benchmarks.latency_judge import Judged, judge
from benchmarks.peers.stage import read_truth, sounding
from benchmarks.room_simulation import Microphone, Room, Speaker
from voice.asr.interface import Transcript
from voice.asr.whisper import WhisperRecognizer
from voice.audio.frames import Pcm, from_float
from voice.audio.playout import Playout, PlayoutEvent
from voice.audio.wav import read_wav
from voice.clock import VirtualLoop
from voice.conversation.conversation import Conversation
from voice.conversation.observer import Note, TurnEnded
from voice.llm.builtin.timer_list import Timers
from voice.llm.interface import Delta, Done, Message
from voice.settings.layers import Given, load
from voice.settings.schema import Settings
from voice.trace import TurnTrace
from voice.tts.interface import Chunk, Emit
from voice.tts.piper import PiperSynthesizer
from voice.wiring.assembly import components, engine_set, machine
from voice.wiring.conversation import PLAYOUT_RATE
from voice.worker import Worker


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of work: of Whisper per encoded mel frame, to begin and per token decoded; of the voice per clause."""

    encode_s: float = 0.00016
    decode_s: float = 0.03
    token_s: float = 0.008
    clause_s: float = 0.035
    word_s: float = 0.008
    spoken: float = 0.25
    """Seconds for each second of sound after the first piece."""


COSTS = Costs()
LETTERS = 4.5
"""About so many make a token."""

WHISPER, PIPER = "tiny.en", "en_US-joe-medium"


def work(loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    """Let virtual time go on by so much while this engine's thread works."""
    assert isinstance(loop, VirtualLoop)
    jumping, done = loop.jumping, threading.Event()

    def end() -> None:
        jumping.holds += 1
        done.set()

    def begin() -> None:
        jumping.holds -= 1
        loop.call_later(seconds, end)

    loop.call_soon_threadsafe(begin)
    done.wait()


class PacedWorker(Worker[Any]):
    """A worker whose engine is at work until it has ended, also where its answer is no longer awaited."""

    async def call(self, method: Callable[[Any], Any], *, patience_s: float | None = None) -> Any:
        return await asyncio.shield(super().call(method, patience_s=patience_s))


class PacedWhisper(WhisperRecognizer):
    """Whisper that takes stated times."""

    def __init__(self, loop: asyncio.AbstractEventLoop, model: Path) -> None:
        super().__init__(model, language="en", window="auto", clock=loop.time)
        self._loop = loop
        self.reads: list[tuple[float, float]] = []
        """When it read, seconds."""

    def skim(self, pcm: Pcm, language: str) -> Transcript:
        began = self._loop.time()
        found = super().skim(pcm, language)
        self.reads.append((began, self._loop.time()))
        return found

    def _encode(self, features: Any, frames: int) -> Any:
        encoded = super()._encode(features, frames)
        work(self._loop, frames * COSTS.encode_s)
        return encoded

    def _decode(self, *given: Any, **more: Any) -> Any:
        heard = super()._decode(*given, **more)
        work(self._loop, COSTS.decode_s + COSTS.token_s * len(heard.text) / LETTERS)
        return heard


class PacedPiper(PiperSynthesizer):
    """A Piper voice that takes stated times."""

    def __init__(self, loop: asyncio.AbstractEventLoop, model: Path) -> None:
        super().__init__(model)
        self._loop = loop

    def speak(self, text: str, emit: Emit) -> None:
        first = True

        def paced(chunk: Chunk) -> bool:
            nonlocal first
            due_s = COSTS.clause_s + COSTS.word_s * len(text.split()) if first else 0.0
            work(self._loop, due_s or COSTS.spoken * len(chunk.pcm) / self.rate)
            first = False
            return emit(chunk)

        super().speak(text, paced)


@dataclass(slots=True)
class Answer:
    """One scripted reply in the times of the scripted upstream."""

    text: str
    turn: int = 0
    ended: bool = False

    async def __aiter__(self) -> AsyncIterator[Delta | Done]:
        await asyncio.sleep(FIRST_MS / 1000)
        for word in self.text.split(" "):
            if self.ended:
                return
            yield Delta(f"{word} ")
            await asyncio.sleep(WORD_MS / 1000)
        yield Done()

    async def commit(self) -> None:
        """Nothing to keep."""

    async def discard(self) -> None:
        self.ended = True

    async def truncate(self, heard: int) -> None:
        self.ended = True


@dataclass(slots=True)
class Answers:
    """The scripted upstream as a session."""

    id: str = "scripted"
    sent: list[str] = field(default_factory=list)

    def send(self, text: str, *, draft: bool = False) -> Answer:
        self.sent.append(text)
        return Answer(REPLIES[len(self.sent) % len(REPLIES)])

    def announce_to(self, say: Callable[[str], None]) -> None:
        """Nothing to announce."""

    async def history(self) -> Sequence[Message]:
        return ()

    async def forget(self) -> None:
        """Nothing to forget."""

    async def close(self) -> None:
        """Nothing to close."""


@dataclass(slots=True)
class Steps:
    """What happened: the judgement, the trace of each turn, and from when to when the recognizer read, seconds."""

    judged: Judged
    turns: list[TurnTrace]
    reads: list[tuple[float, float]]


def steps(settings: Settings, models: Path, folder: Path) -> Steps:
    """Hold the harder conversation, whose files are in `folder`, once."""
    room, answers, turns = Room(read_wav(folder / "hard.wav")), Answers(), list[TurnTrace]()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        with ExitStack() as stack:

            def take(kind: object, make: Callable[[], Any], name: str) -> Worker[Any]:
                voice = partial(PacedPiper, loop, models / PIPER / f"{PIPER}.onnx")
                worker = PacedWorker(name, voice if name == "voice" else make, patience_s=1e6)
                stack.callback(worker.close)
                return worker

            def observe(event: Note) -> None:
                if isinstance(event, TurnEnded):
                    turns.append(event.trace)

            def played(event: PlayoutEvent) -> None:
                loop.call_soon_threadsafe(talk.played, event)

            playout = Playout(PLAYOUT_RATE, played)
            engines = engine_set(settings, take, hearer=partial(PacedWhisper, loop, models / WHISPER))
            for worker in (engines.recognizer, engines.voices[0]):
                await worker.call(lambda engine: engine.warm())
            parts = components(
                settings,
                engines,
                machine=machine(settings, lambda: talk.spoken, live=True),
                sink=Speaker(room, playout),
                playout=playout,
                session=answers,
                timers=Timers(),
                observer=observe,
            )
            parts.source = Microphone(room, settings.audio.frame_ms)
            talk = Conversation(parts)
            whisper = engines.recognizer.engine
            assert isinstance(whisper, PacedWhisper)
            began = loop.time()
            await talk.run()
            reads.extend((start - began, end - began) for start, end in whisper.reads)
            zero.append(began)

    reads, zero = list[tuple[float, float]](), list[float]()
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(frozen=True)) as runner:
        runner.run(run())
    marks = [(at - zero[0], name) for turn in turns for name, at in turn.moments.items()]
    pcm = from_float(room.played[: len(room.near)] / np.float32(32768))
    judged = judge(read_truth(str(folder / "hard.json")), sounding(pcm, join_s=0.3), marks)
    return Steps(judged, turns, reads)


def main(given: Sequence[str]) -> None:
    """Print each turn's moments after its last speech sample, ms, and what a listener would say."""
    wanted = {"asr.language": "en", "chat.store": "memory", "turn.model": "off", "audio.echo": "guard"}
    wanted |= dict(pair.split("=", 1) for pair in given)
    models = published(Path(wanted["models.folder"]) if "models.folder" in wanted else None, WHISPER, PIPER)
    wanted |= {"asr.engine": "whisper", "asr.model": str(models / WHISPER), "tts.engine": "piper"}
    flags = [Given(key, value, "--set", text=True) for key, value in wanted.items()]
    with tempfile.TemporaryDirectory() as folder:
        found = steps(load(profile="desktop", config=None, flags=flags).settings, models, conversation(Path(folder)))
    for turn in found.turns:
        print(turn.outcome, turn.rule, turn.to_json()["moments_ms"], turn.text)
    print(len(found.reads), "readings;", found.judged.figures())


if __name__ == "__main__":
    main(sys.argv[1:])
