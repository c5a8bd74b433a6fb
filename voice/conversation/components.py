"""What one conversation is made of: its machine, its devices, its engines and its session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from voice.asr.interface import Recognizer
from voice.audio.earcons import Earcons
from voice.audio.frames import Frame
from voice.audio.interfaces import Sink, Source
from voice.audio.playout import Playout
from voice.conversation import observer as note
from voice.conversation.speaker import SpeakerWatch
from voice.conversation.timers import KeptTimers
from voice.llm.builtin.timer_list import Timers
from voice.llm.interface import Effect
from voice.sessions.interface import Session
from voice.tts.interface import Synthesizer
from voice.turn import events as ev
from voice.turn.machine import TurnMachine
from voice.turn.turn_model import TurnModel
from voice.vad.interface import Detector
from voice.vad.speech_gate import SpeechGate
from voice.wake.wake_gate import WakeGate
from voice.worker import Worker


@dataclass(slots=True)
class Components:
    """What a conversation is made of.

    `turn_model`, if any, is asked where the machine's policy says so.
    `ear` gives a microphone frame without the echo of the speaker.
    `others` says whether a person is heard besides the speaker in a frame as the microphone gave it.
    `ready()` is called once, when the conversation can hear.
    `watch` receives all events and actions of the machine, before they are done; `acts` carries out an effect of a
    reply and says so, before others are asked.
    `kept` has the timers that outlast the process, which needs `wall`, seconds since 1970 on the wall.
    """

    machine: TurnMachine
    sink: Sink
    playout: Playout
    session: Session
    detector: Detector
    gate: SpeechGate
    recognizer: Worker[Recognizer]
    voices: list[Worker[Synthesizer]]
    timers: Timers
    observer: note.Observer
    turn_model: Worker[TurnModel] | None = None
    source: Source | None = None
    typed: AsyncIterator[str] | None = None
    ear: Callable[[Frame], Frame] = lambda frame: frame
    others: Callable[[Frame], bool] = lambda frame: True
    ready: Callable[[], None] = lambda: None
    watch: Callable[[ev.Event | ev.Action, float], None] = lambda what, at: None
    acts: Callable[[Effect], bool] = lambda effect: False
    kept: KeptTimers | None = None
    wall: Callable[[], float] | None = None
    language: str = "en"
    preroll_s: float = 0.3
    speaker: SpeakerWatch = field(default_factory=SpeakerWatch)
    wake: WakeGate = field(default_factory=lambda: WakeGate(always=True))
    earcons: Earcons = field(default_factory=Earcons)
