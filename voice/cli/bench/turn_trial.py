"""One clip through the turn machine in the time of its audio: in which pauses a turn was ended, and how late its end.

Detector, recognizer and turn model hear the real sound. How long recognizer and model take is given, not measured, so
that a busy machine does not matter: the words of a pause come `words_s` after its first 60 ms, the model's verdict
`judge_s` after it is asked for.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from voice.asr.interface import Recognizer
from voice.audio.frames import RATE
from voice.cli.bench.turn_clips import LEAD_S, Clip
from voice.turn import events as ev
from voice.turn.machine import TurnMachine
from voice.turn.state import State
from voice.turn.turn_model import HEARD_S, TurnModel
from voice.vad.interface import Detector
from voice.vad.speech_gate import Edge, SpeechGate

FRAME = RATE // 50
HUSH_S = 0.06
"""Quiet after which the recognizer reads what was said, as asr/whisper.py does."""
PARTIAL_S = 0.6
"""Time between partials during speech."""


@dataclass(frozen=True, slots=True)
class Delays:
    """What recognizer and turn model take, seconds."""

    words_s: float = 0.0
    judge_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TurnMoment:
    """One frame as the machine hears it: its end, the edge of speech it completes if any, and whether it is quiet."""

    at: float
    edge: Edge | None
    quiet: bool


@dataclass(slots=True)
class TrialResult:
    """What came of one clip: for each hesitation whether the turn was ended in it, and how late the true end was.

    `in_speech` counts ends without any hesitation; `rules` says why, of every end in turn. `delay_s` is 0 where
    the detector missed a quiet last sound, None where the end was missed.
    """

    cut: list[bool]
    in_speech: int = 0
    rules: list[str] = field(default_factory=list)
    delay_s: float | None = None


def moments(clip: Clip, detector: Detector, start_s: float) -> list[TurnMoment]:
    """The clip as a detector and its gate hear it, in frames of 20 ms."""
    detector.reset()
    gate = SpeechGate(start_s=start_s, hangover_s=detector.hangover_s)
    found = []
    for begin in range(0, len(clip.pcm) - FRAME + 1, FRAME):
        at = (begin + FRAME) / RATE
        edge = gate.update(detector.probability(clip.pcm[begin : begin + FRAME]), at, FRAME / RATE)
        found.append(TurnMoment(at, edge, gate.quiet))
    return found


class Evidence:
    """What recognizer and turn model make of a clip up to a moment; each moment is heard once, however often asked."""

    def __init__(self, clip: Clip, recognizer: Recognizer | None, model: TurnModel | None) -> None:
        self._clip, self._recognizer, self._model = clip, recognizer, model
        self._words: dict[float, str] = {}
        self._chances: dict[tuple[float, float], float] = {}
        self.judge_ms: list[float] = []

    def words(self, at_s: float) -> str:
        """What has been said; quiet adds nothing to it."""
        until = round(self._clip.spoken_until(at_s), 2)
        if until not in self._words:
            self._words[until] = self._read(until + HUSH_S)
        return self._words[until]

    def chance(self, at_s: float) -> float:
        """How complete the turn sounds at this moment, 0…1."""
        assert self._model is not None, "asked only where the policy judges"
        until = self._clip.spoken_until(at_s)
        key = (round(until, 2), round(at_s - until, 2))
        if key not in self._chances:
            end = round(at_s * RATE)
            began = time.perf_counter()
            self._chances[key] = self._model.probability(self._clip.pcm[max(0, end - round(HEARD_S * RATE)) : end])
            self.judge_ms.append((time.perf_counter() - began) * 1000)
        return self._chances[key]

    def _read(self, until_s: float) -> str:
        if self._recognizer is None or until_s <= LEAD_S + HUSH_S:
            return ""
        utterance = self._recognizer.open()
        pcm = self._clip.pcm[: round(until_s * RATE)]
        for begin in range(0, len(pcm), FRAME):
            utterance.add_audio(pcm[begin : begin + FRAME])
        heard = utterance.result().text
        utterance.close()
        return heard.strip()


def run(clip: Clip, heard: list[TurnMoment], evidence: Evidence, machine: TurnMachine, delays: Delays) -> TrialResult:
    """Let the machine take the clip as one turn. It goes on after a false end, as a turn of which nothing was heard."""
    return _Trial(clip, evidence, machine, delays).run(heard)


class _Trial:
    def __init__(self, clip: Clip, evidence: Evidence, machine: TurnMachine, delays: Delays) -> None:
        self._clip, self._evidence, self._machine, self._delays = clip, evidence, machine, delays
        self._result = TrialResult([False] * len(clip.pauses))
        self._late: list[tuple[float, int, ev.Event]] = []
        self._order = count()
        self._began = 0.0

    def run(self, heard: list[TurnMoment]) -> TrialResult:
        for moment in heard:
            while self._late and self._late[0][0] <= moment.at:
                due, _, event = heapq.heappop(self._late)
                self._tell(event, due)
            if moment.edge is not None:
                self._edge(moment.edge, moment.at)
            if self._machine.state is not State.IDLE:
                self._tell(ev.FrameHeard(moment.quiet), moment.at)
            if self._result.delay_s is not None and moment.at >= self._clip.end_s:
                break
        self._machine.receive(ev.Closed(), heard[-1].at)
        return self._result

    def _edge(self, edge: Edge, now: float) -> None:
        if edge.speech:
            if self._result.delay_s is not None:  # the detected end was a pause
                self._result.delay_s = None
                self._result.in_speech += 1
            self._began = edge.at if self._machine.turn is None else self._began
            self._tell(ev.SpeechStarted(edge.at), now)
            return
        self._tell(ev.SpeechStopped(edge.at), now)
        read_at = self._began + (edge.at - self._began) // PARTIAL_S * PARTIAL_S
        if self._machine.turn is not None and read_at > self._began:
            words = self._evidence.words(read_at)
            if words:
                self._later(max(now, read_at + self._delays.words_s), ev.WordsHeard(self._machine.turn.number, words))

    def _later(self, due: float, event: ev.Event) -> None:
        heapq.heappush(self._late, (due, next(self._order), event))

    def _tell(self, event: ev.Event, now: float) -> None:
        for action in self._machine.receive(event, now):
            handler = _HANDLERS.get(type(action))
            if handler is not None:
                handler(self, action, now)

    def _transcribe(self, action: ev.Transcribe, now: float) -> None:
        words = self._evidence.words(now)
        read = max(self._clip.spoken_until(now) + HUSH_S, now - HUSH_S)
        self._later(
            max(now, read + self._delays.words_s), ev.Transcribed(action.turn, action.revision, words or "something")
        )

    def _judge(self, action: ev.AskTurnModel, now: float) -> None:
        chance = self._evidence.chance(now)
        self._later(now + self._delays.judge_s, ev.Judged(action.turn, action.revision, chance))

    def _decided(self, action: ev.Decided, now: float) -> None:
        self._result.rules.append(action.rule)
        for number, (start, end) in enumerate(self._clip.pauses):
            if start <= now < end:
                self._result.cut[number] = True
                return
        self._result.delay_s = max(0.0, now - self._clip.end_s)


_HANDLERS: dict[type, Callable[..., None]] = {
    ev.Transcribe: _Trial._transcribe,
    ev.AskTurnModel: _Trial._judge,
    ev.Decided: _Trial._decided,
}
